//! A strict reader of TOML, for the files that people write, and of JSON, for those that other programs have.
//!
//! Everything that is wrong with a file is reported together, each with its line. An unknown key is an error that names
//! the nearest valid one, so that a misspelt limit or grant never passes for its default. What the keys mean is the
//! business of those who read with it; nothing here touches the disk but [`read`].
#![forbid(unsafe_code)]

mod error;
mod file;
mod json;
mod name;
mod reader;
mod value;

pub use error::{ConfigError, Problem, Problems};
pub use file::read;
pub use name::{component, name, version};
pub use reader::{Document, Section};
pub use semver::Version;
pub use value::{Value, folder, one_of, prose};
