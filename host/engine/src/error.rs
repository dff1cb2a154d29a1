//! What can go wrong in the engine, as situations that a caller tells apart.

use std::io;

use skep_model::{LimitError, RunId, RunState, Seq};

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data folder: its journal, its state, its lock.
    #[error(transparent)]
    Store(#[from] skep_state::Error),
    /// The sandbox can't be set up, or a component can't be loaded.
    #[error(transparent)]
    Sandbox(#[from] skep_sandbox::Error),
    /// A manifest or a configuration file.
    #[error(transparent)]
    Config(#[from] skep_config::ConfigError),
    /// A plugin's files.
    #[error("plugin {plugin}: {reason}")]
    Plugin {
        /// Its name or folder.
        plugin: String,
        /// What is wrong and what would help.
        reason: String,
    },
    /// An image that an environment names.
    #[error(transparent)]
    Image(#[from] skep_image::ImageError),
    /// No such agent.
    #[error("no agent named {name:?}; {}", listed(.known))]
    UnknownAgent {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No such environment.
    #[error("no environment named {name:?}; {}", listed(.known))]
    UnknownEnvironment {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No such run.
    #[error("no run {0} in this data folder; `skep run list` shows what there is")]
    UnknownRun(RunId),
    /// A limit that can't be granted.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The submission itself.
    #[error("{0}")]
    Invalid(String),
    /// Too many unfinished runs.
    #[error(
        "{unfinished} runs are unfinished, which is the most that this host takes (`queue` in skep.toml); wait for some to end"
    )]
    Full {
        /// How many.
        unfinished: usize,
    },
    /// An environment of this host can't be had as it is written.
    #[error("environment {name:?}: {source}; lower it there, or raise the host's maxima in skep.toml")]
    Environment {
        /// Its name.
        name: String,
        /// What is wrong.
        source: LimitError,
    },
    /// Too many messages that nobody has heard.
    #[error("run {run} has {unheard} messages that it has not heard yet; wait for it to hear some")]
    Unheard {
        /// The run.
        run: RunId,
        /// How many.
        unheard: usize,
    },
    /// An event that an attempt went on from could not be kept, so the attempt is over; the run is not.
    #[error("run {0} went on from something that could not be kept; it is taken up again from its journal")]
    Torn(RunId),
    /// The run has ended.
    #[error("run {0} has ended; nothing more can be added to it")]
    Ended(RunId),
    /// The run has not ended, and has to for this.
    #[error("run {run} is {state}; only an ended run can be {wanted}")]
    NotEnded {
        /// The run.
        run: RunId,
        /// Its state.
        state: RunState,
        /// What was to be done.
        wanted: &'static str,
    },
    /// Part of a run's journal can't be read.
    #[error("run {run}: event {seq} can't be read; `skep store verify` says what is damaged")]
    Unreadable {
        /// The run.
        run: RunId,
        /// The event.
        seq: Seq,
    },
    /// The host is shutting down.
    #[error("the host is shutting down and takes no new runs")]
    ShuttingDown,
    /// A blocking part of the host panicked.
    #[error("a worker thread of the host panicked: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

impl Error {
    /// Whether it passes by itself: the disk is full, or was, and a run that could not go on can when there is room.
    pub(crate) fn is_passing(&self) -> bool {
        use skep_journal::Error as Journal;
        match self {
            Self::Torn(_) | Self::Store(skep_state::Error::Journal(Journal::DiskFull | Journal::Conflict { .. })) => {
                true
            }
            Self::Store(skep_state::Error::Journal(Journal::Io { source, .. })) => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "there is none".to_owned() } else { format!("there is {}", names.join(", ")) }
}
