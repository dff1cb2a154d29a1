//! Deleting runs, and getting back the room that they took.

use std::collections::HashSet;
use std::time::Duration;

use skep_journal::{Append, Keep, Scanned};
use skep_model::{Digest, Event, Happening, Record, RunId, Seq, Timestamp, Tombstone};

use crate::error::Error;
use crate::store::Store;

/// Which ended runs go by themselves. The default keeps everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetentionConfig {
    /// Runs that ended longer ago than this are deleted; none when absent.
    pub keep_ended_for: Option<Duration>,
    /// But this many of those that were accepted last are kept, however old.
    pub keep_last: usize,
}

/// What compacting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compacted {
    /// Runs that retention deleted.
    pub runs_deleted: u64,
    /// Events of deleted runs that are gone from the disk.
    pub events_dropped: u64,
    /// Blobs that nobody needed any more and that are gone.
    pub blobs_removed: u64,
    /// Segments that were left alone because something in them doesn't check.
    pub segments_damaged: u64,
}

impl Store {
    /// Deletes an ended run: from now on only its tombstone is shown. Its events and blobs leave the disk with the next
    /// [`Store::compact`]. Deleting it again changes nothing. Blocks for the disk.
    ///
    /// # Errors
    /// `NoSuchRun`, `NotEnded`, and what appending says.
    pub fn delete_run(&self, run: RunId, reason: &str, at: Timestamp) -> Result<(), Error> {
        let record = self.record(run)?.ok_or(Error::NoSuchRun(run))?;
        if record.deleted {
            return Ok(());
        }
        if !record.state.is_terminal() {
            return Err(Error::NotEnded { run, state: record.state });
        }
        let what = Happening::Deleted { reason: reason.to_owned(), was: Tombstone::of(&record) };
        let tombstone = Event { at: at.max(record.updated_at), what }.encode();
        let append = Append::superseding(run, record.last_seq + 1, tombstone);
        let answer = self.journal().append_blocking(append)?.wait();
        answer.map(drop).map_err(|error| self.explain(error))
    }

    /// Deletes the ended runs that the policy doesn't keep, then removes what deleted runs still have on the disk. Appends
    /// and reads go on meanwhile. Reads the journal once. Blobs that were put since the compaction before the last one stay.
    ///
    /// # Errors
    /// The journal, the blobs or the state fail; what was done until then stays done, and the next one goes on.
    pub fn compact(&self, policy: &RetentionConfig, now: Timestamp) -> Result<Compacted, Error> {
        let runs_deleted = self.delete_old(policy, now)?;
        self.journal().close_segment()?;
        let retained = self.journal().retain(.., |run| self.kept_of(run))?;
        let blobs_removed = self.sweep_blobs()?;
        let (events_dropped, segments_damaged) = (retained.dropped, retained.damaged);
        Ok(Compacted { runs_deleted, events_dropped, blobs_removed, segments_damaged })
    }

    fn delete_old(&self, policy: &RetentionConfig, now: Timestamp) -> Result<u64, Error> {
        let Some(keep_for) = policy.keep_ended_for else { return Ok(0) };
        let mut ended = 0;
        let mut deleted = 0;
        for run in self.state().all_runs() {
            let Some(record) = self.record(run?)?.filter(is_deletable) else { continue };
            ended += 1;
            let ended_at = record.ended_at.unwrap_or(record.updated_at);
            if ended > policy.keep_last && now.since(ended_at) > keep_for {
                self.delete_run(record.run_id, "retention", now)?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }

    /// In doubt, everything.
    fn kept_of(&self, run: RunId) -> Keep {
        match self.record(run) {
            Ok(Some(Record { deleted: true, last_seq, .. })) => Keep::From(last_seq),
            _ => Keep::Everything,
        }
    }

    fn sweep_blobs(&self) -> Result<u64, Error> {
        let Some(named) = self.named_blobs()? else { return Ok(0) };
        Ok(self.blobs().remove_unreferenced(|blob| named.contains(blob))?)
    }

    /// The blobs that events name; `None` when that can't be known because something can't be read.
    fn named_blobs(&self) -> Result<Option<HashSet<Digest>>, Error> {
        let mut named = HashSet::new();
        for scanned in self.journal().scan() {
            let Scanned::Batch(batch) = scanned else { return Ok(None) };
            for entry in batch.entries {
                if self.is_gone(entry.run, entry.seq)? {
                    continue;
                }
                let Ok(event) = Event::decode(&entry.payload) else { return Ok(None) };
                named.extend(event.what.blobs());
            }
        }
        Ok(Some(named))
    }

    /// The event belongs to a deleted run, and is still there only because its segment is not closed yet.
    fn is_gone(&self, run: RunId, seq: Seq) -> Result<bool, Error> {
        Ok(self.record(run)?.is_some_and(|record| record.deleted && seq < record.last_seq))
    }
}

fn is_deletable(record: &Record) -> bool {
    record.state.is_terminal() && !record.deleted
}
