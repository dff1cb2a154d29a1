//! Durable events per second, each writer answered before it writes again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use skep_journal::storage::OsStorage;
use skep_journal::{Append, Applied, Config, Fold, FoldError, Head, Journal, Mark, Moved};
use skep_model::RunId;
use tokio::task::JoinSet;

use crate::args::Plan;
use crate::table::{Row, Target, Unit};
use crate::{disk, measure};

pub(crate) const WRITERS: [usize; 3] = [1, 64, 256];
/// The bytes of one event.
pub(crate) const EVENT: usize = 600;
/// What the journal writes around them: the frame of each, the head of a batch.
const FRAME: usize = 72;
const BATCH: usize = 24;

/// Keeps nothing: the journal's own cache is large enough for the writers here.
pub(crate) struct NoFold;

impl Fold for NoFold {
    fn mark(&self) -> Result<Option<Mark>, FoldError> {
        Ok(None)
    }

    fn head(&self, _: RunId) -> Result<Option<Head>, FoldError> {
        Ok(None)
    }

    fn apply(&mut self, _: Applied<'_>) -> Result<(), FoldError> {
        Ok(())
    }

    fn moved(&mut self, _: &[Moved]) -> Result<(), FoldError> {
        Ok(())
    }

    fn reset(&mut self) -> Result<(), FoldError> {
        Ok(())
    }
}

/// Who writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writers {
    /// A thread of its own, which waits for each answer: what the journal itself costs.
    Thread,
    /// Tasks of tokio's pool, as in the host. When one alone waits, the pool sleeps, and waking it from another thread is added to
    /// each answer; among many, somebody is awake.
    Tasks(usize),
}

impl Writers {
    fn count(self) -> usize {
        match self {
            Self::Thread => 1,
            Self::Tasks(count) => count,
        }
    }
}

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let time = Duration::from_millis(plan.amount(1_500, 500) as u64);
    let tasks = WRITERS.into_iter().map(Writers::Tasks);
    [Writers::Thread].into_iter().chain(tasks).map(|writers| row(plan, writers, time)).collect()
}

fn row(plan: &Plan, writers: Writers, time: Duration) -> Result<Row> {
    let runtime = measure::runtime()?;
    let count = writers.count();
    let bytes = (EVENT + FRAME) * count + BATCH;
    let ours = || runtime.block_on(events_per_second(writers, time));
    let floor = || Ok(disk::syncs(bytes, time)? * count as f64);
    let name = match writers {
        Writers::Thread => plural(1),
        Writers::Tasks(1) => "1 task of a pool".to_owned(),
        Writers::Tasks(count) => plural(count),
    };
    let pair = measure::pair(plan, &format!("journal, {name}"), ours, floor)?;
    let row = Row::new(format!("journal: durable events, {name}"), Unit::PerSecond.of(pair.figure)).against(
        format!("write + fdatasync, {count} per sync"),
        pair.floor,
        pair.ratio,
    );
    Ok(match writers {
        Writers::Thread | Writers::Tasks(1) => row.target(Target::RatioAtLeast(0.8)),
        Writers::Tasks(256) => row.target(Target::AtLeast(100_000.0)),
        Writers::Tasks(_) => row,
    })
}

pub(crate) fn plural(writers: usize) -> String {
    if writers == 1 { "1 writer".to_owned() } else { format!("{writers} writers") }
}

async fn events_per_second(writers: Writers, time: Duration) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let config = Config::new(folder.path().join("journal"));
    let (journal, _) = Journal::open(config, Arc::new(OsStorage), Box::new(NoFold))?;
    let journal = Arc::new(journal);
    let (mut tasks, mut events) = (JoinSet::new(), 0);
    let began = Instant::now();
    match writers {
        Writers::Thread => events = write(Arc::clone(&journal), 0, began + time).await?,
        Writers::Tasks(count) => {
            for writer in 0..count {
                tasks.spawn(write(Arc::clone(&journal), writer, began + time));
            }
        }
    }
    while let Some(written) = tasks.join_next().await {
        events += written??;
    }
    Ok(events as f64 / began.elapsed().as_secs_f64())
}

async fn write(journal: Arc<Journal>, writer: usize, until: Instant) -> Result<u64> {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&(writer as u64).to_be_bytes());
    let (run, mut seq) = (RunId::from_bytes(id), 0);
    while Instant::now() < until {
        let append = Append::new(run, seq + 1, vec![vec![7; EVENT]]);
        seq = journal.append(append).await?.await?.last_seq;
    }
    Ok(seq)
}
