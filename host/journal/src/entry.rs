//! What the journal holds: entries, the batches they were written in, and each run's head.

use sha2::{Digest as _, Sha256};
use skep_model::RunId;

use crate::position::Position;

/// SHA-256 over everything a run has said so far; 32 zero bytes before its first entry.
pub type Chain = [u8; 32];

/// One event of one run, as it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose event.
    pub run: RunId,
    /// Its place in the run: dense, from 1.
    pub seq: u64,
    /// Where it is stored.
    pub position: Position,
    /// The run's hash chain up to and including this entry.
    pub chain: Chain,
    /// Retention may drop everything of this run that came before.
    pub supersedes: bool,
    /// The event's bytes; the journal doesn't look inside.
    pub payload: Vec<u8>,
}

/// The entries that one sync made durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Counted over the whole journal, from 1.
    pub number: u64,
    /// Where its header begins.
    pub at: Position,
    /// In the order they were appended.
    pub entries: Vec<Entry>,
}

/// Where a run stands: all that is needed to append its next entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The sequence number that the next append must expect.
    pub next_seq: u64,
    /// The chain of the last entry.
    pub chain: Chain,
    /// Where the run's history stops being trustworthy. A damaged run is neither folded further nor appended to, except
    /// by an entry that supersedes what is damaged.
    pub damaged: Option<Position>,
}

impl Head {
    /// How many bytes [`Head::to_bytes`] makes.
    pub const BYTES: usize = 40 + Position::BYTES;

    /// The head of a run that has said nothing.
    pub const NEW: Head = Head { next_seq: 1, chain: [0; 32], damaged: None };

    /// A fixed form to store. No damage is stored as segment 0, which no segment has.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.next_seq.to_be_bytes());
        bytes[8..40].copy_from_slice(&self.chain);
        if let Some(at) = self.damaged {
            bytes[40..].copy_from_slice(&at.to_bytes());
        }
        bytes
    }

    /// The inverse of [`Head::to_bytes`].
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let mut next_seq = [0; 8];
        let mut chain = [0; 32];
        let mut at = [0; Position::BYTES];
        next_seq.copy_from_slice(&bytes[..8]);
        chain.copy_from_slice(&bytes[8..40]);
        at.copy_from_slice(&bytes[40..]);
        let at = Position::from_bytes(at);
        Self { next_seq: u64::from_be_bytes(next_seq), chain, damaged: (at.segment > 0).then_some(at) }
    }
}

/// The next link of a run's chain: `sha256(previous ‖ run ‖ seq, little-endian ‖ payload)`.
pub fn link(previous: &Chain, run: RunId, seq: u64, payload: &[u8]) -> Chain {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(run.as_bytes());
    hash.update(seq.to_le_bytes());
    hash.update(payload);
    hash.finalize().into()
}
