use skep_journal::storage::fault::{Fault, Survival};
use skep_state::Store;

use crate::support::Chance;
use crate::world::{GONE, StateAfter, World, at_some_calls};

impl World {
    /// Opens what is left: it is what was acknowledged, and it goes on.
    pub(crate) fn check(mut self, after: StateAfter) {
        self.disk.power_up();
        self.disk.make_room();
        self.leave(after);
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
        for report in &self.reports {
            assert!(report.journal.damage.is_empty() && report.journal.lost.is_none(), "{report}");
            assert!(report.unfolded.is_empty(), "{report}");
        }
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
            self.life(run, folded).check(store);
        }
    }
}

/// Lets the fault hit some calls out of all.
fn hit(test: &str, fault: impl Fn(&mut Chance) -> Fault) {
    at_some_calls(test, 16, fault, World::live, |world, _, after| world.check(after));
}

#[test]
fn power_fails_and_nothing_unsynced_survives() {
    hit("power_fails_and_nothing_unsynced_survives", |_| Fault::PowerLoss(Survival::Nothing));
}

#[test]
fn power_fails_and_pieces_survive() {
    hit("power_fails_and_pieces_survive", |chance| Fault::PowerLoss(Survival::Pieces { seed: chance.below(1 << 40) }));
}

#[test]
fn a_sync_fails() {
    hit("a_sync_fails", |_| Fault::SyncFails);
}

#[test]
fn a_write_fails() {
    hit("a_write_fails", |_| Fault::WriteFails);
}

#[test]
fn a_file_can_not_be_named() {
    hit("a_file_can_not_be_named", |_| Fault::NameFails);
}

#[test]
fn the_disk_is_full() {
    hit("the_disk_is_full", |_| Fault::DiskFull);
}
