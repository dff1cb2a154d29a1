//! The everyday path, on real files.

use std::sync::Arc;

use skep_journal::storage::OsStorage;
use skep_journal::{Append, Appended, Config, Error, Journal, OpenReport};
use skep_model::RunId;

use crate::memory_fold::MemoryFold;

fn run(n: u8) -> RunId {
    RunId::from_bytes([n; 16])
}

fn open(dir: &std::path::Path, fold: &MemoryFold) -> (Journal, OpenReport) {
    Journal::open(Config::new(dir.join("journal")), Arc::new(OsStorage), fold.boxed()).unwrap()
}

fn append(journal: &Journal, n: u8, expected: u64, payloads: &[&str]) -> Result<Appended, Error> {
    let payloads = payloads.iter().map(|payload| payload.as_bytes().to_vec()).collect();
    journal.append_blocking(Append::new(run(n), expected, payloads))?.wait()
}

#[test]
fn what_was_appended_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let fold = MemoryFold::default();
    let (journal, report) = open(dir.path(), &fold);
    assert_eq!(report, OpenReport::default());
    assert_eq!(append(&journal, 1, 1, &["a", "b"]).unwrap(), Appended { first_seq: 1, last_seq: 2 });
    assert_eq!(append(&journal, 2, 1, &["c"]).unwrap(), Appended { first_seq: 1, last_seq: 1 });
    journal.close();

    let again = MemoryFold::default();
    let (journal, report) = open(dir.path(), &again);
    assert_eq!(report, OpenReport { folded: 3, ..OpenReport::default() });
    assert_eq!(again.snapshot(), fold.snapshot());
    assert_eq!(append(&journal, 1, 3, &["d"]).unwrap(), Appended { first_seq: 3, last_seq: 3 });
    let entry = journal.read(run(1), 3, again.position(run(1), 3).unwrap()).unwrap();
    assert_eq!(entry.payload, b"d");
}

#[test]
fn a_fold_that_is_up_to_date_is_given_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let fold = MemoryFold::default();
    let (journal, _) = open(dir.path(), &fold);
    append(&journal, 1, 1, &["a"]).unwrap();
    drop(journal);
    let (journal, report) = open(dir.path(), &fold);
    assert_eq!(report, OpenReport::default());
    append(&journal, 1, 2, &["b"]).unwrap();
}

#[test]
fn a_wrong_expectation_is_a_conflict_and_harms_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let fold = MemoryFold::default();
    let (journal, _) = open(dir.path(), &fold);
    append(&journal, 1, 1, &["a"]).unwrap();
    for expected in [0, 1, 3] {
        let error = append(&journal, 1, expected, &["x"]).unwrap_err();
        let Error::Conflict { run: of, expected: was, found: 2 } = error else { panic!("{error}") };
        assert_eq!((of, was), (run(1), expected));
    }
    append(&journal, 1, 2, &["b"]).unwrap();
    assert_eq!(fold.payloads(run(1)), [(1, b"a".to_vec()), (2, b"b".to_vec())]);
}
