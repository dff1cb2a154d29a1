//! Durable events per second with 1, 64 and 256 writers, beside what the disk gives for the same bytes.
//!
//! `cargo run --release -p skep-journal --example append_bench [FOLDER]`
#![allow(clippy::unwrap_used, reason = "a measurement that can't go on should say where")]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use skep_journal::storage::OsStorage;
use skep_journal::{Append, Applied, Config, Fold, FoldError, Head, Journal, Mark, Moved};
use skep_model::RunId;

const EVENT: usize = 600;
/// What an entry and its batch add.
const FRAMED: usize = EVENT + 72 + 24;
const DURATION: Duration = Duration::from_secs(2);

/// Keeps nothing: the journal's head cache is large enough for the writers here.
struct NoFold;

impl Fold for NoFold {
    fn mark(&self) -> Result<Option<Mark>, FoldError> {
        Ok(None)
    }

    fn head(&self, _run: RunId) -> Result<Option<Head>, FoldError> {
        Ok(None)
    }

    fn apply(&mut self, _step: Applied<'_>) -> Result<(), FoldError> {
        Ok(())
    }

    fn moved(&mut self, _moved: &[Moved]) -> Result<(), FoldError> {
        Ok(())
    }

    fn reset(&mut self) -> Result<(), FoldError> {
        Ok(())
    }
}

fn main() {
    let base = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    for round in 1..=3 {
        for writers in [1, 64, 256] {
            let floor = floor(&base, writers);
            let journal = journal(&base, writers);
            println!(
                "round {round}: {writers:3} writers: {journal:8.0} events/s; the disk alone, {writers} events per sync: \
                 {floor:8.0} events/s; ratio {:.2}",
                journal / floor
            );
        }
    }
}

/// A growing file, one write and one `fdatasync` for each round of all writers.
fn floor(base: &Path, writers: usize) -> f64 {
    let dir = tempfile::tempdir_in(base).unwrap();
    let mut file = OpenOptions::new().create(true).append(true).open(dir.path().join("floor")).unwrap();
    let bytes = vec![7; FRAMED * writers];
    let (start, mut events) = (Instant::now(), 0);
    while start.elapsed() < DURATION {
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
        events += writers;
    }
    events as f64 / start.elapsed().as_secs_f64()
}

/// Each writer appends to its own run, and waits for the answer before it appends again.
fn journal(base: &Path, writers: usize) -> f64 {
    let dir = tempfile::tempdir_in(base).unwrap();
    let config = Config::new(dir.path().join("journal"));
    let (journal, _) = Journal::open(config, Arc::new(OsStorage), Box::new(NoFold)).unwrap();
    let journal = Arc::new(journal);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers).map(|n| runtime.spawn(write(journal.clone(), n, start))).collect();
    let events: u64 = tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).sum();
    let rate = events as f64 / start.elapsed().as_secs_f64();
    drop(Arc::into_inner(journal));
    if writers == 256 {
        reopen(dir.path(), events);
    }
    rate
}

/// Reads, checks and folds all of it again.
fn reopen(dir: &Path, events: u64) {
    let start = Instant::now();
    let config = Config::new(dir.join("journal"));
    let (journal, report) = Journal::open(config, Arc::new(OsStorage), Box::new(NoFold)).unwrap();
    assert_eq!((report.folded, report.damage), (events, vec![]));
    let opened = start.elapsed();
    let verified = journal.verify(|_| {});
    assert_eq!((verified.entries, verified.damage), (events, vec![]));
    let all = start.elapsed();
    println!("  {events} events: folded anew in {opened:.2?}, verified in {:.2?}", all - opened);
}

async fn write(journal: Arc<Journal>, writer: usize, start: Instant) -> u64 {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&(writer as u64).to_be_bytes());
    let (run, mut seq) = (RunId::from_bytes(id), 0);
    while start.elapsed() < DURATION {
        let append = Append::new(run, seq + 1, vec![vec![7; EVENT]]);
        seq = journal.append(append).await.unwrap().await.unwrap().last_seq;
    }
    seq
}
