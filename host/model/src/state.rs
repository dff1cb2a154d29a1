//! The states of a run, as the public API names them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a run is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RunState {
    /// Accepted and durable; waits for a permit.
    Queued,
    /// Has a permit; its workspace is being prepared.
    Pending,
    /// Its workspace is ready; the agent is about to begin.
    Claimed,
    /// The agent works, or waits for a message or a timer.
    #[serde(rename = "INPROGRESS")]
    InProgress,
    /// Waits for a person.
    Blocked,
    /// Ended as it should.
    Succeeded,
    /// Ended by the user's or the agent's cause.
    Failed,
    /// Ended by the platform's cause.
    Error,
    /// Ended by somebody's wish.
    Cancelled,
}

impl RunState {
    /// Whether the run has ended.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Error | Self::Cancelled)
    }

    /// Whether it ended with what nobody wanted.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }

    /// The public API's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Pending => "PENDING",
            Self::Claimed => "CLAIMED",
            Self::InProgress => "INPROGRESS",
            Self::Blocked => "BLOCKED",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Error => "ERROR",
            Self::Cancelled => "CANCELLED",
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
