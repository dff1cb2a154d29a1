//! Looking at runs: lists, records, transcripts, artifacts, and the proof that a record is exact.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;
use skep_engine::Verdict;
use skep_model::{Artifact, Happening, Record, RunId, Seq};
use skep_state::{Cursor, Filter, Store};

use crate::args::Format;
use crate::args_run::ListArgs;
use crate::exit::{Exit, Problem, problem};
use crate::host::Settings;
use crate::listing::{Column, Listing};
use crate::output::{Output, note};
use crate::readable::{harmless, size, span};
use crate::transcript::Transcript;
use crate::wire::{ArtifactItem, EventItem, PageInfo, RunItem};
use crate::{run_read, run_steer, wire};

/// Events read at once.
const PAGE: usize = 256;

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
        facts(out, &record, &item)?;
    }
    Ok(Exit::Done)
}

fn facts(out: &Output, record: &Record, item: &RunItem) -> Result<()> {
    let took = wire::run_time(record).map(span).unwrap_or_default();
    let none = if record.deleted { "deleted" } else { "not ended" };
    let outcome = record
        .outcome
        .as_ref()
        .map_or_else(|| none.to_owned(), |outcome| format!("{}: {}", outcome.kind(), outcome.message()));
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
        ("run time", took),
        ("attempts", record.attempt.to_string()),
        ("calls", record.calls.to_string()),
        ("events", record.last_seq.to_string()),
        ("waits for", open.join(", ")),
        ("kept", kept.join(", ")),
        ("outcome", outcome),
    ];
    Ok(out.facts(&facts)?)
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
    each_event(&store, &record, from, |seq, event| {
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

fn each_event(
    store: &Store,
    record: &Record,
    from: Seq,
    mut tell: impl FnMut(Seq, &skep_model::Event) -> Result<()>,
) -> Result<()> {
    let mut next = from.max(1);
    loop {
        let page = store.read_events(record.run_id, next, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        next = last + 1;
        page.iter().try_for_each(|(seq, event)| tell(*seq, event))?;
    }
}

/// `skep run artifacts`.
pub(crate) fn artifacts(settings: &Settings, out: &Output, id: &str, get: Option<&str>, to: &Path) -> Result<Exit> {
    let store = settings.open_existing()?;
    let record = run_read::find(&store, id)?;
    if let Some(name) = get {
        let artifact = named(&store, &record, name)?;
        put(&run_read::blob_of(&store, &artifact.digest)?, &artifact, to)?;
        return Ok(Exit::Done);
    }
    let kept = run_read::artifacts(&store, &record)?;
    let items: Vec<_> = kept.iter().map(|kept| wire::artifact(record.run_id, kept)).collect();
    let columns: &[Column<ArtifactItem>] = &[
        ("NAME", |item| item.data.filename.clone()),
        ("TYPE", |item| item.data.mime_type.clone()),
        ("SIZE", |item| size(item.data.size_bytes)),
        ("CREATED", |item| item.created_at.clone()),
    ];
    Listing { key: "artifacts", items: &items, columns, page_info: None }.print(out)?;
    if record.artifacts_unlisted > 0 {
        note(&format!("{} more are only in the transcript; --get gets them by name", record.artifacts_unlisted));
    }
    Ok(Exit::Done)
}

/// The artifact with this name: from the record, or from the journal when the record has no room for it.
fn named(store: &Store, record: &Record, name: &str) -> Result<Artifact> {
    let mut found = record.artifacts.iter().find(|artifact| artifact.name == name).cloned();
    if found.is_none() && record.artifacts_unlisted > 0 {
        each_event(store, record, 1, |_, event| {
            if let Happening::Reported { artifact } = &event.what
                && artifact.name == name
            {
                found = Some(artifact.clone());
            }
            Ok(())
        })?;
    }
    found.ok_or_else(|| {
        let names: Vec<_> = record.artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
        let kept = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        problem(Exit::NotFound, format!("run {} kept no artifact named {name:?}; it kept {kept}", record.run_id))
    })
}

fn put(bytes: &[u8], artifact: &Artifact, to: &Path) -> Result<()> {
    if to != Path::new("-") {
        let message = format!("{} can't be written", to.display());
        return std::fs::write(to, bytes).context(Problem { exit: Exit::Refused, message });
    }
    let mut stdout = std::io::stdout().lock();
    let is_text = artifact.media_type.starts_with("text/") || artifact.media_type == "application/json";
    match (stdout.is_terminal(), is_text) {
        (true, true) => stdout.write_all(harmless(&String::from_utf8_lossy(bytes)).as_bytes())?,
        (true, false) => {
            let text = format!(
                "{} is {}, which is nothing for a terminal; name a file with -o",
                artifact.name, artifact.media_type
            );
            return Err(problem(Exit::Usage, text));
        }
        (false, _) => stdout.write_all(bytes)?,
    }
    Ok(stdout.flush()?)
}

/// `skep run replay`.
pub(crate) async fn replay(settings: &Settings, out: &Output, id: &str) -> Result<Exit> {
    let store = settings.open_existing()?;
    let run = run_read::find(&store, id)?.run_id;
    let replayed = settings.engine(&store)?.replay(run).await?;
    let exit = match &replayed.verdict {
        Verdict::Exact => Exit::Done,
        Verdict::ExactSoFar(_) => Exit::NotWhole,
        Verdict::Diverged(_) => Exit::Diverged,
    };
    if out.is_json() {
        out.json(&replay_json(run, replayed.compared, &replayed.verdict))?;
    } else {
        replay_lines(out, replayed.compared, &replayed.verdict)?;
    }
    Ok(exit)
}

fn replay_json(run: RunId, compared: u64, verdict: &Verdict) -> serde_json::Value {
    match verdict {
        Verdict::Exact => json!({ "run_id": run, "verdict": "exact", "compared": compared }),
        Verdict::ExactSoFar(why) => {
            json!({ "run_id": run, "verdict": "exact_so_far", "compared": compared, "why": why })
        }
        Verdict::Diverged(at) => {
            json!({ "run_id": run, "verdict": "diverged", "compared": compared, "seq": at.seq, "journal": at.journal, "brain": at.brain })
        }
    }
}

fn replay_lines(out: &Output, compared: u64, verdict: &Verdict) -> std::io::Result<()> {
    let palette = out.palette;
    match verdict {
        Verdict::Exact => out.line(&format!(
            "{}  {compared} events of the agent and its end are the same, byte for byte",
            out.styled(palette.good, "exact")
        )),
        Verdict::ExactSoFar(why) => out.line(&format!(
            "{}  {compared} events of the agent are the same; {}",
            out.styled(palette.notice, "exact so far"),
            harmless(why)
        )),
        Verdict::Diverged(at) => {
            out.line(&format!(
                "{}  at event {}, after {compared} that are the same",
                out.styled(palette.bad, "diverged"),
                at.seq
            ))?;
            out.line(&format!("  journal  {}", harmless(&at.journal)))?;
            out.line(&format!("  agent    {}", harmless(&at.brain)))
        }
    }
}
