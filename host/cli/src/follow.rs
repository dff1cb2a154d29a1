//! Watching runs to their ends.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Result;
use skep_engine::Engine;
use skep_model::{Call, Event, Happening, Record, RunId, Seq};
use skep_state::Store;

use crate::exit::{Exit, problem};
use crate::output::note;
use crate::signals::{Signals, Wish};
use crate::transcript::Transcript;

/// How watching ended.
pub(crate) enum Watched {
    /// With the run.
    Ended(Box<Record>),
    /// Before it: it waits for a message, and nobody can send one while this process has the data folder.
    Waits,
    /// Before it: somebody wants this process to end.
    Left,
}

/// How long nothing happens before it is looked whether anything still can.
const QUIET: Duration = Duration::from_millis(500);

/// Shows a run's events until it ends. The first Ctrl-C cancels it, the second leaves.
pub(crate) async fn one(
    engine: &Engine,
    run: RunId,
    transcript: Option<Transcript<'_>>,
    signals: &mut Signals,
) -> Result<Watched> {
    let mut watch = Watch { engine, run, transcript, cancelling: false };
    let mut events = engine.store().follow_run(run, 1);
    let stuck = stuck(engine, run);
    tokio::pin!(stuck);
    loop {
        let watched = tokio::select! {
            biased;
            wish = signals.next() => watch.obey(wish).await?,
            event = events.next() => watch.show(&event?)?,
            error = &mut stuck => return Err(error),
            () = only_people_help(engine) => Some(Watched::Waits),
        };
        if let Some(watched) = watched {
            return Ok(watched);
        }
    }
}

struct Watch<'a> {
    engine: &'a Engine,
    run: RunId,
    transcript: Option<Transcript<'a>>,
    cancelling: bool,
}

impl Watch<'_> {
    fn show(&mut self, (seq, event): &(Seq, Event)) -> Result<Option<Watched>> {
        self.transcript.as_mut().map_or(Ok(()), |transcript| transcript.event(*seq, event))?;
        match event.what {
            Happening::Ended { .. } => Ok(Some(Watched::Ended(Box::new(self.engine.record(self.run)?)))),
            _ => Ok(None),
        }
    }

    async fn obey(&mut self, wish: Wish) -> Result<Option<Watched>> {
        self.transcript.as_mut().map_or(Ok(()), Transcript::clear)?;
        if self.cancelling || wish == Wish::Terminate {
            return Ok(Some(Watched::Left));
        }
        self.cancelling = true;
        note("cancelling the run; Ctrl-C again leaves without waiting for its end");
        match self.engine.cancel(self.run, "Ctrl-C on the command line").await {
            // A run that ended just now has nothing to be cancelled.
            Ok(()) | Err(skep_engine::Error::Ended(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Why this process can't go on with the run, if that comes to be.
async fn stuck(engine: &Engine, run: RunId) -> anyhow::Error {
    match engine.wait(run).await {
        Ok(_) => std::future::pending().await,
        Err(error) => problem(Exit::Internal, error.to_string()),
    }
}

/// How waiting for many ended.
pub(crate) enum Waited {
    /// All have ended.
    All,
    /// Those that are left wait for messages.
    ForPeople(Vec<RunId>),
    /// Somebody wants this process to end.
    Left,
}

/// Waits for each of `runs` in turn and tells of its end.
pub(crate) async fn each(
    engine: &Engine,
    runs: Vec<RunId>,
    signals: &mut Signals,
    mut tell: impl FnMut(&Record) -> Result<()>,
) -> Result<Waited> {
    let mut left = VecDeque::from(runs);
    let mut stuck = Vec::new();
    while let Some(run) = left.front().copied() {
        tokio::select! {
            record = engine.wait(run) => {
                left.pop_front();
                match record {
                    Ok(record) => tell(&record)?,
                    Err(error) => stuck.push(error.to_string()),
                }
            }
            () = only_people_help(engine) => return Ok(Waited::ForPeople(left.into())),
            _ = signals.next() => return Ok(Waited::Left),
        }
    }
    match stuck.is_empty() {
        true => Ok(Waited::All),
        false => Err(problem(Exit::Internal, stuck.join("\n"))),
    }
}

/// Ends when nothing happens any more and every unfinished run waits for a message without a time-out.
async fn only_people_help(engine: &Engine) {
    let store = engine.store();
    let mut tail = store.follow();
    loop {
        match tokio::time::timeout(QUIET, tail.next()).await {
            // Too far behind is as good as an event.
            Ok(Ok(_) | Err(skep_journal::Error::Lagged)) => {}
            Ok(Err(_)) => std::future::pending().await,
            Err(_) if waits_for_people(store, engine.parked()) => return,
            Err(_) => drop(tail.next().await),
        }
    }
}

fn waits_for_people(store: &Store, parked: usize) -> bool {
    let Ok(unfinished) = store.state().unfinished() else { return false };
    unfinished.len() == parked && unfinished.iter().all(|record| waits_without_end(store, record))
}

fn waits_without_end(store: &Store, record: &Record) -> bool {
    let started =
        record.open_calls.iter().filter_map(|open| store.read_events(record.run_id, open.started, 1).ok()?.pop());
    let waits =
        |(_, event): (_, Event)| matches!(event.what, Happening::Started { call: Call::Receive { timeout_ms: None } });
    !record.open_calls.is_empty() && { started }.all(waits)
}
