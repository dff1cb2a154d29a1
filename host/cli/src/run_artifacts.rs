//! `skep run artifacts`: what a run kept.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result};
use skep_model::{Artifact, Record};

use crate::exit::{Exit, Problem, problem};
use crate::host::Settings;
use crate::listing::{Column, Listing};
use crate::output::{Output, note};
use crate::readable::{harmless, size};
use crate::wire::ArtifactItem;
use crate::{run_read, wire};

pub(crate) fn artifacts(settings: &Settings, out: &Output, id: &str, get: Option<&str>, to: &Path) -> Result<Exit> {
    let store = settings.open_existing()?;
    let record = run_read::find(&store, id)?;
    if let Some(name) = get {
        let found = run_read::artifact(&store, &record, name)?;
        let artifact = found.ok_or_else(|| absent(&record, name))?;
        put(&run_read::blob_of(&store, &artifact.digest)?, &artifact, to)?;
        return Ok(Exit::Done);
    }
    let kept = run_read::artifacts(&store, &record)?;
    let items: Vec<_> = kept.iter().map(|kept| wire::artifact(record.run_id, kept)).collect();
    let columns: &[Column<ArtifactItem>] = &[
        ("NAME", |item| item.data.filename.clone()),
        ("TYPE", |item| item.data.mime_type.clone()),
        ("SIZE", |item| size(item.data.size_bytes)),
        ("CREATED", |item| item.created_at.clone()),
    ];
    Listing { key: "artifacts", items: &items, columns, page_info: None }.print(out)?;
    if record.artifacts_unlisted > 0 {
        note(&format!("{} more are only in the transcript; --get gets them by name", record.artifacts_unlisted));
    }
    Ok(Exit::Done)
}

fn absent(record: &Record, name: &str) -> anyhow::Error {
    let names: Vec<_> = record.artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
    let kept = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    problem(Exit::NotFound, format!("run {} kept no artifact named {name:?}; it kept {kept}", record.run_id))
}

fn put(bytes: &[u8], artifact: &Artifact, to: &Path) -> Result<()> {
    if to != Path::new("-") {
        let message = format!("{} can't be written", to.display());
        return std::fs::write(to, bytes).context(Problem { exit: Exit::Refused, message });
    }
    let mut stdout = std::io::stdout().lock();
    let is_text = artifact.media_type.starts_with("text/") || artifact.media_type == "application/json";
    match (stdout.is_terminal(), is_text) {
        (true, true) => stdout.write_all(harmless(&String::from_utf8_lossy(bytes)).as_bytes())?,
        (true, false) => {
            let text = format!(
                "{} is {}, which is nothing for a terminal; name a file with -o",
                artifact.name, artifact.media_type
            );
            return Err(problem(Exit::Usage, text));
        }
        (false, _) => stdout.write_all(bytes)?,
    }
    Ok(stdout.flush()?)
}
