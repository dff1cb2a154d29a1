//! From the exported `run` to the author's function and back.

use std::fmt::Display;

use serde::de::DeserializeOwned;

use crate::wit::agent as wit;
use crate::{Error, Result};

/// What an agent is asked to do.
#[derive(Clone, Debug)]
pub struct Task {
    /// This run's id.
    pub run: String,
    /// What to do, as its submitter wrote it.
    pub prompt: String,
    /// A JSON object with what else the submitter gave along.
    pub context: String,
}

impl Task {
    /// The context as a value of the author's own type.
    pub fn context<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.context).map_err(|error| Error::new(format!("the task's context: {error}")))
    }
}

/// Runs the author's function. The alternate form makes `anyhow`'s errors print their causes.
#[doc(hidden)]
pub fn run_agent<S: Into<String>, E: Display>(
    task: wit::Task,
    agent: impl FnOnce(Task) -> Result<S, E>,
) -> Result<String, String> {
    let wit::Task { run, prompt, context } = task;
    agent(Task { run, prompt, context }).map(Into::into).map_err(|error| format!("{error:#}"))
}

impl From<wit::skep::agent::types::Failure> for Error {
    fn from(failure: wit::skep::agent::types::Failure) -> Self {
        Self::from_host(&failure.kind, failure.message)
    }
}
