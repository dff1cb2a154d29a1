//! Hands its host 64 MiB in one call, by the way that the prompt names: meets the limit of bytes that one call carries.

use serde_json::{Value, json};
use skep::{session, tools};

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    let huge = "h".repeat(64 << 20);
    match task.prompt.as_str() {
        "say" => session::say(&huge)?,
        "report" => drop(session::report("huge", "text/plain", &huge)?),
        "call" => drop(tools::call::<Value>("effects.write", &json!({ "file": "huge", "content": huge }))?),
        other => return Err(format!("no way named `{other}`").into()),
    }
    Ok("the host took it".to_owned())
}
