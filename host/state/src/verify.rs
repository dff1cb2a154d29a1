//! Checking everything that is durable against everything that is derived from it.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};
use skep_journal::{Entry, Head};
use skep_model::{Digest, Event, Record, RunId};

use crate::damage;
use crate::error::Error;
use crate::store::Store;

/// How many events are read at once.
const PAGE: usize = 256;

/// What verifying found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// Checksums, numbers and hash chains of the journal.
    pub journal: skep_journal::VerifyReport,
    /// Runs that the state has, tombstones included.
    pub runs: u64,
    /// Events that were read and folded again.
    pub events: u64,
    /// Blobs that events name and that are whole.
    pub blobs: u64,
    /// What does not agree, outside the journal's own damage.
    pub problems: Vec<Problem>,
    /// One hash over the ids, chains and records of all runs that were not deleted, independent of where their events are:
    /// equal digests mean equal runs.
    pub digest: Digest,
}

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// An event can't follow those before it, or is unknown.
    #[error("run {run}: {why}")]
    Event {
        /// Whose event.
        run: RunId,
        /// Where and why.
        why: String,
    },
    /// The events of a run can't be read.
    #[error("run {run}: {why}")]
    Unreadable {
        /// Whose events.
        run: RunId,
        /// What reading said.
        why: String,
    },
    /// The state says something else of a run than its events.
    #[error("run {run}: the state and the journal disagree; `skep store rebuild` makes the state anew")]
    State {
        /// The run.
        run: RunId,
    },
    /// The state has another number of runs than the journal.
    #[error("the journal has {journal} runs and the state {state}; `skep store rebuild` makes the state anew")]
    Runs {
        /// In the journal.
        journal: u64,
        /// In the state.
        state: u64,
    },
    /// A blob that a run needs is missing or damaged.
    #[error("run {run}: {why}")]
    Blob {
        /// Who needs it.
        run: RunId,
        /// Which blob, and what is wrong.
        why: String,
    },
}

impl VerifyReport {
    /// Everything agrees.
    pub fn is_sound(&self) -> bool {
        self.journal.damage.is_empty() && self.problems.is_empty()
    }
}

impl Store {
    /// Reads everything again: the journal byte by byte, then each run's events through the state's index, folding them and
    /// comparing the result with the stored record and its place in the indexes, then the blobs that they name. Calls `progress` with the number of
    /// events read so far. Meant for a store in which nothing happens; a run that changes meanwhile may look wrong.
    ///
    /// # Errors
    /// The state is broken. What is wrong with the data is not an error but in the report.
    pub fn verify(&self, mut progress: impl FnMut(u64)) -> Result<VerifyReport, Error> {
        let journal = self.journal().verify(&mut progress);
        let mut check = Check::new(self);
        for run in self.state().all_runs() {
            check.run(run?)?;
            progress(journal.entries + check.events);
        }
        Ok(check.finish(journal))
    }
}

struct Check<'a> {
    store: &'a Store,
    runs: u64,
    events: u64,
    whole_blobs: HashSet<Digest>,
    problems: Vec<Problem>,
    hash: Sha256,
}

impl<'a> Check<'a> {
    fn new(store: &'a Store) -> Self {
        Self { store, runs: 0, events: 0, whole_blobs: HashSet::new(), problems: Vec::new(), hash: Sha256::new() }
    }

    fn run(&mut self, run: RunId) -> Result<(), Error> {
        self.runs += 1;
        let (head, stored) = (self.store.state().head(run)?, self.store.record(run)?);
        let (Some(head), Some(stored)) = (head, stored) else { return Ok(()) };
        let Some(refolded) = self.refold(run, &head) else { return Ok(()) };
        let agrees = refolded.as_ref() == Some(&stored) && head.next_seq == stored.last_seq + 1;
        if !agrees || !self.store.state().is_indexed(&stored)? {
            self.problems.push(Problem::State { run });
        }
        if !stored.deleted {
            self.hash.update(run.as_bytes());
            self.hash.update(head.chain);
            self.hash.update(serde_json::to_vec(&stored).map_err(Error::broken)?);
        }
        Ok(())
    }

