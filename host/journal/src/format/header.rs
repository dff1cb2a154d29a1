//! The head of a segment file: which segment it is, and what it covers.

use super::{Salt, u32_at, u64_at};

/// The bytes before the first batch. The header is there twice, in two sectors, because the salt is in it.
pub(crate) const AREA: usize = 1024;
/// The format that this code writes, and the newest that it reads.
pub(crate) const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"SKEPJRNL";
const COPY: usize = 512;
const BYTES: usize = 56;

/// What a segment says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) salt: Salt,
    pub(crate) number: u64,
    /// The last segment whose live entries are in here: `number`, unless retention merged neighbours.
    pub(crate) through: u64,
    pub(crate) rewrite: u32,
    pub(crate) first_batch: u64,
    /// The last batch covered; 0 in a segment as first written, which learns it only from its successor.
    pub(crate) last_batch: u64,
}

/// What the header area of a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Whole(SegmentHeader),
    /// One of the two copies is bad.
    Scratched(SegmentHeader),
    /// A format from the future.
    Newer(u32),
    Unreadable,
}

impl SegmentHeader {
    /// The whole header area.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut copy = Vec::with_capacity(BYTES);
        copy.extend_from_slice(MAGIC);
        copy.extend_from_slice(&VERSION.to_le_bytes());
        copy.extend_from_slice(&self.salt.0.to_le_bytes());
        for number in [self.number, self.through, self.first_batch, self.last_batch] {
            copy.extend_from_slice(&number.to_le_bytes());
        }
        copy.extend_from_slice(&self.rewrite.to_le_bytes());
        copy.extend_from_slice(&crc32c::crc32c(&copy).to_le_bytes());
        let mut area = vec![0; AREA];
        area[..BYTES].copy_from_slice(&copy);
        area[COPY..COPY + BYTES].copy_from_slice(&copy);
        area
    }

    /// Reads a header area; a short one counts as unreadable.
    pub(crate) fn parse(area: &[u8]) -> Parsed {
        let first = area.get(..BYTES).and_then(parse_copy);
        let second = area.get(COPY..COPY + BYTES).and_then(parse_copy);
        match (first, second) {
            (Some(Err(newer)), _) | (_, Some(Err(newer))) => Parsed::Newer(newer),
            (Some(Ok(a)), Some(Ok(b))) if a == b => Parsed::Whole(a),
            (Some(Ok(a)), _) | (None, Some(Ok(a))) => Parsed::Scratched(a),
            (None, None) => Parsed::Unreadable,
        }
    }
}

/// `None` when the copy doesn't check, `Err` when a newer skep wrote it.
fn parse_copy(copy: &[u8]) -> Option<Result<SegmentHeader, u32>> {
    if &copy[..8] != MAGIC || crc32c::crc32c(&copy[..BYTES - 4]) != u32_at(copy, BYTES - 4) {
        return None;
    }
    let version = u32_at(copy, 8);
    if version > VERSION {
        return Some(Err(version));
    }
    Some(Ok(SegmentHeader {
        salt: Salt(u32_at(copy, 12)),
        number: u64_at(copy, 16),
        through: u64_at(copy, 24),
        first_batch: u64_at(copy, 32),
        last_batch: u64_at(copy, 40),
        rewrite: u32_at(copy, 48),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: SegmentHeader =
        SegmentHeader { salt: Salt(7), number: 3, through: 5, rewrite: 2, first_batch: 10, last_batch: 90 };

    #[test]
    fn either_copy_of_a_header_is_enough() {
        let area = HEADER.encode();
        assert_eq!(SegmentHeader::parse(&area), Parsed::Whole(HEADER));
        for hit in [9, COPY + 9] {
            let mut area = area.clone();
            area[hit] ^= 1;
            assert_eq!(SegmentHeader::parse(&area), Parsed::Scratched(HEADER));
        }
    }

    #[test]
    fn a_header_cut_short_is_unreadable() {
        assert_eq!(SegmentHeader::parse(&HEADER.encode()[..BYTES - 1]), Parsed::Unreadable);
        assert_eq!(SegmentHeader::parse(&[]), Parsed::Unreadable);
    }
}
