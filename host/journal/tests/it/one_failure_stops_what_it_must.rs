//! Which failures poison the journal, which refuse one append, and what goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use skep_journal::storage::fault::{Fault, FaultStorage};
use skep_journal::{Append, Applied, Config, Error, Fold, FoldError, Head, Journal, Mark, Moved};
use skep_model::RunId;

use crate::memory_fold::MemoryFold;
use crate::model::{open, run, small};

fn submit(journal: &Journal, n: u8, seq: u64, payload: &[u8]) -> Result<u64, Error> {
    let appending = journal.append_blocking(Append::new(run(n), seq, vec![payload.to_vec()]))?;
    appending.wait().map(|appended| appended.last_seq)
}

#[test]
fn a_failed_sync_poisons_with_its_reason_and_reads_go_on() {
    let (disk, fold) = (FaultStorage::new(), MemoryFold::default());
    let (journal, _) = open(&disk, &fold).unwrap();
    submit(&journal, 1, 1, b"a").unwrap();
    disk.plan(Fault::SyncFails, 1);
    let first = submit(&journal, 1, 2, b"b").unwrap_err().to_string();
    assert_eq!(
        first,
        "the journal takes no more events: could not sync /journal/00000000000000000001.seg: Input/output error (os error 5)"
    );
    for n in [1, 2] {
        assert_eq!(submit(&journal, n, 1, b"c").unwrap_err().to_string(), first);
    }
    assert_eq!(journal.poisoned().unwrap().to_string(), first);
    assert_eq!(journal.read(run(1), 1, fold.position(run(1), 1).unwrap()).unwrap().payload, b"a");
    assert_eq!(fold.payloads(run(1)).len(), 1);
}

#[test]
fn a_full_disk_refuses_and_takes_again_when_there_is_room() {
    let (disk, fold) = (FaultStorage::new(), MemoryFold::default());
    let (journal, _) = open(&disk, &fold).unwrap();
    submit(&journal, 1, 1, &[1; 100]).unwrap();
    disk.plan(Fault::DiskFull, 1);
    let error = submit(&journal, 1, 2, &[2; 3000]).unwrap_err();
    assert!(matches!(error, Error::DiskFull), "{error}");
    disk.make_room();
    assert_eq!(submit(&journal, 1, 2, b"b").unwrap(), 2);
    assert_eq!(fold.payloads(run(1))[1], (2, b"b".to_vec()));
}

#[test]
fn what_is_too_large_or_empty_is_refused_before_it_waits() {
    let (disk, fold) = (FaultStorage::new(), MemoryFold::default());
    let config = Config { max_payload_bytes: 100, max_batch_bytes: 400, queue_bytes: 400, ..small() };
    let (journal, _) = Journal::open(config, Arc::new(disk), fold.boxed()).unwrap();
    let error = submit(&journal, 1, 1, &[0; 101]).unwrap_err();
    assert!(matches!(error, Error::TooLarge { bytes: 101, limit: 100 }), "{error}");
    let error = journal.append_blocking(Append::new(run(1), 1, vec![vec![0; 100]; 3])).unwrap_err();
    assert!(matches!(error, Error::TooLarge { bytes: 516, limit: 400 }), "{error}");
    let error = journal.append_blocking(Append::new(run(1), 1, vec![])).unwrap_err();
    assert!(matches!(error, Error::NothingToAppend), "{error}");
}

/// Takes nothing of run 6, panics at run 7, and can't store run 8. Holds the committer while it is told to.
#[derive(Clone, Default)]
struct Difficult {
    inner: MemoryFold,
    hold: Arc<Mutex<()>>,
    abandoned: Arc<AtomicBool>,
}

impl Fold for Difficult {
    fn mark(&self) -> Result<Option<Mark>, FoldError> {
        self.inner.mark()
    }

    fn head(&self, run: RunId) -> Result<Option<Head>, FoldError> {
        self.inner.head(run)
    }

    fn admit(&mut self, append: &Append) -> Result<(), FoldError> {
        if append.run == run(6) { Err(FoldError("not this one".into())) } else { Ok(()) }
    }

    fn abandon(&mut self) {
        self.abandoned.store(true, Ordering::SeqCst);
    }

    fn apply(&mut self, step: Applied<'_>) -> Result<(), FoldError> {
        let held = self.hold.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        drop(held);
        for entry in step.entries {
            assert_ne!(entry.run, run(7), "as the test wants it");
            if entry.run == run(8) {
                return Err(FoldError("no room in the index".into()));
            }
        }
        self.inner.apply(step)
    }

    fn moved(&mut self, moved: &[Moved]) -> Result<(), FoldError> {
        self.inner.moved(moved)
    }

    fn reset(&mut self) -> Result<(), FoldError> {
        self.inner.reset()
    }
}

fn difficult() -> (Journal, Difficult) {
    let fold = Difficult::default();
    let (journal, _) = Journal::open(small(), Arc::new(FaultStorage::new()), Box::new(fold.clone())).unwrap();
    (journal, fold)
}

#[test]
fn what_the_fold_refuses_is_not_written() {
    let (journal, fold) = difficult();
    let error = submit(&journal, 6, 1, b"x").unwrap_err();
    assert_eq!(error.to_string(), "refused: not this one");
    submit(&journal, 1, 1, b"a").unwrap();
    assert_eq!(journal.scan().count(), 1);
    assert_eq!(fold.inner.payloads(run(6)), []);
}

#[test]
fn a_fold_that_fails_poisons() {
    let (journal, fold) = difficult();
    let error = submit(&journal, 8, 1, b"x").unwrap_err().to_string();
    assert_eq!(error, "the journal takes no more events: the fold failed: no room in the index");
    assert!(fold.abandoned.load(Ordering::SeqCst));
    assert_eq!(submit(&journal, 1, 1, b"x").unwrap_err().to_string(), error);
}

#[test]
fn a_fold_that_panics_poisons_and_leaves_nobody_waiting() {
    let (journal, _) = difficult();
    for n in [7, 1] {
        let error = submit(&journal, n, 1, b"x").unwrap_err().to_string();
        assert_eq!(error, "the journal takes no more events: the committer panicked");
    }
}

#[test]
fn a_full_queue_lets_the_next_wait_and_closing_answers_all_that_have_their_place() {
    let fold = Difficult::default();
    let config = Config { max_payload_bytes: 500, max_batch_bytes: 1000, queue_bytes: 2000, ..small() };
    let (journal, _) = Journal::open(config, Arc::new(FaultStorage::new()), Box::new(fold.clone())).unwrap();
    let append = |seq| Append::new(run(1), seq, vec![vec![0; 400]]);
    let held = fold.hold.lock().unwrap();
    let waiter = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waiter);
    let mut accepted = Vec::new();
    // The committer holds at most one batch, and the queue two appends.
    for seq in 1.. {
        let mut next = Box::pin(journal.append(append(seq)));
        match next.as_mut().poll(&mut context) {
            std::task::Poll::Ready(appending) => accepted.push(appending.unwrap()),
            std::task::Poll::Pending => break,
        }
        assert!(accepted.len() <= 5);
    }
    drop(held);
    let submitted = accepted.len() as u64;
    journal.close();
    let answers: Vec<u64> = accepted.into_iter().map(|appending| appending.wait().unwrap().last_seq).collect();
    assert_eq!(answers, (1..=submitted).collect::<Vec<_>>());
}
