//! Places in the journal: where an entry is, and how far a fold has come.

/// Where an entry or a batch begins. Ordered as the journal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The segment's number, from 1.
    pub segment: u64,
    /// Which rewriting of that segment: 0 as first written, otherwise the number that retention gave it.
    pub rewrite: u32,
    /// Bytes from the start of the file.
    pub offset: u32,
}

impl Position {
    /// How many bytes [`Position::to_bytes`] makes.
    pub const BYTES: usize = 16;

    /// A fixed form to store; big-endian, so bytes sort as positions do.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.segment.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.rewrite.to_be_bytes());
        bytes[12..].copy_from_slice(&self.offset.to_be_bytes());
        bytes
    }

    /// The inverse of [`Position::to_bytes`].
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let whole = u128::from_be_bytes(bytes);
        Self { segment: (whole >> 64) as u64, rewrite: (whole >> 32) as u32, offset: whole as u32 }
    }

    /// The place `bytes` further on in the same file.
    pub(crate) fn plus(self, bytes: usize) -> Self {
        Self { offset: self.offset + bytes as u32, ..self }
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "segment {}", self.segment)?;
        if self.rewrite > 0 {
            write!(f, " (rewrite {})", self.rewrite)?;
        }
        write!(f, " offset {}", self.offset)
    }
}

/// How far a fold has applied the journal. The fold stores it together with what it applied.
///
/// Batches are counted over the whole journal and keep their numbers when retention rewrites a segment, so the number
/// is what counts; the position only says where to look first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The last batch applied.
    pub batch: u64,
    /// Where that batch began when it was applied.
    pub at: Position,
    /// The last rewriting whose moved entries the fold was told of.
    pub rewrites: u32,
}

impl Mark {
    /// How many bytes [`Mark::to_bytes`] makes.
    pub const BYTES: usize = 28;

    /// A fixed form to store.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.batch.to_be_bytes());
        bytes[8..24].copy_from_slice(&self.at.to_bytes());
        bytes[24..].copy_from_slice(&self.rewrites.to_be_bytes());
        bytes
    }

    /// The inverse of [`Mark::to_bytes`].
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let mut batch = [0; 8];
        let mut at = [0; Position::BYTES];
        let mut rewrites = [0; 4];
        batch.copy_from_slice(&bytes[..8]);
        at.copy_from_slice(&bytes[8..24]);
        rewrites.copy_from_slice(&bytes[24..]);
        Self { batch: u64::from_be_bytes(batch), at: Position::from_bytes(at), rewrites: u32::from_be_bytes(rewrites) }
    }
}
