//! A run's current state, folded from its journal by one pure and total function.

use serde::{Deserialize, Serialize};

use crate::{Call, Digest, Event, Happening, Outcome, RunId, RunSpec, RunState, Seq, Timestamp, Usage};

// Records are small whatever the events hold, so that folding an event costs the same in every run. The whole of what is
// shortened here is in the journal. Lengths are in bytes.
const PROMPT_PREVIEW: usize = 1500;
const OUTCOME_PREVIEW: usize = 2000;
const REASON_PREVIEW: usize = 500;
const TITLE: usize = 200;
const NAME: usize = 128;
/// The artifacts that a record lists; later ones are only in the journal, and the count says so.
const ARTIFACTS_LISTED: usize = 32;

/// A document that the run kept, named by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name within the run.
    pub name: String,
    /// For example `text/markdown`.
    pub media_type: String,
    /// Its content's name.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
}

/// A call that has no answer yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCall {
    /// Where its `started` is.
    pub started: Seq,
    /// What it is called.
    pub name: String,
}

/// What is known of a run without reading its journal. Derived; it can be rebuilt at any time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The run.
    pub run_id: RunId,
    /// Where it is in its life.
    pub state: RunState,
    /// The last event folded in.
    pub last_seq: Seq,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When the last event happened.
    pub updated_at: Timestamp,
    /// When the agent first began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// For lists.
    pub title: String,
    /// The prompt's beginning.
    pub prompt: String,
    /// `name@version` of the agent.
    pub agent: String,
    /// The environment's name.
    pub environment: String,
    /// On whose behalf.
    pub submitter: String,
    /// Higher goes first.
    pub priority: i8,
    /// How often it was taken up.
    pub attempt: u32,
    /// Calls made so far.
    pub calls: u64,
    /// Calls without an answer.
    pub open_calls: Vec<OpenCall>,
    /// What it kept; the latest of each name.
    pub artifacts: Vec<Artifact>,
    /// Artifacts that the list has no room for.
    pub artifacts_unlisted: u32,
    /// Who asked for its end, if somebody did.
    pub cancel_requested: Option<String>,
    /// How it ended; a long text is shortened, and stands whole in the last event.
    pub outcome: Option<Outcome>,
    /// What it used, known at its end.
    pub usage: Usage,
    /// It was deleted; this is its tombstone.
    pub deleted: bool,
}

/// An event that can't follow what is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("run {run}: {kind} can't be event {seq}: {why}")]
pub struct Illegal {
    /// The run.
    pub run: RunId,
    /// Where it would have been.
    pub seq: Seq,
    /// The event's kind.
    pub kind: &'static str,
    /// The rule it breaks.
    pub why: &'static str,
}

/// The record after `event`, which is the run's event number `seq`. Total: every event either folds or is refused.
///
/// # Errors
/// The event is not legal there; the record is as it was.
pub fn fold(run: RunId, record: Option<Record>, seq: Seq, event: &Event) -> Result<Record, Illegal> {
    let illegal = |why| Illegal { run, seq, kind: event.what.kind(), why };
    match (record, &event.what) {
        (None, Happening::Queued(spec)) if seq == 1 => Ok(Record::queued(run, event.at, spec)),
        // Retention keeps nothing of a deleted run but this.
        (None, Happening::Deleted { was, .. }) if seq > 1 => Ok(was.record(run, seq, event.at)),
        (None, _) => Err(illegal("a run begins with queued, as event 1")),
        (Some(record), _) if seq != record.last_seq + 1 => Err(illegal("sequence numbers are dense")),
        (Some(record), what) => {
            record.check(what).map_err(illegal)?;
            Ok(record.after(seq, event))
        }
    }
}

impl Record {
    fn queued(run_id: RunId, at: Timestamp, spec: &RunSpec) -> Self {
        Self {
            run_id,
            state: RunState::Queued,
            last_seq: 1,
            created_at: at,
            updated_at: at,
            started_at: None,
            ended_at: None,
            title: bounded(&spec.title, TITLE),
            prompt: preview(&spec.prompt),
            agent: bounded(&format!("{}@{}", spec.agent.name, spec.agent.version), NAME),
            environment: bounded(&spec.environment, NAME),
            submitter: bounded(&spec.submitter, NAME),
            priority: spec.priority,
            attempt: 0,
            calls: 0,
            open_calls: Vec::new(),
            artifacts: Vec::new(),
            artifacts_unlisted: 0,
            cancel_requested: None,
            outcome: None,
            usage: Usage::default(),
            deleted: false,
        }
    }

