//! Every read is hit once by an error of the disk, while a journal lives, is opened and is read. What can't be read now may
//! well be there the next time: nothing is cut, nothing is written over, and nobody is told that it is damaged.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use skep_journal::storage::fault::{Fault, FaultStorage};
use skep_journal::{BlobStore, DamageKind, Error};
use skep_model::Digest;

use crate::memory_fold::MemoryFold;
use crate::model::{Model, open, run};
use crate::world::{FoldAfter, World};

fn contents(disk: &FaultStorage) -> BTreeMap<PathBuf, Vec<u8>> {
    disk.files().into_iter().map(|path| (path.clone(), disk.contents(&path).unwrap())).collect()
}

impl World {
    /// Opens the journal and reads all of it in every way.
    fn look(&self, fold: &MemoryFold) -> Result<(), Error> {
        let before = contents(&self.disk);
        let (journal, report) = open(&self.disk, fold).inspect_err(|_| assert_eq!(contents(&self.disk), before))?;
        assert_eq!((&report.damage[..], report.torn, report.lost), (&[][..], None, None));
        assert_eq!(Model::of(fold), self.model);
        // What is missing then is only said, and to whoever asked.
        let mut kinds = journal.verify(|_| {}).damage.into_iter().map(|damage| damage.kind);
        assert!(kinds.next().is_none_or(|kind| kind == DamageKind::SegmentUnreadable));
        assert!(kinds.all(|kind| kind == DamageKind::EntriesMissing));
        for run in self.model.runs() {
            for (seq, payload) in self.model.entries(run) {
                assert_eq!(journal.read(run, seq, fold.position(run, seq).unwrap())?.payload, payload);
            }
        }
        let store = BlobStore::open(Arc::new(self.disk.clone()), "/blobs")?;
        self.blobs.iter().try_for_each(|blob| store.get(&Digest::of(blob)).map(|found| assert_eq!(found, *blob)))
    }
}

fn assert_undamaged(fold: &MemoryFold) {
    assert!(fold.snapshot().heads.values().all(|head| head.damaged.is_none()));
}

fn at_every_read(fold_after: FoldAfter) {
    for nth in 1.. {
        let mut world = World::default();
        world.disk.plan(Fault::ReadFails, nth);
        let lived = world.live();
        let fold = world.fold_after(fold_after);
        let outcome = lived.and_then(|()| {
            catch_unwind(AssertUnwindSafe(|| world.look(&fold))).unwrap_or_else(|panic| {
                eprintln!("read {nth} fails, fold {fold_after:?}");
                resume_unwind(panic)
            })
        });
        if !world.disk.happened() {
            outcome.unwrap();
            assert!(nth > 40, "{nth}");
            return;
        }
        let names_the_place = |error: &Error| matches!(error, Error::Io { .. }) && error.to_string().contains(" /");
        assert!(outcome.as_ref().err().is_none_or(names_the_place), "read {nth}: {outcome:?}");
        assert_undamaged(&fold);
        assert_undamaged(&world.fold);
        let check = catch_unwind(AssertUnwindSafe(|| world.check(fold_after)));
        if let Err(panic) = check {
            eprintln!("read {nth} failed, fold {fold_after:?}; the journal said: {outcome:?}");
            resume_unwind(panic);
        }
    }
}

#[test]
fn everything_is_found_when_the_disk_reads_again() {
    at_every_read(FoldAfter::AsItWas);
}

#[test]
fn everything_is_found_when_the_disk_reads_again_and_the_fold_is_older() {
    at_every_read(FoldAfter::Older);
}

#[test]
fn everything_is_found_when_the_disk_reads_again_and_the_fold_is_gone() {
    at_every_read(FoldAfter::Gone);
}

#[test]
fn without_a_fold_a_last_segment_that_can_not_be_read_keeps_its_numbers() {
    let mut world = World::default();
    world.live().unwrap();
    let last = world.fold.snapshot().mark.unwrap();
    let path = world.disk.files().into_iter().rfind(|path| path.extension().is_some_and(|name| name == "seg")).unwrap();
    for nth in 1.. {
        world.disk.plan(Fault::ReadFails, nth);
        let opened = open(&world.disk, &MemoryFold::default());
        if !world.disk.happened() {
            break;
        }
        let Err(error) = opened else { panic!("read {nth} of an opening is not needed") };
        assert!(error.to_string().ends_with("Input/output error (os error 5)"), "{error}");
        assert!(nth < 4 || error.to_string().contains("/journal"), "{error}");
    }
    assert!(world.disk.contents(&path).unwrap().len() > 1024);
    let fold = MemoryFold::default();
    let (journal, _) = open(&world.disk, &fold).unwrap();
    world.fold = fold.clone();
    world.append(&journal, 5, 1, 10).unwrap();
    assert_eq!(fold.snapshot().mark.unwrap().batch, last.batch + 1);
    assert_eq!(fold.payloads(run(5)).len(), 1);
}
