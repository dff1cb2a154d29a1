//! Batches and entries as bytes.
//!
//! ```text
//! batch:  "SKB1"  body length u32  number u64  entries u32  crc u32                                      24 bytes
//! entry:  kind u32  payload length u32  run 16  seq u64  chain 32  crc of payload u32  crc of these u32    72 bytes
//! ```
//!
//! The low byte of an entry's kind is its flags; bit 0 says that the entry supersedes all earlier ones of its run.

use skep_model::RunId;

use super::{Salt, array_at, flip, u32_at, u64_at};
use crate::entry::{Batch, Chain, Entry};
use crate::position::Position;

pub(crate) const BATCH_MAGIC: &[u8; 4] = b"SKB1";
pub(crate) const BATCH_HEADER: usize = 24;
pub(crate) const ENTRY_HEADER: usize = 72;

const KIND: u32 = 0x454B_5300;
const SUPERSEDES: u32 = 1;

/// The fixed part of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    pub(crate) number: u64,
    pub(crate) body: usize,
    pub(crate) entries: u32,
}

impl BatchHeader {
    fn encode(&self, salt: Salt) -> [u8; BATCH_HEADER] {
        let mut bytes = [0; BATCH_HEADER];
        bytes[..4].copy_from_slice(BATCH_MAGIC);
        bytes[4..8].copy_from_slice(&(self.body as u32).to_le_bytes());
        bytes[8..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.entries.to_le_bytes());
        let sum = salt.checksum(&bytes[..20]);
        bytes[20..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// The header at the start of `bytes`, if one is there.
    pub(crate) fn parse(bytes: &[u8], salt: Salt) -> Option<Self> {
        let bytes = bytes.get(..BATCH_HEADER)?;
        if &bytes[..4] != BATCH_MAGIC || !salt.seals(bytes) {
            return None;
        }
        Some(Self { body: u32_at(bytes, 4) as usize, number: u64_at(bytes, 8), entries: u32_at(bytes, 16) })
    }
}

/// The fixed part of an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryHeader {
    pub(crate) run: RunId,
    pub(crate) seq: u64,
    pub(crate) payload: usize,
    pub(crate) chain: Chain,
    supersedes: bool,
    pub(super) payload_sum: u32,
}

impl EntryHeader {
    /// The header at the start of `bytes`, if one is there.
    pub(crate) fn parse(bytes: &[u8], salt: Salt) -> Option<Self> {
        let bytes = bytes.get(..ENTRY_HEADER)?;
        let kind = u32_at(bytes, 0);
        if kind & !SUPERSEDES != KIND || !salt.seals(bytes) {
            return None;
        }
        Some(Self {
            run: RunId::from_bytes(array_at(bytes, 8)),
            seq: u64_at(bytes, 24),
            payload: u32_at(bytes, 4) as usize,
            chain: array_at(bytes, 32),
            supersedes: kind & SUPERSEDES != 0,
            payload_sum: u32_at(bytes, 64),
        })
    }

    /// The header that was at the start of `bytes` before one bit of it was flipped.
    pub(crate) fn mended(bytes: &[u8], salt: Salt) -> Option<Self> {
        let bytes: [u8; ENTRY_HEADER] = *bytes.first_chunk()?;
        Self::parse(&flip::undone(bytes, flip::in_sealed(&bytes, salt)?), salt)
    }

    /// The entry that `payload` completes, if it is the right one.
    pub(crate) fn complete(&self, payload: Vec<u8>, position: Position, salt: Salt) -> Option<Entry> {
        if payload.len() != self.payload || salt.checksum(&payload) != self.payload_sum {
            return None;
        }
        let Self { run, seq, chain, supersedes, .. } = *self;
        Some(Entry { run, seq, position, chain, supersedes, payload })
    }
}

/// Appends an entry's bytes to `out`. Its position is not part of them.
fn encode_entry(entry: &Entry, salt: Salt, out: &mut Vec<u8>) {
    let start = out.len();
    let kind = KIND | if entry.supersedes { SUPERSEDES } else { 0 };
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&(entry.payload.len() as u32).to_le_bytes());
    out.extend_from_slice(entry.run.as_bytes());
    out.extend_from_slice(&entry.seq.to_le_bytes());
    out.extend_from_slice(&entry.chain);
    out.extend_from_slice(&salt.checksum(&entry.payload).to_le_bytes());
    let sum = salt.checksum(&out[start..]);
    out.extend_from_slice(&sum.to_le_bytes());
    out.extend_from_slice(&entry.payload);
}

/// Appends a batch's bytes to `out`, and gives its entries their positions from the batch's.
pub(crate) fn encode_batch(batch: &mut Batch, salt: Salt, out: &mut Vec<u8>) {
    let start = out.len();
    let body = batch.entries.iter().map(|entry| framed(entry.payload.len())).sum();
    let header = BatchHeader { number: batch.number, body, entries: batch.entries.len() as u32 };
    out.extend_from_slice(&header.encode(salt));
    for entry in &mut batch.entries {
        entry.position = batch.at.plus(out.len() - start);
        encode_entry(entry, salt, out);
    }
}

/// How many bytes a payload takes in the file.
pub(crate) fn framed(payload: usize) -> usize {
    ENTRY_HEADER + payload
}

/// The entries of a batch's body; `None` unless every byte checks.
pub(crate) fn decode_body(body: &[u8], entries: u32, at: Position, salt: Salt) -> Option<Vec<Entry>> {
    let mut found = Vec::with_capacity((entries as usize).min(body.len() / ENTRY_HEADER));
    let mut offset = 0;
    for _ in 0..entries {
        let header = EntryHeader::parse(body.get(offset..)?, salt)?;
        let start = offset + ENTRY_HEADER;
        let payload = body.get(start..start.checked_add(header.payload)?)?;
        found.push(header.complete(payload.to_vec(), at.plus(offset), salt)?);
        offset = start + header.payload;
    }
    (offset == body.len()).then_some(found)
}
