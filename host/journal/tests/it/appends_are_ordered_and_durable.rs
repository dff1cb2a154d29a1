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

#[test]
fn many_writers_and_a_reader_of_everything_do_not_disturb_each_other() {
    const EACH: u64 = 400;
    let dir = tempfile::tempdir().unwrap();
    let fold = MemoryFold::default();
    // All that is written passes through the queue many times over, and through dozens of segments.
    let config = Config {
        segment_bytes: 20_000,
        max_payload_bytes: 600,
        max_batch_bytes: 4000,
        queue_bytes: 8000,
        ..Config::new(dir.path().join("journal"))
    };
    let (journal, _) = Journal::open(config, Arc::new(OsStorage), fold.boxed()).unwrap();
    std::thread::scope(|threads| {
        let write = |n: u8| {
            for seq in 1..=EACH {
                let append = Append::new(run(n), seq, vec![vec![n; 500]]);
                journal.append_blocking(append).unwrap().wait().unwrap();
            }
        };
        let writers: Vec<_> = (0..4).map(|n| threads.spawn(move || write(n))).collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            assert_eq!(journal.verify(|_| {}).damage, []);
        }
    });
    let report = journal.verify(|_| {});
    assert_eq!((report.entries, report.runs, report.damage), (4 * EACH, 4, vec![]));
}
