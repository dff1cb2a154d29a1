//! The command line: every word that `skep` understands. The files named after the commands say what they mean.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use crate::args_image::ImageCommand;
pub(crate) use crate::args_run::RunCommand;
use crate::help;

/// A self-hosted host for background agents: sandboxed, durable, replayable.
#[derive(Debug, Parser)]
#[command(name = "skep", version, after_help = help::EXAMPLES, after_long_help = help::long(), propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Globals {
    /// The data folder, where runs live [default: $XDG_DATA_HOME/skep or ~/.local/share/skep]
    #[arg(long, global = true, value_name = "DIR", env = "SKEP_DATA", hide_env_values = true)]
    pub(crate) data: Option<PathBuf>,
    /// Folders of plugins [default: ../share/skep/plugins or, where cargo builds, ../guests/plugins beside the program]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "SKEP_PLUGINS",
        value_delimiter = ':',
        hide_env_values = true
    )]
    pub(crate) plugins: Vec<PathBuf>,
    /// Folders of environments, beside those that are part of the program
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "SKEP_ENVIRONMENTS",
        value_delimiter = ':',
        hide_env_values = true
    )]
    pub(crate) environments: Vec<PathBuf>,
    /// Folders of images [default: ../share/skep/images or, where cargo builds, ../guests/images beside the program]
    #[arg(long, global = true, value_name = "DIR", env = "SKEP_IMAGES", value_delimiter = ':', hide_env_values = true)]
    pub(crate) images: Vec<PathBuf>,
    /// How to print [default: pretty on a terminal, text elsewhere]
    #[arg(long, global = true, value_name = "FORMAT", env = "SKEP_OUTPUT", hide_env_values = true)]
    pub(crate) output: Option<Format>,
    /// Colours; NO_COLOR switches `auto` off
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Colour,
    /// Say on standard error what the host does; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: aligned, with colours on a terminal
    Pretty,
    /// One JSON document, with the public API's field names
    Json,
    /// One JSON object a line, as soon as it is known
    Ndjson,
    /// For line tools: one item a line, columns separated by tabs, nothing shortened
    Text,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start runs, watch them, look at what they did
    #[command(subcommand, after_help = help::RUN)]
    Run(RunCommand),
    /// The agents that can be started
    #[command(subcommand)]
    Agent(AgentCommand),
    /// The environments: what a run may do
    #[command(subcommand)]
    Env(EnvCommand),
    /// The plugins: agents and tools
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// The images: what a sandboxed shell can execute
    #[command(subcommand, after_help = help::IMAGE)]
    Image(ImageCommand),
    /// The data folder itself
    #[command(subcommand, after_help = help::STORE)]
    Store(StoreCommand),
    /// What this machine can do for skep, and what it lacks
    #[command(after_help = help::DOCTOR)]
    Doctor,
    /// Compiles one component from standard input; the host starts this by itself
    #[command(hide = true)]
    CompileWorker,
}

/// `skep agent`.
#[derive(Debug, Subcommand)]
pub(crate) enum AgentCommand {
    /// List them
    #[command(after_help = help::AGENT_LIST)]
    List,
}

/// `skep env`.
#[derive(Debug, Subcommand)]
pub(crate) enum EnvCommand {
    /// List them
    List,
    /// Show what one of them grants
    #[command(after_help = help::ENV_SHOW)]
    Show {
        /// Its name
        name: String,
        /// With every key and limit as a run would have it, and the layer that decides it: host defaults < environment < run
        #[arg(long)]
        resolved: bool,
    },
    /// Open its shell in a workspace of your own, or execute one line there
    #[command(after_help = help::ENV_SHELL)]
    Shell(ShellArgs),
}

/// `skep env shell`.
#[derive(Debug, Args)]
pub(crate) struct ShellArgs {
    /// The environment's name
    pub(crate) name: String,
    /// A repository to bring along: a folder, which is copied, or a URL; may be repeated
    #[arg(long = "repo", value_name = "PATH|URL")]
    pub(crate) repos: Vec<String>,
    /// Execute this and end with its exit code, in place of a shell to type into
    #[arg(short, long, value_name = "LINE")]
    pub(crate) command: Option<String>,
    /// Leave out the environment's startup commands
    #[arg(long)]
    pub(crate) no_startup: bool,
}

/// `skep plugin`.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// List them
    List,
    /// Check a plugin's folder: its manifest, its component, and whether they agree
    #[command(after_help = help::PLUGIN_CHECK)]
    Check {
        /// The folder with plugin.toml, or the file itself
        path: PathBuf,
    },
}

/// `skep store`.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Read everything and check it: checksums, numbers, hash chains, state, blobs
    Verify,
    /// Make the state anew from the journal
    Rebuild,
    /// Write all runs to a file
    Export {
        /// Where to; `-` is standard output
        file: PathBuf,
    },
    /// Read what `export` wrote into an empty data folder
    Import {
        /// Where from; `-` is standard input
        file: PathBuf,
    },
    /// Give back the room of deleted runs
    Compact,
}
