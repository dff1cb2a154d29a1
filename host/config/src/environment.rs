//! `environment.toml`: what runs that name the environment may do. Its default is to permit nothing.
//!
//! ```toml
//! name = "repo-readonly"
//! description = "Looks at any repository and changes nothing"
//! agent = "audit"
//! tools = ["files.*"]
//! workspace = "read"
//! repo = "required"
//! image = ["unix", "images/extra"]
//!
//! [[startup]]
//! command = "make -s prepare"
//! timeout = "10min"
//! continue_on_failure = true
//!
//! [env]
//! LANG = "C.UTF-8"
//!
//! [limits]
//! wall_ms = "30min"
//!
//! [tool_limits]
//! memory_bytes = "128m"
//! ```
//!
//! `environments/README.md` has all keys; [`KEYS`](crate::KEYS) is the list of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use skep_model::{Access, Circumstance, EgressRule, LimitKind, Overrides, REPOS, RepoSpec, StartupCommand};
use skep_toml::{Document, Section, Value, folder, one_of, prose};

use crate::guidance::{self, Prompt, Skill, Text};
use crate::layers::{Layer, Origins};
use crate::mcp::{self, McpServer};
use crate::plugin::ACCESS;
use crate::reading::Reading;
use crate::secrets::{self, SecretBinding};
use crate::{ConfigError, Directory, ToolPattern, amount, directories, egress, model, name, repos, variables};

/// An environment. `Environment::default()` grants nothing at all, takes no repository and has no name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// `[a-z][a-z0-9-]{0,63}`.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The agent of runs that name none.
    pub agent: Option<String>,
    /// The tools that may be called; all others are refused.
    pub tools: Vec<ToolPattern>,
    /// The most that a tool may do with the workspace, whatever its manifest asks for.
    pub workspace: Access,
    /// Whether runs bring repositories of their own.
    pub repo: RepoNeed,
    /// The repositories that every run brings, before its own.
    pub repos: Vec<RepoSpec>,
    /// What the shell may execute; of commands with the same name, the later image's counts. Without one there is no shell.
    pub image: Vec<ImageName>,
    /// Commands that make the workspace ready, in order.
    pub startup: Vec<StartupCommand>,
    /// Variables of commands, beside those of the image.
    pub variables: BTreeMap<String, String>,
    /// Limits of a run other than the defaults.
    pub limits: Overrides,
    /// What a tool call gets where the tool's manifest asks for nothing, and the most that it gets where it asks for more.
    pub tool_limits: Overrides,
    /// Where requests may go; nowhere else.
    pub egress: Vec<EgressRule>,
    /// Where secrets may be put.
    pub secrets: Vec<SecretBinding>,
    /// The clock of commands.
    pub clock: Circumstance,
    /// The randomness of commands.
    pub random: Circumstance,
    /// Folders of this machine beside the workspace.
    pub directories: Vec<Directory>,
    /// The model, and those that take its place when it can't be had, in order.
    pub model: Vec<String>,
    /// Servers of tools, those of `mcp_file` after those of the file itself.
    pub mcp: Vec<McpServer>,
    /// A file of servers in the form of other programs.
    pub mcp_file: Option<PathBuf>,
    /// Texts that every model is given.
    pub rules: Vec<Text>,
    /// Folders of skills.
    pub skills: Vec<Skill>,
    /// Prompts by name.
    pub prompts: BTreeMap<String, Prompt>,
    /// Whether the workspace of every run is kept as an artifact when it ends.
    pub archive_workspace: bool,
    /// How long the workspace of a failed run is kept, in milliseconds; it is removed at once when 0.
    pub failed_workspace_ms: u64,
    /// Where each value comes from.
    pub origins: Origins,
}

/// How an environment names an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageName {
    /// A name of the host's own, such as `unix`, or a reference into a registry.
    Reference(String),
    /// A folder with an `image.toml`.
    Folder(PathBuf),
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference(reference) => f.write_str(reference),
            Self::Folder(folder) => folder.display().fmt(f),
        }
    }
}

/// Whether a run brings repositories into its workspace beside those of the environment, which always come and come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RepoNeed {
    /// It must name one at least.
    Required,
    /// It may.
    Optional,
    /// It may not.
    #[default]
    None,
}

impl RepoNeed {
    /// As `environment.toml` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
            Self::None => "none",
        }
    }
}

