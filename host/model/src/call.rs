//! What a brain can ask of the world.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Content, Digest};

/// A standard stream of a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error; a panic's message arrives here.
    Stderr,
}

/// What happens when a call is made twice; the plugin's manifest says it, and a crash in the middle makes it matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Idempotency {
    /// Changes nothing. Needs no durable "started" before it.
    ReadOnly,
    /// Twice is the same as once: repeated after a crash.
    Idempotent,
    /// Twice is not once: after a crash it is answered "interrupted" and never repeated.
    #[default]
    NonIdempotent,
}

impl fmt::Display for Idempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadOnly => "read-only",
            Self::Idempotent => "idempotent",
            Self::NonIdempotent => "non-idempotent",
        })
    }
}

/// One request of a brain to its host. Replay compares these, so equality here is what "the same call" means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Wait for a message; the answer is the message or nothing after the time-out.
    Receive {
        /// In milliseconds; forever when absent.
        timeout_ms: Option<u64>,
    },
    /// Keep a document of the brain's.
    Report {
        /// The artifact's name.
        name: String,
        /// For example `text/markdown`.
        media_type: String,
        /// The content, already a blob.
        digest: Digest,
        /// Its length.
        bytes: u64,
    },
    /// Keep a file of the workspace.
    ReportFile {
        /// The artifact's name.
        name: String,
        /// For example `text/markdown`.
        media_type: String,
        /// Where it is in the workspace.
        path: String,
    },
    /// Which tools are granted.
    ListTools,
    /// Call a tool.
    Tool {
        /// `<plugin>.<tool>`.
        name: String,
        /// A JSON object.
        arguments: Content,
    },
    /// Sleep: a durable timer.
    Sleep {
        /// In milliseconds of the run's own clock, rounded up.
        ms: u64,
    },
    /// Start a child run.
    Spawn {
        /// A JSON object.
        spec: Content,
    },
    /// Wait for a child run.
    Wait {
        /// The child.
        run: String,
        /// In milliseconds; forever when absent.
        timeout_ms: Option<u64>,
    },
    /// Cancel a child run.
    CancelChild {
        /// The child.
        run: String,
    },
    /// Ask a model.
    Complete {
        /// A JSON object.
        request: Content,
    },
    /// Ask a person.
    Ask {
        /// The question.
        text: Content,
        /// Answers to choose from; any when empty.
        options: Vec<String>,
    },
}

impl Call {
    /// The call's name in receipts and messages.
    pub fn name(&self) -> &str {
        match self {
            Self::Receive { .. } => "session.receive",
            Self::Report { .. } => "session.report",
            Self::ReportFile { .. } => "session.report-file",
            Self::ListTools => "tools.list",
            Self::Tool { name, .. } => name,
            Self::Sleep { .. } => "sleep",
            Self::Spawn { .. } => "runs.spawn",
            Self::Wait { .. } => "runs.wait",
            Self::CancelChild { .. } => "runs.cancel",
            Self::Complete { .. } => "model.complete",
            Self::Ask { .. } => "ask.question",
        }
    }

    /// The blob that the call names.
    pub const fn blob(&self) -> Option<Digest> {
        match self {
            Self::Report { digest, .. } => Some(*digest),
            Self::Tool { arguments: content, .. }
            | Self::Spawn { spec: content }
            | Self::Complete { request: content }
            | Self::Ask { text: content, .. } => content.blob(),
            Self::Receive { .. }
            | Self::ReportFile { .. }
            | Self::ListTools
            | Self::Sleep { .. }
            | Self::Wait { .. }
            | Self::CancelChild { .. } => None,
        }
    }
}
