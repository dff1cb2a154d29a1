use std::fs;
use std::time::Duration;

use skep_journal::Keep;
use skep_model::{Happening, Timestamp};
use skep_state::{Error, Filter, RetentionConfig, Store};

use crate::support::{Life, filled, open, open_quietly, run_id};

const LATER: Timestamp = Timestamp(1_800_000_000_000);

fn grep(data: &std::path::Path, what: &str) -> bool {
    let files = fs::read_dir(data.join("journal")).unwrap().flatten();
    files.into_iter().any(|file| {
        let bytes = fs::read(file.path()).unwrap();
        bytes.windows(what.len()).any(|window| window == what.as_bytes())
    })
}

#[test]
fn its_events_and_blobs_are_gone_and_its_record_says_so() {
    let (data, lives) = filled(6);
    let store = open_quietly(data.path());
    let (own, shared) = (store.blobs().put(b"own").unwrap(), store.blobs().put(b"shared").unwrap());
    let [deleted, other] = [(50, own), (51, shared)].map(|(number, blob)| Life::complete(number, 100, Some(blob)));
    let sharing = Life::complete(52, 1, Some(shared));
    [&deleted, &other, &sharing].into_iter().for_each(|life| life.store(&store));
    for life in [&deleted, &other] {
        store.delete_run(life.run, "no longer needed", LATER).unwrap();
        store.delete_run(life.run, "twice is once", LATER).unwrap();
    }
    drop(store);

    let store = open_quietly(data.path());
    assert!(grep(data.path(), "run 50 says 7"));
    let compacted = store.compact(&RetentionConfig::default(), LATER).unwrap();
    assert_eq!(compacted.events_dropped, deleted.events.len() as u64 + other.events.len() as u64);
    assert_eq!((compacted.blobs_removed, compacted.runs_deleted), (1, 0));
    assert!(!grep(data.path(), "run 50 says 7") && grep(data.path(), "run 52 says 0"));
    assert!(!store.blobs().exists(&own).unwrap() && store.blobs().exists(&shared).unwrap());

    let check = |store: &Store| {
        check_deleted(store, &deleted);
        lives.iter().chain([&sharing]).for_each(|life| life.check(store));
        let report = store.verify(|_| {}).unwrap();
        assert!(report.is_sound(), "{report:?}");
    };
    check(&store);
    drop(store);
    check(&open_quietly(data.path()));
    fs::remove_dir_all(data.path().join("state")).unwrap();
    check(&open(data.path()).0);
}

fn check_deleted(store: &Store, life: &Life) {
    let record = store.record(life.run).unwrap().expect("a tombstone");
    let before = life.record.clone().unwrap();
    assert!(record.deleted && record.prompt.is_empty());
    assert_eq!((record.state, record.created_at, &record.agent), (before.state, before.created_at, &before.agent));
    let events = store.read_events(life.run, 1, 10).unwrap();
    let [(seq, event)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(*seq, life.next_seq());
    assert!(matches!(&event.what, Happening::Deleted { reason, .. } if reason == "no longer needed"));
    let listed = |with_deleted| {
        let filter = Filter { with_deleted, ..Filter::default() };
        store.state().list(&filter, 1000, None).unwrap().records.contains(&record)
    };
    assert!(listed(true) && !listed(false));
}

#[test]
fn a_single_old_event_of_a_long_run_is_found_where_retention_put_it() {
    let data = tempfile::tempdir().unwrap();
    let store = open_quietly(data.path());
    let (gone, long) = (Life::complete(1, 3, None), Life::complete(2, 90, None));
    store.append_blocking(long.run, 1, &long.events[..1]).unwrap();
    gone.store(&store);
    store.journal().close_segment().unwrap();
    store.append_blocking(long.run, 2, &long.events[1..]).unwrap();
    store.delete_run(gone.run, "no longer needed", LATER).unwrap();
    let keep = |run| if run == gone.run { Keep::From(gone.next_seq()) } else { Keep::Everything };
    assert_eq!(store.journal().retain(..2, keep).unwrap().dropped, gone.events.len() as u64);
    long.check(&store);
}

#[test]
fn a_run_that_goes_on_or_is_not_there_is_not_deleted() {
    let (data, _) = filled(5);
    let store = open_quietly(data.path());
    assert!(matches!(store.delete_run(run_id(4), "", LATER), Err(Error::NotEnded { .. })));
    assert!(matches!(store.delete_run(run_id(77), "", LATER), Err(Error::NoSuchRun(_))));
}

#[test]
fn retention_deletes_what_is_old_but_keeps_the_latest() {
    let (data, _) = filled(10);
    let store = open_quietly(data.path());
    let policy = |days: u64| RetentionConfig { keep_ended_for: Some(Duration::from_secs(days * 86_400)), keep_last: 3 };
    assert_eq!(store.compact(&policy(365), LATER).unwrap().runs_deleted, 0);
    assert_eq!(store.compact(&policy(1), LATER).unwrap().runs_deleted, 5);
    let left = store.state().list(&Filter::default(), 100, None).unwrap().records;
    let left: Vec<_> = left.into_iter().map(|record| record.run_id).collect();
    assert_eq!(left, [9, 8, 7, 6, 4].map(run_id), "two that go on, and the three that ended last");
    assert!(store.verify(|_| {}).unwrap().is_sound());
}
