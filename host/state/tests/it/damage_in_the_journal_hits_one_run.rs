use std::fs;
use std::path::PathBuf;

use skep_model::{Happening, Outcome, RunState, Timestamp};
use skep_state::{RetentionConfig, Store};

use crate::support::{Life, config, event, filled, open, open_quietly, text};

fn segment(data: &std::path::Path) -> PathBuf {
    let mut files: Vec<_> = fs::read_dir(data.join("journal")).unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.remove(0)
}

/// Changes one letter of what the run said in an event that is neither first nor last.
fn harm(data: &std::path::Path, said: &str) {
    let file = segment(data);
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.windows(said.len()).position(|window| window == said.as_bytes()).unwrap();
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

fn reason(store: &Store, life: &Life) -> String {
    let record = store.record(life.run).unwrap().unwrap();
    assert_eq!(record.state, RunState::Error);
    match record.outcome {
        Some(Outcome::HostFault(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn its_record_says_where_and_the_others_are_as_they_were() {
    let (data, lives) = filled(20);
    harm(data.path(), "run 14 says 30");
    fs::remove_dir_all(data.path().join("state")).unwrap();
    let (store, report) = open(data.path());
    assert!(!report.journal.damage.is_empty(), "{report}");
    let hit = &lives[14];
    let reason = reason(&store, hit);
    assert!(reason.contains("segment 1 offset "), "{reason}");
    lives.iter().filter(|life| life.run != hit.run).for_each(|life| life.check(&store));

    let said = event(hit.next_seq(), Happening::Said { text: text("more") });
    let refused = store.append_blocking(hit.run, hit.next_seq(), &[said]);
    assert!(matches!(refused, Err(skep_state::Error::Journal(skep_journal::Error::Damaged { .. }))), "{refused:?}");
    assert!(store.state().unfinished().unwrap().iter().all(|record| record.run_id != hit.run), "nobody takes it up");

    let verified = store.verify(|_| {}).unwrap();
    assert!(!verified.is_sound() && verified.problems.is_empty(), "{verified:?}");
}

#[test]
fn it_is_found_by_verifying_when_nobody_has_read_it() {
    let (data, _) = filled(20);
    harm(data.path(), "run 3 says 30");
    let (store, report) = open(data.path());
    assert!(report.rebuilt.is_none());
    let verified = store.verify(|_| {}).unwrap();
    assert_eq!(verified.journal.damage.len(), 1, "{verified:?}");
    assert_eq!(verified.problems.len(), 1, "{verified:?}");
}

#[test]
fn it_can_be_exported_as_far_as_it_is_sound_and_deleted() {
    let (data, lives) = filled(20);
    harm(data.path(), "run 14 says 30");
    fs::remove_dir_all(data.path().join("state")).unwrap();
    let (store, _) = open(data.path());
    let mut export = Vec::new();
    store.export(&mut export).unwrap();
    let target = tempfile::tempdir().unwrap();
    let (imported, _) = Store::import(config(target.path()), &export[..]).unwrap();
    assert!(reason(&imported, &lives[14]).contains("damaged at segment 1"));
    assert!(imported.verify(|_| {}).unwrap().is_sound());

    store.delete_run(lives[14].run, "damaged", Timestamp(1_800_000_000_000)).unwrap();
    assert!(store.record(lives[14].run).unwrap().unwrap().deleted);
    let compacted = store.compact(&RetentionConfig::default(), Timestamp(1_800_000_000_000)).unwrap();
    assert_eq!(compacted.segments_damaged, 1, "the evidence stays");
}

/// A store whose last batch is all of run 50 and is hit in one event.
fn hit_at_its_end() -> (tempfile::TempDir, Vec<Life>, Life) {
    let (data, lives) = filled(20);
    let last = Life::complete(50, 5, None);
    open_quietly(data.path()).append_blocking(last.run, 1, &last.events).unwrap();
    harm(data.path(), "run 50 says 2");
    (data, lives, last)
}

fn check_hit_at_its_end(store: &Store, lives: &[Life], last: &Life) {
    let reason = reason(store, last);
    assert!(reason.contains("segment 1 offset "), "{reason}");
    let sound: Vec<_> = (1..).zip(last.events.iter().cloned()).take(5).collect();
    assert_eq!(store.read_events(last.run, 1, 99).unwrap(), sound, "what is whole is kept");
    lives.iter().for_each(|life| life.check(store));
}

#[test]
fn what_was_acknowledged_last_is_damaged_and_not_torn() {
    let (data, mut lives, last) = hit_at_its_end();
    let (store, report) = open(data.path());
    assert_eq!((report.journal.torn, report.journal.damage.len()), (None, 1), "{report}");
    assert!(report.rebuilt.is_some(), "the state may be what is wrong");
    check_hit_at_its_end(&store, &lives, &last);
    drop(store);

    let (store, report) = open(data.path());
    assert_eq!((report.journal.torn, report.journal.damage.len()), (None, 1), "{report}");
    assert_eq!(report.rebuilt, None, "it was not");
    check_hit_at_its_end(&store, &lives, &last);
    let more = Life::complete(60, 5, None);
    more.store(&store);
    lives.push(more);
    drop(store);
    check_hit_at_its_end(&open_quietly(data.path()), &lives, &last);
}

#[test]
fn what_was_acknowledged_last_is_not_taken_for_torn_when_somebody_asks_for_a_rebuild() {
    let (data, lives, last) = hit_at_its_end();
    for _ in 0..2 {
        let (store, report) = Store::rebuild(config(data.path())).unwrap();
        assert_eq!((report.journal.torn, report.journal.damage.len()), (None, 1), "{report}");
        check_hit_at_its_end(&store, &lives, &last);
    }
}

#[test]
fn a_run_whose_damage_is_found_by_reading_ends_as_an_error_with_the_place() {
    let (data, lives) = filled(20);
    harm(data.path(), "Do what number 14 does.");
    let store = open_quietly(data.path());
    let hit = &lives[14];
    assert!(store.state().unfinished().unwrap().iter().any(|record| record.run_id == hit.run));
    let read = store.read_events(hit.run, 1, 1);
    assert!(matches!(read, Err(skep_state::Error::Journal(skep_journal::Error::Damaged { .. }))), "{read:?}");
    let place = reason(&store, hit);
    assert!(place.contains("segment 1 offset "), "{place}");
    assert!(store.state().unfinished().unwrap().iter().all(|record| record.run_id != hit.run), "nobody takes it up");
    let said = event(hit.next_seq(), Happening::Said { text: text("more") });
    let refused = store.append_blocking(hit.run, hit.next_seq(), &[said]);
    assert!(matches!(refused, Err(skep_state::Error::Journal(skep_journal::Error::Damaged { .. }))), "{refused:?}");
    drop(store);

    let store = open_quietly(data.path());
    assert_eq!(reason(&store, hit), place);
    store.delete_run(hit.run, "damaged", Timestamp(1_800_000_000_000)).unwrap();
    assert!(store.record(hit.run).unwrap().unwrap().deleted);
    lives.iter().filter(|life| life.run != hit.run).for_each(|life| life.check(&store));
}
