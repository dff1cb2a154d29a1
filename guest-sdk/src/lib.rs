//! Write agents and tools for skep in Rust.
//!
//! An **agent** is a pure function from a [`Task`] and the answers of its host to a summary. It has no files, no network, no
//! real clock and no real randomness; it asks its host: [`session`] talks with people, [`mod@tools`] calls tools,
//! [`runs`] starts other agents, [`mod@model`] asks a language model and [`ask`] a person.
//!
//! ```no_run
//! use serde_json::{Value, json};
//!
//! #[skep::agent]
//! fn run(task: skep::Task) -> skep::Result<String> {
//!     skep::session::say(&task.prompt)?;
//!     let readme: Value = skep::tools::call("files.read", &json!({ "path": "README.md" }))?;
//!     Ok(format!("the README has {} lines", readme["total_lines"]))
//! }
//! ```
//!
//! A **tool** is a component with wasi 0.2 and what its manifest asks for and the environment grants: the workspace at
//! `/workspace`, plain HTTP through [`http`], fast walks through [`search`]. Each call runs in an instance of its own.
//!
//! ```no_run
//! #[skep::tools]
//! mod numbers {
//!     #[derive(serde::Deserialize, schemars::JsonSchema)]
//!     struct AddArguments {
//!         /// The numbers to add up.
//!         numbers: Vec<f64>,
//!     }
//!
//!     /// Add numbers.
//!     #[tool]
//!     fn add(arguments: AddArguments) -> skep::Result<f64> {
//!         Ok(arguments.numbers.iter().sum())
//!     }
//! }
//! ```
//!
//! Lines that a guest prints to standard output and standard error are lines of the run's transcript, and so is the message of a
//! panic, which ends the run or the call as a trap.

mod agent;
pub mod ask;
mod error;
pub mod http;
pub mod model;
pub mod runs;
pub mod search;
pub mod session;
mod tool;
pub mod tools;
mod wit;

pub use agent::Task;
pub use error::{Error, Kind, Result};
pub use skep_guest_macros::{agent, tools};
pub use tool::NoArguments;
pub use {schemars, serde, serde_json};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What the attributes expand to. Not for authors: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::agent::run_agent;
    pub use crate::tool::{NoArguments, call_tool, describe_tool, unknown_tool};
    pub use crate::wit::agent as agent_world;
    pub use crate::wit::agent::{Guest as Agent, Task as RawTask};
    pub use crate::wit::tool as tool_world;
    pub use crate::wit::tool::exports::skep::plugin::tool_provider::{Description, Guest as ToolProvider};
}
