//! What is shown of a run that has ended: what came of it, what it kept, and where to look.

use std::io;

use anyhow::Result;
use skep_engine::changes::CHANGES;
use skep_model::{Artifact, Outcome, Record, RunId, RunState};
use skep_state::Store;

use crate::args::Format;
use crate::exit::Exit;
use crate::output::{Output, note};
use crate::readable::{cut, harmless, one_line, size, span};
use crate::run_read;
use crate::wire;

/// The most of a report that is printed.
const REPORT_BYTES: usize = 48 * 1024;
const REPORT_LINES: usize = 400;
/// The most of a result that is printed for people.
const RESULT_CHARS: usize = 4_000;

/// The result of the one run that was waited for.
pub(crate) fn show(store: &Store, out: &Output, record: &Record, quiet: bool) -> Result<()> {
    let message = || run_read::outcome(store, record).map(|outcome| outcome.message()).unwrap_or_default();
    match out.format {
        Format::Json | Format::Ndjson => out.json(&run_read::whole_item(store, record)?)?,
        Format::Text => line(out, record, &message())?,
        Format::Pretty => {
            if !quiet {
                reports(store, out, record)?;
            }
            summary(out, record, &message(), quiet)?;
        }
    }
    Ok(())
}

/// The result of one of many runs: a line.
pub(crate) fn in_a_list(store: &Store, out: &Output, record: &Record) -> Result<()> {
    if out.is_json() {
        // Many documents can't be one, so `json` is a line each here, too.
        return Ok(out.line(&serde_json::to_string(&run_read::listed_item(store, record)?)?)?);
    }
    let message = record.outcome.as_ref().map(Outcome::message).unwrap_or_default();
    Ok(line(out, record, &message)?)
}

fn line(out: &Output, record: &Record, message: &str) -> io::Result<()> {
    out.line(&match out.format {
        Format::Pretty => format!("{}  {}  {}", state(out, record.state), record.run_id, one_line(message, 100)),
        Format::Text | Format::Json | Format::Ndjson => {
            format!("{}\t{}\t{}", record.state, record.run_id, one_line(message, usize::MAX))
        }
    })
}

/// These can't go on by themselves.
pub(crate) fn for_people(out: &Output, runs: &[RunId]) -> Exit {
    let name = &out.command;
    for run in runs {
        note(&format!("run {run} waits for a message: `{name} run send {run} TEXT`, then `{name} run resume`"));
    }
    Exit::Waits
}

pub(crate) fn state(out: &Output, state: RunState) -> String {
    let style = match state {
        RunState::Succeeded => out.palette.good,
        RunState::Failed | RunState::Error => out.palette.bad,
        RunState::Cancelled | RunState::Blocked => out.palette.notice,
        RunState::Queued | RunState::Pending | RunState::Claimed | RunState::InProgress => out.palette.strong,
    };
    out.styled(style, &format!("{state:<10}"))
}

fn summary(out: &Output, record: &Record, message: &str, quiet: bool) -> Result<()> {
    let took = wire::run_time(record).map(|time| format!(" after {}", span(time))).unwrap_or_default();
    if !quiet {
        out.line("")?;
    }
    out.line(&format!("{}run {}{took}", state(out, record.state), record.run_id))?;
    harmless(&cut(message, RESULT_CHARS)).lines().try_for_each(|line| out.line(&format!("  {line}")))?;
    if !quiet {
        kept(out, &record.artifacts)?;
        where_to_look(out, record)?;
    }
    Ok(())
}

fn kept(out: &Output, artifacts: &[Artifact]) -> io::Result<()> {
    let width = artifacts.iter().map(|artifact| artifact.name.chars().count()).max().unwrap_or(0);
    artifacts.iter().try_for_each(|artifact| {
        let Artifact { name, media_type, bytes, .. } = artifact;
        out.line(&format!("  kept  {:width$}  {}, {}", harmless(name), harmless(media_type), size(*bytes)))
    })
}

fn where_to_look(out: &Output, record: &Record) -> io::Result<()> {
    let (name, id) = (&out.command, record.run_id);
    let mut look = vec![
        (format!("run logs {id}"), "what it did, event by event".to_owned()),
        (format!("run replay {id}"), "proof that the record is exact".to_owned()),
    ];
    let changed = record.artifacts.iter().any(|artifact| artifact.name == CHANGES);
    if changed {
        look.push((format!("run diff {id}"), "what it changed, as a patch".to_owned()));
    }
    if let Some(artifact) = record.artifacts.last().filter(|_| !changed) {
        let file = harmless(&artifact.name);
        look.push((format!("run artifacts {id} --get {file} -o {file}"), String::new()));
    }
    look.iter().try_for_each(|(command, about)| {
        let text = format!("  {name} {command}");
        out.line(&if about.is_empty() { text } else { format!("{text}  {}", out.styled(out.palette.dim, about)) })
    })
}

/// Reports in Markdown are what a person wants to read.
fn reports(store: &Store, out: &Output, record: &Record) -> Result<()> {
    for artifact in record.artifacts.iter().filter(|artifact| artifact.media_type.starts_with("text/markdown")) {
        let bytes = run_read::blob_of(store, &artifact.digest)?;
        out.line(&format!("\n{}", out.styled(out.palette.dim, &format!("── {} ──", harmless(&artifact.name)))))?;
        report(out, &artifact.name, &String::from_utf8_lossy(&bytes))?;
    }
    Ok(())
}

fn report(out: &Output, name: &str, text: &str) -> io::Result<()> {
    let shown = &text[..text.floor_char_boundary(REPORT_BYTES)];
    for line in shown.lines().take(REPORT_LINES) {
        let style = if line.starts_with('#') { out.palette.strong } else { anstyle::Style::new() };
        out.line(&out.styled(style, &harmless(line)))?;
    }
    if shown.len() < text.len() || shown.lines().count() > REPORT_LINES {
        out.line(&format!(
            "… {} in all; `{} run artifacts ID --get {}` has the rest",
            size(text.len() as u64),
            out.command,
            harmless(name)
        ))?;
    }
    Ok(())
}
