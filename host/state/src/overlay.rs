//! What was folded and is not in sled yet.
//!
//! sled starts a disk write for every batch it applies. One for each batch of the journal would take half of the disk's syncs
//! away from the journal, and queues them in memory without bound when they come faster than the disk (measured: 900 MB after
//! 500,000 batches of one). So the fold gathers what many batches of the journal change, each run's row once, and gives
//! sled all of it as one batch. Nothing is lost with the overlay: sled's mark says from where the journal folds it again.
//!
//! Whoever reads looks here first and in sled second; nobody else keeps rows.

use std::collections::HashMap;

use skep_journal::{Entry, Head, Mark, Position};
use skep_model::{Record, RunId, RunState, Seq};

use crate::error::Error;
use crate::keys;
use crate::row::{Row, Stretch};
use crate::tree::{Changes, Tree};

/// Given to sled when it holds this many runs, which bounds its memory...
const RUNS: usize = 4096;
/// ... or this many events, which bounds what is folded again after a crash.
const EVENTS: usize = 16_384;

/// A run's row as it is to become.
#[derive(Debug)]
pub(crate) struct Dirty {
    pub(crate) row: Row,
    /// Stretches that were filled, and are to be stored on their own.
    pub(crate) full: Vec<Stretch>,
    /// The state under which sled has it in its indexes.
    indexed: Option<RunState>,
    /// The stored stretches are of events that were superseded.
    superseded: bool,
}

impl Dirty {
    fn stored(row: Row) -> Self {
        Self { indexed: Some(row.record.state), row, full: Vec::new(), superseded: false }
    }

    fn new(record: Record) -> Self {
        Self { row: Row::new(record), full: Vec::new(), indexed: None, superseded: false }
    }

    fn place(&mut self, entry: &Entry) {
        if entry.supersedes {
            self.full.clear();
            self.row.tail = Stretch::from(entry.seq);
            self.superseded = true;
        }
        self.full.extend(self.row.place(entry.seq, entry.position));
    }

    /// The first event whose place is here and not in a stored stretch.
    fn first_here(&self) -> Seq {
        self.full.first().map_or(self.row.tail.first, |stretch| stretch.first)
    }

    /// Up to before which event the stored stretches count.
    pub(crate) fn stored_until(&self) -> Seq {
        if self.superseded { 0 } else { self.first_here() }
    }

    /// The places that are here.
    pub(crate) fn places(&self) -> Vec<(Seq, Position)> {
        self.full.iter().chain([&self.row.tail]).flat_map(Stretch::iter).collect()
    }

    fn store(&self, run: RunId, tree: &Tree, changes: &mut Changes) -> Result<(), Error> {
        if self.superseded {
            for stretch in tree.stretches(run, 0, self.first_here()) {
                changes.remove(keys::stretch(run, stretch?.first));
            }
        }
        for stretch in &self.full {
            changes.put(keys::stretch(run, stretch.first), stretch)?;
        }
        self.index(run, changes);
        changes.put(keys::row(run), &self.row)
    }

    fn index(&self, run: RunId, changes: &mut Changes) {
        let state = self.row.record.state;
        if self.indexed == Some(state) {
            return;
        }
        if let Some(old) = self.indexed {
            changes.remove(keys::in_state(old, run));
        }
        changes.mark(keys::in_state(state, run));
        match state.is_terminal() {
            true => changes.remove(keys::unfinished(run)),
            false => changes.mark(keys::unfinished(run)),
        }
    }
}

/// The rows that sled does not have yet, and how far they are folded.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    pub(crate) rows: HashMap<RunId, Dirty>,
    pub(crate) mark: Option<Mark>,
    events: usize,
}

impl Overlay {
    /// A run's new record. `stored` is its row in sled, if it is not here yet and not new.
    pub(crate) fn set_record(&mut self, run: RunId, record: Record, stored: Option<Row>) {
        match (self.rows.get_mut(&run), stored) {
            (Some(dirty), _) => dirty.row.record = record,
            (None, Some(row)) => {
                let mut dirty = Dirty::stored(row);
                dirty.row.record = record;
                self.rows.insert(run, dirty);
            }
            (None, None) => drop(self.rows.insert(run, Dirty::new(record))),
        }
    }

    /// Where an event of a run is whose record is here.
    pub(crate) fn place(&mut self, entry: &Entry) {
        self.events += 1;
        if let Some(dirty) = self.rows.get_mut(&entry.run) {
            dirty.place(entry);
        }
    }

    /// The new head of a run whose record is here.
    pub(crate) fn set_head(&mut self, run: RunId, head: &Head) {
        if let Some(dirty) = self.rows.get_mut(&run) {
            dirty.row.set_head(head);
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= RUNS || self.events >= EVENTS
    }

    /// Everything here as one batch for sled; `None` when nothing changed.
    pub(crate) fn changes(&self, tree: &Tree) -> Result<Option<Changes>, Error> {
        let Some(mark) = &self.mark else { return Ok(None) };
        let mut changes = Changes::default();
        for (run, dirty) in &self.rows {
            dirty.store(*run, tree, &mut changes)?;
        }
        changes.put_mark(mark)?;
        Ok(Some(changes))
    }
}
