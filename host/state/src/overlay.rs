//! What was folded and is not in sled yet.
//!
//! sled starts a disk write for every batch it applies. One for each batch of the journal would take half of the disk's syncs
//! away from the journal, and queues them in memory without bound when they come faster than the disk (measured: 900 MB after
//! 500,000 batches of one). So the fold gathers what many batches of the journal change, each run's row once, and gives
//! sled all of it as one batch. Nothing is lost with the overlay: sled's mark says from where the journal folds it again.
//!
//! There are two layers: the journal's thread changes the young one, while the [storer](crate::storer) gives sled the other.
//! Whoever reads looks at the young layer first, then at the other, then in sled; nobody else keeps rows.

use std::collections::HashMap;
use std::sync::Arc;

use skep_journal::{Entry, Head, Mark, Position};
use skep_model::{Record, RunId, RunState, Seq};

use crate::error::Error;
use crate::keys;
use crate::row::{Row, Stretch};
use crate::tree::{Changes, Tree};

/// A layer is given to sled when it holds this many runs, which bounds its memory (about 1.5 kB for each)...
const RUNS: usize = 16_384;
/// ... or this many events, which bounds what is folded again after a crash (about 0.2 s of work).
const EVENTS: usize = 32_768;

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

    /// The first event whose place is here and not in a stretch of an older layer or of sled.
    fn first_here(&self) -> Seq {
        self.full.first().map_or(self.row.tail.first, |stretch| stretch.first)
    }

    /// Up to before which event the stretches of older layers and of sled count.
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

/// Rows as they are after some batches of the journal.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    rows: HashMap<RunId, Dirty>,
    mark: Option<Mark>,
    events: usize,
}

impl Layer {
    pub(crate) fn record(&self, run: RunId) -> Option<&Record> {
        self.rows.get(&run).map(|dirty| &dirty.row.record)
    }

    /// A run's new record. `older` is its row in the layer below or in sled, if it is not here yet and not new.
    pub(crate) fn set_record(&mut self, run: RunId, record: Record, older: Option<Row>) {
        match (self.rows.get_mut(&run), older) {
            (Some(dirty), _) => dirty.row.record = record,
            (None, older) => {
                let mut dirty = older.map_or_else(|| Dirty::new(record.clone()), Dirty::stored);
                dirty.row.record = record;
                self.rows.insert(run, dirty);
            }
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

    pub(crate) fn set_mark(&mut self, mark: Mark) {
        self.mark = Some(mark);
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

/// The layers above sled.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    pub(crate) young: Layer,
    storing: Option<Arc<Layer>>,
}

impl Overlay {
    /// A run as it is in each layer that has it, the latest first.
    pub(crate) fn each(&self, run: RunId) -> impl Iterator<Item = &Dirty> {
        let storing = self.storing.iter().filter_map(move |layer| layer.rows.get(&run));
        self.young.rows.get(&run).into_iter().chain(storing)
    }

    /// A run's latest row.
    pub(crate) fn row(&self, run: RunId) -> Option<&Row> {
        self.each(run).next().map(|dirty| &dirty.row)
    }

    pub(crate) fn mark(&self) -> Option<Mark> {
        self.young.mark.or_else(|| self.storing.as_ref()?.mark)
    }

    /// The runs that are here; some twice.
    pub(crate) fn runs(&self) -> impl Iterator<Item = RunId> {
        self.young.rows.keys().chain(self.storing.iter().flat_map(|layer| layer.rows.keys())).copied()
    }

    /// Begins a new young layer, and returns what was in it, to be stored. The earlier one must have been stored.
    pub(crate) fn freeze(&mut self) -> Arc<Layer> {
        let frozen = Arc::new(std::mem::take(&mut self.young));
        self.storing = Some(frozen.clone());
        frozen
    }

    /// sled has what was frozen.
    pub(crate) fn stored(&mut self) {
        self.storing = None;
    }
}
