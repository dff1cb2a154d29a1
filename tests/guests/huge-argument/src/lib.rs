//! Hands its host 64 MiB in one call, by the way that the prompt names: meets the limit of bytes that one call carries. A
//! tool's arguments are 16 MiB, because writing them as JSON takes several times that.

use serde_json::{Value, json};
use skep::{session, tools};

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    let huge = |mebibytes: usize| "h".repeat(mebibytes << 20);
    match task.prompt.as_str() {
        "say" => session::say(huge(64))?,
        "report" => drop(session::report("huge", "text/plain", huge(64))?),
        "call" => drop(tools::call::<Value>("effects.write", &json!({ "file": "huge", "content": huge(16) }))?),
        other => return Err(format!("no way named `{other}`").into()),
    }
    Ok("the host took it".to_owned())
}
