//! Every call that reaches the disk is hit once by every fault, and the journal is opened again over what is left.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;

use skep_journal::BlobStore;
use skep_journal::storage::fault::{Fault, Survival};
use skep_model::Digest;

use crate::memory_fold::MemoryFold;
use crate::model::{Model, open, scale};
use crate::world::{FoldAfter, World};

impl World {
    /// Opens what is left, and checks that it is what was acknowledged, and goes on.
    pub(crate) fn check(mut self, fold_after: FoldAfter) {
        self.disk.power_up();
        self.disk.make_room();
        let fold = self.fold_after(fold_after);
        let (journal, report) = open(&self.disk, &fold).unwrap();
        assert_eq!((&report.damage[..], report.lost), (&[][..], None));
        let found = Model::of(&fold);
        if let Some(append) = self.in_flight.take().filter(|_| found != self.model) {
            self.model = self.model.with(&append);
        }
        assert_eq!(found, self.model);
        self.model.check_readable(&journal, &fold);
        self.check_blobs();
        self.fold = fold;
        for n in [0, 1, 5] {
            self.append(&journal, n, 1, 1000).unwrap();
        }
        drop(journal);
        self.check_after_power_loss();
    }

    /// What was shown after the first opening stays, even if the power fails before anything else is synced.
    fn check_after_power_loss(&self) {
        self.disk.lose_power(Survival::Nothing);
        self.disk.power_up();
        let fold = MemoryFold::default();
        let (journal, report) = open(&self.disk, &fold).unwrap();
        assert_eq!((&report.damage[..], report.lost, report.torn), (&[][..], None, None));
        assert_eq!(Model::of(&fold), self.model);
        self.model.check_readable(&journal, &fold);
    }

    fn check_blobs(&self) {
        let store = BlobStore::open(Arc::new(self.disk.clone()), "/blobs").unwrap();
        for blob in &self.blobs {
            assert_eq!(store.get(&Digest::of(blob)).unwrap(), *blob);
        }
        let unfinished = self.disk.files().into_iter().filter(|path| path.starts_with(Path::new("/blobs/tmp")));
        assert_eq!(unfinished.count(), 0);
    }
}

/// Lets the fault hit the first call, the second, and so on until it hits none any more; returns how many it hit.
fn at_every_call(fault: impl Fn(u64) -> Fault, fold_after: FoldAfter) -> u64 {
    for nth in 1.. {
        let mut world = World::default();
        world.disk.plan(fault(nth), nth);
        let lived = world.live();
        if !world.disk.happened() {
            lived.unwrap();
            return nth - 1;
        }
        let outcome = lived.map_or_else(|error| error.to_string(), |()| "nothing noticed".into());
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| world.check(fold_after))) {
            eprintln!("{:?} at call {nth}, fold {fold_after:?}; the journal said: {outcome}", fault(nth));
            resume_unwind(panic);
        }
    }
    unreachable!("a life has an end")
}

fn with_every_fold(fault: impl Fn(u64) -> Fault) {
    for fold_after in [FoldAfter::AsItWas, FoldAfter::Older, FoldAfter::Gone] {
        let calls = at_every_call(&fault, fold_after);
        assert!(calls > 20, "{calls}");
    }
}

#[test]
fn a_life_without_faults_is_kept() {
    let mut world = World::default();
    world.live().unwrap();
    world.check(FoldAfter::Gone);
}

#[test]
fn power_fails_and_nothing_unsynced_survives() {
    with_every_fold(|_| Fault::PowerLoss(Survival::Nothing));
}

#[test]
fn power_fails_and_everything_survives() {
    with_every_fold(|_| Fault::PowerLoss(Survival::Everything));
}

#[test]
fn power_fails_and_pieces_survive() {
    for round in 0..4 * scale() {
        with_every_fold(|nth| Fault::PowerLoss(Survival::Pieces { seed: round * 1000 + nth }));
    }
}

#[test]
fn a_sync_fails() {
    with_every_fold(|_| Fault::SyncFails);
}

#[test]
fn a_write_fails() {
    with_every_fold(|_| Fault::WriteFails);
}

#[test]
fn a_file_can_not_be_named() {
    with_every_fold(|_| Fault::NameFails);
}

#[test]
fn the_disk_is_full() {
    with_every_fold(|_| Fault::DiskFull);
}
