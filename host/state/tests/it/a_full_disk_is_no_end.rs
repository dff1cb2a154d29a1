use std::fs;

use skep_journal::storage::Space;
use skep_journal::storage::fault::FaultStorage;
use skep_model::{Happening, Outcome, Usage};
use skep_state::{Error, Rebuilt, Store, Trouble};

use crate::support::{Life, check_all, config_on, event, text};

const LITTLE: Space = Space { free: 1 << 20, total: 1 << 40 };
const MUCH: Space = Space { free: 1 << 39, total: 1 << 40 };

#[test]
fn sled_is_not_asked_to_write_and_catches_up_when_there_is_room() {
    let data = tempfile::tempdir().unwrap();
    let disk = FaultStorage::new();
    let (store, _) = Store::open(config_on(&disk, data.path())).unwrap();
    store.blobs().put(b"component").unwrap();
    disk.set_space(LITTLE);
    // More than is gathered before sled is given it.
    let lives: Vec<Life> = (0..4).map(|number| Life::complete(number, 10_000, None)).collect();
    for life in &lives {
        for (first, events) in (0..).step_by(500).zip(life.events.chunks(500)) {
            store.append_blocking(life.run, first + 1, events).unwrap();
        }
    }
    check_all(&store, &lives);
    drop(store);
    disk.set_space(MUCH);
    let (store, report) = Store::open(config_on(&disk, data.path())).unwrap();
    let events: usize = lives.iter().map(|life| life.events.len()).sum();
    assert_eq!(report.journal.folded, events as u64, "sled had none of it");
    check_all(&store, &lives);
    drop(store);
    let (_, report) = Store::open(config_on(&disk, data.path())).unwrap();
    assert!(report.is_quiet() && report.journal.folded == 0, "{report:?}");
}

#[test]
fn a_state_that_must_be_rebuilt_stays_where_it_is_until_there_is_room() {
    let data = tempfile::tempdir().unwrap();
    let disk = FaultStorage::new();
    let life = Life::complete(1, 20, None);
    life.store(&Store::open(config_on(&disk, data.path())).unwrap().0);
    fs::write(data.path().join("state.broken"), "sled said no").unwrap();
    disk.set_space(LITTLE);
    for _ in 0..3 {
        let refused = Store::open(config_on(&disk, data.path())).map(drop);
        assert!(matches!(refused, Err(Error::Journal(skep_journal::Error::DiskFull))), "{refused:?}");
        assert!(data.path().join("state").exists() && data.path().join("state.broken").exists());
        assert!(!data.path().join("state.quarantine-1").exists());
    }
    disk.set_space(MUCH);
    let (store, report) = Store::open(config_on(&disk, data.path())).unwrap();
    let because = Trouble::BrokeEarlier { reason: "sled said no".to_owned() };
    assert!(matches!(report.rebuilt, Some(Rebuilt { because: told, .. }) if told == because));
    life.check(&store);
}

#[test]
fn new_runs_are_refused_and_what_was_accepted_still_ends() {
    let data = tempfile::tempdir().unwrap();
    let disk = FaultStorage::new();
    let (store, _) = Store::open(config_on(&disk, data.path())).unwrap();
    let mut life = Life::complete(1, 5, None);
    life.events.pop();
    life.record = None;
    std::mem::take(&mut life.events).into_iter().for_each(|event| life.push(event));
    life.store(&store);
    disk.set_space(LITTLE);
    let refused = store.disk_guard().admit();
    assert!(matches!(refused, Err(skep_journal::Error::LowSpace { .. })), "{refused:?}");
    let said = Happening::Said { text: text("what I came to say") };
    let ended = Happening::Ended { outcome: Outcome::Completed(text("done")), usage: Usage::default() };
    for what in [said, ended] {
        let event = event(life.next_seq(), what);
        store.append_blocking(life.run, life.next_seq(), std::slice::from_ref(&event)).unwrap();
        life.push(event);
    }
    life.check(&store);
}
