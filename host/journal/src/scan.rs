//! Reading a journal from some place to its end, over damage where there is some.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::damage::{Damage, DamageKind};
use crate::entry::Batch;
use crate::error::Error;
use crate::format::harvest::{Salvage, Wreck};
use crate::format::walk::{Found, Walk};
use crate::position::Position;
use crate::segments::{Pin, Segment, Segments};

/// Where a scan begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct From {
    pub(crate) segment: u64,
    /// Where the first batch is, if that is not the segment's beginning.
    pub(crate) offset: Option<u32>,
    /// The number of the first batch; `None` to believe the first segment's header.
    pub(crate) batch: Option<u64>,
}

impl From {
    pub(crate) const START: From = From { segment: 1, offset: None, batch: None };
    /// The beginning of a segment.
    pub(crate) const fn segment(segment: u64) -> From {
        From { segment, ..From::START }
    }

    /// Behind everything.
    pub(crate) const END: Position = Position { segment: u64::MAX, rewrite: 0, offset: 0 };
}

/// What comes next in a journal.
#[derive(Debug)]
pub(crate) enum Step {
    Batch(Batch),
    Damage(Damage),
    /// A segment whose bytes could not be read, whatever they are.
    Unreadable(Segment, Error),
    /// Bad bytes with good batches behind them, in this segment or a later one.
    Wreck(Wreck),
    /// Bad bytes up to the end of the last segment.
    Tail(Segment, Wreck),
    /// The last segment ends here.
    End(Segment, Position),
}

/// The steps through a journal, ended by `Tail` or `End` unless there is no segment.
pub(crate) struct Steps {
    segments: Pin,
    todo: VecDeque<Segment>,
    here: Option<(Segment, Walk)>,
    ready: VecDeque<Step>,
    until: Position,
    /// The segment that should come next.
    segment: u64,
    offset: Option<u32>,
    /// The batch that should come next.
    batch: u64,
    /// Something was already reported that accounts for missing batches.
    explained: bool,
}

impl Steps {
    /// Reads up to `until`.
    pub(crate) fn new(segments: Arc<Segments>, from: From, until: Position) -> Self {
        let pin = segments.pin();
        let mut todo = VecDeque::from(segments.from(from.segment));
        todo.retain(|segment| segment.name.number <= until.segment);
        Self {
            segments: pin,
            todo,
            here: None,
            ready: VecDeque::new(),
            until,
            segment: from.segment,
            offset: from.offset,
            batch: from.batch.unwrap_or(0),
            explained: from.batch.is_none(),
        }
    }

    /// The number that the next batch would have.
    pub(crate) fn next_batch(&self) -> u64 {
        self.batch.max(1)
    }

    fn enter(&mut self, segment: Segment) {
        if segment.name.number > self.segment {
            self.missing(self.segment);
        }
        self.segment = segment.name.through + 1;
        if segment.scratched {
            self.ready.push_back(Step::Damage(Damage::at(segment.at(0), DamageKind::SegmentHeader)));
        }
        let offset = self.offset.take();
        match segment.header {
            Some(header) if offset.is_none() => self.expect(header.first_batch, segment.start()),
            Some(_) => {}
            None => self.explained = true,
        }
        self.load(segment, offset.unwrap_or(segment.start().offset));
    }

    fn missing(&mut self, segment: u64) {
        let at = Position { segment, rewrite: 0, offset: 0 };
        self.ready.push_back(Step::Damage(Damage::at(at, DamageKind::SegmentMissing)));
        self.explained = true;
    }

    fn load(&mut self, segment: Segment, offset: u32) {
        let until = (segment.at(self.until.offset) == self.until).then_some(self.until.offset);
        match self.segments.0.load(&segment, offset, until) {
            Ok(bytes) => {
                let walk = Walk::new(bytes, segment.at(offset), self.segments.0.salt, self.batch);
                self.here = Some((segment, walk));
            }
            Err(error) => {
                self.ready.push_back(Step::Unreadable(segment, error));
                self.explained = true;
            }
        }
    }

