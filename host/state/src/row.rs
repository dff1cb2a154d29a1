//! What is stored of one run: where it stands in the journal, its record, and where its events are.

use serde::{Deserialize, Serialize};
use skep_journal::{Chain, Head, Position};
use skep_model::{Record, Seq};

/// A stretch is closed at this length. Measured: one key per event costs more than the row itself (65,000 events/s and 250
/// bytes of disk for each event); a row that carries up to 32 places of 7 bytes costs the same as one that carries none.
pub(crate) const STRETCH_LENGTH: usize = 32;

/// A [`Position`] in a form that packs into about 7 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place(u64, u32, u32);

impl From<Position> for Place {
    fn from(at: Position) -> Self {
        Self(at.segment, at.rewrite, at.offset)
    }
}

impl From<Place> for Position {
    fn from(Place(segment, rewrite, offset): Place) -> Self {
        Self { segment, rewrite, offset }
    }
}

/// The places of some events of a run that follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    pub(crate) first: Seq,
    pub(crate) places: Vec<Place>,
}

impl Stretch {
    pub(crate) fn from(first: Seq) -> Self {
        Self { first, places: Vec::new() }
    }

    /// The sequence number after the last.
    pub(crate) fn end(&self) -> Seq {
        self.first + self.places.len() as Seq
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Seq, Position)> {
        (self.first..).zip(self.places.iter().map(|place| Position::from(*place)))
    }

    /// Notes that an event is elsewhere now; false when it is none of these.
    pub(crate) fn relocate(&mut self, seq: Seq, to: Position) -> bool {
        let index = seq.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let place = index.and_then(|index| self.places.get_mut(index));
        place.map(|place| *place = to.into()).is_some()
    }
}

/// All that is stored under a run's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    next_seq: Seq,
    chain: Chain,
    damaged: Option<Place>,
    pub(crate) record: Record,
    /// The latest places; earlier ones are in stretches of their own.
    pub(crate) tail: Stretch,
}

impl Row {
    pub(crate) fn new(record: Record) -> Self {
        let Head { next_seq, chain, .. } = Head::NEW;
        Self { next_seq, chain, damaged: None, record, tail: Stretch::from(1) }
    }

    pub(crate) fn head(&self) -> Head {
        Head { next_seq: self.next_seq, chain: self.chain, damaged: self.damaged.map(Position::from) }
    }

    pub(crate) fn set_head(&mut self, head: &Head) {
        (self.next_seq, self.chain, self.damaged) = (head.next_seq, head.chain, head.damaged.map(Place::from));
    }

    /// Adds the place of the next event. Returns the tail when it is full and begins another.
    pub(crate) fn place(&mut self, seq: Seq, at: Position) -> Option<Stretch> {
        // After damage, numbers are left out.
        let gap = seq != self.tail.end();
        let full = (gap || self.tail.places.len() >= STRETCH_LENGTH)
            .then(|| std::mem::replace(&mut self.tail, Stretch::from(seq)));
        self.tail.places.push(at.into());
        full.filter(|stretch| !stretch.places.is_empty())
    }
}
