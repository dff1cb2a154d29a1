//! What was asked for when a run was accepted, with everything resolved and pinned.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AgentPin, Content, Digest, Grants, Limits, RepoSpec};

/// A command of the shell that is executed before the agent begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartupCommand {
    /// As it would be typed; several lines may be.
    pub command: String,
    /// It is ended after so long, in milliseconds.
    pub timeout_ms: u64,
    /// Whether the run goes on when it fails.
    #[serde(default)]
    pub continue_on_failure: bool,
}

/// A run's first event holds this: nothing that decides the run's behaviour is looked up again later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSpec {
    /// For lists; made from the prompt when the submitter gave none.
    pub title: String,
    /// What to do.
    pub prompt: Content,
    /// A JSON object for the agent.
    #[serde(default = "empty_object")]
    pub context: Content,
    /// Who works.
    pub agent: AgentPin,
    /// The environment's name.
    pub environment: String,
    /// Repositories to put into the workspace, in order: the environment's, then the run's own.
    #[serde(default)]
    pub repos: Vec<RepoSpec>,
    /// What it may do.
    #[serde(default)]
    pub grants: Grants,
    /// What it may use.
    #[serde(default)]
    pub limits: Limits,
    /// Commands that make the workspace ready, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub startup: Vec<StartupCommand>,
    /// Variables of commands, beside those of the image.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// Whether its workspace is kept as an artifact when it ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archive: bool,
    /// How long its workspace is kept when it fails, in milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub keep_failed_ms: u64,
    /// On whose behalf; the scheduler is fair between these.
    pub submitter: String,
    /// Higher goes first.
    #[serde(default)]
    pub priority: i8,
    /// The submitter's own labels.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Where the brain's randomness comes from.
    pub seed: u64,
}

impl RunSpec {
    /// The blobs that the run can't do without: long texts, and the components that are pinned.
    pub fn blobs(&self) -> Vec<Digest> {
        let texts = [&self.prompt, &self.context].into_iter().filter_map(|content| content.blob());
        // The shell's component is the image, which has a home of its own.
        let image = self.grants.image.as_ref().map(|image| image.digest);
        let tools = self.grants.tools.iter().map(|tool| tool.component).filter(|component| Some(*component) != image);
        texts.chain([self.agent.component]).chain(tools).collect()
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn empty_object() -> Content {
    Content::Inline("{}".to_owned())
}
