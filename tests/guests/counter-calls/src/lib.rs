//! Makes one call many times and returns how many answers were good. The prompt is `{"times": 1000, "name": "files.stat",
//! "arguments": {…}}`; without a name it says the number of each turn instead.

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Job {
    times: u64,
    name: Option<String>,
    #[serde(default)]
    arguments: Map<String, Value>,
}

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    let job: Job = serde_json::from_str(&task.prompt)?;
    let good = (0..job.times).filter(|turn| call(&job, *turn).is_ok()).count();
    Ok(good.to_string())
}

fn call(job: &Job, turn: u64) -> skep::Result<()> {
    match &job.name {
        Some(name) => skep::tools::call::<Value>(name, &job.arguments).map(drop),
        None => skep::session::say(turn.to_string()),
    }
}
