//! Reading the state: records, lists of them, and where events are. Cheap to clone; never waits for a disk write.

use std::sync::Arc;

use skep_journal::{Head, Position};
use skep_model::{Record, RunId, Seq};

use crate::error::Error;
use crate::keys::Index;
use crate::list::{Cursor, Filter, Page, merged};
use crate::overlay::Dirty;
use crate::shared::Shared;

/// A view of the state that always shows the present.
#[derive(Clone)]
pub struct StateReader {
    pub(crate) shared: Arc<Shared>,
}

impl StateReader {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// What is known of a run; `None` when there is no such run.
    ///
    /// # Errors
    /// The state is broken.
    pub fn record(&self, run: RunId) -> Result<Option<Record>, Error> {
        self.shared.record(run)
    }

    /// Up to `limit` records that pass the filter, newest first (by id, which is by creation), from after the cursor on.
    /// While a run changes its state, a list by state may show it under neither of the two.
    ///
    /// # Errors
    /// The state is broken.
    pub fn list(&self, filter: &Filter, limit: usize, after: Option<Cursor>) -> Result<Page, Error> {
        let mut page = Page::default();
        for run in self.runs(&filter.indexes(), after.map(|Cursor(run)| run)) {
            let Some(record) = self.record(run?)?.filter(|record| filter.passes(record)) else { continue };
            if page.records.len() == limit {
                page.next = page.records.last().map(|last| Cursor(last.run_id));
                break;
            }
            page.records.push(record);
        }
        Ok(page)
    }

    /// The records of all runs that have not ended, newest first. No run that goes on is left out.
    ///
    /// # Errors
    /// The state is broken.
    pub fn unfinished(&self) -> Result<Vec<Record>, Error> {
        let records = self.runs(&[Index::Unfinished], None).map(|run| self.record(run?));
        let records = records.filter_map(Result::transpose);
        records.filter(|record| record.as_ref().map_or(true, |record| !record.state.is_terminal())).collect()
    }

    /// Every run there is, newest first, deleted ones included.
    ///
    /// # Errors
    /// The state is broken.
    pub fn all_runs(&self) -> impl Iterator<Item = Result<RunId, Error>> + use<> {
        self.runs(&[Index::All], None)
    }

    /// Candidates: what the indexes show and what is not in them yet. The records say which it is.
    fn runs(&self, indexes: &[Index], before: Option<RunId>) -> impl Iterator<Item = Result<RunId, Error>> + use<> {
        let mut pending: Vec<RunId> = self.shared.overlay().runs().collect();
        pending.retain(|run| before.is_none_or(|before| *run < before));
        pending.sort_unstable_by(|a, b| b.cmp(a));
        pending.dedup();
        let stored = indexes.iter().map(|index| self.shared.tree.newest_first(*index, before));
        merged(pending, stored.collect())
    }

    /// Whether lists would show a run with this record. The indexes of what is not in sled yet are written with it.
    pub(crate) fn is_indexed(&self, record: &Record) -> Result<bool, Error> {
        if self.shared.overlay().row(record.run_id).is_some() {
            return Ok(true);
        }
        self.shared.tree.is_indexed(record).map_err(|error| self.shared.breaks(error))
    }

    /// Where a run stands in the journal.
    pub(crate) fn head(&self, run: RunId) -> Result<Option<Head>, Error> {
        if let Some(row) = self.shared.overlay().row(run) {
            return Ok(Some(row.head()));
        }
        Ok(self.shared.stored(run)?.map(|row| row.head()))
    }

    /// Where the events of a run are, from number `from` on, at most `limit` of them. What retention dropped is left out.
    ///
    /// # Errors
    /// The state is broken.
    pub fn positions(&self, run: RunId, from: Seq, limit: usize) -> Result<Vec<(Seq, Position)>, Error> {
        let Some(here) = self.places_here(run)? else { return Ok(Vec::new()) };
        let mut places = Vec::new();
        for stretch in self.shared.tree.stretches(run, from, here.stored_until) {
            let stretch = stretch.map_err(|error| self.shared.breaks(error))?;
            places.extend(stretch.iter().filter(|(seq, _)| (from..here.stored_until).contains(seq)));
            if places.len() >= limit {
                break;
            }
        }
        places.extend(here.places.into_iter().filter(|(seq, _)| *seq >= from));
        places.truncate(limit);
        Ok(places)
    }

    fn places_here(&self, run: RunId) -> Result<Option<PlacesHere>, Error> {
        let layered = self.shared.overlay().each(run).fold(None, |here, dirty| Some(PlacesHere::under(here, dirty)));
        if layered.is_some() {
            return Ok(layered);
        }
        let row = self.shared.stored(run)?;
        Ok(row.map(|row| PlacesHere { stored_until: row.tail.first, places: row.tail.iter().collect() }))
    }

    /// Why the state can't be trusted until the next start, if so.
    pub fn broken(&self) -> Option<&str> {
        self.shared.broken()
    }
}

/// The places that stand in the layers, or with a run's row.
struct PlacesHere {
    /// Those of events before this number have keys of their own in sled.
    stored_until: Seq,
    places: Vec<(Seq, Position)>,
}

impl PlacesHere {
    /// What a layer has, below what the layers above it have.
    fn under(above: Option<Self>, dirty: &Dirty) -> Self {
        let Some(above) = above else {
            return Self { stored_until: dirty.stored_until(), places: dirty.places() };
        };
        let mut places = dirty.places();
        places.retain(|(seq, _)| *seq < above.stored_until);
        places.extend(above.places);
        Self { stored_until: dirty.stored_until().min(above.stored_until), places }
    }
}
