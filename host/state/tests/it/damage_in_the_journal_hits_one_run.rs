use std::fs;
use std::path::PathBuf;

use skep_model::{Happening, Outcome, RunState, Timestamp};
use skep_state::{RetentionConfig, Store};

use crate::support::{Life, config, event, filled, open, text};

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
