use skep_journal::Error::{BlobDamaged, Damaged};
use skep_journal::storage::fault::Fault;
use skep_model::{Outcome, Record};
use skep_state::{Error, Store};

use crate::support::Chance;
use crate::world::{GONE, StateAfter, World, at_some_calls};

fn is_damage(error: &Error) -> bool {
    matches!(error, Error::Journal(Damaged { .. }))
}

/// What the run's record says if damage ended it.
fn says_damaged(record: &Record) -> bool {
    matches!(&record.outcome, Some(Outcome::HostFault(why)) if why.contains("damaged at segment"))
}

impl World {
    /// Whether a run is hit. Whatever can be read of it is right, and it is whole if it doesn't say that it is hit.
    fn is_hit(&self, store: &Store, run: usize) -> bool {
        let (id, done) = (self.lives[run].run, self.acknowledged[run]);
        let mut read = Vec::new();
        let hit = loop {
            match store.read_events(id, read.len() as u64 + 1, 1) {
                Ok(next) if next.is_empty() => break false,
                // Of a deleted run there is only the tombstone, which is no part of its life.
                Ok(next) if next[0].0 > done as u64 => break false,
                Ok(next) => read.extend(next.into_iter().map(|(_, event)| event)),
                Err(error) => {
                    assert!(is_damage(&error), "{error}");
                    break true;
                }
            }
        };
        assert!(read.len() <= done && read == self.lives[run].events[..read.len()]);
        let Some(record) = store.record(id).unwrap() else {
            assert!(done == 0 && !hit, "run {run} is gone");
            return false;
        };
        if says_damaged(&record) {
            return true;
        }
        if record.deleted {
            assert!(run == GONE && self.deleted.is_some());
            return hit;
        }
        assert!(run != GONE || self.deleted != Some(true), "it is back");
        assert!(!hit, "run {run} can't be read and doesn't say so: {record:?}");
        self.life(run, done).check(store);
        false
    }

    /// The runs that are hit: they take nothing more. All others go on.
    fn hit_runs(&mut self) -> Vec<usize> {
        let store = self.open().unwrap();
        assert!(self.reports.iter().all(|report| report.journal.lost.is_none() && report.unfolded.is_empty()));
        let hit: Vec<usize> = (0..self.lives.len()).filter(|run| self.is_hit(&store, *run)).collect();
        for run in [1, 2] {
            match self.append(&store, run, 3) {
                Ok(()) => assert!(!hit.contains(&run) || self.acknowledged[run] == self.lives[run].events.len()),
                Err(error) => assert!(is_damage(&error) && hit.contains(&run), "{error}"),
            }
        }
        assert!(hit.is_empty() || !store.verify(|_| {}).unwrap().is_sound());
        hit
    }

    /// The component is put again at each opening, which mends it.
    fn check_component(&mut self) {
        let store = self.open().unwrap();
        assert_eq!(store.blobs().get(&skep_model::Digest::of(b"component")).unwrap(), b"component");
    }

    fn check_flipped(mut self, lived: Result<(), Error>, after: StateAfter) {
        let mended = |error: &Error| is_damage(error) || matches!(error, Error::Journal(BlobDamaged(_)));
        assert!(lived.as_ref().err().is_none_or(mended), "{lived:?}");
        self.leave(after);
        let hit = self.hit_runs();
        assert!(hit.len() <= 1, "{hit:?}");
        assert_eq!(self.hit_runs(), hit);
        self.leave(StateAfter::Gone);
        assert_eq!(self.hit_runs(), hit);
        self.check_component();
    }
}

fn flip(test: &str, bit: impl Fn(&mut Chance) -> usize) {
    let fault = |chance: &mut Chance| Fault::FlipsBit { bit: bit(chance) };
    at_some_calls(test, 4, fault, World::live, World::check_flipped);
}

#[test]
fn it_is_in_a_header() {
    flip("it_is_in_a_header", |chance| chance.below((24 + 72) * 8) as usize);
}

#[test]
fn it_is_anywhere() {
    flip("it_is_anywhere", |chance| chance.below(1 << 20) as usize);
}
