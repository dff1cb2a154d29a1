//! What can happen to a run. A run's journal is a list of these, and nothing else is the truth.

use serde::{Deserialize, Serialize};

use crate::{Artifact, Call, Content, Digest, Outcome, RunId, RunSpec, Seq, Stream, Timestamp, Tombstone, Usage};

/// One entry of a run's journal; its sequence number stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, by the host's clock, and never earlier than the event before.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
}

/// The kinds of event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// The run was accepted. Always the first event.
    Queued(Box<RunSpec>),
    /// A host took it up: the first time, or again after a crash.
    Attempt {
        /// From 1.
        number: u32,
    },
    /// The workspace is there.
    Prepared {
        /// One line for each repository: where it came from and which commit it is at.
        workspace: Vec<String>,
        /// The run whose startup commands made it, when they were not executed again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        snapshot: Option<RunId>,
    },
    /// A startup command ended.
    Startup {
        /// The command.
        command: String,
        /// 0 to 255.
        exit_code: u8,
        /// What ended it when it was not itself; empty otherwise.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// What it printed, shortened in the middle.
        output: Content,
        /// What the repositories are afterwards, where it may have changed them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        workspace: Option<Digest>,
    },
    /// The brain began, or began again to be fed the journal.
    Began,
    /// The brain said something.
    Said {
        /// Its words.
        text: Content,
    },
    /// The brain printed a line.
    Logged {
        /// Where.
        stream: Stream,
        /// Without its line end.
        text: Content,
    },
    /// The brain asked for something. A refusal is its answer.
    Started {
        /// What.
        call: Call,
    },
    /// A call has its answer.
    Finished {
        /// The sequence number of its `started`.
        started: Seq,
        /// The answer.
        outcome: Outcome,
        /// What the repositories are afterwards, where the call may have changed them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        workspace: Option<Digest>,
    },
    /// A tool printed a line while it worked on a call.
    Printed {
        /// The sequence number of the call's `started`.
        started: Seq,
        /// Where.
        stream: Stream,
        /// Without its line end.
        text: Content,
    },
    /// Something was kept for people.
    Reported {
        /// What.
        artifact: Artifact,
    },
    /// Somebody wrote to the run.
    Message {
        /// Who.
        sender: String,
        /// What.
        text: Content,
    },
    /// Somebody wants it to stop.
    CancelRequested {
        /// Who and why.
        reason: String,
    },
    /// It ended.
    Ended {
        /// How.
        outcome: Outcome,
        /// What it used.
        usage: Usage,
    },
    /// It was deleted: its other events are gone, this is the tombstone.
    Deleted {
        /// Who and why.
        reason: String,
        /// What is still known of the run.
        was: Tombstone,
    },
}

impl Happening {
    /// Whether the brain itself caused this, in its own order; replay compares exactly these.
    pub const fn is_of_the_brain(&self) -> bool {
        matches!(self, Self::Said { .. } | Self::Logged { .. } | Self::Started { .. })
    }

    /// The kind's name, as it stands in the journal.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Queued(_) => "queued",
            Self::Attempt { .. } => "attempt",
            Self::Prepared { .. } => "prepared",
            Self::Startup { .. } => "startup",
            Self::Began => "began",
            Self::Said { .. } => "said",
            Self::Logged { .. } => "logged",
            Self::Started { .. } => "started",
            Self::Finished { .. } => "finished",
            Self::Printed { .. } => "printed",
            Self::Reported { .. } => "reported",
            Self::Message { .. } => "message",
            Self::CancelRequested { .. } => "cancel_requested",
            Self::Ended { .. } => "ended",
            Self::Deleted { .. } => "deleted",
        }
    }
}

impl Happening {
    /// The blobs that must be there as long as this event is.
    pub fn blobs(&self) -> Vec<Digest> {
        match self {
            Self::Queued(spec) => spec.blobs(),
            Self::Said { text }
            | Self::Logged { text, .. }
            | Self::Printed { text, .. }
            | Self::Startup { output: text, .. }
            | Self::Message { text, .. } => text.blob().into_iter().collect(),
            Self::Started { call } => call.blob().into_iter().collect(),
            Self::Finished { outcome, .. } | Self::Ended { outcome, .. } => outcome.blob().into_iter().collect(),
            Self::Reported { artifact } => vec![artifact.digest],
            Self::Attempt { .. }
            | Self::Prepared { .. }
            | Self::Began
            | Self::CancelRequested { .. }
            | Self::Deleted { .. } => Vec::new(),
        }
    }
}

impl Event {
    /// The event's bytes in the journal: JSON, so that a journal can be read without this program.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("events hold nothing that JSON can't")
    }

    /// The event with these bytes.
    ///
    /// # Errors
    /// The bytes are no event of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}
