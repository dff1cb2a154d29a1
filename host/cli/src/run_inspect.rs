//! Looking at runs: lists, records, transcripts.

use anyhow::Result;
use serde_json::json;
use skep_model::{Outcome, Record, Seq};
use skep_state::{Cursor, Filter};

use crate::args::Format;
use crate::args_run::ListArgs;
use crate::exit::{Exit, problem};
use crate::host::Settings;
use crate::listing::{Column, Listing};
use crate::output::{Output, note};
use crate::readable::{size, span};
use crate::transcript::Transcript;
use crate::wire::{EventItem, PageInfo, RunItem};
use crate::{run_read, run_steer, wire};

/// `skep run list`.
pub(crate) fn list(settings: &Settings, out: &Output, args: ListArgs) -> Result<Exit> {
    let ListArgs { state, agent, submitter, deleted, limit, cursor } = args;
    let cursor = cursor.map(|text| text.parse::<Cursor>()).transpose();
    let cursor = cursor
        .map_err(|_| problem(Exit::Refused, "that is no cursor of a list; take the one that the last list printed"))?;
    let store = settings.open_existing()?;
    let filter = Filter { states: state, agent, submitter, with_deleted: deleted, ..Filter::default() };
    let page = store.state().list(&filter, limit.into(), cursor)?;
    let items = page.records.iter().map(|record| run_read::listed_item(&store, record)).collect::<Result<Vec<_>>>()?;
    let next = page.next.map(|cursor| cursor.to_string());
    let page_info = PageInfo { has_next_page: next.is_some(), next_cursor: next.clone() };
    let columns: &[Column<RunItem>] = &[
        ("STATE", |item| item.state.to_string()),
        ("RUN", |item| item.run_id.clone()),
        ("CREATED", |item| item.created_at.clone()),
        ("AGENT", |item| item.agent_config.name.clone()),
        ("ENVIRONMENT", |item| item.agent_config.environment_id.clone()),
        ("TITLE", |item| item.title.clone()),
    ];
    Listing { key: "runs", items: &items, columns, page_info: Some(page_info) }.print(out)?;
    if let Some(next) = next.filter(|_| !out.is_json()) {
        note(&format!("more: --cursor {next}"));
    }
    Ok(Exit::Done)
}

/// `skep run get`.
pub(crate) fn get(settings: &Settings, out: &Output, id: &str) -> Result<Exit> {
    let store = settings.open_existing()?;
    let record = run_read::find(&store, id)?;
    let item = run_read::whole_item(&store, &record)?;
    if out.is_json() {
        out.json(&item)?;
    } else {
        facts(out, &record, &item, run_read::outcome(&store, &record).as_ref())?;
    }
    Ok(Exit::Done)
}

fn facts(out: &Output, record: &Record, item: &RunItem, outcome: Option<&Outcome>) -> std::io::Result<()> {
    let open: Vec<_> = record.open_calls.iter().map(|open| format!("{} (event {})", open.name, open.started)).collect();
    let kept: Vec<_> =
        record.artifacts.iter().map(|artifact| format!("{} ({})", artifact.name, size(artifact.bytes))).collect();
    let facts = [
        ("run", item.run_id.clone()),
        ("state", record.state.to_string()),
        ("title", item.title.clone()),
        ("prompt", item.prompt.clone()),
        ("agent", record.agent.clone()),
        ("environment", record.environment.clone()),
        ("submitter", record.submitter.clone()),
        ("priority", record.priority.to_string()),
        ("created", item.created_at.clone()),
        ("run time", wire::run_time(record).map(span).unwrap_or_default()),
        ("attempts", record.attempt.to_string()),
        ("calls", record.calls.to_string()),
        ("events", record.last_seq.to_string()),
        ("waits for", open.join(", ")),
        ("kept", kept.join(", ")),
        ("outcome", ended(record, outcome)),
    ];
    out.facts(&facts)
}

fn ended(record: &Record, outcome: Option<&Outcome>) -> String {
    match outcome {
        Some(outcome) => format!("{}: {}", outcome.kind(), outcome.message()),
        None if record.deleted => "deleted".to_owned(),
        None => "not ended".to_owned(),
    }
}

/// `skep run logs`.
pub(crate) async fn logs(settings: &Settings, out: &Output, id: &str, from: Seq, follow: bool) -> Result<Exit> {
    let store = settings.open_existing()?;
    let record = run_read::find(&store, id)?;
    if follow && !record.state.is_terminal() && !record.deleted {
        drop(store);
        return run_steer::attach(settings, out, record.run_id).await;
    }
    let mut transcript = Transcript::new(out, &store, record.run_id);
    let mut events = Vec::new();
    run_read::each_event(&store, &record, from, |seq, event| {
        if out.format == Format::Json {
            events.push(serde_json::to_value(EventItem { run: record.run_id, seq, event })?);
            return Ok(());
        }
        Ok(transcript.event(seq, event)?)
    })?;
    if out.format == Format::Json {
        out.json(&json!({ "run_id": record.run_id, "events": events }))?;
    }
    Ok(Exit::Done)
}
