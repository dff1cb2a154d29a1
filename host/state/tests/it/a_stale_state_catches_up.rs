use std::fs;
use std::path::Path;

use skep_journal::Keep;
use skep_model::{Happening, Outcome, RunState, Timestamp, Usage};
use skep_state::{Error, RetentionConfig, Trouble};

use crate::support::{Life, check_all, copy, event, filled, open, open_quietly, put_back, text};

/// Goes on with some old runs and begins new ones.
fn go_on(data: &Path, lives: &mut Vec<Life>) {
    let store = open_quietly(data);
    for life in lives.iter_mut().filter(|life| life.number % 5 == 4) {
        for _ in 0..40 {
            let said = event(life.next_seq(), Happening::Said { text: text("going on") });
            store.append_blocking(life.run, life.next_seq(), std::slice::from_ref(&said)).unwrap();
            life.push(said);
        }
    }
    lives.extend((100..110).map(|number| Life::complete(number, 3, None)));
    lives.iter().filter(|life| life.number >= 100).for_each(|life| life.store(&store));
}

#[test]
fn what_sled_lost_at_its_end_is_folded_again() {
    let (data, mut lives) = filled(20);
    let old = data.path().join("old");
    copy(&data.path().join("state"), &old);
    go_on(data.path(), &mut lives);
    put_back(&old, data.path(), "state");
    let (store, report) = open(data.path());
    assert_eq!(report.rebuilt, None);
    assert_eq!(report.journal.folded, 4 * 40 + 10 * 7);
    check_all(&store, &lives);
}

#[test]
fn a_state_that_is_ahead_of_its_journal_is_made_anew_and_the_loss_is_told() {
    let (data, mut lives) = filled(20);
    let old = data.path().join("old");
    copy(&data.path().join("journal"), &old);
    let before = lives.clone();
    go_on(data.path(), &mut lives);
    put_back(&old, data.path(), "journal");
    let (store, report) = open(data.path());
    assert!(report.journal.lost.is_some(), "{report:?}");
    check_all(&store, &before);
}

#[test]
fn a_state_that_contradicts_its_journal_is_noticed() {
    let (data, lives) = filled(20);
    let (other, _) = filled(0);
    let store = open_quietly(other.path());
    // All of this run in the first batch, where the other journal has another run.
    let ahead = Life::complete(1, 2, None);
    store.append_blocking(ahead.run, 1, &ahead.events).unwrap();
    drop(store);
    put_back(&other.path().join("state"), data.path(), "state");
    let (store, report) = open(data.path());
    let because = report.rebuilt.map(|rebuilt| rebuilt.because);
    assert!(matches!(because, Some(Trouble::Disagrees { .. })), "{because:?}");
    check_all(&store, &lives);
}

/// Destroys the header of the event that says this, so that nobody can tell what stood there.
fn harm(data: &Path, said: &str) {
    for file in fs::read_dir(data.join("journal")).unwrap().flatten() {
        let mut bytes = fs::read(file.path()).unwrap();
        let Some(at) = bytes.windows(said.len()).position(|window| window == said.as_bytes()) else { continue };
        let payload = bytes[..at].windows(5).rposition(|window| window == b"{\"at\"").unwrap();
        bytes[payload - 72..payload].fill(0xaa);
        fs::write(file.path(), bytes).unwrap();
    }
}

#[test]
fn what_was_destroyed_after_it_moved_is_damaged_and_not_for_ever_somewhere_else() {
    let (data, lives) = filled(20);
    let store = open_quietly(data.path());
    store.journal().close_segment().unwrap();
    Life::complete(50, 3, None).store(&store);
    drop(store);
    let old = data.path().join("old");
    copy(&data.path().join("state"), &old);
    let store = open_quietly(data.path());
    let (gone, tombstone) = (lives[3].run, lives[3].next_seq());
    store.delete_run(gone, "no longer needed", Timestamp(1_800_000_000_000)).unwrap();
    let keep = |run| if run == gone { Keep::From(tombstone) } else { Keep::Everything };
    assert!(store.journal().retain(..2, keep).unwrap().dropped > 0);
    drop(store);
    harm(data.path(), "run 7 says 30");
    put_back(&old, data.path(), "state");
    let store = open_quietly(data.path());
    let read = store.read_events(lives[7].run, 1, 99);
    assert!(matches!(read, Err(Error::Journal(skep_journal::Error::Damaged { .. }))), "{read:?}");
    assert_eq!(store.record(lives[7].run).unwrap().unwrap().state, RunState::Error);
    lives.iter().filter(|life| ![3, 7].contains(&life.number)).for_each(|life| life.check(&store));
}

#[test]
fn a_run_that_was_deleted_since_is_deleted_and_the_others_are_found_where_they_are_now() {
    let (data, mut lives) = filled(20);
    let long = Life::complete(50, 90, None);
    let store = open_quietly(data.path());
    for (seq, event) in (1..).zip(&long.events) {
        store.append_blocking(long.run, seq, std::slice::from_ref(event)).unwrap();
    }
    lives.push(long);
    drop(store);
    let old = data.path().join("old");
    copy(&data.path().join("state"), &old);
    let store = open_quietly(data.path());
    // It went on since, and ended: retention drops events that the old state has not seen.
    let gone = lives.remove(4);
    let ended = Happening::Ended { outcome: Outcome::Completed(text("done")), usage: Usage::default() };
    for what in [Happening::Said { text: text("the last word") }, ended] {
        let next = store.record(gone.run).unwrap().unwrap().last_seq + 1;
        store.append_blocking(gone.run, next, &[event(next, what)]).unwrap();
    }
    store.delete_run(gone.run, "no longer needed", Timestamp(1_800_000_000_000)).unwrap();
    store.compact(&RetentionConfig::default(), Timestamp(1_800_000_000_000)).unwrap();
    let tombstone = store.record(gone.run).unwrap();
    drop(store);
    put_back(&old, data.path(), "state");
    let store = open_quietly(data.path());
    assert_eq!(store.record(gone.run).unwrap(), tombstone);
    assert_eq!(store.read_events(gone.run, 1, 9).unwrap().len(), 1);
    lives.iter().for_each(|life| life.check(&store));
    let verified = store.verify(|_| {}).unwrap();
    assert!(verified.is_sound(), "{verified:?}");
}
