//! Everything that a store does in its life, with its journal on a disk that may fail, and what it should have kept.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use skep_journal::storage::fault::{Fault, FaultStorage};
use skep_model::Timestamp;
use skep_state::{Config, Error, OpenReport, RetentionConfig, Store};
use tempfile::TempDir;

use crate::support::{Chance, Life, config_on, copy, scale};

const LATER: Timestamp = Timestamp(1_800_000_000_000);
/// The run that is deleted.
pub(crate) const GONE: usize = 0;

/// What becomes of sled: it has no promise to keep.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StateAfter {
    AsItWas,
    Older,
    Gone,
}

/// A data folder whose journal is on a disk that fails, and what was acknowledged of each run's life.
pub(crate) struct World {
    pub(crate) data: TempDir,
    pub(crate) disk: FaultStorage,
    config: Config,
    pub(crate) lives: Vec<Life>,
    pub(crate) acknowledged: Vec<usize>,
    /// The run, and how many of its events were submitted without an answer.
    pub(crate) in_flight: Option<(usize, usize)>,
    /// Whether the deletion was acknowledged, once it was submitted.
    pub(crate) deleted: Option<bool>,
    /// What each opening reported.
    pub(crate) reports: Vec<OpenReport>,
}

impl World {
    pub(crate) fn new() -> Self {
        let (data, disk) = (tempfile::tempdir().unwrap(), FaultStorage::new());
        let mut config = config_on(&disk, data.path());
        config.journal.segment_bytes = 16 << 10;
        config.journal.reserve_bytes = 4 << 10;
        let lives: Vec<Life> = (0..3).map(|number| Life::complete(number, 60, None)).collect();
        let acknowledged = vec![0; lives.len()];
        Self { data, disk, config, lives, acknowledged, in_flight: None, deleted: None, reports: Vec::new() }
    }

    pub(crate) fn open(&mut self) -> Result<Store, Error> {
        let (store, report) = Store::open(self.config.clone())?;
        self.reports.push(report);
        store.blobs().put(b"component")?;
        Ok(store)
    }

    /// Stops at the first error but a full disk.
    pub(crate) fn live(&mut self) -> Result<(), Error> {
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
    pub(crate) fn append(&mut self, store: &Store, run: usize, count: usize) -> Result<(), Error> {
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

    /// Leaves the state as the next opening is to find it.
    pub(crate) fn leave(&self, after: StateAfter) {
        let [old, state] = ["old", "state"].map(|name| self.data.path().join(name));
        match after {
            StateAfter::Older if old.exists() => {
                fs::remove_dir_all(&state).unwrap_or_default();
                copy(&old, &state);
            }
            StateAfter::AsItWas | StateAfter::Older => {}
            StateAfter::Gone => fs::remove_dir_all(state).unwrap_or_default(),
        }
    }

    /// What a run was told that it holds.
    pub(crate) fn life(&self, run: usize, events: usize) -> Life {
        let mut life = Life::new(run as u64);
        self.lives[run].events[..events].iter().for_each(|event| life.push(event.clone()));
        life
    }
}

/// One life after the other, in each of which the fault hits another call; at which it begins is left to chance, and so
/// is how many of up to `stride` calls are passed over. `watch` is told of what happened.
pub(crate) fn at_some_calls(
    test: &str,
    stride: u64,
    fault: impl Fn(&mut Chance) -> Fault,
    live: impl Fn(&mut World) -> Result<(), Error>,
    watch: impl Fn(World, Result<(), Error>, StateAfter),
) {
    let mut chance = Chance::new(test);
    let mut nth = 1 + chance.below(4);
    loop {
        let (mut world, fault) = (World::new(), fault(&mut chance));
        world.disk.plan(fault, nth);
        let lived = live(&mut world);
        if !world.disk.happened() {
            lived.unwrap();
            assert!(nth > 10, "{nth}");
            return;
        }
        let outcome = lived.as_ref().map_or_else(ToString::to_string, |()| "nothing noticed".to_owned());
        let after = [StateAfter::AsItWas, StateAfter::Older, StateAfter::Gone][chance.below(3) as usize];
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| watch(world, lived, after))) {
            eprintln!("{fault:?} at call {nth}, the state {after:?}; the store said: {outcome}");
            resume_unwind(panic);
        }
        nth += 1 + chance.below(stride / u64::from(scale()).min(stride));
    }
}