    /// The rules of what may follow what.
    fn check(&self, what: &Happening) -> Result<(), &'static str> {
        let running = matches!(self.state, RunState::InProgress | RunState::Blocked);
        match what {
            _ if self.deleted => Err("the run was deleted"),
            Happening::Deleted { .. } if !self.state.is_terminal() => Err("only an ended run can be deleted"),
            Happening::Deleted { .. } => Ok(()),
            _ if self.state.is_terminal() => Err("the run has ended"),
            Happening::Queued(_) => Err("a run is queued once"),
            Happening::Attempt { number } if *number != self.attempt + 1 => Err("attempts count up by one"),
            Happening::Attempt { .. }
            | Happening::Message { .. }
            | Happening::CancelRequested { .. }
            | Happening::Ended { .. } => Ok(()),
            Happening::Prepared { .. } if self.state != RunState::Pending => Err("only a pending run is prepared"),
            Happening::Prepared { .. } => Ok(()),
            Happening::Startup { .. } if self.state != RunState::Claimed => {
                Err("startup commands follow the preparation")
            }
            Happening::Startup { .. } => Ok(()),
            Happening::Began if !matches!(self.state, RunState::Pending | RunState::Claimed) => {
                Err("only a taken-up run begins")
            }
            Happening::Began => Ok(()),
            Happening::Finished { started, .. } if !self.is_open(*started) => Err("no such call is open"),
            Happening::Said { .. }
            | Happening::Logged { .. }
            | Happening::Started { .. }
            | Happening::Finished { .. }
            | Happening::Printed { .. }
            | Happening::Reported { .. } => {
                if running {
                    Ok(())
                } else {
                    Err("the brain has not begun")
                }
            }
        }
    }

    fn after(mut self, seq: Seq, event: &Event) -> Self {
        if let Happening::Deleted { was, .. } = &event.what {
            return was.record(self.run_id, seq, event.at);
        }
        self.take(seq, &event.what);
        self.last_seq = seq;
        self.updated_at = self.updated_at.max(event.at);
        self.mark_times(event);
        self
    }

    fn take(&mut self, seq: Seq, what: &Happening) {
        match what {
            Happening::Attempt { number } => (self.attempt, self.state) = (*number, RunState::Pending),
            Happening::Prepared { .. } => self.state = RunState::Claimed,
            Happening::Began => self.state = RunState::InProgress,
            Happening::Started { call } => self.open(seq, call),
            Happening::Finished { started, .. } => self.open_calls.retain(|open| open.started != *started),
            Happening::Reported { artifact } => self.keep(artifact),
            Happening::CancelRequested { reason } => self.cancel_requested = Some(bounded(reason, REASON_PREVIEW)),
            Happening::Ended { outcome, usage } => {
                (self.state, self.usage) = (outcome.run_state(), *usage);
                self.outcome = Some(outcome.shortened(|text| bounded(text, OUTCOME_PREVIEW)));
                self.open_calls.clear();
            }
            Happening::Deleted { .. }
            | Happening::Queued(_)
            | Happening::Startup { .. }
            | Happening::Said { .. }
            | Happening::Logged { .. }
            | Happening::Printed { .. }
            | Happening::Message { .. } => {}
        }
    }

    fn mark_times(&mut self, event: &Event) {
        match event.what {
            Happening::Began => self.started_at = self.started_at.or(Some(event.at)),
            Happening::Ended { .. } => self.ended_at = Some(event.at),
            _ => {}
        }
    }

    fn open(&mut self, started: Seq, call: &Call) {
        self.calls += 1;
        self.open_calls.push(OpenCall { started, name: bounded(call.name(), NAME) });
    }

    fn is_open(&self, started: Seq) -> bool {
        self.open_calls.iter().any(|open| open.started == started)
    }

    fn keep(&mut self, artifact: &Artifact) {
        let (name, media_type) = (bounded(&artifact.name, NAME), bounded(&artifact.media_type, NAME));
        let artifact = Artifact { name, media_type, ..artifact.clone() };
        if let Some(same) = self.artifacts.iter_mut().find(|known| known.name == artifact.name) {
            *same = artifact;
        } else if self.artifacts.len() < ARTIFACTS_LISTED {
            self.artifacts.push(artifact);
        } else {
            self.artifacts_unlisted += 1;
        }
    }
}

fn preview(content: &crate::Content) -> String {
    match content {
        crate::Content::Inline(text) => bounded(text, PROMPT_PREVIEW),
        crate::Content::Blob { bytes, .. } => format!("({bytes} bytes)"),
    }
}

/// The text, or as many whole characters as fit into `limit` bytes, with a mark.
fn bounded(text: &str, limit: usize) -> String {
    if text.len() <= limit { text.to_owned() } else { format!("{}…", &text[..text.floor_char_boundary(limit)]) }
}
