//! Calls every service of the contract beside session and tools, and returns the kinds of the failures, or "ok".

use std::time::Duration;

use serde_json::{Value, json};
use skep::{ask, model, runs, tools};

#[skep::agent]
fn run(_: skep::Task) -> skep::Result<String> {
    let spec = runs::Spec { agent: "noop".to_owned(), ..runs::Spec::default() };
    let request = json!({ "messages": [{ "role": "user", "content": "hello" }], "max_tokens": 1 });
    let kinds = json!({
        "tools": kind(tools::list()),
        "model": kind(model::complete::<Value>(&request)),
        "ask": kind(ask::question("red or blue?", &["red", "blue"])),
        "spawn": kind(runs::spawn(&spec)),
        "wait": kind(runs::wait("no-such-run", Duration::ZERO)),
        "cancel": kind(runs::cancel("no-such-run")),
    });
    Ok(kinds.to_string())
}

fn kind<T>(answer: skep::Result<T>) -> String {
    answer.map_or_else(|error| error.kind.to_string(), |_| "ok".to_owned())
}
