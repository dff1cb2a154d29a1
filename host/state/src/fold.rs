//! The writer: folds what the journal gives it, and judges what is to be appended before it is written.

use std::collections::HashMap;
use std::sync::Arc;

use skep_journal::{Append, Applied, Entry, Fold, FoldError, Head, Mark, Moved};
use skep_model::{Event, Illegal, Record, RunId, Seq};

use crate::damage;
use crate::error::Error;
use crate::keys;
use crate::progress::Meter;
use crate::row::Row;
use crate::shared::Shared;
use crate::storer::Storer;
use crate::tree::Changes;

/// The journal's fold. It lives on the journal's committer, and is the only one who writes to the state.
pub(crate) struct StateFold {
    shared: Arc<Shared>,
    /// Records as they will be once what was admitted is durable.
    admitted: HashMap<RunId, Record>,
    /// Rows from under the young layer, read to judge what was admitted.
    older: HashMap<RunId, Row>,
    storer: Storer,
    meter: Meter,
    /// How far the state came in whose place this one is.
    acknowledged: Option<Mark>,
}

/// Why an append is refused.
enum Refusal {
    Illegal(Illegal),
    Unknown(Seq, serde_json::Error),
    Failed(Error),
}

impl StateFold {
    pub(crate) fn new(shared: Arc<Shared>, storer: Storer, meter: Meter, acknowledged: Option<Mark>) -> Self {
        Self { shared, admitted: HashMap::new(), older: HashMap::new(), storer, meter, acknowledged }
    }

    /// A run's record, counting what was admitted.
    fn current(&mut self, run: RunId) -> Result<Option<Record>, Error> {
        if let Some(record) = self.admitted.get(&run) {
            return Ok(Some(record.clone()));
        }
        if let Some(record) = self.shared.overlay().young.record(run) {
            return Ok(Some(record.clone()));
        }
        let storing = self.shared.overlay().row(run).cloned();
        let Some(row) = storing.map_or_else(|| self.shared.stored(run), |row| Ok(Some(row)))? else { return Ok(None) };
        let record = row.record.clone();
        self.older.insert(run, row);
        Ok(Some(record))
    }

    /// Folds events onto a run's record, all or none.
    fn fold<'a>(
        &mut self,
        run: RunId,
        first: Seq,
        payloads: impl IntoIterator<Item = &'a Vec<u8>>,
    ) -> Result<(), Refusal> {
        let mut record = self.current(run).map_err(Refusal::Failed)?;
        for (seq, payload) in (first..).zip(payloads) {
            let event = Event::decode(payload).map_err(|error| Refusal::Unknown(seq, error))?;
            record = Some(skep_model::fold(run, record, seq, &event).map_err(Refusal::Illegal)?);
        }
        self.admitted.extend(record.map(|record| (run, record)));
        Ok(())
    }

    /// Folds an entry that was not admitted, because it was written before this fold began.
    fn refold(&mut self, entry: &Entry) -> Result<(), Error> {
        let (record, why) = damage::refold(self.current(entry.run)?, entry);
        self.admitted.insert(entry.run, record);
        why.into_iter().for_each(|why| self.shared.note_unfolded(entry.run, why));
        self.meter.count(entry);
        Ok(())
    }

    fn mark_damaged(&mut self, run: RunId, head: &Head) -> Result<(), Error> {
        if head.damaged.is_some() {
            let record = damage::of_head(run, self.current(run)?, head);
            self.admitted.extend(record.map(|record| (run, record)));
        }
        Ok(())
    }

    fn is_admitted(&self, entry: &Entry) -> bool {
        self.admitted.get(&entry.run).is_some_and(|record| record.last_seq >= entry.seq)
    }

    fn take(&mut self, step: &Applied<'_>) -> Result<(), Error> {
        for entry in step.entries {
            if !self.is_admitted(entry) {
                self.refold(entry)?;
            }
        }
        for (run, head) in step.heads {
            self.mark_damaged(*run, head)?;
        }
        self.publish(step);
        self.storer.store_if_full()
    }

    /// Shows readers what has become true.
    fn publish(&mut self, step: &Applied<'_>) {
        let young = &mut self.shared.overlay_mut().young;
        for (run, record) in self.admitted.drain() {
            young.set_record(run, record, self.older.remove(&run));
        }
        step.entries.iter().for_each(|entry| young.place(entry));
        step.heads.iter().for_each(|(run, head)| young.set_head(*run, head));
        young.set_mark(step.mark);
        self.older.clear();
    }

    /// Has all places stored, then moves them.
    fn relocate(&mut self, moved: &[Moved]) -> Result<(), Error> {
        self.storer.store_all()?;
        let mut changes = Changes::default();
        let mut moved = moved.to_vec();
        moved.sort_unstable_by_key(|moved| (moved.run, moved.seq));
        for entries in moved.chunk_by(|a, b| a.run == b.run) {
            self.relocate_run(entries[0].run, entries, &mut changes)?;
        }
        self.shared.tree.apply(changes)
    }

    fn relocate_run(&self, run: RunId, moved: &[Moved], changes: &mut Changes) -> Result<(), Error> {
        let Some(mut row) = self.shared.tree.row(run)? else { return Ok(()) };
        let mut rest = moved.to_vec();
        rest.retain(|moved| !row.tail.relocate(moved.seq, moved.position));
        changes.put(keys::row(run), &row)?;
        let (Some(first), Some(last)) = (rest.first().copied(), rest.last().copied()) else { return Ok(()) };
        for stretch in self.shared.tree.stretches(run, first.seq, last.seq + 1) {
            let mut stretch = stretch?;
            rest.retain(|moved| !stretch.relocate(moved.seq, moved.position));
            changes.put(keys::stretch(run, stretch.first), &stretch)?;
        }
        Ok(())
    }
}

