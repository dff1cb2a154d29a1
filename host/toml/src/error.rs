//! What can be wrong with a file, said in the form `file:line: message` that editors and terminals know how to open.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A file that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no such file.
    #[error("{}: there is no such file", file.display())]
    Missing {
        /// Where it was looked for.
        file: PathBuf,
    },
    /// The file is there and can't be read, or is no UTF-8.
    #[error("{}: can't be read: {source}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is larger than any file of its kind could sensibly be.
    #[error("{}: more than {limit} bytes is no configuration", file.display())]
    TooLarge {
        /// Which.
        file: PathBuf,
        /// The most that is read.
        limit: u64,
    },
    /// The file was read, and this is all that is wrong with it.
    #[error(transparent)]
    Invalid(#[from] Problems),
}

/// All that is wrong with one file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems {
    /// Which file.
    pub file: PathBuf,
    /// At least one.
    pub list: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// What is wrong, and what would do.
    pub message: String,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Problem { line, message }) in self.list.iter().enumerate() {
            let end = if index + 1 < self.list.len() { "\n" } else { "" };
            write!(f, "{}:{line}: {message}{end}", self.file.display())?;
        }
        Ok(())
    }
}
