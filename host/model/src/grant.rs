//! Permissions, as they are pinned when a run is accepted. An empty value permits nothing.

use serde::{Deserialize, Serialize};

use crate::{Digest, Idempotency, Limits};

/// What a tool may do with the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// It has no workspace.
    #[default]
    None,
    /// It may read.
    Read,
    /// It may read and write.
    Write,
}

impl Access {
    /// As files and commands have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// What commands meet: the same whenever they are executed again, or what this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Circumstance {
    /// What follows from the run's journal.
    #[default]
    Repeatable,
    /// This machine's own.
    Machine,
}

impl Circumstance {
    /// As files have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Repeatable => "repeatable",
            Self::Machine => "machine",
        }
    }

    fn is_repeatable(&self) -> bool {
        *self == Self::Repeatable
    }
}

/// A destination that requests may go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressRule {
    /// How it is spoken to.
    #[serde(default)]
    pub scheme: Scheme,
    /// `api.example.com`; `*.example.com` for one label below it; `**.example.com` for one or more. Or an address.
    pub host: String,
    /// The scheme's own when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// Upper case; empty permits GET and HEAD only.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Path patterns such as `/v1/**`; empty permits every path.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Whether it may be at a private, loopback or link-local address.
    #[serde(default)]
    pub private: bool,
}

/// How a destination is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// In TLS.
    #[default]
    Https,
    /// So that anybody on the way can read and change it.
    Http,
}

/// The agent's component, pinned by content when the run was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentPin {
    /// The plugin's name.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// The component, kept as a blob, so that the run can be replayed after the plugin was replaced.
    pub component: Digest,
}

/// One granted tool, pinned by content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolPin {
    /// `<plugin>.<tool>`.
    pub name: String,
    /// For the model or whoever calls it.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: String,
    /// What happens when it is called twice.
    pub idempotency: Idempotency,
    /// The component, kept as a blob.
    pub component: Digest,
    /// What both the manifest asks for and the environment grants.
    pub workspace: Access,
    /// The limits of one call.
    pub limits: Limits,
}

/// The image whose commands a run may execute, pinned by content when the run was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagePin {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its own digest; the host keeps images and their components under theirs.
    pub digest: Digest,
    /// What one line of the shell may use, with all commands that it starts.
    pub limits: Limits,
}

/// All that a run may do. `Grants::default()` permits nothing at all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Grants {
    /// Tools that may be called, in the order of their names.
    pub tools: Vec<ToolPin>,
    /// What the shell may execute; without it there is no shell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ImagePin>,
    /// The clock of commands.
    #[serde(skip_serializing_if = "Circumstance::is_repeatable")]
    pub clock: Circumstance,
    /// The randomness of commands.
    #[serde(skip_serializing_if = "Circumstance::is_repeatable")]
    pub random: Circumstance,
}

impl Grants {
    /// The granted tool with this name.
    pub fn tool(&self, name: &str) -> Option<&ToolPin> {
        self.tools.iter().find(|tool| tool.name == name)
    }
}
