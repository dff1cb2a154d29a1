//! `plugin.toml`: what a plugin is and what it asks for. Asking grants nothing; an environment does.
//!
//! ```toml
//! name = "files"
//! version = "0.1.0"
//! provides = "tool"
//! component = "files.wasm"
//! description = "Reads, searches and edits the files of the workspace"
//!
//! [capabilities]
//! workspace = "write"
//!
//! [capabilities.limits]
//! memory_bytes = "64m"
//!
//! [[capabilities.egress]]
//! host = "api.example.com"
//! methods = ["GET", "POST"]
//! paths = ["/v1/**"]
//!
//! [[tools]]
//! name = "read"
//! idempotency = "read-only"
//! ```

use std::path::Path;

use skep_model::{Access, EgressRule, Idempotency, Overrides};
use skep_toml::{Document, Section, Version, one_of, prose};

use crate::ConfigError;
use crate::{amount, egress, name};

/// A plugin, as its author describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginManifest {
    /// `[a-z][a-z0-9-]{0,63}`.
    pub name: String,
    /// Semantic.
    pub version: Version,
    /// What the component is.
    pub provides: Provides,
    /// The component's file, relative to the manifest and never above it.
    pub component: String,
    /// One or a few sentences.
    pub description: String,
    /// What it asks for.
    pub capabilities: Capabilities,
    /// Its tools, in the order of the file; at least one for a tool plugin and none for an agent.
    pub tools: Vec<ToolDeclaration>,
}

/// What a plugin's component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provides {
    /// A brain: exports the `agent` world.
    Agent,
    /// Hands: exports the `tool` world.
    Tool,
}

/// What a plugin asks for. The default asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// What its tools may do with the workspace.
    pub workspace: Access,
    /// Where its requests go.
    pub egress: Vec<EgressRule>,
    /// Names of the secrets that its requests carry.
    pub secrets: Vec<String>,
    /// Limits other than the defaults; the environment and the operator may allow less.
    pub limits: Overrides,
}

/// One tool of a plugin. Its description and parameters come from the component itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolDeclaration {
    /// `[a-z][a-z0-9-]{0,63}`.
    pub name: String,
    /// What happens when it is called twice; non-idempotent unless the file says otherwise.
    pub idempotency: Idempotency,
}

const NOT_YET: &[&str] = &["trigger", "integration"];
const IDEMPOTENCY: &[(&str, Idempotency)] = &[
    ("read-only", Idempotency::ReadOnly),
    ("idempotent", Idempotency::Idempotent),
    ("non-idempotent", Idempotency::NonIdempotent),
];
pub(crate) const ACCESS: &[(&str, Access)] =
    &[("none", Access::None), ("read", Access::Read), ("write", Access::Write)];

const BRAIN: &str = "a brain has no hands: an agent may not ask for workspace, egress or secrets";

impl PluginManifest {
    /// The manifest in `text`, which is the content of `file`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        Document::parse(file, text, |root| {
            let provides = root.need("provides", provides);
            Self {
                name: root.need("name", name::name),
                version: root.need("version", name::version).unwrap_or(Version::new(0, 0, 0)),
                provides: provides.unwrap_or(Provides::Tool),
                component: root.need("component", name::component),
                description: root.need("description", prose),
                capabilities: root
                    .section("capabilities")
                    .map(|asked| capabilities(asked, provides))
                    .unwrap_or_default(),
                tools: tools(root, provides),
            }
        })
    }
}

fn provides(text: &str) -> Result<Option<Provides>, String> {
    if NOT_YET.contains(&text) {
        return Err(format!("{text:?} is not served by this host yet; it serves \"agent\" and \"tool\""));
    }
    one_of(&[("agent", Provides::Agent), ("tool", Provides::Tool)])(text).map(Some)
}

fn capabilities(mut section: Section<'_>, provides: Option<Provides>) -> Capabilities {
    let agent = provides == Some(Provides::Agent);
    let workspace = |text: &str| match one_of(ACCESS)(text)? {
        Access::Read | Access::Write if agent => Err(BRAIN.to_owned()),
        access => Ok(access),
    };
    if agent {
        section.refuse(&["egress", "secrets"], BRAIN);
    }
    Capabilities {
        workspace: section.get("workspace", workspace).unwrap_or_default(),
        egress: egress::asked(&mut section),
        secrets: section.list("secrets", name::secret),
        limits: amount::limits(&mut section, "limits"),
    }
}

fn tools(root: &mut Section<'_>, provides: Option<Provides>) -> Vec<ToolDeclaration> {
    if provides == Some(Provides::Agent) {
        root.refuse(&["tools"], "an agent has no tools of its own; it calls those that its environment grants");
    }
    let mut tools: Vec<ToolDeclaration> = Vec::new();
    for mut section in root.sections("tools") {
        let tool = ToolDeclaration {
            name: section.need("name", name::tool),
            idempotency: section.get("idempotency", one_of(IDEMPOTENCY)).unwrap_or_default(),
        };
        if !tool.name.is_empty() && tools.iter().any(|other| other.name == tool.name) {
            section.problem(format!("a tool named {:?} stands above already", tool.name));
        }
        tools.push(tool);
    }
    if provides == Some(Provides::Tool) && tools.is_empty() {
        root.problem("a tool plugin lists its tools: add `[[tools]]` with a `name` for each".to_owned());
    }
    tools
}
