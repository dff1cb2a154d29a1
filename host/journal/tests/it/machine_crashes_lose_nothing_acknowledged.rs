//! Every call that reaches the disk is hit once by every fault, and the journal is opened again over what is left.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;

use skep_journal::storage::fault::{Fault, FaultStorage, Survival};
use skep_journal::{Append, BlobStore, Error, Journal, Keep};
use skep_model::Digest;

use crate::memory_fold::{Folded, MemoryFold};
use crate::model::{Model, open, run, scale};

/// What becomes of the fold when the machine crashes: it has no promise to keep.
#[derive(Clone, Copy, Debug)]
enum FoldAfter {
    AsItWas,
    Older,
    Gone,
}

/// A disk, and what it should hold.
#[derive(Default)]
struct World {
    disk: FaultStorage,
    fold: MemoryFold,
    /// The fold after each step.
    past: Vec<Folded>,
    model: Model,
    /// Submitted, and the answer was not heard.
    in_flight: Option<Append>,
    /// Blobs that events name.
    blobs: Vec<Vec<u8>>,
}

impl World {
    /// Does everything that a journal does in its life; stops at the first error but a full disk.
    fn live(&mut self) -> Result<(), Error> {
        let (journal, _) = open(&self.disk, &self.fold)?;
        for step in 0..5 {
            self.append(&journal, step % 3, 1 + usize::from(step % 2), 700)?;
        }
        drop(journal);
        let (journal, _) = open(&self.disk, &self.fold)?;
        self.append(&journal, 1, 3, 900)?;
        self.append(&journal, 2, 1, 3500)?;
        self.put_blob(&journal)?;
        self.submit(&journal, Append::superseding(run(0), self.model.next_seq(run(0)), b"gone".to_vec()))?;
        journal.close_segment()?;
        self.retain(&journal)?;
        self.append(&journal, 1, 1, 10)?;
        self.append(&journal, 3, 2, 300)?;
        journal.close_segment()?;
        self.retain(&journal)?;
        self.append(&journal, 2, 2, 30)
    }

    fn append(&mut self, journal: &Journal, n: u8, count: usize, size: usize) -> Result<(), Error> {
        let seq = self.model.next_seq(run(n));
        let payloads = (0..count).map(|index| vec![(seq as usize + index) as u8; size + index]).collect();
        self.submit(journal, Append::new(run(n), seq, payloads))
    }

    fn submit(&mut self, journal: &Journal, append: Append) -> Result<(), Error> {
        self.in_flight = Some(append.clone());
        let answer = journal.append_blocking(append.clone()).and_then(|appending| appending.wait());
        if let Err(Error::DiskFull) = answer {
            // Nothing was written, and the journal goes on when there is room.
            self.disk.make_room();
            journal.append_blocking(append.clone())?.wait()?;
        } else {
            answer?;
        }
        self.in_flight = None;
        self.model = self.model.with(&append);
        self.past.push(self.fold.snapshot());
        Ok(())
    }

    fn put_blob(&mut self, journal: &Journal) -> Result<(), Error> {
        let store = BlobStore::open(Arc::new(self.disk.clone()), "/blobs")?;
        let blobs: Vec<Vec<u8>> = (7..12_u8).map(|byte| vec![byte; 2000]).collect();
        let mut digests = vec![store.put(&blobs[0])?, store.put_reader(&mut &blobs[1][..], 2000)?.0];
        digests.extend(store.put_all(&[&blobs[2], &blobs[3], &blobs[4]])?);
        let named = digests.iter().map(|digest| digest.as_bytes().to_vec()).collect();
        self.submit(journal, Append::new(run(9), self.model.next_seq(run(9)), named))?;
        self.blobs = blobs;
        Ok(())
    }

    fn retain(&mut self, journal: &Journal) -> Result<(), Error> {
        let tombstone = self.model.next_seq(run(0)) - 1;
        let keep = |id| if id == run(0) { Keep::From(tombstone) } else { Keep::Everything };
        match journal.retain(.., keep) {
            Err(error) if is_full(&error) => {
                self.disk.make_room();
                journal.retain(.., keep)
            }
            other => other,
        }?;
        self.past.push(self.fold.snapshot());
        Ok(())
    }

    /// Opens what is left, and checks that it is what was acknowledged, and goes on.
    fn check(mut self, fold_after: FoldAfter) {
        self.disk.power_up();
        self.disk.make_room();
        let fold = match fold_after {
            FoldAfter::AsItWas => MemoryFold::restore(self.fold.snapshot()),
            FoldAfter::Older => MemoryFold::restore(self.past.get(self.past.len() / 2).cloned().unwrap_or_default()),
            FoldAfter::Gone => MemoryFold::default(),
        };
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

fn is_full(error: &Error) -> bool {
    match error {
        Error::Io { source, .. } => source.kind() == std::io::ErrorKind::StorageFull,
        other => matches!(other, Error::DiskFull),
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
