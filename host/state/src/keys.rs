//! The order of things in the one tree: a prefix byte, then big-endian parts, so that byte order is the order of reading.

use skep_model::{RunId, RunState, Seq};

/// The format of everything below; another value means a rebuild.
pub(crate) const SCHEMA: &[u8] = b"\0schema";
/// How far the journal was folded.
pub(crate) const MARK: &[u8] = b"\0mark";
/// The damage over which the state was made anew.
pub(crate) const DAMAGE: &[u8] = b"\0damage";

const ROW: u8 = 1;
const STRETCH: u8 = 2;
const UNFINISHED: u8 = 3;
const STATE: u8 = 4;

const ID: usize = 16;

/// A run's row.
pub(crate) fn row(run: RunId) -> Vec<u8> {
    [&[ROW], run.as_bytes().as_slice()].concat()
}

/// Where the events from `first` on are.
pub(crate) fn stretch(run: RunId, first: Seq) -> Vec<u8> {
    [&[STRETCH], run.as_bytes().as_slice(), &first.to_be_bytes()].concat()
}

/// Present while the run has not ended.
pub(crate) fn unfinished(run: RunId) -> Vec<u8> {
    [&[UNFINISHED], run.as_bytes().as_slice()].concat()
}

/// Present while the run is in this state.
pub(crate) fn in_state(state: RunState, run: RunId) -> Vec<u8> {
    [&[STATE, state as u8], run.as_bytes().as_slice()].concat()
}

/// What a list walks along.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Index {
    All,
    Unfinished,
    In(RunState),
}

impl Index {
    pub(crate) fn prefix(self) -> Vec<u8> {
        match self {
            Self::All => vec![ROW],
            Self::Unfinished => vec![UNFINISHED],
            Self::In(state) => vec![STATE, state as u8],
        }
    }
}

/// The run that a key of an index ends with.
pub(crate) fn run_of(key: &[u8]) -> Option<RunId> {
    let id = key.len().checked_sub(ID).and_then(|start| key.get(start..))?;
    id.try_into().ok().map(RunId::from_bytes)
}
