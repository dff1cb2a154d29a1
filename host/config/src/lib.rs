//! The files that people write, read once, strictly and totally into meaning: `plugin.toml`, `environment.toml` and
//! `skep.toml`.
//!
//! Everything that is wrong with a file is reported together, each with its line. An unknown key is an error that
//! names the nearest valid one, so that a misspelt limit or grant never passes for its default. Nothing here touches
//! the disk but [`read`].
#![forbid(unsafe_code)]

mod amount;
mod egress;
mod environment;
mod host;
mod name;
mod pattern;
mod plugin;
mod repos;

pub use environment::{Environment, ImageName, RepoNeed};
pub use host::{Disk, HostConfig, RUN_MAXIMA, Repos, Retention, TOOL_MAXIMA};
pub use pattern::ToolPattern;
pub use plugin::{Capabilities, PluginManifest, Provides, ToolDeclaration};
pub use skep_toml::{ConfigError, Problem, Problems, Version, read};
