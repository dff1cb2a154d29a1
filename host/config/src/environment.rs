//! `environment.toml`: what runs that name the environment may do. Its default is to permit nothing.
//!
//! ```toml
//! name = "repo-readonly"
//! description = "Looks at any repository and changes nothing"
//! agent = "audit"
//! tools = ["files.*"]
//! workspace = "read"
//! repo = "required"
//!
//! [limits]
//! wall_ms = "30min"
//!
//! [tool_limits]
//! memory_bytes = "128m"
//! ```

use std::path::Path;

use skep_model::{Access, Overrides};
use skep_toml::{Document, Section, one_of, prose};

use crate::plugin::ACCESS;
use crate::{ConfigError, ToolPattern, amount, name};

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
    /// Whether runs bring a repository.
    pub repo: RepoNeed,
    /// Limits of a run other than the defaults.
    pub limits: Overrides,
    /// What a tool call gets where the tool's manifest asks for nothing, and the most that it gets where it asks for more.
    pub tool_limits: Overrides,
}

/// Whether a run brings repositories into its workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RepoNeed {
    /// It must name one at least.
    Required,
    /// It may.
    Optional,
    /// It may not; the workspace starts empty.
    #[default]
    None,
}

const REPO: &[(&str, RepoNeed)] =
    &[("required", RepoNeed::Required), ("optional", RepoNeed::Optional), ("none", RepoNeed::None)];

const LATER: &[&str] = &[
    "repos",
    "image",
    "startup",
    "env",
    "egress",
    "secrets",
    "directories",
    "model",
    "mcp",
    "rules",
    "skills",
    "prompts",
    "retention",
];

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
        if self.repo != RepoNeed::None && self.workspace == Access::None {
            let message = "a repository that no tool may read is of no use: set `workspace` to \"read\" or \"write\"";
            root.refuse(&["repo"], message);
        }
    }
}
