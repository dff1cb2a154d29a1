//! What can go wrong, as situations that a caller tells apart.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skep_model::{Digest, RunId};

use crate::position::Position;

/// Why the journal, a blob or the data folder could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Someone else appended to the run first, or the caller's view is old. Nothing was written.
    #[error("run {run}: expected to append number {expected}, but the next is {found}")]
    Conflict {
        /// The run appended to.
        run: RunId,
        /// What the caller expected to be next.
        expected: u64,
        /// What is next.
        found: u64,
    },
    /// Part of the run's history doesn't check. Other runs go on.
    #[error("run {run}: the journal is damaged at {at}")]
    Damaged {
        /// The run whose history is hit.
        run: RunId,
        /// Where.
        at: Position,
    },
    /// A write or sync failed earlier, so nothing can be promised any more until the journal is opened again. Reads go on.
    #[error("the journal takes no more events: {reason}")]
    Poisoned {
        /// The first failure.
        reason: Arc<str>,
    },
    /// No room for the event. Nothing was written; the journal goes on when there is room again.
    #[error("the disk is full")]
    DiskFull,
    /// A payload or an append is over its limit.
    #[error("{bytes} bytes are over the limit of {limit}")]
    TooLarge {
        /// What was offered.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// An append without a payload.
    #[error("an append needs at least one payload")]
    NothingToAppend,
    /// The fold judged the events illegal. Nothing was written.
    #[error("refused: {reason}")]
    Refused {
        /// The fold's words.
        reason: String,
    },
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
    /// Retention moved the entry; the fold knows its new position.
    #[error("run {run}: number {seq} has moved")]
    Moved {
        /// The run read from.
        run: RunId,
        /// The entry that moved.
        seq: u64,
    },
    /// A follower fell behind what is kept in memory: read by sequence number, then follow on.
    #[error("the follower fell behind")]
    Lagged,
    /// The fold could not be read, or could not take what the journal gave it.
    #[error("the fold failed: {reason}")]
    Fold {
        /// The fold's words.
        reason: String,
    },
    /// A bound that can't be honoured.
    #[error("journal configuration: {0}")]
    Config(&'static str),
    /// Written by a newer skep.
    #[error("{path} has format {found}, and this skep reads up to {known}")]
    NewerFormat {
        /// The segment file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest known here.
        known: u32,
    },
    /// Another process owns the data folder.
    #[error("data folder {dir} is in use by {holder}")]
    InUse {
        /// The folder.
        dir: PathBuf,
        /// Who says to hold it.
        holder: String,
    },
    /// The folder can't be written to.
    #[error("data folder {dir} can't be written to: {source}")]
    Unwritable {
        /// The folder.
        dir: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// New work is refused, so that what was accepted can end.
    #[error("only {free} bytes are free on the disk, and {needed} are kept for the work that was accepted")]
    LowSpace {
        /// Bytes free.
        free: u64,
        /// Bytes that must be.
        needed: u64,
    },
    /// No blob with this digest.
    #[error("blob {0} is missing")]
    BlobMissing(Digest),
    /// The blob's bytes are not those that were stored.
    #[error("blob {0} is damaged")]
    BlobDamaged(Digest),
    /// The file system refused.
    #[error("could not {doing} {path}: {source}")]
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
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io { doing, path: path.to_path_buf(), source }
    }

    /// Whether the system said that there is no space.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Error::Io { source, .. } if is_full(source)) || matches!(self, Error::DiskFull)
    }
}

/// ENOSPC, and its cousin for quotas.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
