//! The form of an export: one JSON object on each line, the last of them a checksum over all before it.
//!
//! ```text
//! {"skep_export":1}
//! {"blob":{"digest":"sha256:…","base64":"…"}}
//! {"event":{"run":"…","seq":1,"chain":"<64 hex>","body":{…}}}
//! {"damaged":{"run":"…","why":"why the rest of this run is missing"}}
//! {"end":{"runs":1,"events":1,"blobs":1,"sha256":"<64 hex of all bytes above>"}}
//! ```
//!
//! An event stands there byte for byte as in the journal, so that the chain still holds. Blobs come first, and a run's
//! events in their order. Tombstones of deleted runs are left out.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use skep_model::{Digest, RunId, Seq};

/// The only version so far.
pub(crate) const VERSION: u32 = 1;

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// The first, with the version.
    SkepExport(u32),
    Blob {
        digest: Digest,
        base64: String,
    },
    Event {
        run: RunId,
        seq: Seq,
        chain: String,
        body: Box<RawValue>,
    },
    Damaged {
        run: RunId,
        why: String,
    },
    End(Totals),
}

/// What an export holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Runs.
    pub runs: u64,
    /// Events.
    pub events: u64,
    /// Blobs.
    pub blobs: u64,
    /// SHA-256 of all lines before the last, in hexadecimal.
    pub sha256: String,
}

pub(crate) fn hex(bytes: &[u8; 32]) -> String {
    Digest::from_bytes(*bytes).hex()
}
