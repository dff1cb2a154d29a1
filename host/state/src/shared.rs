//! What the writer and the readers of the state have in common.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use skep_journal::OwnerLock;
use skep_model::{Record, RunId};

use crate::error::Error;
use crate::overlay::{Layer, Overlay};
use crate::row::Row;
use crate::tree::Tree;

/// The state: what is in sled, under what is not in it yet.
pub(crate) struct Shared {
    pub(crate) tree: Tree,
    overlay: RwLock<Overlay>,
    broken: OnceLock<String>,
    /// Why events that were written earlier did not fold: the first one of each run.
    unfolded: Mutex<BTreeMap<RunId, String>>,
    /// Written when the state breaks, so that the next open rebuilds it.
    marker: PathBuf,
    /// Held until the journal's committer and all readers are gone.
    _lock: Arc<OwnerLock>,
}

impl Shared {
    pub(crate) fn new(tree: Tree, marker: PathBuf, lock: Arc<OwnerLock>) -> Self {
        Self {
            tree,
            overlay: RwLock::default(),
            broken: OnceLock::new(),
            unfolded: Mutex::default(),
            marker,
            _lock: lock,
        }
    }

    pub(crate) fn overlay(&self) -> RwLockReadGuard<'_, Overlay> {
        self.overlay.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Only the writer calls this, and never for long.
    pub(crate) fn overlay_mut(&self) -> RwLockWriteGuard<'_, Overlay> {
        self.overlay.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record(&self, run: RunId) -> Result<Option<Record>, Error> {
        if let Some(row) = self.overlay().row(run) {
            return Ok(Some(row.record.clone()));
        }
        Ok(self.stored(run)?.map(|row| row.record))
    }

    /// The row that sled has.
    pub(crate) fn stored(&self, run: RunId) -> Result<Option<Row>, Error> {
        self.tree.row(run).map_err(|error| self.breaks(error))
    }

    /// Gives sled a layer. Readers find every row in some layer or in sled at all times; in the layer for ever if this fails.
    pub(crate) fn store(&self, layer: &Layer) -> Result<(), Error> {
        let changes = layer.changes(&self.tree).map_err(|error| self.breaks(error))?;
        let applied = changes.map_or(Ok(()), |changes| self.tree.apply(changes));
        applied.map_err(|error| self.breaks(error))?;
        self.overlay_mut().stored();
        Ok(())
    }

    pub(crate) fn note_unfolded(&self, run: RunId, why: String) {
        self.unfolded().entry(run).or_insert(why);
    }

    pub(crate) fn take_unfolded(&self) -> Vec<(RunId, String)> {
        std::mem::take(&mut *self.unfolded()).into_iter().collect()
    }

    fn unfolded(&self) -> MutexGuard<'_, BTreeMap<RunId, String>> {
        self.unfolded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that the state can't be trusted any more, across a restart too.
    pub(crate) fn breaks(&self, error: Error) -> Error {
        if let Error::Broken { reason } = &error
            && self.broken.set(reason.clone()).is_ok()
        {
            tracing::error!(reason, "the state failed; it is rebuilt from the journal at the next start");
            if let Err(error) = std::fs::write(&self.marker, reason) {
                tracing::error!(%error, marker = %self.marker.display(), "could not leave a note for the next start");
            }
        }
        error
    }

    /// `Broken` if it is.
    pub(crate) fn healthy(&self) -> Result<(), Error> {
        self.broken.get().map_or(Ok(()), |reason| Err(Error::broken(reason)))
    }

    /// Why the state can't be trusted, if so.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.broken.get().map(String::as_str)
    }
}
