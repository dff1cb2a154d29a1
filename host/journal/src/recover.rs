//! Opening a journal: find its end, cut what a crash tore, and bring the fold up to date.

use std::sync::Arc;

use crate::config::Config;
use crate::damage::{Damage, DamageKind};
use crate::entry::{Batch, Entry, Head};
use crate::error::Error;
use crate::fold::{Applied, Fold, FoldError};
use crate::format::frame::framed;
use crate::format::harvest::{Salvage, Wreck};
use crate::heads::{Heads, follow};
use crate::position::{Mark, Position};
use crate::rewrite::tell_anew;
use crate::scan::{From, Step, Steps};
use crate::segments::{Segment, Segments};
use crate::storage::Mode;
use crate::writer::{Active, Writer};

/// How many bytes of entries the fold is given at once.
const CHUNK: usize = 4 << 20;

/// What opening found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// The unacknowledged end of a write that a crash interrupted; it was cut off.
    pub torn: Option<Torn>,
    /// Places that don't check. Only what was not folded yet is looked at; [`crate::Journal::verify`] looks everywhere.
    pub damage: Vec<Damage>,
    /// The journal holds less than was folded: acknowledged events are gone. The fold was reset to what there is.
    pub lost: Option<Lost>,
    /// How many entries the fold lacked and was given.
    pub folded: u64,
}

/// A torn write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Where it began.
    pub at: Position,
    /// How much was cut.
    pub bytes: u64,
}

/// Acknowledged events that are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// How far the fold had come.
    pub folded: Mark,
    /// The last batch that is there; 0 if none is.
    pub held: u64,
}

/// A recovered journal, ready to be written to.
pub(crate) struct Recovered {
    pub(crate) report: OpenReport,
    pub(crate) writer: Writer,
    pub(crate) mark: Option<Mark>,
}

/// Reads what the fold lacks and gives it to it.
pub(crate) fn recover(
    segments: &Arc<Segments>,
    config: &Config,
    fold: &mut dyn Fold,
    heads: &mut Heads,
) -> Result<Recovered, Error> {
    let mark = fold.mark().map_err(fold_failed)?;
    let acknowledged = fold.acknowledged().map_err(fold_failed)?;
    if let Some(mark) = mark {
        tell_anew(segments, fold, mark.rewrites, mark.batch)?;
    }
    let mut pass = Pass::new(segments, fold, heads, mark, acknowledged.map_or(0, |known| known.batch));
    pass.read(start(segments, mark)?)?;
    if let Some(folded) = acknowledged.filter(|known| pass.next_batch <= known.batch) {
        let lost = Lost { folded, held: pass.next_batch - 1 };
        pass.start_over(lost)?;
        pass.read(From::START)?;
    }
    pass.finish(config)
}

fn fold_failed(error: FoldError) -> Error {
    Error::Fold { reason: error.0 }
}

/// Where to start reading. At the last batch that was folded, if it is where it was; it is read again, because it may
/// be what is damaged.
fn start(segments: &Segments, mark: Option<Mark>) -> Result<From, Error> {
    let Some(Mark { batch, at, .. }) = mark else { return Ok(From::START) };
    let covering = segments.covering(at.segment);
    if let Some(segment) = covering.filter(|segment| segment.name.rewrite == at.rewrite) {
        let rest = segments.load(&segment, at.offset, None)?;
        if rest.iter().any(|byte| *byte != 0) {
            return Ok(From { segment: at.segment, offset: Some(at.offset), batch: Some(batch) });
        }
    }
    let batch = covering.is_none().then_some(batch);
    Ok(From { segment: at.segment, offset: None, batch })
}

/// One reading of the journal from some place to its end.
struct Pass<'a> {
    segments: &'a Arc<Segments>,
    fold: &'a mut dyn Fold,
    heads: &'a mut Heads,
    report: OpenReport,
    /// Everything up to here was acknowledged, so nothing up to here can be a torn write.
    acknowledged: u64,
    mark: Option<Mark>,
    next_batch: u64,
    /// The last batch that was read.
    last: Option<(u64, Position)>,
    end: Option<(Segment, Position)>,
    /// Entries that the fold lacks, and their bytes.
    chunk: Vec<Entry>,
    chunk_bytes: usize,
    /// Where bad bytes were last met.
    suspect: Option<Position>,
}

