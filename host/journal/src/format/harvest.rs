//! What can be saved from bytes that are no whole batch.

use skep_model::RunId;

use super::Salt;
use super::frame::{BATCH_HEADER, ENTRY_HEADER, EntryHeader};
use super::nearly::is_flipped_batch;
use crate::entry::{Chain, Entry};
use crate::fold::Moved;
use crate::position::Position;

/// A stretch of a segment that doesn't check, and what was still found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wreck {
    pub(crate) at: Position,
    pub(crate) bytes: u64,
    /// The batch that stood there, or the first of several.
    pub(crate) number: u64,
    /// One bit was flipped in a batch that was written to its end.
    pub(crate) flipped: bool,
    pub(crate) found: Vec<Salvage>,
}

/// An entry found in a wreck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Salvage {
    /// It checks on its own.
    Whole(Entry),
    /// Its header says whose it was, but its payload is bad, or one bit of the header itself.
    Lost { run: RunId, seq: u64, chain: Chain, at: Position },
}

impl Salvage {
    /// Where it is, or was.
    pub(crate) fn place(&self) -> Moved {
        match self {
            Salvage::Whole(entry) => Moved { run: entry.run, seq: entry.seq, position: entry.position },
            Salvage::Lost { run, seq, at, .. } => Moved { run: *run, seq: *seq, position: *at },
        }
    }

    /// The run that lost this entry.
    pub(crate) fn lost_run(&self) -> Option<RunId> {
        match self {
            Salvage::Whole(_) => None,
            Salvage::Lost { run, .. } => Some(*run),
        }
    }
}

impl Wreck {
    /// Looks at every offset of `bytes` for an entry. Where one should be, it may have a flipped bit.
    pub(crate) fn search(bytes: &[u8], at: Position, number: u64, salt: Salt) -> Self {
        let mut found = Vec::new();
        let (mut offset, mut expected) = (0, BATCH_HEADER);
        while let Some(rest) = bytes.get(offset..).filter(|rest| rest.len() >= ENTRY_HEADER) {
            let whole = EntryHeader::parse(rest, salt);
            let mended = || (offset == expected).then(|| EntryHeader::mended(rest, salt)).flatten();
            let here = at.plus(offset);
            let taken = match whole.or_else(mended) {
                Some(header) => {
                    expected = offset.saturating_add(ENTRY_HEADER).saturating_add(header.payload);
                    if whole.is_some() {
                        take(&header, rest, here, salt, &mut found)
                    } else {
                        lose(&header, here, &mut found)
                    }
                }
                None => 1,
            };
            offset += taken;
        }
        let flipped = is_flipped_batch(bytes, at.offset as usize, salt);
        Wreck { at, bytes: bytes.len() as u64, number, flipped, found }
    }
}

/// Sorts out one entry; returns how far to go on.
fn take(header: &EntryHeader, rest: &[u8], at: Position, salt: Salt, found: &mut Vec<Salvage>) -> usize {
    let payload = rest.get(ENTRY_HEADER..ENTRY_HEADER.saturating_add(header.payload));
    match payload.and_then(|payload| header.complete(payload.to_vec(), at, salt)) {
        Some(entry) => {
            found.push(Salvage::Whole(entry));
            ENTRY_HEADER + header.payload
        }
        None => lose(header, at, found),
    }
}

fn lose(header: &EntryHeader, at: Position, found: &mut Vec<Salvage>) -> usize {
    found.push(Salvage::Lost { run: header.run, seq: header.seq, chain: header.chain, at });
    ENTRY_HEADER
}
