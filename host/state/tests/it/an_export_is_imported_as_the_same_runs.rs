use std::fs;

use skep_model::{Outcome, RunState};
use skep_state::{Error, Store};

use crate::support::{Life, config, filled, open_quietly};

fn exported() -> (tempfile::TempDir, Vec<Life>, Vec<u8>) {
    let (data, mut lives) = filled(25);
    let store = open_quietly(data.path());
    let blob = store.blobs().put(&vec![200; 40_000]).unwrap();
    lives.push(Life::complete(40, 3, Some(blob)));
    lives[25].store(&store);
    let mut export = Vec::new();
    store.export(&mut export).unwrap();
    drop(store);
    (data, lives, export)
}

#[test]
fn the_runs_their_chains_and_their_blobs_are_the_same() {
    let (data, lives, export) = exported();
    let original = open_quietly(data.path()).verify(|_| {}).unwrap();
    let target = tempfile::tempdir().unwrap();
    let (store, totals) = Store::import(config(target.path()), &export[..]).unwrap();
    let imported = store.verify(|_| {}).unwrap();
    assert!(imported.is_sound(), "{imported:?}");
    assert_eq!(imported.digest, original.digest);
    assert_eq!((totals.runs, totals.events, totals.blobs), (26, original.events, 2));
    lives.iter().for_each(|life| life.check(&store));
    let mut again = Vec::new();
    store.export(&mut again).unwrap();
    assert!(again == export, "an export of an import is the export");
}

#[test]
fn what_was_changed_cut_or_is_something_else_is_refused_and_leaves_nothing() {
    let (_, _, export) = exported();
    let lines: Vec<&[u8]> = export.split_inclusive(|byte| *byte == b'\n').collect();
    let (first, last) = (lines[0], lines[lines.len() - 1]);
    let text = String::from_utf8(export.clone()).unwrap();
    let cases = [
        ("", "not complete"),
        ("hello\n", "line 1"),
        ("{\"skep_export\":2}\n", "version 2"),
        (&text.replace("run 3 says 5", "run 3 says 6"), "chain is broken"),
        (&text[..text.len() / 2], "line"),
        (text.strip_suffix(std::str::from_utf8(last).unwrap()).unwrap(), "not complete"),
        (&[first, last].map(|line| String::from_utf8_lossy(line)).concat(), "totals differ"),
        (&text.replacen("yMjIyMj", "yMjIyMk", 1), "the bytes are not those"),
    ];
    let target = tempfile::tempdir().unwrap();
    for (case, expected) in cases {
        let error = Store::import(config(target.path()), case.as_bytes()).err().expect("a refusal");
        assert!(matches!(&error, Error::Import { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error} should say {expected}");
    }
    Store::import(config(target.path()), &export[..]).unwrap();
    let full = Store::import(config(target.path()), &export[..]).err();
    assert!(matches!(full, Some(Error::NotEmpty(_))), "{full:?}");
}

#[test]
fn a_blob_that_is_gone_is_told_of_the_runs_that_name_it_and_of_no_others() {
    let (data, lives, _) = exported();
    let store = open_quietly(data.path());
    let blob = store.blobs().put(b"of one run that goes on").unwrap();
    let mut hit = Life::complete(41, 3, Some(blob));
    hit.events.pop();
    hit.store(&store);
    fs::remove_file(data.path().join("blobs").join(&blob.hex()[..2]).join(blob.hex())).unwrap();
    let mut export = Vec::new();
    store.export(&mut export).unwrap();

    let target = tempfile::tempdir().unwrap();
    let (imported, totals) = Store::import(config(target.path()), &export[..]).unwrap();
    assert_eq!((totals.runs, totals.blobs), (27, 2));
    lives.iter().for_each(|life| life.check(&imported));
    let record = imported.record(hit.run).unwrap().unwrap();
    assert_eq!(record.state, RunState::Error);
    assert_eq!(record.outcome, Some(Outcome::HostFault(format!("blob {blob} is missing"))));
}