impl<'a> Pass<'a> {
    fn new(
        segments: &'a Arc<Segments>,
        fold: &'a mut dyn Fold,
        heads: &'a mut Heads,
        mark: Option<Mark>,
        acknowledged: u64,
    ) -> Self {
        Self {
            segments,
            fold,
            heads,
            report: OpenReport::default(),
            acknowledged,
            mark,
            next_batch: 1,
            last: None,
            end: None,
            chunk: Vec::new(),
            chunk_bytes: 0,
            suspect: None,
        }
    }

    fn start_over(&mut self, lost: Lost) -> Result<(), Error> {
        self.fold.reset().map_err(fold_failed)?;
        self.heads.reset();
        self.report = OpenReport { lost: Some(lost), ..OpenReport::default() };
        (self.mark, self.last, self.end, self.suspect) = (None, None, None, None);
        self.next_batch = 1;
        Ok(())
    }

    fn read(&mut self, from: From) -> Result<(), Error> {
        let mut steps = Steps::new(self.segments.clone(), from, From::END);
        while let Some(step) = steps.next() {
            match step {
                Step::Batch(batch) => self.take(batch)?,
                Step::Damage(damage) => self.note(damage),
                // What is in it decides what may follow, and nobody knows whether it is lost.
                Step::Unreadable(_, error) => return Err(error),
                Step::Wreck(wreck) => self.salvage(wreck)?,
                Step::Tail(segment, wreck) => self.take_tail(segment, wreck)?,
                Step::End(segment, at) => self.end = segment.header.is_some().then_some((segment, at)),
            }
            self.next_batch = self.next_batch.max(steps.next_batch());
        }
        Ok(())
    }

    fn take(&mut self, batch: Batch) -> Result<(), Error> {
        // What is before the last batch was made durable by the sync of the last; the last is made so by `settle`.
        self.flush(CHUNK)?;
        self.last = Some((batch.number, batch.at));
        if self.mark.is_none_or(|mark| batch.number > mark.batch) {
            batch.entries.into_iter().try_for_each(|entry| self.take_entry(entry))?;
        }
        Ok(())
    }

    fn take_entry(&mut self, entry: Entry) -> Result<(), Error> {
        let (mut head, damage) = follow(&self.heads.get(entry.run, self.fold)?, &entry, self.suspect);
        if entry.supersedes && head.damaged.is_none() {
            // What was missing before it was to go: retention was interrupted.
            self.report.damage.retain(|damage| damage.kind != DamageKind::EntriesMissing || damage.runs != [entry.run]);
        }
        if let Some(damage) = damage {
            head.damaged = head.damaged.or(Some(damage.at));
            self.note(damage);
        }
        self.heads.stage(entry.run, head);
        if head.damaged.is_none() {
            self.chunk_bytes += framed(entry.payload.len());
            self.chunk.push(entry);
        }
        Ok(())
    }

    fn note(&mut self, damage: Damage) {
        if matches!(damage.kind, DamageKind::BadBytes | DamageKind::SegmentMissing) {
            self.suspect = Some(damage.at);
        }
        self.report.damage.push(damage);
    }

    /// Takes the entries of a wreck that are whole, and marks the runs of those that aren't.
    fn salvage(&mut self, wreck: Wreck) -> Result<(), Error> {
        self.note(Damage::of_wreck(&wreck));
        for found in wreck.found {
            match found {
                Salvage::Whole(entry) if self.heads.get(entry.run, self.fold)?.next_seq > entry.seq => {}
                Salvage::Whole(entry) => self.take_entry(entry)?,
                Salvage::Lost { run, seq, chain, at } => {
                    let head = self.heads.get(run, self.fold)?;
                    let damaged = head.damaged.or(Some(at));
                    let after = if seq < head.next_seq { head } else { Head { next_seq: seq + 1, chain, damaged } };
                    self.heads.stage(run, Head { damaged, ..after });
                }
            }
        }
        Ok(())
    }

