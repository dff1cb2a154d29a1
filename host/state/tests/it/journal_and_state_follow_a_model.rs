use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use skep_journal::Keep;
use skep_model::{Happening, Outcome, Record, RunId, Seq, Timestamp, Usage};
use skep_state::{Filter, OpenReport, RetentionConfig, Store, Trouble};

use crate::support::{Life, copy, event, open, open_quietly, put_back, scale, spec, text};

const RUNS: u64 = 8;

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
    /// Has a run begin, if it can, and say so much that its places fill several stretches.
    Talk {
        run: u64,
        words: u64,
    },
    Delete {
        run: u64,
    },
    /// Ends a run if it goes on, deletes it, and compacts.
    Remove {
        run: u64,
    },
    Compact,
    /// Compacts the oldest segment only, as far as it is closed.
    CompactFirst,
    CloseSegment,
    Reopen,
    LoseState,
    /// Closes, and keeps a copy of the state as it is.
    KeepState,
    /// A machine crash took back what sled has not synced: the state is the one that was kept.
    StaleState,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..RUNS, prop::collection::vec(0..1000_usize, 1..12)).prop_map(|(run, choices)| Step::Append { run, choices }),
        8 => (0..RUNS, 20..120_u64).prop_map(|(run, words)| Step::Talk { run, words }),
        3 => (0..RUNS, 0..1000_usize).prop_map(|(run, choice)| Step::Illegal { run, choice }),
        2 => (0..RUNS).prop_map(|run| Step::Delete { run }),
        4 => (0..RUNS).prop_map(|run| Step::Remove { run }),
        1 => Just(Step::Compact),
        1 => Just(Step::CompactFirst),
        1 => Just(Step::CloseSegment),
        2 => Just(Step::Reopen),
        1 => Just(Step::LoseState),
        3 => Just(Step::KeepState),
        3 => Just(Step::StaleState),
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
        self.store_from(store, run, first);
    }

    fn remove(&mut self, store: &Store, run: u64) {
        let ended = Happening::Ended { outcome: Outcome::Cancelled("enough".to_owned()), usage: Usage::default() };
        self.take(store, run, [Happening::Queued(Box::new(spec(run))), ended]);
        self.delete(store, run);
        store.compact(&RetentionConfig::default(), Timestamp(0)).unwrap();
    }

    /// Appends one by one, so that batches are small.
    fn talk(&mut self, store: &Store, run: u64, words: u64) {
        let attempt = self.lives[run as usize].record.as_ref().map_or(0, |record| record.attempt) + 1;
        let begun = [Happening::Queued(Box::new(spec(run))), Happening::Attempt { number: attempt }, Happening::Began];
        let said = (0..words).map(|word| Happening::Said { text: text(&format!("word {word}")) });
        self.take(store, run, begun.into_iter().chain(said));
    }

    /// Appends each of these that can be next.
    fn take(&mut self, store: &Store, run: u64, whats: impl IntoIterator<Item = Happening>) {
        for what in whats {
            let life = &mut self.lives[run as usize];
            let (first, event) = (life.next_seq(), event(life.next_seq(), what));
            if life.can_take(&event) {
                life.push(event);
                self.store_from(store, run, first);
            }
        }
    }

    fn store_from(&self, store: &Store, run: u64, first: Seq) {
        let life = &self.lives[run as usize];
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

    /// What may go from the disk is that of deleted runs.
    fn kept(&self, run: RunId) -> Keep {
        self.deleted.get(&run).map_or(Keep::Everything, |tombstone| Keep::From(tombstone.last_seq))
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

/// The state may lag or be empty, but journal and state agree.
fn open_unharmed(data: &Path) -> Store {
    let (store, report) = open(data);
    let because = report.rebuilt.as_ref().map(|rebuilt| &rebuilt.because);
    assert!(matches!(because, None | Some(Trouble::Missing)), "{report}");
    assert!(OpenReport { rebuilt: None, ..report.clone() }.is_quiet(), "{report}");
    store
}

fn play(steps: &[Step]) {
    let data = tempfile::tempdir().unwrap();
    let kept = data.path().join("kept");
    let mut store = open_quietly(data.path());
    let mut model = Model { lives: (0..RUNS).map(Life::new).collect(), deleted: BTreeMap::new() };
    for step in steps {
        match step {
            Step::Append { run, .. } | Step::Illegal { run, .. } | Step::Talk { run, .. } | Step::Remove { run }
                if model.deleted.contains_key(&crate::support::run_id(*run)) => {}
            Step::Append { run, choices } => model.append(&store, *run, choices),
            Step::Talk { run, words } => model.talk(&store, *run, *words),
            Step::Illegal { run, choice } => model.try_illegal(&store, *run, *choice),
            Step::Remove { run } => model.remove(&store, *run),
            Step::Delete { run } => model.delete(&store, *run),
            Step::Compact => drop(store.compact(&RetentionConfig::default(), Timestamp(0)).unwrap()),
            Step::CompactFirst => drop(store.journal().retain(..2, |run| model.kept(run)).unwrap()),
            Step::CloseSegment => store.journal().close_segment().unwrap(),
            Step::KeepState => {
                drop(store);
                fs::remove_dir_all(&kept).unwrap_or_default();
                copy(&data.path().join("state"), &kept);
                store = open_quietly(data.path());
            }
            Step::StaleState => {
                drop(store);
                if kept.exists() {
                    put_back(&kept, data.path(), "state");
                }
                store = open_unharmed(data.path());
            }
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
    fn whatever_is_done_both_agree(steps in prop::collection::vec(step(), 8..32)) {
        play(&steps);
    }
}
