//! Texts that may be too large for an event.

use serde::{Deserialize, Serialize};

use crate::Digest;

/// The largest text that stands in an event itself, in bytes; a larger one is a blob that the event names.
pub const INLINE_BYTES: usize = 16 * 1024;

/// A text inside an event, or the name of the blob that holds it. Serialised as a string, or as `{"blob": …, "bytes": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// The text itself.
    Inline(String),
    /// A blob, written and synced before the event that names it.
    Blob {
        /// The blob's name.
        blob: Digest,
        /// Its length in bytes.
        bytes: u64,
    },
}

impl Content {
    /// The length of the text in bytes, wherever it is.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Inline(text) => text.len() as u64,
            Self::Blob { bytes, .. } => *bytes,
        }
    }

    /// The blob that this needs, if any.
    pub const fn blob(&self) -> Option<Digest> {
        match self {
            Self::Inline(_) => None,
            Self::Blob { blob, .. } => Some(*blob),
        }
    }

    /// The same content, as a name for the text: inline texts compare by their bytes, blobs by their digest.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Inline(text) => Digest::of(text.as_bytes()),
            Self::Blob { blob, .. } => *blob,
        }
    }
}
