//! One bit of every write in turn is stored wrong, and nobody is told. Nothing wrong is ever read; the run that is hit says
//! so, whatever the fold knows; every other run is whole and goes on.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use skep_journal::storage::fault::Fault;
use skep_journal::{Append, BlobStore, Error, Journal};
use skep_model::{Digest, RunId};

use crate::memory_fold::MemoryFold;
use crate::model::{open, scale};
use crate::world::{FoldAfter, World};

impl World {
    /// Whether all of a run can be read. Whatever can be is right, and the rest is said to be damaged.
    fn is_whole(&self, journal: &Journal, fold: &MemoryFold, run: RunId) -> bool {
        let folded = fold.payloads(run);
        assert!(folded.iter().all(|(seq, payload)| self.said[&(run, *seq)] == *payload), "{run}");
        let is_readable = |(seq, payload): &(u64, Vec<u8>)| {
            match journal.read(run, *seq, fold.position(run, *seq).unwrap()) {
                Ok(entry) => assert_eq!((entry.run, entry.seq, &entry.payload), (run, *seq, payload)),
                Err(Error::Damaged { run: of, .. }) => {
                    assert_eq!(of, run);
                    return false;
                }
                Err(other) => panic!("{other}"),
            }
            true
        };
        folded == self.model.entries(run) && folded.iter().all(is_readable)
    }

    /// The runs that are hit: they take nothing more. All others go on.
    fn hit_runs(&mut self, fold: &MemoryFold) -> Vec<RunId> {
        let (journal, report) = open(&self.disk, fold).unwrap();
        assert_eq!(report.lost, None);
        self.fold = fold.clone();
        let mut hit = Vec::new();
        for id in self.model.runs() {
            let seq = self.model.next_seq(id);
            let is_whole = self.is_whole(&journal, fold, id);
            match self.submit(&journal, Append::new(id, seq, vec![vec![1; 90]])) {
                Ok(()) => assert!(is_whole, "{id} is silently shorter"),
                Err(Error::Damaged { run: of, .. }) => {
                    assert_eq!((of, is_whole), (id, false));
                    hit.push(id);
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!(hit.is_empty() || !journal.verify(|_| {}).damage.is_empty());
        hit
    }

    fn hit_blobs(&self) -> usize {
        let store = BlobStore::open(Arc::new(self.disk.clone()), "/blobs").unwrap();
        let mut hit = 0;
        for blob in &self.blobs {
            let digest = Digest::of(blob);
            match store.get(&digest) {
                Ok(found) => assert_eq!(found, *blob),
                Err(Error::BlobDamaged(of)) => {
                    assert_eq!(of, digest);
                    hit += 1;
                    store.put(blob).unwrap();
                    assert_eq!(store.get(&digest).unwrap(), *blob);
                }
                Err(other) => panic!("{other}"),
            }
        }
        hit
    }

    fn check_flipped(mut self, fold_after: FoldAfter) -> usize {
        let fold = self.fold_after(fold_after);
        let hit = self.hit_runs(&fold);
        let blobs = self.hit_blobs();
        assert!(hit.len() + blobs <= 1, "{hit:?}, {blobs} blobs");
        // It stays so, also when all is folded anew over what has been said since.
        assert_eq!(self.hit_runs(&MemoryFold::restore(fold.snapshot())), hit);
        assert_eq!(self.hit_runs(&MemoryFold::default()), hit);
        hit.len() + blobs
    }
}

/// Flips a bit of every write; returns how many writes there are, and how often a run or a blob was hit.
fn in_every_write(bit: impl Fn(usize) -> usize, fold_after: FoldAfter) -> (u64, usize) {
    let mut hits = 0;
    for nth in 1.. {
        let fault = Fault::FlipsBit { bit: bit(nth as usize) };
        let mut world = World::default();
        world.disk.plan(fault, nth);
        let lived = world.live();
        if !world.disk.happened() {
            lived.unwrap();
            return (nth - 1, hits);
        }
        let said = lived.as_ref().map_or_else(ToString::to_string, |()| "nothing noticed".into());
        assert!(matches!(lived, Ok(()) | Err(Error::Damaged { .. })), "{fault:?} of write {nth}: {said}");
        hits += catch_unwind(AssertUnwindSafe(|| world.check_flipped(fold_after))).unwrap_or_else(|panic| {
            eprintln!("{fault:?} of write {nth}, fold {fold_after:?}; the journal said: {said}");
            resume_unwind(panic)
        });
    }
    unreachable!("a life has an end")
}

/// A batch begins with its header, and that of its first entry; what comes then is mostly payload.
fn wherever_it_is(fold_after: FoldAfter) {
    const BATCH: usize = 24 * 8;
    const ENTRY: usize = 72 * 8;
    for round in 0..2 * scale() as usize {
        let places: [&dyn Fn(usize) -> usize; 3] =
            [&|nth| (nth * 37 + round * 101) % BATCH, &|nth| BATCH + (nth * 97 + round * 211) % ENTRY, &|nth| {
                nth * 7_919 + round * 104_729
            }];
        for place in places {
            let (writes, hits) = in_every_write(place, fold_after);
            assert!(writes > 20 && hits > 2, "{hits} hits of {writes} writes");
        }
    }
}

#[test]
fn the_fold_is_as_it_was() {
    wherever_it_is(FoldAfter::AsItWas);
}

#[test]
fn the_fold_is_older() {
    wherever_it_is(FoldAfter::Older);
}

#[test]
fn the_fold_is_gone() {
    wherever_it_is(FoldAfter::Gone);
}
