//! The shapes of JSON output: the public API's field names, and what this host adds to them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use skep_model::{Event, Outcome, Record, RunId, RunSpec, RunState, Seq, Usage};

use crate::readable::{iso_span, moment};
use crate::run_read::KeptArtifact;

/// A run, as `GET /agent/runs/{id}` of the public API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct RunItem {
    pub(crate) run_id: String,
    task_id: String,
    pub(crate) title: String,
    pub(crate) prompt: String,
    pub(crate) state: RunState,
    pub(crate) created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    /// From the agent's beginning to the end, or to the last event so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_time: Option<String>,
    source: &'static str,
    execution_location: &'static str,
    creator: Creator,
    pub(crate) agent_config: AgentConfig,
    pub(crate) artifacts: Vec<ArtifactItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status_message: Option<StatusMessage>,
    metadata: BTreeMap<String, String>,
    last_event_sequence: Seq,
    priority: i8,
    attempt: u32,
    usage: Usage,
}

#[derive(Debug, Serialize)]
struct Creator {
    uid: String,
    display_name: String,
}

/// Who works, and where.
#[derive(Debug, Serialize)]
pub(crate) struct AgentConfig {
    pub(crate) name: String,
    version: String,
    pub(crate) environment_id: String,
}

/// How the run ended.
#[derive(Debug, Serialize)]
pub(crate) struct StatusMessage {
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    retryable: bool,
}

/// Something that a run kept.
#[derive(Debug, Serialize)]
pub(crate) struct ArtifactItem {
    artifact_type: &'static str,
    pub(crate) created_at: String,
    pub(crate) data: ArtifactData,
}

/// A file that a run kept.
#[derive(Debug, Serialize)]
pub(crate) struct ArtifactData {
    artifact_uid: String,
    pub(crate) filename: String,
    filepath: String,
    pub(crate) mime_type: String,
    pub(crate) size_bytes: u64,
    digest: String,
}

/// What is read of a run to show it.
pub(crate) struct RunParts<'a> {
    pub(crate) record: &'a Record,
    /// Its first event; nothing when it was deleted or can't be read.
    pub(crate) spec: Option<&'a RunSpec>,
    pub(crate) prompt: String,
    pub(crate) artifacts: &'a [KeptArtifact],
    pub(crate) outcome: Option<&'a Outcome>,
}

impl From<RunParts<'_>> for RunItem {
    fn from(parts: RunParts<'_>) -> Self {
        let RunParts { record, spec, prompt, artifacts, outcome } = parts;
        let (name, version) = record.agent.split_once('@').unwrap_or((&record.agent, ""));
        Self {
            run_id: record.run_id.to_string(),
            task_id: record.run_id.to_string(),
            title: record.title.clone(),
            prompt,
            state: record.state,
            created_at: moment(record.created_at),
            updated_at: moment(record.updated_at),
            started_at: record.started_at.map(moment),
            finished_at: record.ended_at.map(moment),
            run_time: run_time(record).map(iso_span),
            source: "CLI",
            execution_location: "LOCAL",
            creator: Creator { uid: record.submitter.clone(), display_name: record.submitter.clone() },
            agent_config: AgentConfig {
                name: name.to_owned(),
                version: version.to_owned(),
                environment_id: record.environment.clone(),
            },
            artifacts: artifacts.iter().map(|kept| artifact(record.run_id, kept)).collect(),
            status_message: outcome.map(status),
            metadata: spec.map(|spec| spec.metadata.clone()).unwrap_or_default(),
            last_event_sequence: record.last_seq,
            priority: record.priority,
            attempt: record.attempt,
            usage: record.usage,
        }
    }
}

/// A part of a list of runs.
#[derive(Debug, Serialize)]
pub(crate) struct PageInfo {
    pub(crate) has_next_page: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// From the agent's beginning to the end, or to the last event so far.
pub(crate) fn run_time(record: &Record) -> Option<Duration> {
    Some(record.ended_at.unwrap_or(record.updated_at).since(record.started_at?))
}

pub(crate) fn artifact(run: RunId, kept: &KeptArtifact) -> ArtifactItem {
    let KeptArtifact { at, artifact } = kept;
    let data = ArtifactData {
        artifact_uid: format!("{run}:{}", artifact.name),
        filename: artifact.name.clone(),
        filepath: artifact.name.clone(),
        mime_type: artifact.media_type.clone(),
        size_bytes: artifact.bytes,
        digest: artifact.digest.to_string(),
    };
    ArtifactItem { artifact_type: "FILE", created_at: moment(*at), data }
}

fn status(outcome: &Outcome) -> StatusMessage {
    let completed = matches!(outcome, Outcome::Completed(_));
    StatusMessage {
        message: outcome.message(),
        error_code: (!completed).then(|| outcome.kind()),
        retryable: matches!(outcome, Outcome::HostFault(_) | Outcome::Interrupted(_)),
    }
}

/// An event: `{run_id, seq, at, kind, …}` with what its kind holds.
pub(crate) struct EventItem<'a> {
    pub(crate) run: RunId,
    pub(crate) seq: Seq,
    pub(crate) event: &'a Event,
}

impl Serialize for EventItem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { run, seq, event } = self;
        let kind = event.what.kind();
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("run_id", run)?;
        object.serialize_entry("seq", seq)?;
        object.serialize_entry("at", &moment(event.at))?;
        object.serialize_entry("kind", kind)?;
        // The journal's own form is `{kind: {…}}`, or the bare kind when nothing is to be said.
        let tagged = serde_json::to_value(&event.what).map_err(serde::ser::Error::custom)?;
        for (key, value) in tagged.get(kind).and_then(Value::as_object).into_iter().flatten() {
            object.serialize_entry(key, value)?;
        }
        object.end()
    }
}
