//! `skep.toml` in the data folder: what the operator of a host decides. Every key may be left out, and so may the file.
//!
//! ```toml
//! concurrency = 64                  # runs worked on at the same time
//! queue = 100000                    # accepted runs that have not ended; more are refused
//! plugins = ["plugins"]             # searched after the built-in ones; relative to this file
//! environments = ["environments"]
//!
//! [defaults]                        # what environments have that say nothing of it
//! agent = "audit"
//! limits = { wall_ms = "30min" }
//!
//! [maxima]                          # what a run may be given at most; the same keys as limits
//! wall_ms = "24h"
//!
//! [tool_maxima]                     # what a tool call may be given at most
//! memory_bytes = "1g"
//!
//! [retention]                       # an ended run stays while either holds; without both, for ever
//! keep_days = 90
//! keep_last = 1000
//!
//! [disk]
//! min_free_bytes = "1g"             # below that, new runs are refused and accepted ones still end
//! snapshot_bytes = "8g"             # workspaces as startup commands left them, for the next run; 0 keeps none
//!
//! [repos]                           # what one run may bring into its workspace
//! max_bytes = "4g"
//! max_files = 500000
//! max_wall = "10min"
//! allow_private = false             # whether URLs may lead into this machine's own network
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use skep_model::{LimitKind, Limits, Overrides};
use skep_toml::{Document, Section, folder};

use crate::{ConfigError, amount, model, name, variables};

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// What a run may be given at most, unless the operator says otherwise.
pub const RUN_MAXIMA: Limits = Limits {
    memory_bytes: 2 * GIB,
    cpu_ms: 3_600_000,
    wall_ms: 7 * 24 * 3_600_000,
    output_bytes: 256 * MIB,
    log_bytes: 64 * MIB,
    host_call_bytes: 16 * GIB,
    call_bytes: 64 * MIB,
    calls: 1_000_000,
    table_elements: 1_000_000,
    handles: 10_000,
    stack_bytes: Limits::RUN.stack_bytes,
    workspace_bytes: 64 * GIB,
    workspace_files: 4_000_000,
};

/// What a tool call may be given at most, unless the operator says otherwise.
pub const TOOL_MAXIMA: Limits = Limits { cpu_ms: 1_800_000, wall_ms: 3_600_000, log_bytes: 16 * MIB, ..RUN_MAXIMA };

/// How a host is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostConfig {
    /// What environments have that say nothing of it.
    pub defaults: Defaults,
    /// What a run may be given at most. A default above it is lowered to it.
    pub maxima: Limits,
    /// What a tool call may be given at most.
    pub tool_maxima: Limits,
    /// Runs worked on at the same time; 64.
    pub concurrency: usize,
    /// Accepted runs that have not ended; 100,000. More are refused until some end.
    pub queue: usize,
    /// How long ended runs stay.
    pub retention: Retention,
    /// What is left of the disk, and what is kept on it.
    pub disk: Disk,
    /// What may be brought into a workspace.
    pub repos: Repos,
    /// Folders of plugins, searched after the built-in ones.
    pub plugins: Vec<PathBuf>,
    /// Folders of environments, searched after the built-in ones.
    pub environments: Vec<PathBuf>,
}

/// What every environment has that says nothing of it. None of it is a grant: what a run may reach, its environment says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Defaults {
    /// The agent of runs that name none.
    pub agent: Option<String>,
    /// The model, and those that take its place.
    pub model: Vec<String>,
    /// Variables of commands.
    pub variables: BTreeMap<String, String>,
    /// Limits of a run.
    pub limits: Overrides,
    /// Limits of a tool call.
    pub tool_limits: Overrides,
}

/// How long ended runs stay. An ended run stays while any of these holds; by default nothing is ever deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// It ended at most so many days ago.
    pub keep_days: Option<u64>,
    /// It is among so many that ended last.
    pub keep_last: Option<u64>,
}

/// The disk guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// New runs are refused when fewer bytes are free; 1 GiB.
    pub min_free_bytes: u64,
    /// What workspaces that startup commands made ready may take, kept for later runs; 8 GiB.
    pub snapshot_bytes: u64,
}

