//! Makes the calls that its prompt lists and returns what came of each, as JSON: the workhorse of the host's tests.
//!
//! The prompt is a list of steps, made one after the other. A step is either one call, `{"name": "files.read",
//! "arguments": {…}}`, whose outcome is `{"ok": answer}` or `{"error": {"kind": …, "message": …}}`, or several calls made at
//! once, `{"many": [{"name": …, "arguments": …}, …]}`, whose outcome is `{"many": [outcome, …]}`.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use skep::tools::{self, Call};

#[derive(Deserialize)]
#[serde(untagged)]
enum Step {
    Many { many: Vec<Request> },
    One(Request),
}

#[derive(Deserialize)]
struct Request {
    name: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    let steps: Vec<Step> = serde_json::from_str(&task.prompt)?;
    let outcomes: Vec<Value> = steps.iter().map(perform).collect::<skep::Result<_>>()?;
    Ok(Value::from(outcomes).to_string())
}

fn perform(step: &Step) -> skep::Result<Value> {
    match step {
        Step::One(request) => Ok(outcome(tools::call(&request.name, &request.arguments))),
        Step::Many { many } => {
            let calls: Vec<Call> =
                many.iter().map(|one| Call::new(&one.name, &one.arguments)).collect::<skep::Result<_>>()?;
            Ok(json!({ "many": tools::call_many(calls).into_iter().map(outcome).collect::<Vec<_>>() }))
        }
    }
}

fn outcome(answer: skep::Result<Value>) -> Value {
    match answer {
        Ok(answer) => json!({ "ok": answer }),
        Err(error) => json!({ "error": { "kind": error.kind.as_str(), "message": error.message } }),
    }
}
