//! Other runs as children of this one. They share its budget and can't have more grants than it has.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::Result;
use crate::session::milliseconds;
use crate::wit::agent::skep::agent::runs;

/// What a child run is to do.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Spec {
    /// The agent's name.
    pub agent: String,
    /// What to do.
    pub prompt: String,
    /// The environment's name; this run's own when it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Limits below this run's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Value>,
    /// A JSON object that the child finds as its task's context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Value>,
}

/// Starts a child run and returns its id.
pub fn spawn(spec: &Spec) -> Result<String> {
    Ok(runs::spawn(&serde_json::to_string(spec)?)?)
}

/// Waits for a child's end and returns its record; `None` when the time-out passes before.
pub fn wait(run: &str, timeout: impl Into<Option<Duration>>) -> Result<Option<Value>> {
    let record = runs::wait(run, timeout.into().map(milliseconds))?;
    Ok(record.map(|record| serde_json::from_str(&record)).transpose()?)
}

/// Cancels a child.
pub fn cancel(run: &str) -> Result<()> {
    Ok(runs::cancel(run)?)
}
