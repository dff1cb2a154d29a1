//! Retention: closed segments are written anew without what may go.
//!
//! Neighbours of which little is left become one file. A rewriting happens in this order, and can be interrupted anywhere:
//! the new file is written under a passing name and synced; it gets its name, and the folder is synced; the fold learns
//! where entries have moved; the files it replaces are removed. Opening removes a file without a name, and files that
//! are replaced; and it tells the fold of rewritings that it has not heard of.

use std::collections::HashMap;
use std::ops::RangeBounds;
use std::sync::{Arc, PoisonError};

use skep_model::RunId;

use crate::entry::{Batch, Entry};
use crate::error::Error;
use crate::fold::Moved;
use crate::format::frame::framed;
use crate::format::header::SegmentHeader;
use crate::format::walk::{Found, Walk};
use crate::journal::Journal;
use crate::rewrite::Rewriting;
use crate::segments::{Segment, Segments};

/// How many moved entries the fold is told of at once.
pub(crate) const TOLD_AT_ONCE: usize = 4096;

/// What is to stay of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All of it.
    Everything,
    /// What was appended from this number on. It must be the number of an entry that supersedes what was before it.
    From(u64),
    /// Nothing. The last entry must be one that supersedes what was before it.
    Nothing,
}

impl Keep {
    fn keeps(self, entry: &Entry) -> bool {
        match self {
            Keep::Everything => true,
            Keep::From(seq) => entry.seq >= seq,
            Keep::Nothing => false,
        }
    }
}

/// What retention did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Files that were replaced.
    pub replaced: u64,
    /// Files that took their place.
    pub written: u64,
    /// Entries that are gone.
    pub dropped: u64,
    /// Segments that were left alone because something in them doesn't check.
    pub damaged: u64,
}

/// What is in a segment, in the eyes of retention.
#[derive(Clone, Copy, Debug)]
struct Survey {
    segment: Segment,
    live_bytes: u64,
    dead: u64,
    last_batch: u64,
}

impl Journal {
    /// Closes the segment that is written to, so that retention can reach what is in it.
    pub fn close_segment(&self) -> Result<(), Error> {
        self.ask(|committer| committer.writer.close_segment())
    }

    /// Drops what `keep` doesn't keep from the closed segments in `range`, and merges small ones. Appends and reads go on
    /// meanwhile. One retention runs at a time, and blocks its thread. Segments with damage are left as they are.
    ///
    /// Before a run is deleted, its tombstone has to be durable: see [`crate::Append::superseding`].
    pub fn retain(&self, range: impl RangeBounds<u64>, keep: impl Fn(RunId) -> Keep) -> Result<Retained, Error> {
        let _one_at_a_time = self.shared.retention.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = self.ask(|committer| committer.closed_segments())?;
        let mut retained = Retained::default();
        let mut group: Vec<Survey> = Vec::new();
        for segment in closed.into_iter().filter(|segment| range.contains(&segment.name.number)) {
            let survey = survey(&self.shared.segments, segment, &keep);
            retained.damaged += u64::from(survey.is_none());
            let survey = survey.filter(|survey| survey.is_worthwhile(self.shared.config.segment_bytes));
            if !survey.is_some_and(|survey| self.joins(&group, &survey)) {
                self.rewrite(std::mem::take(&mut group), &keep, &mut retained)?;
            }
            group.extend(survey);
        }
        self.rewrite(group, &keep, &mut retained)?;
        Ok(retained)
    }

    /// Whether a segment can go into the same file as those before it.
    fn joins(&self, group: &[Survey], survey: &Survey) -> bool {
        let bytes: u64 = group.iter().map(|survey| survey.live_bytes).sum();
        let follows = group.last().is_none_or(|last| last.segment.name.through + 1 == survey.segment.name.number);
        follows && bytes + survey.live_bytes <= self.shared.config.segment_bytes
    }

    fn rewrite(&self, group: Vec<Survey>, keep: &impl Fn(RunId) -> Keep, done: &mut Retained) -> Result<(), Error> {
        let dead: u64 = group.iter().map(|survey| survey.dead).sum();
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return Ok(()) };
        if dead == 0 && group.len() < 2 {
            return Ok(());
        }
        let segments = &self.shared.segments;
        let header = SegmentHeader {
            salt: segments.salt,
            number: first.segment.name.number,
            through: last.segment.name.through,
            rewrite: self.ask(|committer| committer.next_rewrite())?,
            first_batch: first.segment.header.map_or(0, |header| header.first_batch),
            last_batch: last.last_batch,
        };
        let mut rewriting = Rewriting::begin(segments.clone(), header)?;
        let written = group.iter().try_for_each(|survey| copy(segments, survey, keep, &mut rewriting));
        let ready = written.and_then(|()| rewriting.finish());
        let ready = ready.inspect_err(|_| segments.discard_unfinished())?;
        let installed = self.ask(move |committer| committer.install(ready))??;
        done.replaced += installed;
        done.written += 1;
        done.dropped += dead;
        Ok(())
    }
}

impl Survey {
    /// There is something to drop, or it is small enough to be merged.
    fn is_worthwhile(&self, segment_bytes: u64) -> bool {
        self.dead > 0 || self.live_bytes < segment_bytes / 4
    }
}

/// The batches of a whole segment; `None` if anything in it doesn't check.
pub(crate) fn batches(segments: &Segments, segment: &Segment) -> Option<Vec<Batch>> {
    segment.header.filter(|_| !segment.scratched)?;
    let start = segment.start();
    let bytes = segments.load(segment, start.offset, None).ok()?;
    let mut walk = Walk::new(bytes, start, segments.salt, 0);
    let mut batches = Vec::new();
    loop {
        match walk.next() {
            Found::Batch(batch) => batches.push(batch),
            Found::End(_) => return Some(batches),
            Found::Wreck(_) | Found::Tail(_) => return None,
        }
    }
}

fn survey(segments: &Segments, segment: Segment, keep: &impl Fn(RunId) -> Keep) -> Option<Survey> {
    let header = segment.header?;
    let batches = batches(segments, &segment)?;
    let last_batch = batches.last().map_or(header.first_batch.saturating_sub(1), |batch| batch.number);
    let mut survey = Survey { segment, live_bytes: 0, dead: 0, last_batch: last_batch.max(header.last_batch) };
    let mut known = HashMap::new();
    for entry in batches.iter().flat_map(|batch| &batch.entries) {
        if known.entry(entry.run).or_insert_with(|| keep(entry.run)).keeps(entry) {
            survey.live_bytes += framed(entry.payload.len()) as u64;
        } else {
            survey.dead += 1;
        }
    }
    Some(survey)
}

fn copy(
    segments: &Arc<Segments>,
    survey: &Survey,
    keep: &impl Fn(RunId) -> Keep,
    to: &mut Rewriting,
) -> Result<(), Error> {
    let damaged = || Error::io("copy", &segments.path(survey.segment.name))(std::io::ErrorKind::InvalidData.into());
    let mut known = HashMap::new();
    for mut batch in batches(segments, &survey.segment).ok_or_else(damaged)? {
        batch.entries.retain(|entry| known.entry(entry.run).or_insert_with(|| keep(entry.run)).keeps(entry));
        to.add(batch)?;
    }
    Ok(())
}

/// Where entries are now.
pub(crate) fn moved(entries: &[Entry]) -> impl Iterator<Item = Moved> {
    entries.iter().map(|entry| Moved { run: entry.run, seq: entry.seq, position: entry.position })
}