/// What one run may bring into its workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repos {
    /// Bytes of all its repositories together; 4 GiB.
    pub max_bytes: u64,
    /// Files and folders of all its repositories together; 500,000.
    pub max_files: u64,
    /// How long the preparation may take, in milliseconds; 10 minutes.
    pub max_wall_ms: u64,
    /// Whether URLs may lead to private, loopback and link-local addresses; they may not.
    pub allow_private: bool,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            defaults: Defaults::default(),
            maxima: RUN_MAXIMA,
            tool_maxima: TOOL_MAXIMA,
            concurrency: 64,
            queue: 100_000,
            retention: Retention::default(),
            disk: Disk::default(),
            repos: Repos::default(),
            plugins: Vec::new(),
            environments: Vec::new(),
        }
    }
}

impl Default for Disk {
    fn default() -> Self {
        Self { min_free_bytes: GIB, snapshot_bytes: 8 * GIB }
    }
}

impl Default for Repos {
    fn default() -> Self {
        Self { max_bytes: 4 * GIB, max_files: 500_000, max_wall_ms: 600_000, allow_private: false }
    }
}

impl HostConfig {
    /// The configuration in `text`, which is the content of `file`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        Document::parse(file, text, |root| {
            let default = Self::default();
            let run = maxima(root, "maxima", default.maxima);
            let tool = maxima(root, "tool_maxima", default.tool_maxima);
            Self {
                defaults: root.section("defaults").map(|section| defaults(section, &run, &tool)).unwrap_or_default(),
                maxima: run,
                tool_maxima: tool,
                concurrency: count(root, "concurrency", default.concurrency),
                queue: count(root, "queue", default.queue),
                retention: root.section("retention").map(retention).unwrap_or_default(),
                disk: root.section("disk").map(disk).unwrap_or_default(),
                repos: root.section("repos").map(repos).unwrap_or_default(),
                plugins: root.list("plugins", folder(file)),
                environments: root.list("environments", folder(file)),
            }
        })
    }
}

fn defaults(mut section: Section<'_>, run: &Limits, tool: &Limits) -> Defaults {
    let defaults = Defaults {
        agent: section.get("agent", name::name),
        model: model::names(&mut section),
        variables: variables::of(&mut section, "env", variables::value),
        limits: amount::limits(&mut section, "limits"),
        tool_limits: amount::limits(&mut section, "tool_limits"),
    };
    // An environment that can't help it should not be refused for them.
    let wishes = [
        ("limits", Limits::RUN.with(&defaults.limits, run)),
        ("tool_limits", Limits::TOOL.with(&defaults.tool_limits, tool)),
    ];
    for (key, result) in wishes {
        if let Err(error) = result {
            section.refuse(&[key], &error.to_string());
        }
    }
    defaults
}

fn maxima(root: &mut Section<'_>, key: &'static str, mut limits: Limits) -> Limits {
    for (kind, value) in amount::limits(root, key).0 {
        limits.set(kind, value);
    }
    limits
}

fn count(root: &mut Section<'_>, key: &'static str, default: usize) -> usize {
    let wish = root.take(key).and_then(|value| value.number(1..=10_000_000));
    wish.and_then(|wish| usize::try_from(wish).ok()).unwrap_or(default)
}

fn retention(mut section: Section<'_>) -> Retention {
    Retention {
        keep_days: section.take("keep_days").and_then(|value| value.number(1..=36_500)),
        keep_last: section.take("keep_last").and_then(|value| value.number(1..=1_000_000_000)),
    }
}

fn disk(mut section: Section<'_>) -> Disk {
    let mut bytes = |key, default| {
        let wish =
            section.take(key).and_then(|value| value.amount(|text| amount::amount(LimitKind::MemoryBytes, text)));
        wish.unwrap_or(default)
    };
    let Disk { min_free_bytes, snapshot_bytes } = Disk::default();
    Disk {
        min_free_bytes: bytes("min_free_bytes", min_free_bytes),
        snapshot_bytes: bytes("snapshot_bytes", snapshot_bytes),
    }
}

fn repos(mut section: Section<'_>) -> Repos {
    let Repos { max_bytes, max_files, max_wall_ms, allow_private } = Repos::default();
    let bytes =
        section.take("max_bytes").and_then(|value| value.amount(|text| amount::positive(LimitKind::MemoryBytes, text)));
    let wall =
        section.take("max_wall").and_then(|value| value.amount(|text| amount::positive(LimitKind::WallMs, text)));
    let files = section.take("max_files").and_then(|value| value.number(1..=1_000_000_000));
    let private = section.take("allow_private").and_then(|value| value.flag());
    Repos {
        max_bytes: bytes.unwrap_or(max_bytes),
        max_files: files.unwrap_or(max_files),
        max_wall_ms: wall.unwrap_or(max_wall_ms),
        allow_private: private.unwrap_or(allow_private),
    }
}
