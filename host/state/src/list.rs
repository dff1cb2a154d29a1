//! Lists of runs: which, and from where on.

use std::fmt;
use std::iter::Peekable;
use std::str::FromStr;

use skep_model::{ParseIdError, Record, RunId, RunState, Timestamp};

use crate::error::Error;
use crate::keys::Index;

/// Which runs. The default is all that were not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// In one of these states; in any when empty.
    pub states: Vec<RunState>,
    /// By this agent: its name, or `name@version`.
    pub agent: Option<String>,
    /// On behalf of this submitter.
    pub submitter: Option<String>,
    /// Accepted at this moment or later.
    pub created_from: Option<Timestamp>,
    /// Accepted before this moment.
    pub created_before: Option<Timestamp>,
    /// Tombstones of deleted runs too.
    pub with_deleted: bool,
}

impl Filter {
    pub(crate) fn indexes(&self) -> Vec<Index> {
        if self.states.is_empty() { vec![Index::All] } else { self.states.iter().copied().map(Index::In).collect() }
    }

    /// Whether a run with this record is meant.
    pub fn passes(&self, record: &Record) -> bool {
        (self.states.is_empty() || self.states.contains(&record.state))
            && self.agent.as_ref().is_none_or(|agent| is_agent(&record.agent, agent))
            && self.submitter.as_ref().is_none_or(|submitter| *submitter == record.submitter)
            && self.created_from.is_none_or(|from| record.created_at >= from)
            && self.created_before.is_none_or(|before| record.created_at < before)
            && (self.with_deleted || !record.deleted)
    }
}

fn is_agent(recorded: &str, wanted: &str) -> bool {
    recorded == wanted || recorded.split_once('@').is_some_and(|(name, _)| name == wanted)
}

/// Where a list goes on. Its text is opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub(crate) RunId);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Cursor {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        text.parse().map(Self)
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Newest first.
    pub records: Vec<Record>,
    /// Where the next page begins; `None` when this is the last.
    pub next: Option<Cursor>,
}

/// Several descending lists of runs as one, each run once.
pub(crate) fn merged<I>(pending: Vec<RunId>, stored: Vec<I>) -> impl Iterator<Item = Result<RunId, Error>> + use<I>
where
    I: Iterator<Item = Result<RunId, Error>>,
{
    let mut pending = pending.into_iter().peekable();
    let mut stored: Vec<Peekable<I>> = stored.into_iter().map(Iterator::peekable).collect();
    std::iter::from_fn(move || {
        if let Some(failed) = stored.iter_mut().find_map(|list| list.next_if(Result::is_err)) {
            return Some(failed);
        }
        let heads = stored.iter_mut().filter_map(|list| list.peek().and_then(|run| run.as_ref().ok()).copied());
        let newest = heads.chain(pending.peek().copied()).max()?;
        pending.next_if_eq(&newest);
        for list in &mut stored {
            list.next_if(|run| run.as_ref().is_ok_and(|run| *run == newest));
        }
        Some(Ok(newest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: u8) -> RunId {
        RunId::from_bytes([number; 16])
    }

    #[test]
    fn several_lists_become_one_in_order_without_repeats() {
        let stored = vec![vec![Ok(run(9)), Ok(run(4))], vec![Ok(run(7)), Ok(run(4)), Ok(run(1))]];
        let lists = stored.into_iter().map(Vec::into_iter).collect();
        let merged: Result<Vec<_>, Error> = merged(vec![run(8), run(7)], lists).collect();
        assert_eq!(merged.unwrap(), [9, 8, 7, 4, 1].map(run));
    }

    #[test]
    fn an_agent_is_meant_by_its_name_or_with_its_version() {
        assert!(is_agent("audit@1.0.0", "audit") && is_agent("audit@1.0.0", "audit@1.0.0"));
        assert!(!is_agent("audit@1.0.0", "audit@2.0.0") && !is_agent("auditor@1.0.0", "audit"));
    }
}
