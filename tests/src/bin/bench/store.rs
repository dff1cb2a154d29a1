//! The journal with its state: what the fold into sled costs, and whether its memory stays bounded.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use skep_journal::storage::OsStorage;
use skep_journal::{Append, Journal};
use skep_model::{AgentPin, Content, Digest, Event, Grants, Happening, Limits, RunId, RunSpec, Timestamp};
use skep_state::{Config, Store};
use tokio::task::JoinSet;

use crate::args::Plan;
use crate::journal::{NoFold, WRITERS, plural};
use crate::measure;
use crate::table::{Row, Target, Unit};

/// How many events a writer adds to a run before it begins the next one.
const RUN: u64 = 20;
/// Less than this difference is the noise of a machine that does other things too.
const KEEPS_UP: f64 = 0.9;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for writers in WRITERS {
        rows.push(rate(plan, writers)?);
    }
    rows.push(memory(plan)?);
    Ok(rows)
}

fn rate(plan: &Plan, writers: usize) -> Result<Row> {
    let runtime = measure::runtime()?;
    let events = if writers == 1 { plan.amount(4_000, 1_000) } else { plan.amount(100_000, 20_000) };
    let ours = || runtime.block_on(with_state(writers, events));
    let floor = || runtime.block_on(journal_alone(writers, events));
    let pair = measure::pair(plan, &format!("store, {}", plural(writers)), ours, floor)?;
    Ok(Row::new(format!("store: durable and folded events, {}", plural(writers)), Unit::PerSecond.of(pair.figure))
        .against("journal alone", pair.floor, pair.ratio)
        .target(Target::RatioAtLeast(KEEPS_UP)))
}

/// What this process has in memory after a long stretch of writing that it did not have after a short one.
fn memory(plan: &Plan) -> Result<Row> {
    let events = plan.amount(400_000, 100_000);
    let folder = tempfile::tempdir()?;
    let config = Config::new(folder.path());
    let cache = config.cache_bytes as f64 / 1024.0 / 1024.0;
    let runtime = measure::runtime()?;
    let before = measure::resident()?;
    let (store, _) = Store::open(config)?;
    runtime.block_on(per_second(Log::Folded(Box::new(store)), 256, events))?;
    let grown = (measure::resident()? - before) / 1024.0;
    eprintln!("  store: {grown:.0} MiB more than before {events} events of {} runs", events as u64 / RUN);
    // sled needs about as much again for what it is about to write, and the journal's queue and tail have their own bounds.
    let bound = 2.0 * cache + 64.0;
    let what = format!("store: memory after {events} events of {} runs", events as u64 / RUN);
    Ok(Row::new(what, Unit::MebiBytes.of(grown))
        .against("cache_capacity", cache, grown / cache)
        .target(Target::AtMost(bound)))
}

/// Where events go.
enum Log {
    Alone(Journal),
    Folded(Box<Store>),
}

impl Log {
    async fn append(&self, run: RunId, seq: u64, event: Event) -> Result<()> {
        match self {
            Self::Alone(journal) => {
                journal.append(Append::new(run, seq, vec![event.encode()])).await?.await?;
            }
            Self::Folded(store) => {
                store.append(run, seq, &[event]).await?;
            }
        }
        Ok(())
    }
}

async fn with_state(writers: usize, events: usize) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let (store, _) = Store::open(Config::new(folder.path()))?;
    per_second(Log::Folded(Box::new(store)), writers, events).await
}

async fn journal_alone(writers: usize, events: usize) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    // Nobody else knows where runs end, so the journal's own cache has to hold all of them.
    let config =
        skep_journal::Config { head_cache: 1 << 20, ..skep_journal::Config::new(folder.path().join("journal")) };
    let (journal, _) = Journal::open(config, Arc::new(OsStorage), Box::new(NoFold))?;
    per_second(Log::Alone(journal), writers, events).await
}

/// Each writer makes one run after the other, an event at a time.
async fn per_second(log: Log, writers: usize, events: usize) -> Result<f64> {
    let (log, share) = (Arc::new(log), (events / writers) as u64);
    let mut tasks = JoinSet::new();
    let began = Instant::now();
    for writer in 0..writers as u64 {
        let log = Arc::clone(&log);
        tasks.spawn(async move {
            for event in 0..share {
                log.append(id(writer, event / RUN), event % RUN + 1, event_of(event % RUN)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(written) = tasks.join_next().await {
        written??;
    }
    Ok((share * writers as u64) as f64 / began.elapsed().as_secs_f64())
}

fn id(writer: u64, run: u64) -> RunId {
    RunId::new(1_790_000_000_000 + run, &[writer as u8; 10])
}

/// A run is accepted, taken up, begins, and says things for the rest of its life.
fn event_of(number: u64) -> Event {
    let what = match number {
        0 => Happening::Queued(Box::new(spec())),
        1 => Happening::Attempt { number: 1 },
        2 => Happening::Began,
        _ => Happening::Said { text: Content::Inline(format!("{number:0>540}")) },
    };
    Event { at: Timestamp(1_790_000_000_000), what }
}

fn spec() -> RunSpec {
    RunSpec {
        title: "Measure the fold".to_owned(),
        prompt: Content::Inline("Say many things, one after the other.".to_owned()),
        context: Content::Inline("{}".to_owned()),
        agent: AgentPin { name: "bench".to_owned(), version: "0.1.0".to_owned(), component: Digest::of(b"bench") },
        environment: "bare".to_owned(),
        repos: Vec::new(),
        grants: Grants::default(),
        limits: Limits::RUN,
        startup: Vec::new(),
        variables: std::collections::BTreeMap::new(),
        archive: false,
        keep_failed_ms: 0,
        submitter: "bench".to_owned(),
        priority: 0,
        metadata: Default::default(),
        seed: 1,
    }
}