    /// Bad bytes up to the end: a torn write, unless what stood there was acknowledged, or is too whole for one.
    fn take_tail(&mut self, segment: Segment, wreck: Wreck) -> Result<(), Error> {
        let was_whole = wreck.flipped || wreck.number <= self.acknowledged;
        if segment.header.is_none() || segment.name.rewrite > 0 || was_whole {
            if was_whole {
                // So that it is also known to have been acknowledged when the journal is opened again.
                self.last = Some((self.acknowledged.max(wreck.number), wreck.at));
            }
            let last = self.last.map_or(0, |(batch, _)| batch).max(self.acknowledged);
            self.next_batch = self.next_batch.max(last + 1);
            return self.salvage(wreck);
        }
        let path = self.segments.path(segment.name);
        let file = self.segments.storage.open(&path, Mode::Write).map_err(Error::io("open", &path))?;
        file.truncate(u64::from(wreck.at.offset)).map_err(Error::io("cut", &path))?;
        self.report.torn = Some(Torn { at: wreck.at, bytes: wreck.bytes });
        self.end = Some((segment, wreck.at));
        Ok(())
    }

    fn finish(mut self, config: &Config) -> Result<Recovered, Error> {
        // A journal that lost batches goes on in a new segment, whose first batch shows the hole for ever.
        let end = self.end.filter(|(segment, _)| segment.name.rewrite == 0 && self.report.lost.is_none());
        let active = end.map(|(segment, at)| self.settle(segment, at)).transpose()?;
        self.flush(0)?;
        let next_batch = self.next_batch.max(self.acknowledged + 1);
        let writer = Writer::new(self.segments.clone(), config, active, next_batch);
        Ok(Recovered { report: self.report, writer, mark: self.mark })
    }

    /// Writes the end of the journal once more, as it is, and syncs it. After a sync that failed, the system may show
    /// bytes that it has given up to bring to the disk; only bytes that are written again are sure to get there.
    fn settle(&mut self, segment: Segment, end: Position) -> Result<Active, Error> {
        let path = self.segments.path(segment.name);
        let file = self.segments.storage.open(&path, Mode::Write).map_err(Error::io("open", &path))?;
        let header = segment.header.map(|header| header.encode()).unwrap_or_default();
        file.write_at(&header, 0).map_err(Error::io("write", &path))?;
        if let Some((_, last)) = self.last.filter(|(_, at)| at.segment == segment.name.number) {
            let bytes = self.segments.load(&segment, last.offset, Some(end.offset))?;
            file.write_at(&bytes, u64::from(last.offset)).map_err(Error::io("write", &path))?;
        }
        file.sync_data().map_err(Error::io("sync", &path))?;
        let dir = &self.segments.dir;
        self.segments.storage.sync_dir(dir).map_err(Error::io("sync", dir))?;
        let reserved = file.len().map_err(Error::io("measure", &path))?;
        Ok(Active { segment, file, end: u64::from(end.offset), reserved })
    }

    /// Gives the fold what it lacks, if that is more than `more_than` bytes.
    fn flush(&mut self, more_than: usize) -> Result<(), Error> {
        let Some(mark) = self.reached().filter(|_| more_than == 0 || self.chunk_bytes > more_than) else {
            return Ok(());
        };
        let heads = self.heads.staged();
        if Some(mark) == self.mark && heads.is_empty() {
            return Ok(());
        }
        self.fold.apply(Applied { entries: &self.chunk, heads: &heads, mark }).map_err(fold_failed)?;
        self.report.folded += self.chunk.len() as u64;
        self.mark = Some(mark);
        self.heads.settle();
        self.chunk.clear();
        self.chunk_bytes = 0;
        Ok(())
    }

    /// The fold's mark, once it has what was read.
    fn reached(&self) -> Option<Mark> {
        let rewrites = self.segments.rewrites().max(self.mark.map_or(0, |mark| mark.rewrites));
        let read = self.last.map(|(batch, at)| Mark { batch, at, rewrites });
        let before = self.mark.map(|mark| Mark { rewrites, ..mark });
        read.filter(|read| before.is_none_or(|before| before.batch <= read.batch)).or(before)
    }
}
