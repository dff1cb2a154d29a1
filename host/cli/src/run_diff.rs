//! `skep run diff`: what a run changed in its workspace, as a patch or as a list of files.

use std::io::{IsTerminal, Write};

use anyhow::{Context, Result};
use serde::Deserialize;
use skep_engine::changes::CHANGES;
use skep_model::Record;
use skep_state::Store;

use crate::exit::Exit;
use crate::host::Settings;
use crate::output::{Output, note};
use crate::readable::harmless;
use crate::run_read;

#[derive(Deserialize)]
struct List {
    repositories: Vec<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    directory: String,
    #[serde(flatten)]
    what: What,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum What {
    Told { patch: String, patch_is_whole: bool, files_changed: usize, files: Vec<File> },
    Untold { untold: String },
}

#[derive(Deserialize)]
struct File {
    path: String,
    kind: String,
    lines_added: Option<u64>,
    lines_removed: Option<u64>,
}

pub(crate) fn diff(settings: &Settings, out: &Output, id: &str, list_only: bool) -> Result<Exit> {
    let store = settings.open_existing()?;
    let record = run_read::find(&store, id)?;
    let Some(list) = run_read::artifact(&store, &record, CHANGES)? else {
        let why = match record.state.is_terminal() {
            true => "changed no file of a repository that it may write",
            false => "has not ended yet; what it changed is kept when it ends",
        };
        note(&format!("run {} {why}", record.run_id));
        return Ok(Exit::Done);
    };
    let json = run_read::blob_of(&store, &list.digest)?;
    let list: List =
        serde_json::from_slice(&json).context("the list of changed files is not what this version writes")?;
    let mut stdout = std::io::stdout().lock();
    if out.is_json() {
        stdout.write_all(&json)?;
        writeln!(stdout)?;
    }
    let mut exit = Exit::Done;
    for Repository { directory, what } in &list.repositories {
        match what {
            // Whoever asks for all and gets a part has to see that, and so has a script.
            What::Untold { untold } => {
                exit = Exit::NotWhole;
                let place = if directory.is_empty() { "the workspace" } else { directory };
                note(&format!("what changed in {} can't be told: {}", harmless(place), harmless(untold)));
            }
            What::Told { .. } if out.is_json() => {}
            What::Told { files, files_changed, .. } if list_only => {
                listed(&mut stdout, directory, files, *files_changed)?
            }
            What::Told { patch, patch_is_whole, .. } => {
                if !directory.is_empty() {
                    note(&format!("in {}:", harmless(directory)));
                }
                self::patch(&mut stdout, &store, &record, patch)?;
                if !patch_is_whole {
                    exit = Exit::NotWhole;
                    note("files that are too large to be shown are left out; --list names them");
                }
            }
        }
    }
    Ok(exit)
}

fn listed(out: &mut impl Write, directory: &str, files: &[File], changed: usize) -> Result<()> {
    let folder = if directory.is_empty() { String::new() } else { format!("{directory}/") };
    for file in files {
        let lines = match (file.lines_added, file.lines_removed) {
            (Some(added), Some(removed)) => format!("+{added} -{removed}"),
            _ => "binary".to_owned(),
        };
        writeln!(out, "{:<12} {lines:>14}  {}", file.kind, harmless(&format!("{folder}{}", file.path)))?;
    }
    if changed > files.len() {
        note(&format!("{} more files are changed", changed - files.len()));
    }
    Ok(())
}

fn patch(out: &mut impl Write, store: &Store, record: &Record, name: &str) -> Result<()> {
    let found = run_read::artifact(store, record, name)?;
    let artifact = found.with_context(|| format!("the run's record lacks {name}"))?;
    let bytes = run_read::blob_of(store, &artifact.digest)?;
    match std::io::stdout().is_terminal() {
        true => out.write_all(harmless(&String::from_utf8_lossy(&bytes)).as_bytes())?,
        false => out.write_all(&bytes)?,
    }
    Ok(())
}
