//! What is wrong with a journal, and where.

use skep_model::RunId;

use crate::format::harvest::{Salvage, Wreck};
use crate::position::Position;
use crate::segments::Segment;

/// A place that doesn't check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins.
    pub at: Position,
    /// How much of the file it is; 0 when what is wrong is not a stretch of bytes.
    pub bytes: u64,
    /// What is wrong there.
    pub kind: DamageKind,
    /// The runs that are known to be hit, each once.
    pub runs: Vec<RunId>,
}

/// The ways in which a journal can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// A segment's file is gone.
    SegmentMissing,
    /// A segment's file can't be read.
    SegmentUnreadable,
    /// A copy of a segment's header is bad. Nothing is lost while the other one is good.
    SegmentHeader,
    /// Bytes that are no batch.
    BadBytes,
    /// Numbers of batches are left out, and no bytes stand in their place.
    BatchesMissing,
    /// A run's next entry isn't there, but a later one is.
    EntriesMissing,
    /// A run's entry is there twice.
    EntryRepeated,
    /// An entry checks, but not as the successor of the one before it: history was changed.
    ChainBroken,
}

impl Damage {
    pub(crate) fn at(at: Position, kind: DamageKind) -> Self {
        Self { at, bytes: 0, kind, runs: Vec::new() }
    }

    /// One run's history doesn't hold together at `at`.
    pub(crate) fn of_run(at: Position, kind: DamageKind, run: RunId) -> Self {
        Self { at, bytes: 0, kind, runs: vec![run] }
    }

    /// Found by looking at it, and perhaps not there the next time.
    pub(crate) fn of_unreadable(segment: &Segment) -> Self {
        Self::at(segment.at(0), DamageKind::SegmentUnreadable)
    }

    pub(crate) fn of_wreck(wreck: &Wreck) -> Self {
        let mut runs: Vec<RunId> = wreck.found.iter().filter_map(Salvage::lost_run).collect();
        runs.sort_unstable();
        runs.dedup();
        Self { at: wreck.at, bytes: wreck.bytes, kind: DamageKind::BadBytes, runs }
    }
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.kind {
            DamageKind::SegmentMissing => "the segment's file is missing",
            DamageKind::SegmentUnreadable => "the segment's file can't be read",
            DamageKind::SegmentHeader => "the segment's header is damaged",
            DamageKind::BadBytes => "bytes are damaged",
            DamageKind::BatchesMissing => "batches are missing",
            DamageKind::EntriesMissing => "entries of a run are missing",
            DamageKind::EntryRepeated => "an entry of a run is repeated",
            DamageKind::ChainBroken => "the hash chain of a run is broken",
        };
        write!(f, "{}: {what}", self.at)?;
        if self.bytes > 0 {
            write!(f, " ({} bytes)", self.bytes)?;
        }
        for (index, run) in self.runs.iter().enumerate() {
            write!(f, "{}{run}", if index == 0 { ", hit: " } else { ", " })?;
        }
        Ok(())
    }
}