const REPO: &[(&str, RepoNeed)] =
    &[("required", RepoNeed::Required), ("optional", RepoNeed::Optional), ("none", RepoNeed::None)];

/// How long a startup command may take that says nothing of it, in milliseconds.
const STARTUP_MS: u64 = 600_000;
/// The longest startup command, in bytes.
const COMMAND_BYTES: usize = 64 * 1024;
/// The most of all startup commands and variables together, in bytes: a run's first event has room for all of them.
const TOGETHER_BYTES: usize = 256 * 1024;
const CIRCUMSTANCE: &[(&str, Circumstance)] =
    &[("repeatable", Circumstance::Repeatable), ("machine", Circumstance::Machine)];
/// The longest that a failed workspace is kept, in milliseconds: a week.
const KEPT_MS: u64 = 7 * 24 * 3_600_000;

impl Environment {
    /// The environment in `file`, with the files that it names.
    ///
    /// # Errors
    /// It can't be read, or all that is wrong with it and them.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        Self::make(&crate::read(file)?, &Reading { file, others: true })
    }

    /// The environment in `text`, which is the content of `file`. Other files that it names are not looked at, so their texts
    /// and servers are missing.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        Self::make(text, &Reading { file, others: false })
    }

    fn make(text: &str, reading: &Reading<'_>) -> Result<Self, ConfigError> {
        let file = reading.file;
        Document::parse(file, text, |root| {
            let egress = egress::granted(root);
            let mut mcp = mcp::servers(root);
            let (failed_workspace_ms, archive_workspace) = root.section("retention").map(retention).unwrap_or_default();
            let environment = Self {
                name: root.need("name", name::name),
                description: root.get("description", prose).unwrap_or_default(),
                agent: root.get("agent", name::name),
                tools: root.list("tools", ToolPattern::parse),
                workspace: root.get("workspace", one_of(ACCESS)).unwrap_or_default(),
                repo: root.get("repo", one_of(REPO)).unwrap_or_default(),
                clock: root.get("clock", one_of(CIRCUMSTANCE)).unwrap_or_default(),
                random: root.get("random", one_of(CIRCUMSTANCE)).unwrap_or_default(),
                repos: repos::repos(root, file),
                image: images(root, file),
                startup: root.sections("startup").into_iter().map(startup).collect(),
                variables: variables::of(root, "env", variables::value),
                limits: amount::limits(root, "limits"),
                tool_limits: amount::limits(root, "tool_limits"),
                secrets: secrets::secrets(root, &egress),
                directories: directories::directories(root),
                model: model::names(root),
                mcp_file: mcp_file(root, reading, &mut mcp),
                rules: guidance::rules(root, reading),
                skills: guidance::skills(root, reading),
                prompts: guidance::prompts(root, reading),
                archive_workspace,
                failed_workspace_ms,
                origins: origins(root),
                egress,
                mcp,
            };
            environment.check(root);
            environment
        })
    }

    /// Whether this tool may be called.
    pub fn grants(&self, plugin: &str, tool: &str) -> bool {
        self.tools.iter().any(|pattern| pattern.matches(plugin, tool))
    }

    /// What a tool that asks for `asked` gets of the workspace.
    pub fn access(&self, asked: Access) -> Access {
        self.workspace.min(asked)
    }

    fn check(&self, root: &Section<'_>) {
        if self.image.is_empty() && !self.startup.is_empty() {
            root.refuse(&["startup"], "there is nothing to execute: name an `image`, such as \"unix\"");
        }
        let commands: usize = self.startup.iter().map(|startup| startup.command.len()).sum();
        let variables: usize = self.variables.iter().map(|(name, value)| name.len() + value.len()).sum();
        if commands + variables > TOGETHER_BYTES {
            let message = format!(
                "`startup` and `env` have at most {TOGETHER_BYTES} bytes together; put more into a script of a repository"
            );
            root.refuse(&[if commands > variables { "startup" } else { "env" }], &message);
        }
        if !self.image.is_empty() && self.workspace == Access::None {
            let message = "commands work in the workspace: set `workspace` to \"read\" or \"write\"";
            root.refuse(&["image"], message);
        }
        if !self.startup.is_empty() && self.workspace == Access::Read {
            let message = "startup commands make the workspace ready: set `workspace` to \"write\"";
            root.refuse(&["startup"], message);
        }
        if !self.directories.is_empty() && self.workspace == Access::None {
            let message = "directories stand beside a workspace: set `workspace` to \"read\" or \"write\"";
            root.refuse(&["directories"], message);
        }
        if self.repo != RepoNeed::None && self.workspace == Access::None {
            let message = "a repository that no tool may read is of no use: set `workspace` to \"read\" or \"write\"";
            root.refuse(&["repo"], message);
        }
        if !self.repos.is_empty() && self.workspace == Access::None {
            let message = "repositories that no tool may read are of no use: set `workspace` to \"read\" or \"write\"";
            root.refuse(&["repos"], message);
        }
        if self.repos.len() >= REPOS && self.repo == RepoNeed::Required {
            let message =
                format!("`repos` has the most repositories that a run may have, {REPOS}; none is left for its own");
            root.refuse(&["repo"], &message);
        }
    }
}

