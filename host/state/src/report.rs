//! What opening a store found and did.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use skep_model::RunId;

/// What opening found. A report that is not quiet should be shown to the operator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenReport {
    /// What the journal found: torn writes, damage, loss.
    pub journal: skep_journal::OpenReport,
    /// The state was rebuilt.
    pub rebuilt: Option<Rebuilt>,
    /// Runs that ended as an error because an event of theirs can't follow those before it, or is unknown; and why.
    pub unfolded: Vec<(RunId, String)>,
}

/// The state was made anew from the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// Why.
    pub because: Trouble,
    /// Where the old state is now, if there was one.
    pub set_aside: Option<PathBuf>,
    /// From how many events.
    pub events: u64,
}

/// Why a state could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It was not there, and the journal was.
    Missing,
    /// sled could not open it, panicked, or it didn't check.
    Failed {
        /// What was said.
        reason: String,
    },
    /// sled did not open in time.
    Hung {
        /// The time it had.
        after: Duration,
    },
    /// It failed while it was in use, and left a note.
    BrokeEarlier {
        /// The note.
        reason: String,
    },
    /// It says other things than the journal.
    Disagrees {
        /// What the journal found.
        reason: String,
    },
    /// Somebody asked for it.
    Asked,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it was missing"),
            Self::Failed { reason } => write!(f, "it could not be opened: {reason}"),
            Self::Hung { after } => write!(f, "it did not open within {} s", after.as_secs_f64()),
            Self::BrokeEarlier { reason } => write!(f, "it failed earlier: {reason}"),
            Self::Disagrees { reason } => write!(f, "it disagreed with the journal: {reason}"),
            Self::Asked => f.write_str("somebody asked for it"),
        }
    }
}

impl OpenReport {
    /// Nothing happened that anybody must know.
    pub fn is_quiet(&self) -> bool {
        let skep_journal::OpenReport { torn, damage, lost, .. } = &self.journal;
        let agrees = self.rebuilt.is_none() && self.unfolded.is_empty();
        agrees && torn.is_none() && damage.is_empty() && lost.is_none()
    }
}

impl fmt::Display for OpenReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Rebuilt { because, set_aside, events }) = &self.rebuilt {
            write!(f, "the state was rebuilt from {events} events, because {because}")?;
            if let Some(aside) = set_aside {
                write!(f, " (the old one is in {})", aside.display())?;
            }
            writeln!(f)?;
        }
        if let Some(torn) = &self.journal.torn {
            writeln!(f, "a write that a crash interrupted was cut off: {} bytes at {}", torn.bytes, torn.at)?;
        }
        if let Some(lost) = &self.journal.lost {
            writeln!(
                f,
                "events are missing: batch {} was there once, and {} is the last now",
                lost.folded.batch, lost.held
            )?;
        }
        self.journal.damage.iter().try_for_each(|damage| writeln!(f, "damage: {damage}"))?;
        self.unfolded.iter().try_for_each(|(run, why)| writeln!(f, "run {run} ended as an error: {why}"))
    }
}
