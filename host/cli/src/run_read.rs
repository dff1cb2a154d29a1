//! Reading runs out of the store: by the part of an id that was typed, and with what their record only points to.

use std::collections::HashSet;

use anyhow::Result;
use skep_model::{Artifact, Content, Event, Happening, Outcome, Record, RunId, RunSpec, Seq, Timestamp};
use skep_state::Store;

use crate::exit::{Exit, problem};
use crate::wire::{RunItem, RunParts};

/// The least of an id that is looked up.
const SHORTEST: usize = 6;
/// Events read at once.
const PAGE: usize = 256;

/// Something that a run kept, and when.
#[derive(Debug, Clone)]
pub(crate) struct KeptArtifact {
    pub(crate) at: Timestamp,
    pub(crate) artifact: Artifact,
}

/// The run that is meant: a whole id, or the beginning or end of exactly one.
pub(crate) fn find(store: &Store, typed: &str) -> Result<Record> {
    let run = match typed.parse::<RunId>() {
        Ok(run) => run,
        Err(error) if typed.len() < SHORTEST || !is_part_of_an_id(typed) => {
            return Err(problem(
                Exit::NotFound,
                format!("{error}; {SHORTEST} characters or more of its beginning or end will do"),
            ));
        }
        Err(_) => find_by_part(store, &typed.to_ascii_lowercase())?,
    };
    let unknown = || {
        problem(
            Exit::NotFound,
            format!("there is no run {typed} in this data folder; `skep run list` shows what there is"),
        )
    };
    store.record(run)?.ok_or_else(unknown)
}

fn is_part_of_an_id(typed: &str) -> bool {
    typed.len() <= 36 && typed.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

fn find_by_part(store: &Store, part: &str) -> Result<RunId> {
    let mut found = Vec::new();
    for run in store.state().all_runs() {
        let run = run?;
        let text = run.to_string();
        if text.starts_with(part) || text.ends_with(part) {
            found.push(run);
        }
    }
    match found[..] {
        [run] => Ok(run),
        [] => Err(problem(
            Exit::NotFound,
            format!("there is no run {part}… in this data folder; `skep run list` shows what there is"),
        )),
        [one, other, ..] => {
            let text =
                format!("{} runs have {part} in their id, for example {one} and {other}; give more of it", found.len());
            Err(problem(Exit::NotFound, text))
        }
    }
}

/// What the run was accepted with; nothing when it was deleted or its journal is damaged there.
pub(crate) fn spec(store: &Store, run: RunId) -> Option<RunSpec> {
    let events = store.read_events(run, 1, 1).ok()?;
    match events.into_iter().next()? {
        (1, Event { what: Happening::Queued(spec), .. }) => Some(*spec),
        _ => None,
    }
}

/// The run as the public API shows it, with its prompt whole.
pub(crate) fn whole_item(store: &Store, record: &Record) -> Result<RunItem> {
    let spec = spec(store, record.run_id);
    // A record can be looked at whatever happened to its blobs.
    let prompt = spec.as_ref().and_then(|spec| text(store, &spec.prompt).ok()).unwrap_or_else(|| record.prompt.clone());
    let (artifacts, outcome) = (artifacts(store, record)?, outcome(store, record));
    Ok(RunParts { record, spec: spec.as_ref(), prompt, artifacts: &artifacts, outcome: outcome.as_ref() }.into())
}

/// The same for lists: of a prompt that is a blob, only its size, and of a long result, only its beginning.
pub(crate) fn listed_item(store: &Store, record: &Record) -> Result<RunItem> {
    let spec = spec(store, record.run_id);
    let prompt = match spec.as_ref().map(|spec| &spec.prompt) {
        Some(Content::Inline(text)) => text.clone(),
        Some(Content::Blob { .. }) | None => record.prompt.clone(),
    };
    let (artifacts, outcome) = (artifacts(store, record)?, record.outcome.as_ref());
    Ok(RunParts { record, spec: spec.as_ref(), prompt, artifacts: &artifacts, outcome }.into())
}

/// How the run ended, with all of its text: the record has only the beginning of a long one.
pub(crate) fn outcome(store: &Store, record: &Record) -> Option<Outcome> {
    let last = store.read_events(record.run_id, record.last_seq, 1).ok().and_then(|mut events| events.pop());
    match last {
        Some((_, Event { what: Happening::Ended { outcome: Outcome::Completed(content), .. }, .. })) => {
            let whole = text(store, &content).map(Content::Inline);
            Some(Outcome::Completed(whole.unwrap_or(content)))
        }
        Some((_, Event { what: Happening::Ended { outcome, .. }, .. })) => Some(outcome),
        _ => record.outcome.clone(),
    }
}

/// A content's text, wherever it is.
pub(crate) fn text(store: &Store, content: &Content) -> Result<String> {
    Ok(match content {
        Content::Inline(text) => text.clone(),
        Content::Blob { blob, .. } => String::from_utf8_lossy(&blob_of(store, blob)?).into_owned(),
    })
}

/// The bytes of a blob.
pub(crate) fn blob_of(store: &Store, blob: &skep_model::Digest) -> Result<Vec<u8>> {
    Ok(store.blobs().get(blob)?)
}

/// What the record lists, with the time at which it was kept, which only the journal knows. Reads backwards, because
/// most is kept at the end.
pub(crate) fn artifacts(store: &Store, record: &Record) -> Result<Vec<KeptArtifact>> {
    let mut wanted: HashSet<&str> = record.artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
    let mut times = Vec::new();
    let mut before = record.last_seq + 1;
    while !wanted.is_empty() && before > 1 {
        let from = before.saturating_sub(PAGE as Seq).max(1);
        let events = store.read_events(record.run_id, from, usize::try_from(before - from).unwrap_or(PAGE))?;
        for (_, event) in events.iter().rev() {
            if let Happening::Reported { artifact } = &event.what
                && let Some(name) = wanted.take(artifact.name.as_str())
            {
                times.push((name, event.at));
            }
        }
        before = from;
    }
    let time = |name: &str| times.iter().find(|(known, _)| *known == name).map_or(record.updated_at, |(_, at)| *at);
    Ok(record
        .artifacts
        .iter()
        .map(|artifact| KeptArtifact { at: time(&artifact.name), artifact: artifact.clone() })
        .collect())
}

/// The artifact with this name: from the record, or from the journal when the record has no room for it.
pub(crate) fn artifact(store: &Store, record: &Record, name: &str) -> Result<Option<Artifact>> {
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
    Ok(found)
}

/// Reads a run's events from number `from` on, page by page.
pub(crate) fn each_event(
    store: &Store,
    record: &Record,
    from: Seq,
    mut tell: impl FnMut(Seq, &Event) -> Result<()>,
) -> Result<()> {
    let mut next = from.max(1);
    loop {
        let page = store.read_events(record.run_id, next, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        next = last + 1;
        page.iter().try_for_each(|(seq, event)| tell(*seq, event))?;
    }
}
