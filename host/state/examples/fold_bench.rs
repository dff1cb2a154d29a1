//! How fast events become durable and folded, beside how fast the journal alone makes them durable.
//!
//! `cargo run --release -p skep-state --example fold_bench -- [EVENTS] [RUNS_PER_WRITER] [WRITERS] [FOLDER]`

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use skep_journal::storage::OsStorage;
use skep_journal::{Append, Applied, Fold, FoldError, Head, Journal, Mark, Moved};
use skep_model::{AgentPin, Content, Digest, Event, Grants, Happening, Limits, RunId, RunSpec, Timestamp};
use skep_state::{Config, Store};
use tokio::task::JoinSet;

/// A fold that keeps nothing.
struct Nothing;

impl Fold for Nothing {
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

/// What one measurement says. Processor time is that of all threads, and doesn't depend on what else the machine does.
struct Rate {
    per_second: f64,
    cpu_micros: f64,
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>7.0}/s {:>5.1} us cpu", self.per_second, self.cpu_micros)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let events: u64 = args.next().map_or(Ok(200_000), |text| text.parse())?;
    let runs: u64 = args.next().map_or(Ok(1), |text| text.parse())?;
    let writers: u64 = args.next().map_or(Ok(0), |text| text.parse())?;
    let folder = args.next().map_or_else(std::env::temp_dir, Into::into);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    println!("{events} events of {} bytes, {runs} runs per writer", said(1).encode().len());
    let each: &[u64] = if writers == 0 { &[1, 64, 256] } else { &[writers] };
    for &writers in each {
        // One event at a time costs a sync for each.
        let events = if writers == 1 { events / 10 } else { events };
        let alone = runtime.block_on(journal_alone(&folder, writers, runs, events))?;
        let before = resident_mb();
        let folded = runtime.block_on(with_state(&folder, writers, runs, events))?;
        println!(
            "{writers:>3} writers: journal alone {alone}, with state {folded} ({:.2}); resident {before} -> {} MB",
            folded.per_second / alone.per_second,
            resident_mb()
        );
    }
    Ok(())
}

async fn journal_alone(
    folder: &Path,
    writers: u64,
    runs: u64,
    events: u64,
) -> Result<Rate, Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir_in(folder)?;
    let config = skep_journal::Config::new(dir.path().join("journal"));
    let (journal, _) = Journal::open(config, Arc::new(OsStorage), Box::new(Nothing))?;
    let journal = Arc::new(journal);
    let mut accepted = Vec::new();
    for run in 0..writers * runs {
        accepted.push(journal.append(Append::new(id(run), 1, first().iter().map(Event::encode).collect())).await?);
    }
    for answer in accepted {
        answer.await?;
    }
    each_writer(writers, runs, events, move |run, seq| {
        let journal = journal.clone();
        async move {
            let append = Append::new(run, seq, vec![said(seq).encode()]);
            let appended = journal.append(append).await.expect("a place");
            appended.await.expect("an answer");
        }
    })
    .await
}

async fn with_state(folder: &Path, writers: u64, runs: u64, events: u64) -> Result<Rate, Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir_in(folder)?;
    let (store, _) = Store::open(Config::new(dir.path()))?;
    let store = Arc::new(store);
    let mut accepted = Vec::new();
    for run in 0..writers * runs {
        accepted.push(store.submit(id(run), 1, &first()).await?);
    }
    for answer in accepted {
        answer.await?;
    }
    let writing = store.clone();
    let append = move |run, seq| {
        let store = writing.clone();
        async move {
            store.append(run, seq, &[said(seq)]).await.expect("an answer");
        }
    };
    let before = resident_mb();
    let rate = each_writer(writers, runs, events, append).await?;
    println!("  resident {before} -> {} MB", resident_mb());
    let began = Instant::now();
    drop(store);
    let disk = size_of_folder(&dir.path().join("state"))? >> 20;
    println!("  closed in {:?}, state {disk} MB on disk, resident {} MB", began.elapsed(), resident_mb());
    if writers == 256 {
        let began = Instant::now();
        let (store, report) = Store::rebuild(Config::new(dir.path()))?;
        let folded = report.rebuilt.map_or(0, |rebuilt| rebuilt.events);
        println!("  rebuilt {folded} events in {:?}", began.elapsed());
        drop(store);
    }
    Ok(rate)
}

/// Each writer appends to its runs in turn, one event at a time.
async fn each_writer<F>(
    writers: u64,
    runs: u64,
    events: u64,
    append: impl Fn(RunId, u64) -> F + Clone + Send + 'static,
) -> Result<Rate, Box<dyn std::error::Error>>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (per_writer, before) = (events / writers, first().len() as u64);
    let (began, cpu) = (Instant::now(), cpu_micros());
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let append = append.clone();
        tasks.spawn(async move {
            for event in 0..per_writer {
                append(id(writer * runs + event % runs), before + 1 + event / runs).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done?;
    }
    let done = (per_writer * writers) as f64;
    Ok(Rate {
        per_second: done / began.elapsed().as_secs_f64(),
        cpu_micros: cpu_micros().saturating_sub(cpu) as f64 / done,
    })
}

fn id(number: u64) -> RunId {
    RunId::new(1_790_000_000_000 + number, &[7; 10])
}

fn at(what: Happening) -> Event {
    Event { at: Timestamp(1_790_000_000_000), what }
}

fn said(seq: u64) -> Event {
    at(Happening::Said { text: Content::Inline(format!("{seq:0>540}")) })
}

/// What stands before the first word of a brain.
fn first() -> Vec<Event> {
    let spec = RunSpec {
        title: "Measure the fold".to_owned(),
        prompt: Content::Inline("Say many things, one after the other.".to_owned()),
        context: Content::Inline("{}".to_owned()),
        agent: AgentPin { name: "bench".to_owned(), version: "0.1.0".to_owned(), component: Digest::of(b"bench") },
        environment: "default".to_owned(),
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
    };
    let attempt = Happening::Attempt { number: 1 };
    [Happening::Queued(Box::new(spec)), attempt, Happening::Began].into_iter().map(at).collect()
}

/// User and system time of this process, from its 14th and 15th field in proc_pid_stat(5), in ticks of 10 ms.
fn cpu_micros() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ').skip(11).take(2);
    fields.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>() * 10_000
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn size_of_folder(dir: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { size_of_folder(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