impl Fold for StateFold {
    fn mark(&self) -> Result<Option<Mark>, FoldError> {
        let pending = self.shared.overlay().mark();
        pending.map_or_else(|| self.shared.tree.mark(), |mark| Ok(Some(mark))).map_err(words)
    }

    fn acknowledged(&self) -> Result<Option<Mark>, FoldError> {
        Ok(self.mark()?.or(self.acknowledged))
    }

    fn head(&self, run: RunId) -> Result<Option<Head>, FoldError> {
        if let Some(row) = self.shared.overlay().row(run) {
            return Ok(Some(row.head()));
        }
        Ok(self.shared.stored(run).map_err(words)?.map(|row| row.head()))
    }

    fn admit(&mut self, append: &Append) -> Result<(), FoldError> {
        self.shared.healthy().map_err(words)?;
        self.fold(append.run, append.expected_next_seq, &append.payloads).map_err(|refusal| match refusal {
            Refusal::Illegal(illegal) => FoldError(illegal.to_string()),
            Refusal::Unknown(seq, error) => {
                FoldError(format!("event {seq} of run {} is no event: {error}", append.run))
            }
            Refusal::Failed(error) => words(error),
        })
    }

    fn abandon(&mut self) {
        self.admitted.clear();
        self.older.clear();
    }

    fn apply(&mut self, step: Applied<'_>) -> Result<(), FoldError> {
        self.take(&step).map_err(words)
    }

    fn moved(&mut self, moved: &[Moved]) -> Result<(), FoldError> {
        self.relocate(moved).map_err(|error| words(self.shared.breaks(error)))
    }

    fn reset(&mut self) -> Result<(), FoldError> {
        self.abandon();
        self.storer.store_all().map_err(words)?;
        self.shared.tree.clear().map_err(words)
    }
}

/// Leaves sled complete, so that the next open has nothing to fold, if there is room for that.
impl Drop for StateFold {
    fn drop(&mut self) {
        if !self.storer.has_room() {
            tracing::warn!("the disk is too full for the state; it catches up at the next start");
            return;
        }
        let stored = self.storer.store_all().and_then(|()| self.shared.tree.flush());
        if let Err(error) = stored {
            tracing::warn!(%error, "the state is behind the journal and catches up at the next start");
        }
    }
}

fn words(error: Error) -> FoldError {
    FoldError(error.to_string())
}
