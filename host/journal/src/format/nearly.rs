//! Telling a batch that was damaged after it was written from one that was never written to its end.

use super::Salt;
use super::flip;
use super::frame::{BATCH_HEADER, BatchHeader, ENTRY_HEADER, EntryHeader};

/// What a disk writes as a whole, or not, or from its beginning to somewhere.
const SECTOR: usize = 512;

/// Whether `bytes`, from `offset` of a file on, begin with a batch that is whole but for one bit, and a torn write can't look
/// like that. A torn write lacks a part of some sectors, up to their ends, and zeros are there instead.
pub(crate) fn is_flipped_batch(bytes: &[u8], offset: usize, salt: Salt) -> bool {
    let mut batch = Nearly { bytes, salt, at: 0, flipped: Vec::new() };
    if batch.read().is_none() {
        return false;
    }
    let [byte] = batch.flipped[..] else { return false };
    let sector_end = (offset + byte + 1).next_multiple_of(SECTOR) - offset;
    bytes[byte..].iter().take(sector_end - byte).any(|byte| *byte != 0)
}

/// Reads a batch of which some parts may have a flipped bit.
struct Nearly<'a> {
    bytes: &'a [u8],
    salt: Salt,
    at: usize,
    /// The bytes that have one.
    flipped: Vec<usize>,
}

impl Nearly<'_> {
    /// `None` if flipped bits don't explain what is wrong.
    fn read(&mut self) -> Option<()> {
        let batch = self.header::<_, BATCH_HEADER>(BatchHeader::parse)?;
        let end = self.at.checked_add(batch.body)?;
        for _ in 0..batch.entries {
            let entry = self.header::<_, ENTRY_HEADER>(EntryHeader::parse)?;
            self.payload(&entry)?;
        }
        (self.at == end).then_some(())
    }

    fn header<T, const N: usize>(&mut self, parse: fn(&[u8], Salt) -> Option<T>) -> Option<T> {
        let bytes = self.bytes.get(self.at..)?.first_chunk::<N>()?;
        let header = parse(bytes, self.salt).or_else(|| {
            let bit = flip::in_sealed(bytes, self.salt)?;
            self.flipped.push(self.at + bit / 8);
            parse(&flip::undone(*bytes, bit), self.salt)
        })?;
        self.at += N;
        Some(header)
    }

    fn payload(&mut self, entry: &EntryHeader) -> Option<()> {
        let payload = self.bytes.get(self.at..)?.get(..entry.payload)?;
        if self.salt.checksum(payload) != entry.payload_sum {
            let bit = flip::in_message(payload, entry.payload_sum, self.salt)?;
            self.flipped.push(self.at + bit / 8);
        }
        self.at += entry.payload;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use skep_model::RunId;

    use super::*;
    use crate::entry::{Batch, Entry};
    use crate::format::frame::encode_batch;
    use crate::position::Position;

    const SALT: Salt = Salt(9);

    /// A batch of two entries that goes over a sector's end and ends with `last`, and the zeros behind it.
    fn batch(last: u8) -> Vec<u8> {
        let position = Position { segment: 1, rewrite: 0, offset: 1024 };
        let entry = |seq| Entry {
            run: RunId::from_bytes([5; 16]),
            seq,
            position,
            chain: [7; 32],
            supersedes: false,
            payload: [[b'a'; 250].as_slice(), &[last]].concat(),
        };
        let mut bytes = Vec::new();
        encode_batch(&mut Batch { number: 1, at: position, entries: vec![entry(1), entry(2)] }, SALT, &mut bytes);
        bytes.resize(bytes.len() + 100, 0);
        bytes
    }

    #[test]
    fn whichever_bit_it_is_a_flipped_batch_is_told_from_a_torn_one() {
        let bytes = batch(b'}');
        assert!(!is_flipped_batch(&bytes, 1024, SALT));
        for bit in 0..(bytes.len() - 100) * 8 {
            let mut hit = bytes.clone();
            hit[bit / 8] ^= 1 << (bit % 8);
            assert!(is_flipped_batch(&hit, 1024, SALT), "{bit}");
        }
    }

    #[test]
    fn a_torn_batch_is_not_taken_for_a_flipped_one_wherever_it_is_torn() {
        for last in [b'}', 1] {
            let bytes = batch(last);
            let end = bytes.len() - 100;
            for torn in 0..end {
                let mut torn_off = bytes.clone();
                torn_off[torn..end].fill(0);
                assert!(!is_flipped_batch(&torn_off, 1024, SALT), "{torn}");
            }
        }
    }
}
