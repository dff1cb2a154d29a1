//! How a call or a run ended. Guest failure is data; only the host's own failures are errors elsewhere.

use serde::{Deserialize, Serialize};

use crate::{Content, Digest, LimitHit, RunState};

/// The end of a call or of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what it was asked; the value is a tool's JSON or a run's summary.
    Completed(Content),
    /// Policy said no; the text names the grant that is missing.
    Refused(String),
    /// The guest itself said that it failed.
    GuestError(String),
    /// The guest broke: a panic, an out-of-bounds access, `unreachable`.
    Trap(String),
    /// A limit ended it.
    Limit(LimitHit),
    /// Somebody cancelled it; the text says who and why.
    Cancelled(String),
    /// The host stopped in the middle of a call that may have had effects and must not be repeated.
    Interrupted(String),
    /// This host has no such service.
    NotAvailable(String),
    /// No such tool, or arguments that are no JSON object.
    Invalid(String),
    /// A startup command of the environment failed; the text names it, its exit code and what it printed last.
    SetupFailed(String),
    /// The host failed; not the guest's doing.
    HostFault(String),
}

impl Outcome {
    /// The state of a run that ends so.
    pub const fn run_state(&self) -> RunState {
        match self {
            Self::Completed(_) => RunState::Succeeded,
            Self::Refused(_)
            | Self::GuestError(_)
            | Self::Trap(_)
            | Self::Limit(_)
            | Self::Invalid(_)
            | Self::SetupFailed(_) => RunState::Failed,
            Self::Cancelled(_) => RunState::Cancelled,
            Self::Interrupted(_) | Self::NotAvailable(_) | Self::HostFault(_) => RunState::Error,
        }
    }

    /// The kind as the guest contract and the public API spell it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Completed(_) => "completed",
            Self::Refused(_) => "refused",
            Self::GuestError(_) => "tool-error",
            Self::Trap(_) => "trap",
            Self::Limit(_) => "limit",
            Self::Cancelled(_) => "cancelled",
            Self::Interrupted(_) => "interrupted",
            Self::NotAvailable(_) => "not-available",
            Self::Invalid(_) => "invalid-arguments",
            Self::SetupFailed(_) => "environment_setup_failed",
            Self::HostFault(_) => "host-fault",
        }
    }

    /// The blob that the outcome names.
    pub const fn blob(&self) -> Option<Digest> {
        match self {
            Self::Completed(content) => content.blob(),
            _ => None,
        }
    }

    /// The same outcome with each text passed through `shorten`.
    pub fn shortened(&self, shorten: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Completed(Content::Inline(text)) => Self::Completed(Content::Inline(shorten(text))),
            Self::Completed(blob) => Self::Completed(blob.clone()),
            Self::Limit(hit) => Self::Limit(*hit),
            Self::Refused(text) => Self::Refused(shorten(text)),
            Self::GuestError(text) => Self::GuestError(shorten(text)),
            Self::Trap(text) => Self::Trap(shorten(text)),
            Self::Cancelled(text) => Self::Cancelled(shorten(text)),
            Self::Interrupted(text) => Self::Interrupted(shorten(text)),
            Self::NotAvailable(text) => Self::NotAvailable(shorten(text)),
            Self::Invalid(text) => Self::Invalid(shorten(text)),
            Self::SetupFailed(text) => Self::SetupFailed(shorten(text)),
            Self::HostFault(text) => Self::HostFault(shorten(text)),
        }
    }

    /// One line for people. A completed value that is a blob is named, not shown.
    pub fn message(&self) -> String {
        match self {
            Self::Completed(Content::Inline(text)) => text.clone(),
            Self::Completed(Content::Blob { blob, bytes }) => format!("{bytes} bytes in {blob}"),
            Self::Limit(hit) => hit.to_string(),
            Self::Refused(text)
            | Self::GuestError(text)
            | Self::Trap(text)
            | Self::Cancelled(text)
            | Self::Interrupted(text)
            | Self::NotAvailable(text)
            | Self::Invalid(text)
            | Self::SetupFailed(text)
            | Self::HostFault(text) => text.clone(),
        }
    }
}

/// What something used, measured outside the guest. A run's is its agent's and that of its tool calls together, as far as
/// they were made since the host that ended it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time inside the guest and its host calls' own work, in microseconds.
    pub cpu_us: u64,
    /// The most linear memory that one guest held at once, in bytes.
    pub memory_bytes: u64,
    /// Bytes that crossed between guest and host in calls, both ways.
    pub host_call_bytes: u64,
    /// Bytes said, reported, logged and returned.
    pub output_bytes: u64,
    /// Calls made.
    pub calls: u64,
}

impl Usage {
    /// What both used together; of memory, the more of the two.
    pub fn plus(self, other: Self) -> Self {
        Self {
            cpu_us: self.cpu_us.saturating_add(other.cpu_us),
            memory_bytes: self.memory_bytes.max(other.memory_bytes),
            host_call_bytes: self.host_call_bytes.saturating_add(other.host_call_bytes),
            output_bytes: self.output_bytes.saturating_add(other.output_bytes),
            calls: self.calls.saturating_add(other.calls),
        }
    }

    /// The more of each: of two counts of the same thing, one of which stopped early.
    pub fn at_least(self, other: Self) -> Self {
        Self {
            cpu_us: self.cpu_us.max(other.cpu_us),
            memory_bytes: self.memory_bytes.max(other.memory_bytes),
            host_call_bytes: self.host_call_bytes.max(other.host_call_bytes),
            output_bytes: self.output_bytes.max(other.output_bytes),
            calls: self.calls.max(other.calls),
        }
    }
}
