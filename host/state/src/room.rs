//! Room on the disk for sled.
//!
//! A full disk ends sled for good: its first failed write is its answer to everything until it is opened again. So it is
//! not asked to write when there is little room. What it lacks then stays in memory and in the journal, and the memory is
//! bounded by the room: what the journal can still write is all that there can be.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use skep_journal::storage::{Space, Storage};

use crate::config::Config;

/// What is left to the journal: more than sled needs for everything that is gathered before it is given any.
const KEPT: u64 = 64 << 20;
/// But on a small disk no more than this part of it.
const KEPT_PART: u64 = 10;

/// The disk of a data folder.
pub(crate) struct Room {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
}

impl Room {
    pub(crate) fn new(config: &Config) -> Self {
        Self { storage: config.storage.clone(), dir: config.data.clone() }
    }

    /// Whether sled may write `bytes`, and what else it needs. A disk that can't be measured is tried.
    pub(crate) fn is_enough_for(&self, bytes: u64) -> bool {
        self.storage.space(&self.dir).map_or(true, |Space { free, total }| free >= bytes + KEPT.min(total / KEPT_PART))
    }
}

/// How much a file or a folder takes. What can't be seen doesn't count.
pub(crate) fn size(path: &Path) -> u64 {
    let Ok(found) = std::fs::symlink_metadata(path) else { return 0 };
    let inside = std::fs::read_dir(path).into_iter().flatten().flatten();
    found.len() + inside.map(|entry| size(&entry.path())).sum::<u64>()
}
