//! Keeps the documents that its prompt lists, one after the other, and returns what came of each: its digest, or the kind of the
//! failure. One is `{"name": "a", "media_type": "text/plain", "content": "…"}`, or has the `path` of a file of the workspace instead.

use serde::Deserialize;
use skep::session;

#[derive(Deserialize)]
struct Document {
    name: String,
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    content: String,
    path: Option<String>,
}

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    let documents: Vec<Document> = serde_json::from_str(&task.prompt)?;
    let kept: Vec<String> = documents.iter().map(keep).collect();
    Ok(kept.join("\n"))
}

fn keep(document: &Document) -> String {
    let Document { name, media_type, content, path } = document;
    let kept = match path {
        Some(path) => session::report_file(name, media_type, path),
        None => session::report(name, media_type, content),
    };
    kept.unwrap_or_else(|error| error.kind.to_string())
}
