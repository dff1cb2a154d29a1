//! What stays of a run that was deleted.

use serde::{Deserialize, Serialize};

use crate::{Record, RunId, RunState, Seq, Timestamp, Usage};

/// The part of a deleted run's record that stays. It stands in the `deleted` event, which is the only one that retention
/// keeps, so it has to be enough to make the record again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// How the run ended.
    pub state: RunState,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// `name@version` of the agent.
    pub agent: String,
    /// The environment's name.
    pub environment: String,
    /// On whose behalf it was.
    pub submitter: String,
}

impl Tombstone {
    /// What would stay of the run with this record.
    pub fn of(record: &Record) -> Self {
        Self {
            state: record.state,
            created_at: record.created_at,
            ended_at: record.ended_at,
            agent: record.agent.clone(),
            environment: record.environment.clone(),
            submitter: record.submitter.clone(),
        }
    }

    /// The record of a run of which this is left.
    pub fn record(&self, run_id: RunId, last_seq: Seq, at: Timestamp) -> Record {
        Record {
            run_id,
            state: self.state,
            last_seq,
            created_at: self.created_at,
            updated_at: at,
            started_at: None,
            ended_at: self.ended_at,
            title: "(deleted)".to_owned(),
            prompt: String::new(),
            agent: self.agent.clone(),
            environment: self.environment.clone(),
            submitter: self.submitter.clone(),
            priority: 0,
            attempt: 0,
            calls: 0,
            open_calls: Vec::new(),
            artifacts: Vec::new(),
            artifacts_unlisted: 0,
            cancel_requested: None,
            outcome: None,
            usage: Usage::default(),
            deleted: true,
        }
    }
}
