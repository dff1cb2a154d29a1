use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use skep_model::{Record, RunId, Timestamp};
use skep_state::{Filter, RetentionConfig, Store};

use crate::support::{Life, open, open_quietly, scale};

const RUNS: u64 = 6;

#[derive(Debug, Clone)]
enum Step {
    /// Appends so many legal events to a run, at once.
    Append {
        run: u64,
        choices: Vec<usize>,
    },
    /// Tries something that can't be.
    Illegal {
        run: u64,
        choice: usize,
    },
    Delete {
        run: u64,
    },
    Compact,
    Reopen,
    LoseState,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..RUNS, prop::collection::vec(0..1000_usize, 1..40)).prop_map(|(run, choices)| Step::Append { run, choices }),
        3 => (0..RUNS, 0..1000_usize).prop_map(|(run, choice)| Step::Illegal { run, choice }),
        2 => (0..RUNS).prop_map(|run| Step::Delete { run }),
        1 => Just(Step::Compact),
        2 => Just(Step::Reopen),
        1 => Just(Step::LoseState),
    ]
}

/// What should be there, in the plainest form.
struct Model {
    lives: Vec<Life>,
    deleted: BTreeMap<RunId, Record>,
}

impl Model {
    fn append(&mut self, store: &Store, run: u64, choices: &[usize]) {
        let life = &mut self.lives[run as usize];
        let first = life.next_seq();
        for choice in choices {
            let Some(event) = life.legal(*choice) else { break };
            life.push(event);
        }
        let events = &life.events[first as usize - 1..];
        if !events.is_empty() {
            // A blob that nothing names may be swept: put it again before it is named.
            store.blobs().put(b"component").unwrap();
            store.append_blocking(life.run, first, events).unwrap();
        }
    }

    fn try_illegal(&self, store: &Store, run: u64, choice: usize) {
        let life = &self.lives[run as usize];
        let Some(event) = life.illegal(choice) else { return };
        assert!(store.append_blocking(life.run, life.next_seq(), &[event]).is_err());
    }

    fn delete(&mut self, store: &Store, run: u64) {
        let life = &self.lives[run as usize];
        let done = store.delete_run(life.run, "the model says so", Timestamp(0));
        let ended = life.record.as_ref().is_some_and(|record| record.state.is_terminal());
        assert_eq!(done.is_ok(), ended || self.deleted.contains_key(&life.run));
        if done.is_ok() {
            self.deleted.insert(life.run, store.record(life.run).unwrap().unwrap());
        }
    }

    fn check(&self, store: &Store) {
        let mut expected = Vec::new();
        for life in self.lives.iter().rev() {
            match self.deleted.get(&life.run) {
                Some(tombstone) => {
                    assert_eq!(store.record(life.run).unwrap().as_ref(), Some(tombstone));
                    assert_eq!(store.read_events(life.run, 1, 9).unwrap().len(), 1);
                }
                None => {
                    life.check(store);
                    expected.extend(life.record.clone());
                }
            }
        }
        assert_eq!(store.state().list(&Filter::default(), 100, None).unwrap().records, expected);
        expected.retain(|record| !record.state.is_terminal());
        assert_eq!(store.state().unfinished().unwrap(), expected);
    }
}

fn play(steps: &[Step]) {
    let data = tempfile::tempdir().unwrap();
    let mut store = open_quietly(data.path());
    let mut model = Model { lives: (0..RUNS).map(Life::new).collect(), deleted: BTreeMap::new() };
    for step in steps {
        match step {
            Step::Append { run, .. } | Step::Illegal { run, .. }
                if model.deleted.contains_key(&crate::support::run_id(*run)) => {}
            Step::Append { run, choices } => model.append(&store, *run, choices),
            Step::Illegal { run, choice } => model.try_illegal(&store, *run, *choice),
            Step::Delete { run } => model.delete(&store, *run),
            Step::Compact => drop(store.compact(&RetentionConfig::default(), Timestamp(0)).unwrap()),
            Step::Reopen => {
                drop(store);
                store = open_quietly(data.path());
            }
            Step::LoseState => {
                drop(store);
                fs::remove_dir_all(data.path().join("state")).unwrap();
                store = open(data.path()).0;
            }
        }
        model.check(&store);
    }
    let report = store.verify(|_| {}).unwrap();
    assert!(report.is_sound(), "{report:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16 * scale(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_both_agree(steps in prop::collection::vec(step(), 1..25)) {
        play(&steps);
    }
}
