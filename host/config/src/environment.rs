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

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use skep_model::{Access, LimitKind, Overrides, REPOS, RepoSpec, StartupCommand};
use skep_toml::{Document, Section, folder, one_of, prose};

use crate::plugin::ACCESS;
use crate::{ConfigError, ToolPattern, amount, name, repos};

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
}

/// How an environment names an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageName {
    /// A name of the host's own, such as `unix`, or a reference into a registry.
    Reference(String),
    /// A folder with an `image.toml`.
    Folder(PathBuf),
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

const REPO: &[(&str, RepoNeed)] =
    &[("required", RepoNeed::Required), ("optional", RepoNeed::Optional), ("none", RepoNeed::None)];

/// How long a startup command may take that says nothing of it, in milliseconds.
const STARTUP_MS: u64 = 600_000;
/// The longest startup command, in bytes.
const COMMAND_BYTES: usize = 64 * 1024;

const LATER: &[&str] = &["egress", "secrets", "directories", "model", "mcp", "rules", "skills", "prompts", "retention"];

impl Environment {
    /// The environment in `text`, which is the content of `file`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        Document::parse(file, text, |root| {
            root.later(LATER);
            let environment = Self {
                name: root.need("name", name::name),
                description: root.get("description", prose).unwrap_or_default(),
                agent: root.get("agent", name::name),
                tools: root.list("tools", ToolPattern::parse),
                workspace: root.get("workspace", one_of(ACCESS)).unwrap_or_default(),
                repo: root.get("repo", one_of(REPO)).unwrap_or_default(),
                repos: repos::repos(root, file),
                image: images(root, file),
                startup: root.sections("startup").into_iter().map(startup).collect(),
                variables: variables(root),
                limits: amount::limits(root, "limits"),
                tool_limits: amount::limits(root, "tool_limits"),
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
        if !self.image.is_empty() && self.workspace == Access::None {
            let message = "commands work in the workspace: set `workspace` to \"read\" or \"write\"";
            root.refuse(&["image"], message);
        }
        if !self.startup.is_empty() && self.workspace == Access::Read {
            let message = "startup commands make the workspace ready: set `workspace` to \"write\"";
            root.refuse(&["startup"], message);
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

/// The table of variables.
fn variables(root: &mut Section<'_>) -> BTreeMap<String, String> {
    let Some(mut section) = root.section("env") else { return BTreeMap::new() };
    let mut variables = BTreeMap::new();
    for (name, value) in section.pairs() {
        if !is_variable(name) {
            value.problem("is no variable's name: write letters, digits and underscores, and no digit first");
        }
        let text = value.text(|text| match text.contains('\0') {
            true => Err("a variable's value has no NUL in it".to_owned()),
            false => Ok(text.to_owned()),
        });
        variables.extend(text.map(|text| (name.to_owned(), text)));
    }
    variables
}

fn is_variable(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.len() <= 128 && name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit())
}
