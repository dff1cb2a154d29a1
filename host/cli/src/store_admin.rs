//! `skep store`: the data folder itself.

use std::fs::File;
use std::io::{BufReader, IsTerminal, Write, stderr};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::json;
use skep_model::Timestamp;
use skep_state::{RetentionConfig, Store};

use crate::args::StoreCommand;
use crate::exit::{Exit, Problem};
use crate::host::Settings;
use crate::output::{Output, note};
use crate::readable::count;

pub(crate) fn run(settings: &Settings, out: &Output, command: StoreCommand) -> Result<Exit> {
    match command {
        StoreCommand::Verify => verify(&*settings.open_existing()?, out),
        StoreCommand::Rebuild => rebuild(settings, out),
        StoreCommand::Export { file } => export(&*settings.open_existing()?, out, &file),
        StoreCommand::Import { file } => import(settings, out, &file),
        StoreCommand::Compact => compact(settings, &*settings.open_existing()?, out),
    }
}

fn verify(store: &Store, out: &Output) -> Result<Exit> {
    let report = store.verify(progress("checked", "events"))?;
    clear_progress();
    let damage: Vec<_> = report.journal.damage.iter().map(ToString::to_string).collect();
    let problems: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    if out.is_json() {
        out.json(&json!({
            "sound": report.is_sound(), "runs": report.runs, "events": report.events, "blobs": report.blobs,
            "digest": report.digest, "damage": damage, "problems": problems,
        }))?;
    } else {
        damage
            .iter()
            .chain(&problems)
            .try_for_each(|problem| out.line(&format!("{}  {problem}", out.styled(out.palette.bad, "wrong"))))?;
        let verdict = if report.is_sound() {
            out.styled(out.palette.good, "sound")
        } else {
            out.styled(out.palette.bad, "not sound")
        };
        let (runs, events, blobs) = (count(report.runs), count(report.events), count(report.blobs));
        out.line(&format!("{verdict}  {runs} runs, {events} events, {blobs} blobs, {}", report.digest))?;
    }
    Ok(if report.is_sound() { Exit::Done } else { Exit::DataFolder })
}

fn rebuild(settings: &Settings, out: &Output) -> Result<Exit> {
    let (_store, report) = settings.rebuild()?;
    match out.is_json() {
        true => out.json(&json!({ "events": report.rebuilt.as_ref().map_or(0, |rebuilt| rebuilt.events) }))?,
        false => out.line(report.to_string().trim_end())?,
    }
    let whole = report.journal.damage.is_empty() && report.journal.lost.is_none();
    Ok(if whole { Exit::Done } else { Exit::DataFolder })
}

fn export(store: &Store, out: &Output, file: &Path) -> Result<Exit> {
    if file == Path::new("-") {
        store.export(std::io::stdout().lock())?;
        return Ok(Exit::Done);
    }
    // A name that is there stands for a whole export, so it is given when the last line is on the disk.
    let partial = file.with_added_extension("partial");
    let unwritable =
        |path: &Path| Problem { exit: Exit::Refused, message: format!("{} can't be written", path.display()) };
    let mut to = File::create(&partial).with_context(|| unwritable(&partial))?;
    let totals = store.export(&mut to)?;
    to.sync_all().and_then(|()| std::fs::rename(&partial, file)).with_context(|| unwritable(file))?;
    told(out, "exported", &totals)
}

fn import(settings: &Settings, out: &Output, file: &Path) -> Result<Exit> {
    let unreadable = || Problem { exit: Exit::Refused, message: format!("{} can't be read", file.display()) };
    let totals = if file == Path::new("-") {
        settings.import(std::io::stdin().lock())?
    } else {
        settings.import(BufReader::new(File::open(file).with_context(unreadable)?))?
    };
    told(out, "imported", &totals)
}

fn told(out: &Output, done: &str, totals: &skep_state::Totals) -> Result<Exit> {
    match out.is_json() {
        true => out.json(totals)?,
        false => out.line(&format!(
            "{done} {} runs, {} events, {} blobs",
            count(totals.runs),
            count(totals.events),
            count(totals.blobs)
        ))?,
    }
    Ok(Exit::Done)
}

fn compact(settings: &Settings, store: &Store, out: &Output) -> Result<Exit> {
    let retention = settings.config.retention;
    let day = Duration::from_secs(24 * 3_600);
    let policy = RetentionConfig {
        keep_ended_for: retention.keep_days.map(|days| day.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX))),
        keep_last: retention.keep_last.map_or(0, |runs| usize::try_from(runs).unwrap_or(usize::MAX)),
    };
    let done = store.compact(&policy, now())?;
    if out.is_json() {
        out.json(&json!({ "runs_deleted": done.runs_deleted, "events_dropped": done.events_dropped, "blobs_removed": done.blobs_removed }))?;
    } else {
        let (runs, events, blobs) = (count(done.runs_deleted), count(done.events_dropped), count(done.blobs_removed));
        out.line(&format!(
            "deleted {runs} runs by the retention of skep.toml, dropped {events} events, removed {blobs} blobs"
        ))?;
    }
    if done.segments_damaged > 0 {
        note(&format!(
            "{} damaged segments were left alone; `{} store verify` says more",
            done.segments_damaged, out.command
        ));
    }
    Ok(Exit::Done)
}

/// Now, for what this command appends itself.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Says on a terminal how far something is.
fn progress(done: &'static str, what: &'static str) -> impl FnMut(u64) {
    let mut told = 0;
    move |number| {
        if number >= told + 10_000 && stderr().is_terminal() {
            told = number;
            write!(stderr(), "\r{done} {} {what}", count(number)).unwrap_or_default();
        }
    }
}

fn clear_progress() {
    if stderr().is_terminal() {
        write!(stderr(), "\r\x1b[K").unwrap_or_default();
    }
}