/// One image as a text, or several in a list.
fn images(root: &mut Section<'_>, file: &Path) -> Vec<ImageName> {
    let Some(value) = root.take("image") else { return Vec::new() };
    let read = |text: &str| image(file, text);
    match value.is_array() {
        true => value.items().into_iter().filter_map(|value| value.text(read)).collect(),
        false => value.text(read).into_iter().collect(),
    }
}

fn image(file: &Path, text: &str) -> Result<ImageName, String> {
    if text.starts_with(['.', '/']) {
        return folder(file)(text).map(ImageName::Folder);
    }
    if text.is_empty() || text.len() > 512 || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!(
            "{text:?} is no image: write a name such as \"unix\", a reference such as \
             \"registry.example.com/image:1.0\", or a folder that begins with ./"
        ));
    }
    Ok(ImageName::Reference(text.to_owned()))
}

/// One `[[startup]]`.
fn startup(mut section: Section<'_>) -> StartupCommand {
    let timeout =
        section.take("timeout").and_then(|value| value.amount(|text| amount::positive(LimitKind::WallMs, text)));
    StartupCommand {
        command: section.need("command", command),
        timeout_ms: timeout.unwrap_or(STARTUP_MS),
        continue_on_failure: section.take("continue_on_failure").and_then(|value| value.flag()).unwrap_or_default(),
    }
}

fn command(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.contains('\0') {
        return Err(format!("{text:?} is no command"));
    }
    if text.len() > COMMAND_BYTES {
        return Err(format!("a command has at most {COMMAND_BYTES} bytes; put it into a script of the repository"));
    }
    Ok(text.to_owned())
}

/// Adds the servers of the file, if there is one and it is read.
fn mcp_file(root: &mut Section<'_>, reading: &Reading<'_>, servers: &mut Vec<McpServer>) -> Option<PathBuf> {
    let value = root.take("mcp_file")?;
    let path = value.text(folder(reading.file))?;
    let read = value.text(|_| match reading.text(&path)? {
        Some(text) => mcp::file(&path, &text).map_err(|error| error.to_string().replace('\n', "; ")),
        None => Ok(Vec::new()),
    })?;
    for server in read {
        match servers.iter().find(|other| other.name.eq_ignore_ascii_case(&server.name)) {
            Some(other) => value.problem(&format!("has a server named {:?}, and so has this file", other.name)),
            None => servers.push(server),
        }
    }
    Some(path)
}

fn retention(mut section: Section<'_>) -> (u64, bool) {
    let kept = section.take("failed_workspace");
    let kept = kept.and_then(|value| {
        value.amount(|text| match amount::amount(LimitKind::WallMs, text)? {
            ms if ms > KEPT_MS => Err(format!("a workspace is kept for 168h at most, which is {KEPT_MS} ms")),
            ms => Ok(ms),
        })
    });
    let archive = section.take("archive").and_then(|value| value.flag());
    (kept.unwrap_or_default(), archive.unwrap_or_default())
}

/// All that the file says is the environment's.
fn origins(root: &mut Section<'_>) -> Origins {
    let mut origins = Origins::default();
    for key in root.keys() {
        origins.note(key, Layer::Environment);
    }
    for table in ["env", "limits", "tool_limits"] {
        for entry in root.take(table).iter().flat_map(Value::keys) {
            origins.note(format!("{table}.{entry}"), Layer::Environment);
        }
    }
    origins
}
