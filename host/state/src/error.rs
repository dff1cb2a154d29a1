//! What can go wrong, as situations that a caller tells apart.

use std::io;
use std::path::{Path, PathBuf};

use skep_model::{RunId, RunState, Seq};

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal said no, or failed. Conflicts, a full disk, a poisoned journal and a folder in use are among these.
    #[error(transparent)]
    Journal(#[from] skep_journal::Error),
    /// sled failed, so the state can't be trusted. The journal still holds everything, and the next open rebuilds.
    #[error("the state failed ({reason}); nothing is lost, and it is rebuilt from the journal at the next start")]
    Broken {
        /// What sled said.
        reason: String,
    },
    /// There is no such run.
    #[error("there is no run {0}")]
    NoSuchRun(RunId),
    /// Only ended runs can be deleted.
    #[error("run {run} is {state}; cancel it first, only an ended run can be deleted")]
    NotEnded {
        /// The run.
        run: RunId,
        /// Its state.
        state: RunState,
    },
    /// An event is whole, but nothing that this version knows.
    #[error("run {run}: event {seq} is unknown to this version: {source}")]
    UnknownEvent {
        /// The run.
        run: RunId,
        /// The event.
        seq: Seq,
        /// What was not understood.
        source: serde_json::Error,
    },
    /// A file that was to be imported is not what an export writes.
    #[error("line {line} of the import: {why}")]
    Import {
        /// From 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// An import only goes into a data folder without runs.
    #[error("{} already holds runs; import into an empty data folder", .0.display())]
    NotEmpty(PathBuf),
    /// The file system refused.
    #[error("could not {doing} {}: {source}", .path.display())]
    Io {
        /// What was tried, as an infinitive.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: names what was tried, and on what.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_path_buf(), source }
    }

    /// Something stored in sled does not check or can't be read.
    pub(crate) fn broken(reason: impl ToString) -> Self {
        Self::Broken { reason: reason.to_string() }
    }
}

impl From<sled::Error> for Error {
    fn from(error: sled::Error) -> Self {
        Self::broken(error)
    }
}