    /// A run's record by its events; `None` when they can't be read.
    fn refold(&mut self, run: RunId, head: &Head) -> Option<Option<Record>> {
        let (mut record, mut next, mut chain) = (None, 1, [0; 32]);
        loop {
            let entries = match self.store.events().read_entries(run, next, PAGE) {
                Ok(entries) => entries,
                Err(error) => {
                    self.problems.push(Problem::Unreadable { run, why: error.to_string() });
                    return None;
                }
            };
            let Some(last) = entries.last() else { break };
            (next, chain) = (last.seq + 1, last.chain);
            for entry in &entries {
                record = Some(self.entry(record, entry));
            }
        }
        if head.damaged.is_none() && chain != head.chain {
            self.problems.push(Problem::State { run });
        }
        Some(damage::of_head(run, record, head))
    }

    fn entry(&mut self, record: Option<Record>, entry: &Entry) -> Record {
        self.events += 1;
        let (record, why) = damage::refold(record, entry);
        match (why, Event::decode(&entry.payload)) {
            (Some(why), _) => self.problems.push(Problem::Event { run: entry.run, why }),
            (None, Ok(event)) => event.what.blobs().into_iter().for_each(|blob| self.blob(entry.run, blob)),
            (None, Err(_)) => {}
        }
        record
    }

    fn blob(&mut self, run: RunId, blob: Digest) {
        if self.whole_blobs.contains(&blob) {
            return;
        }
        match self.store.blobs().get(&blob) {
            Ok(_) => drop(self.whole_blobs.insert(blob)),
            Err(error) => self.problems.push(Problem::Blob { run, why: error.to_string() }),
        }
    }

    fn finish(mut self, journal: skep_journal::VerifyReport) -> VerifyReport {
        // Damage may have swallowed a run in one of the two.
        if journal.damage.is_empty() && journal.runs != self.runs {
            self.problems.push(Problem::Runs { journal: journal.runs, state: self.runs });
        }
        VerifyReport {
            journal,
            runs: self.runs,
            events: self.events,
            blobs: self.whole_blobs.len() as u64,
            problems: self.problems,
            digest: Digest::from_bytes(self.hash.finalize().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use skep_model::{AgentPin, Content, Grants, Happening, Limits, Outcome, RunSpec, RunState, Timestamp, Usage};

    use super::*;
    use crate::config::Config;
    use crate::keys;
    use crate::tree::Changes;

    fn queued(component: Digest) -> Event {
        let text = |text: &str| Content::Inline(text.to_owned());
        let spec = RunSpec {
            title: "title".to_owned(),
            prompt: text("prompt"),
            context: text("{}"),
            agent: AgentPin { name: "agent".to_owned(), version: "1.0.0".to_owned(), component },
            environment: "default".to_owned(),
            repos: Vec::new(),
            grants: Grants::default(),
            limits: Limits::RUN,
            startup: Vec::new(),
            variables: std::collections::BTreeMap::new(),
            archive: false,
            keep_failed_ms: 0,
            submitter: "someone".to_owned(),
            priority: 0,
            metadata: Default::default(),
            seed: 0,
        };
        Event { at: Timestamp(0), what: Happening::Queued(Box::new(spec)) }
    }

    #[test]
    fn a_run_that_an_index_has_lost_or_still_has_is_a_problem() {
        let data = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(Config::new(data.path())).unwrap();
        let component = store.blobs().put(b"component").unwrap();
        let outcome = Outcome::Cancelled("enough".to_owned());
        let ended = Event { at: Timestamp(0), what: Happening::Ended { outcome, usage: Usage::default() } };
        let [goes_on, has_ended] = [1, 2].map(|number| RunId::from_bytes([number; 16]));
        store.append_blocking(goes_on, 1, &[queued(component)]).unwrap();
        store.append_blocking(has_ended, 1, &[queued(component), ended]).unwrap();
        drop(store);

        let (store, _) = Store::open(Config::new(data.path())).unwrap();
        assert!(store.verify(|_| {}).unwrap().is_sound());
        let tree = &store.state().shared.tree;
        let harms: [(RunId, Vec<u8>); 3] = [
            (goes_on, keys::unfinished(goes_on)),
            (goes_on, keys::in_state(RunState::Queued, goes_on)),
            (has_ended, keys::in_state(RunState::Cancelled, has_ended)),
        ];
        for (run, key) in harms {
            let mut lost = Changes::default();
            lost.remove(key.clone());
            tree.apply(lost).unwrap();
            assert_eq!(store.verify(|_| {}).unwrap().problems, [Problem::State { run }]);
            let mut back = Changes::default();
            back.mark(key);
            tree.apply(back).unwrap();
        }
        let mut left = Changes::default();
        left.mark(keys::unfinished(has_ended));
        tree.apply(left).unwrap();
        assert_eq!(store.verify(|_| {}).unwrap().problems, [Problem::State { run: has_ended }]);
    }
}
