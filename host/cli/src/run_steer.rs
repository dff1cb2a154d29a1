//! What is done to runs that are there: go on with them, write to them, end them, delete them.

use anyhow::{Result, anyhow};
use serde_json::json;
use skep_engine::{Engine, kept};
use skep_model::{RunId, RunState};

use crate::exit::{Exit, problem};
use crate::follow::{self, Waited};
use crate::host::Settings;
use crate::output::{Output, note};
use crate::run_start::{given, leave, take_up};
use crate::signals::Signals;
use crate::transcript::Transcript;
use crate::{run_end, run_read, run_start, store_admin};

/// `skep run resume`: takes up every unfinished run and tells of each end.
pub(crate) async fn resume(settings: &Settings, out: &Output) -> Result<Exit> {
    let store = settings.open_existing()?;
    let mut runs: Vec<RunId> = store.state().unfinished()?.iter().map(|record| record.run_id).collect();
    runs.reverse();
    if runs.is_empty() {
        note("no run is unfinished");
        return Ok(Exit::Done);
    }
    let engine = settings.engine(&store)?;
    let result = drive(&engine, out, runs).await;
    leave(&engine, out).await;
    result
}

async fn drive(engine: &Engine, out: &Output, runs: Vec<RunId>) -> Result<Exit> {
    let mut signals = Signals::listen()?;
    take_up(engine).await?;
    let tell = |record: &skep_model::Record| run_end::in_a_list(engine.store(), out, record);
    Ok(match follow::each(engine, runs, &mut signals, tell).await? {
        Waited::All => Exit::Done,
        Waited::ForPeople(runs) => run_end::for_people(out, &runs),
        Waited::Left => Exit::Left,
    })
}

/// `skep run logs -f` of a run that has not ended: takes up what is unfinished and shows this one.
pub(crate) async fn attach(settings: &Settings, out: &Output, run: RunId) -> Result<Exit> {
    let store = settings.open_existing()?;
    let engine = settings.engine(&store)?;
    let watch = async {
        let mut signals = Signals::listen()?;
        take_up(&engine).await?;
        let transcript = Transcript::live(out, &store, run);
        let watched = follow::one(&engine, run, Some(transcript), &mut signals).await?;
        run_start::told(&engine, out, run, &watched, false)
    };
    let result = watch.await;
    leave(&engine, out).await;
    result
}

/// `skep run send`: the message is in the journal when this returns.
pub(crate) async fn send(settings: &Settings, out: &Output, id: &str, sender: &str, text: &str) -> Result<Exit> {
    let text = if text == "-" { given(text, "message")? } else { text.to_owned() };
    let store = settings.open_existing()?;
    let run = run_read::find(&store, id)?.run_id;
    settings.engine(&store)?.send(run, sender, &text).await?;
    told(out, run, store.record(run)?.map(|record| record.state))?;
    note(&format!("the message is kept; `{} run resume` lets the run hear it", out.command));
    Ok(Exit::Done)
}

/// `skep run cancel`: asks for the end and makes it, without working on any run.
pub(crate) async fn cancel(settings: &Settings, out: &Output, id: &str, reason: &str) -> Result<Exit> {
    let store = settings.open_existing()?;
    let run = run_read::find(&store, id)?.run_id;
    settings.engine(&store)?.cancel(run, reason).await?;
    told(out, run, store.record(run)?.map(|record| record.state))?;
    Ok(Exit::Done)
}

/// `skep run delete`.
pub(crate) fn delete(settings: &Settings, out: &Output, id: &str, reason: &str) -> Result<Exit> {
    let store = settings.open_existing()?;
    let record = run_read::find(&store, id)?;
    if record.deleted {
        return Err(problem(
            Exit::Refused,
            format!("run {} was deleted already; this is its tombstone", record.run_id),
        ));
    }
    store.delete_run(record.run_id, reason, store_admin::now())?;
    kept::remove(&settings.data, record.run_id).map_err(|error| anyhow!("its workspace can't be removed: {error}"))?;
    told(out, record.run_id, None)?;
    Ok(Exit::Done)
}

/// The run's id, and its state if it still has one.
fn told(out: &Output, run: RunId, state: Option<RunState>) -> Result<()> {
    match (out.is_json(), state) {
        (true, state) => out.json(&json!({ "run_id": run, "state": state }))?,
        (false, Some(state)) => out.line(&format!("{state}\t{run}"))?,
        (false, None) => out.line(&format!("deleted\t{run}"))?,
    }
    Ok(())
}
