//! The hands: tools that the environment grants to this run.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::wit::agent::skep::agent::tools;
use crate::{Error, Result};

/// A tool that this run may call.
#[derive(Clone, Debug)]
pub struct Tool {
    /// `<plugin>.<tool>`, for example `files.read`.
    pub name: String,
    /// What it does, for people and models.
    pub description: String,
    /// JSON Schema of the arguments object.
    pub parameters: Value,
    /// `read-only`, `idempotent` or `non-idempotent`.
    pub idempotency: String,
}

/// One call of [`call_many`].
#[derive(Clone, Debug)]
pub struct Call(tools::CallRequest);

impl Call {
    /// A call of the tool `name` with arguments that serialise to a JSON object.
    pub fn new(name: impl Into<String>, arguments: &impl Serialize) -> Result<Self> {
        Ok(Self(tools::CallRequest { name: name.into(), arguments: serde_json::to_string(arguments)? }))
    }
}

/// The tools granted to this run.
pub fn list() -> Result<Vec<Tool>> {
    tools::list()?.into_iter().map(read_tool).collect()
}

fn read_tool(tool: tools::Tool) -> Result<Tool> {
    let tools::Tool { name, description, parameters, idempotency } = tool;
    Ok(Tool { name, description, parameters: serde_json::from_str(&parameters)?, idempotency })
}

/// Calls one tool and waits for its answer. `call::<serde_json::Value>` takes any answer.
pub fn call<T: DeserializeOwned>(name: &str, arguments: &impl Serialize) -> Result<T> {
    let call = Call::new(name, arguments)?;
    read_answer(name, &tools::call(&call.0)?)
}

/// Calls several tools at once and waits for all. Answers come in the order of the calls.
pub fn call_many<T: DeserializeOwned>(calls: impl IntoIterator<Item = Call>) -> Vec<Result<T>> {
    let requests: Vec<_> = calls.into_iter().map(|call| call.0).collect();
    let answers = tools::call_many(&requests);
    let read =
        |(request, answer): (&tools::CallRequest, std::result::Result<String, _>)| read_answer(&request.name, &answer?);
    requests.iter().zip(answers).map(read).collect()
}

fn read_answer<T: DeserializeOwned>(name: &str, answer: &str) -> Result<T> {
    serde_json::from_str(answer)
        .map_err(|error| Error::new(format!("the answer of {name} is not what was expected: {error}")))
}
