//! The words of `skep run`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use skep_model::RunState;

use crate::help;

/// `skep run`.
#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// Accept a run, work on it here and show it live
    #[command(after_help = help::RUN_START)]
    Start(Box<StartArgs>),
    /// Take up every unfinished run and drive it to its end
    #[command(after_help = help::RUN_RESUME)]
    Resume,
    /// Write to a run; it hears it when it is worked on
    #[command(after_help = help::RUN_SEND)]
    Send {
        /// The run: its id, or the beginning or end of it
        id: String,
        /// What to say; `-` reads standard input
        text: String,
        /// Who says it
        #[arg(long, value_name = "NAME", default_value = "local")]
        sender: String,
    },
    /// List runs, newest first
    #[command(after_help = help::RUN_LIST)]
    List(ListArgs),
    /// Show a run's record
    Get {
        /// The run: its id, or the beginning or end of it
        id: String,
    },
    /// Show a run's transcript
    #[command(after_help = help::RUN_LOGS)]
    Logs {
        /// The run: its id, or the beginning or end of it
        id: String,
        /// If it has not ended, take up what is unfinished and show the rest live
        #[arg(short, long)]
        follow: bool,
        /// Begin with this event
        #[arg(long, value_name = "SEQ", default_value_t = 1)]
        from: u64,
    },
    /// End an unfinished run
    Cancel {
        /// The run: its id, or the beginning or end of it
        id: String,
        /// Why, for its record
        #[arg(long, value_name = "TEXT", default_value = "cancelled on the command line")]
        reason: String,
    },
    /// Run a run's agent again from its journal, reaching nothing, and compare every call
    #[command(after_help = help::RUN_REPLAY)]
    Replay {
        /// The run: its id, or the beginning or end of it
        id: String,
    },
    /// Show where a run's workspace is while it is there, or copy it
    #[command(after_help = help::RUN_WORKSPACE)]
    Workspace {
        /// The run: its id, or the beginning or end of it
        id: String,
        /// Copy it to this folder, which must not exist
        #[arg(long, value_name = "DIR")]
        export: Option<PathBuf>,
    },
    /// List what a run kept, or get one of it
    #[command(after_help = help::RUN_ARTIFACTS)]
    Artifacts {
        /// The run: its id, or the beginning or end of it
        id: String,
        /// Get the artifact with this name
        #[arg(long, value_name = "NAME")]
        get: Option<String>,
        /// Where to put it
        #[arg(short = 'o', long = "to", value_name = "FILE", default_value = "-", requires = "get")]
        to: PathBuf,
    },
    /// Show what an ended run changed in its workspace, as a patch that git applies
    #[command(after_help = help::RUN_DIFF)]
    Diff {
        /// The run: its id, or the beginning or end of it
        id: String,
        /// The changed files only, with the lines added and removed
        #[arg(long, short = 'l')]
        list: bool,
    },
    /// Delete an ended run: its events and what only it kept are gone, a tombstone stays
    Delete {
        /// The run: its id, or the beginning or end of it
        id: String,
        /// Why, for the tombstone
        #[arg(long, value_name = "TEXT", default_value = "deleted on the command line")]
        reason: String,
    },
}

/// `skep run start`.
#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    /// What to do; `@FILE` reads a file, `-` standard input
    #[arg(short, long, value_name = "TEXT", conflicts_with = "batch")]
    pub(crate) prompt: Option<String>,
    /// Who works [default: the environment's own agent]
    #[arg(long, value_name = "NAME", conflicts_with = "batch")]
    pub(crate) agent: Option<String>,
    /// What it may do [default: minimal]
    #[arg(short, long, value_name = "NAME", conflicts_with = "batch")]
    pub(crate) env: Option<String>,
    /// A folder (copied, never changed) or a URL (cloned) for the workspace; again for more
    #[arg(long, value_name = "PATH|URL", conflicts_with = "batch")]
    pub(crate) repo: Vec<String>,
    /// A limit other than the default, such as wall_ms=5min or memory_bytes=64m; `skep doctor` lists them
    #[arg(long, value_name = "KEY=VALUE", conflicts_with = "batch")]
    pub(crate) limit: Vec<String>,
    /// For lists [default: the prompt's first line]
    #[arg(long, value_name = "TEXT", conflicts_with = "batch")]
    pub(crate) title: Option<String>,
    /// Higher goes first
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true, conflicts_with = "batch")]
    pub(crate) priority: i8,
    /// On whose behalf; the queue is fair between these [default: local]
    #[arg(long, value_name = "NAME", conflicts_with = "batch")]
    pub(crate) submitter: Option<String>,
    /// A label of your own
    #[arg(long, value_name = "KEY=VALUE", conflicts_with = "batch")]
    pub(crate) metadata: Vec<String>,
    /// A JSON object for the agent; `@FILE` reads a file
    #[arg(long, value_name = "JSON", conflicts_with = "batch")]
    pub(crate) context: Option<String>,
    /// Accept it durably, print its id, and leave the work to whoever starts next
    #[arg(long, visible_alias = "no-wait")]
    pub(crate) detach: bool,
    /// Accept many: one JSON object a line, with the fields prompt, title, context, agent, environment, repos, limits,
    /// submitter, priority, metadata
    #[arg(long, value_name = "FILE|-")]
    pub(crate) batch: Option<PathBuf>,
    /// Show the result only
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// `skep run list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only runs in this state; again for more
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub(crate) state: Vec<RunState>,
    /// Only runs of this agent
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// Only runs on behalf of this submitter
    #[arg(long, value_name = "NAME")]
    pub(crate) submitter: Option<String>,
    /// Tombstones of deleted runs too
    #[arg(long)]
    pub(crate) deleted: bool,
    /// How many
    #[arg(short = 'L', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(crate) limit: u16,
    /// Go on where the last list ended
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
}

const STATES: [RunState; 9] = [
    RunState::Queued,
    RunState::Pending,
    RunState::Claimed,
    RunState::InProgress,
    RunState::Succeeded,
    RunState::Failed,
    RunState::Blocked,
    RunState::Error,
    RunState::Cancelled,
];

fn state(text: &str) -> Result<RunState, String> {
    let known = STATES.iter().find(|state| state.as_str().eq_ignore_ascii_case(text));
    known.copied().ok_or_else(|| format!("the states are {}", STATES.map(RunState::as_str).join(", ")))
}
