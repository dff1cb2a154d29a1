//! The bytes on disk, without any I/O. All numbers are little-endian.
//!
//! A segment file is a header area of [`header::AREA`] bytes, then batches one after the other, then zeros. A batch is a
//! header and its entries; an entry is a header and its payload. Every header and every payload has a CRC32C. Those of
//! batches and entries start from the journal's *salt*, a random number that is never shown to anyone, so that payload
//! bytes which imitate a header can't be taken for one when a damaged file is searched for the next good place.

pub(crate) mod flip;
pub(crate) mod frame;
pub(crate) mod harvest;
pub(crate) mod header;
pub(crate) mod name;
pub(crate) mod nearly;
pub(crate) mod walk;

/// What the checksums of batches and entries start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Salt(pub(crate) u32);

impl Salt {
    pub(crate) fn checksum(self, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(self.0, bytes)
    }

    /// Does the 4-byte checksum at the end of `bytes` fit what is before it?
    pub(crate) fn seals(self, bytes: &[u8]) -> bool {
        let (sealed, sum) = bytes.split_at(bytes.len() - 4);
        self.checksum(sealed).to_le_bytes() == sum
    }
}

/// A little-endian number at `at`; the caller has checked the length.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

/// A little-endian number at `at`; the caller has checked the length.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

/// `N` bytes at `at`; the caller has checked the length.
pub(crate) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}
