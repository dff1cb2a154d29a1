//! Keeping room on the disk for the work that was accepted.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Error;
use crate::storage::{Space, Storage};

/// Refuses new runs while the disk is too full, so that those that were accepted can still end.
#[derive(Clone, Debug)]
pub struct DiskGuard {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
    /// So many bytes must be free.
    pub min_free_bytes: u64,
    /// And so many hundredths of the disk.
    pub min_free_percent: u8,
}

impl DiskGuard {
    /// Watches over the disk of `dir`: 1 GiB and 10 % of it must be free.
    pub fn new(storage: Arc<dyn Storage>, dir: impl Into<PathBuf>) -> Self {
        Self { storage, dir: dir.into(), min_free_bytes: 1 << 30, min_free_percent: 10 }
    }

    /// `LowSpace` when a new run must not be accepted now.
    pub fn admit(&self) -> Result<Space, Error> {
        let space = self.storage.space(&self.dir).map_err(Error::io("measure the disk of", &self.dir))?;
        let needed = self.min_free_bytes.max(space.total / 100 * u64::from(self.min_free_percent));
        match space.free >= needed {
            true => Ok(space),
            false => Err(Error::LowSpace { free: space.free, needed }),
        }
    }
}
