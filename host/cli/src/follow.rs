//! Watching runs to their ends.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Result;
use skep_engine::Engine;
use skep_model::{Call, Event, Happening, Record, RunId};
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
    mut transcript: Option<Transcript<'_>>,
    signals: &mut Signals,
) -> Result<Watched> {
    let mut events = engine.store().follow_run(run, 1);
    let waiting = engine.wait(run);
    tokio::pin!(waiting);
    let (mut stuck, mut cancelling) = (false, false);
    loop {
        tokio::select! {
            biased;
            event = events.next() => {
                let (seq, event) = event?;
                transcript.as_mut().map_or(Ok(()), |transcript| transcript.event(seq, &event))?;
                if matches!(event.what, Happening::Ended { .. }) {
                    return Ok(Watched::Ended(Box::new(engine.record(run)?)));
                }
            }
            waited = &mut waiting, if !stuck => match waited {
                Ok(_) => stuck = true,
                Err(error) => return Err(problem(Exit::Internal, error.to_string())),
            },
            () = only_people_help(engine) => return Ok(Watched::Waits),
            wish = signals.next() => {
                transcript.as_mut().map_or(Ok(()), Transcript::clear)?;
                if cancelling || wish == Wish::Terminate {
                    return Ok(Watched::Left);
                }
                cancelling = true;
                note("cancelling the run; Ctrl-C again leaves without waiting for its end");
                cancel(engine, run).await?;
            }
        }
    }
}

/// A run that ended just now has nothing to be cancelled.
async fn cancel(engine: &Engine, run: RunId) -> Result<()> {
    match engine.cancel(run, "Ctrl-C on the command line").await {
        Ok(()) | Err(skep_engine::Error::Ended(_)) => Ok(()),
        Err(error) => Err(error.into()),
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
