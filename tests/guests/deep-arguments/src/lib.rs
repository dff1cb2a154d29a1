//! Calls the tool that the prompt names with arguments that are 100,000 lists deep: a host that reads JSON by recursion would
//! run out of stack.

use serde_json::Value;
use serde_json::value::RawValue;

const DEPTH: usize = 100_000;

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    let lists = format!("{{\"deep\":{}{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    let answer: Value = skep::tools::call(&task.prompt, &RawValue::from_string(lists)?)?;
    Ok(answer.to_string())
}
