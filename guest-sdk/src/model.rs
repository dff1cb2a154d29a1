//! A language model, as the environment chose it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Result;
use crate::wit::agent::skep::agent::model;

/// One completion. The request and the answer are the contract's JSON objects: `messages`, `tools`, `max_tokens` and the like
/// in; `content`, `stop_reason`, `usage` out.
pub fn complete<T: DeserializeOwned>(request: &impl Serialize) -> Result<T> {
    Ok(serde_json::from_str(&model::complete(&serde_json::to_string(request)?)?)?)
}
