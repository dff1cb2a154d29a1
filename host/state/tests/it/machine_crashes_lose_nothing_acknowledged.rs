use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use skep_journal::storage::fault::{Fault, FaultStorage, Survival};
use skep_model::Timestamp;
use skep_state::{Config, Error, RetentionConfig, Store};
use tempfile::TempDir;

use crate::support::{Chance, Life, config_on, copy, put_back, scale};

const LATER: Timestamp = Timestamp(1_800_000_000_000);
/// The run that is deleted.
const GONE: usize = 0;

/// What becomes of sled: it has no promise to keep.
#[derive(Clone, Copy, Debug)]
enum StateAfter {
    AsItWas,
    Older,
    Gone,
}

/// A data folder whose journal is on a disk that fails, and what was acknowledged of each run's life.
struct World {
    data: TempDir,
    disk: FaultStorage,
    config: Config,
    lives: Vec<Life>,
    acknowledged: Vec<usize>,
    /// The run, and how many of its events were submitted without an answer.
    in_flight: Option<(usize, usize)>,
    /// Whether the deletion was acknowledged, once it was submitted.
    deleted: Option<bool>,
}

impl World {
    fn new() -> Self {
        let (data, disk) = (tempfile::tempdir().unwrap(), FaultStorage::new());
        let mut config = config_on(&disk, data.path());
        config.journal.segment_bytes = 16 << 10;
        config.journal.reserve_bytes = 4 << 10;
        let lives: Vec<Life> = (0..3).map(|number| Life::complete(number, 60, None)).collect();
        let acknowledged = vec![0; lives.len()];
        Self { data, disk, config, lives, acknowledged, in_flight: None, deleted: None }
    }

    fn open(&self) -> Result<Store, Error> {
        let (store, report) = Store::open(self.config.clone())?;
        assert!(report.journal.damage.is_empty() && report.journal.lost.is_none(), "{report}");
        assert!(report.unfolded.is_empty(), "{report}");
        store.blobs().put(b"component")?;
        Ok(store)
    }

    /// Stops at the first error but a full disk.
    fn live(&mut self) -> Result<(), Error> {
        let store = self.open()?;
        self.append(&store, 0, 5)?;
        self.append(&store, 1, 40)?;
        self.append(&store, 2, 3)?;
        drop(store);
        copy(&self.data.path().join("state"), &self.data.path().join("old"));
        let store = self.open()?;
        self.append(&store, GONE, 99)?;
        for _ in 0..3 {
            self.append(&store, 2, 1)?;
        }
        self.delete(&store)?;
        self.append(&store, 1, 1)?;
        self.compact(&store)?;
        self.append(&store, 2, 20)?;
        drop(store);
        let store = self.open()?;
        self.append(&store, 1, 10)
    }

    /// Goes on with a run's life for at most so many events.
    fn append(&mut self, store: &Store, run: usize, count: usize) -> Result<(), Error> {
        let (life, done) = (&self.lives[run], self.acknowledged[run]);
        let events = &life.events[done..life.events.len().min(done + count)];
        if events.is_empty() {
            return Ok(());
        }
        self.in_flight = Some((run, events.len()));
        self.despite_a_full_disk(|| store.append_blocking(life.run, done as u64 + 1, events))?;
        self.acknowledged[run] += events.len();
        self.in_flight = None;
        Ok(())
    }

    fn delete(&mut self, store: &Store) -> Result<(), Error> {
        self.deleted = Some(false);
        self.despite_a_full_disk(|| store.delete_run(self.lives[GONE].run, "no longer needed", LATER))?;
        self.deleted = Some(true);
        Ok(())
    }

    fn compact(&self, store: &Store) -> Result<(), Error> {
        self.despite_a_full_disk(|| store.compact(&RetentionConfig::default(), LATER)).map(drop)
    }