    /// Batch `number` comes now: are there some missing before it?
    fn expect(&mut self, number: u64, at: Position) {
        if number > self.batch && !self.explained {
            self.ready.push_back(Step::Damage(Damage::at(at, DamageKind::BatchesMissing)));
        }
        self.batch = self.batch.max(number);
        self.explained = false;
    }

    fn walk(&mut self, segment: Segment, found: Found) {
        match found {
            Found::Batch(batch) => {
                // Retention leaves out batches of which nothing is left.
                self.explained |= segment.name.rewrite > 0;
                self.expect(batch.number, batch.at);
                self.batch = batch.number + 1;
                self.ready.push_back(Step::Batch(batch));
            }
            Found::Wreck(wreck) => {
                self.explained = true;
                self.ready.push_back(Step::Wreck(wreck));
            }
            Found::Tail(wreck) => self.leave_by_tail(segment, wreck),
            Found::End(at) => self.leave(segment, at),
        }
    }

    fn leave_by_tail(&mut self, segment: Segment, wreck: Wreck) {
        self.here = None;
        self.explained = true;
        self.count_rewritten(segment);
        let last = self.todo.is_empty();
        self.ready.push_back(if last { Step::Tail(segment, wreck) } else { Step::Wreck(wreck) });
    }

    fn leave(&mut self, segment: Segment, at: Position) {
        self.here = None;
        self.count_rewritten(segment);
        if self.todo.is_empty() {
            self.ready.push_back(Step::End(segment, at));
        }
    }

    /// A rewriting says which batches it had, whatever is left of them.
    fn count_rewritten(&mut self, segment: Segment) {
        if let Some(header) = segment.header.filter(|header| header.rewrite > 0) {
            self.batch = self.batch.max(header.last_batch + 1);
        }
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Some(step);
            }
            match &mut self.here {
                Some((segment, walk)) => {
                    let (segment, found) = (*segment, walk.next());
                    self.walk(segment, found);
                }
                None => {
                    let segment = self.todo.pop_front()?;
                    self.enter(segment);
                }
            }
        }
    }
}

/// What a scan of the journal shows.
#[derive(Debug, PartialEq, Eq)]
pub enum Scanned {
    /// A batch whose every byte checks, or what could be saved of a damaged one.
    Batch(Batch),
    /// A place that doesn't check.
    Damage(Damage),
}

/// Everything the journal holds, in the order it was appended. Loads one segment at a time.
pub struct Scan {
    steps: Steps,
    saved: Option<Batch>,
}

impl Scan {
    pub(crate) fn new(steps: Steps) -> Self {
        Self { steps, saved: None }
    }

    fn show(&mut self, wreck: Wreck) -> Scanned {
        let damage = Damage::of_wreck(&wreck);
        let whole = |salvage| match salvage {
            Salvage::Whole(entry) => Some(entry),
            Salvage::Lost { .. } => None,
        };
        let entries: Vec<_> = wreck.found.into_iter().filter_map(whole).collect();
        let batch = Batch { number: wreck.number, at: wreck.at, entries };
        self.saved = Some(batch).filter(|batch| !batch.entries.is_empty());
        Scanned::Damage(damage)
    }
}

impl Iterator for Scan {
    type Item = Scanned;

    fn next(&mut self) -> Option<Scanned> {
        if let Some(batch) = self.saved.take() {
            return Some(Scanned::Batch(batch));
        }
        match self.steps.next()? {
            Step::Batch(batch) => Some(Scanned::Batch(batch)),
            Step::Damage(damage) => Some(Scanned::Damage(damage)),
            Step::Unreadable(segment, _) => Some(Scanned::Damage(Damage::of_unreadable(&segment))),
            Step::Wreck(wreck) | Step::Tail(_, wreck) => Some(self.show(wreck)),
            Step::End(..) => None,
        }
    }
}
