//! The files that people write, read once, strictly and totally into meaning: `plugin.toml`, `environment.toml` and
//! `skep.toml`.
//!
//! Everything that is wrong with a file is reported together, each with its line. An unknown key is an error that
//! names the nearest valid one, so that a misspelt limit or grant never passes for its default. Nothing here touches
//! the disk but [`read`] and [`Environment::read`].
#![forbid(unsafe_code)]

mod amount;
mod directories;
mod egress;
mod environment;
mod guidance;
mod host;
mod layers;
mod mcp;
mod model;
mod name;
mod pattern;
mod plugin;
mod reading;
mod repos;
mod secrets;
mod template;
mod variables;

pub use directories::Directory;
pub use environment::{Environment, ImageName, RepoNeed};
pub use guidance::{Prompt, Skill, Text};
pub use host::{Defaults, Disk, HostConfig, RUN_MAXIMA, Repos, Retention, TOOL_MAXIMA};
pub use layers::{KEYS, Key, Layer, NOT_IN_FORCE, Origins, Resolved};
pub use mcp::{McpServer, McpTransport};
pub use pattern::ToolPattern;
pub use plugin::{Capabilities, PluginManifest, Provides, ToolDeclaration};
pub use secrets::{SecretBinding, SecretPlace};
pub use skep_toml::{ConfigError, Problem, Problems, Version, read};
