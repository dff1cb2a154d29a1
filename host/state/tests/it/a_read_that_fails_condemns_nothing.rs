use skep_journal::DamageKind;
use skep_journal::storage::fault::Fault;
use skep_state::{Error, Problem};

use crate::world::{GONE, StateAfter, World, at_some_calls};

impl World {
    /// Opens the store and reads all of it in every way.
    fn look(&mut self, after: StateAfter) -> Result<(), Error> {
        self.leave(after);
        let store = self.open()?;
        for run in (0..self.lives.len()).filter(|run| *run != GONE) {
            let events: Vec<_> =
                store.read_events(self.lives[run].run, 1, 999)?.into_iter().map(|(_, it)| it).collect();
            assert_eq!(events, self.lives[run].events[..self.acknowledged[run]]);
        }
        let verified = store.verify(|_| {})?;
        let mut damage = verified.journal.damage.iter().map(|damage| damage.kind);
        assert!(damage.next().is_none_or(|kind| kind == DamageKind::SegmentUnreadable), "{verified:?}");
        assert!(damage.all(|kind| kind == DamageKind::EntriesMissing), "{verified:?}");
        let is_of_the_disk = |why: &str| why.contains("could not") && why.contains("os error 5");
        assert!(verified.problems.iter().all(|problem| match problem {
            Problem::Unreadable { why, .. } | Problem::Blob { why, .. } => is_of_the_disk(why),
            _ => false,
        }));
        let exported = store.export(Vec::new())?.events;
        assert_eq!(exported as usize, self.acknowledged[1] + self.acknowledged[2]);
        Ok(())
    }
}

fn names_the_place(error: &Error) -> bool {
    matches!(error, Error::Journal(skep_journal::Error::Io { .. })) && error.to_string().contains(" /")
}

fn everything_is_found(test: &str, first: StateAfter) {
    let look = |world: &mut World| world.live().and_then(|()| world.look(first));
    at_some_calls(
        test,
        12,
        |_| Fault::ReadFails,
        look,
        |world, outcome, after| {
            assert!(outcome.as_ref().err().is_none_or(names_the_place), "{outcome:?}");
            assert!(world.reports.iter().all(|report| report.journal.torn.is_none()));
            world.check(after);
        },
    );
}

#[test]
fn everything_is_found_when_the_disk_reads_again() {
    everything_is_found("everything_is_found_when_the_disk_reads_again", StateAfter::AsItWas);
}

#[test]
fn everything_is_found_when_the_disk_reads_again_and_the_state_is_gone() {
    everything_is_found("everything_is_found_when_the_disk_reads_again_and_the_state_is_gone", StateAfter::Gone);
}

#[test]
fn everything_is_found_when_the_disk_reads_again_and_the_state_is_older() {
    everything_is_found("everything_is_found_when_the_disk_reads_again_and_the_state_is_older", StateAfter::Older);
}