    fn despite_a_full_disk<T>(&self, act: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
        act().or_else(|error| {
            let text = error.to_string();
            if !text.contains("disk is full") && !text.contains("no storage space") {
                return Err(error);
            }
            self.disk.make_room();
            act()
        })
    }

    /// Opens what is left: it is what was acknowledged, and it goes on.
    fn check(mut self, after: StateAfter) {
        self.disk.power_up();
        self.disk.make_room();
        let old = self.data.path().join("old");
        match after {
            StateAfter::Older if old.exists() => put_back(&old, self.data.path(), "state"),
            StateAfter::AsItWas | StateAfter::Older => {}
            StateAfter::Gone => fs::remove_dir_all(self.data.path().join("state")).unwrap_or_default(),
        }
        let store = self.open().unwrap();
        self.check_runs(&store);
        self.in_flight = None;
        for run in [1, 2] {
            self.append(&store, run, 7).unwrap();
        }
        drop(store);
        let store = self.open().unwrap();
        self.check_runs(&store);
        let verified = store.verify(|_| {}).unwrap();
        assert!(verified.is_sound(), "{verified:?}");
    }

    fn check_runs(&mut self, store: &Store) {
        for run in 0..self.lives.len() {
            let record = store.record(self.lives[run].run).unwrap();
            if run == GONE && record.as_ref().is_some_and(|record| record.deleted) {
                assert!(self.deleted.is_some(), "nobody deleted it");
                continue;
            }
            assert!(run != GONE || self.deleted != Some(true), "it is back");
            let folded = record.map_or(0, |record| record.last_seq as usize);
            let in_flight = self.in_flight.filter(|(of, _)| *of == run).map_or(0, |(_, count)| count);
            let done = self.acknowledged[run];
            assert!(folded == done || folded == done + in_flight, "{folded} events of {run}, acknowledged {done}");
            self.acknowledged[run] = folded;
            self.check_run(store, run, folded);
        }
    }

    fn check_run(&self, store: &Store, run: usize, folded: usize) {
        let mut life = Life::new(run as u64);
        self.lives[run].events[..folded].iter().for_each(|event| life.push(event.clone()));
        life.check(store);
    }
}

/// Lets the fault hit some calls out of all; at which it begins is left to chance.
fn at_some_calls(test: &str, fault: impl Fn(u64) -> Fault) {
    let mut chance = Chance::new(test);
    let mut nth = 1 + chance.below(4);
    loop {
        let mut world = World::new();
        world.disk.plan(fault(nth), nth);
        let lived = world.live();
        if !world.disk.happened() {
            lived.unwrap();
            assert!(nth > 10, "{nth}");
            return;
        }
        let outcome = lived.map_or_else(|error| error.to_string(), |()| "nothing noticed".to_owned());
        let after = [StateAfter::AsItWas, StateAfter::Older, StateAfter::Gone][chance.below(3) as usize];
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| world.check(after))) {
            eprintln!("{:?} at call {nth}, the state {after:?}; the store said: {outcome}", fault(nth));
            resume_unwind(panic);
        }
        nth += 1 + chance.below(16 / u64::from(scale().min(16)));
    }
}

#[test]
fn power_fails_and_nothing_unsynced_survives() {
    at_some_calls("power_fails_and_nothing_unsynced_survives", |_| Fault::PowerLoss(Survival::Nothing));
}

#[test]
fn power_fails_and_pieces_survive() {
    at_some_calls("power_fails_and_pieces_survive", |nth| Fault::PowerLoss(Survival::Pieces { seed: nth }));
}

#[test]
fn a_sync_fails() {
    at_some_calls("a_sync_fails", |_| Fault::SyncFails);
}

#[test]
fn a_write_fails() {
    at_some_calls("a_write_fails", |_| Fault::WriteFails);
}

#[test]
fn a_file_can_not_be_named() {
    at_some_calls("a_file_can_not_be_named", |_| Fault::NameFails);
}

#[test]
fn the_disk_is_full() {
    at_some_calls("the_disk_is_full", |_| Fault::DiskFull);
}
