//! `skep run diff`: what a run changed in its workspace, as a patch or as a list of files.

use std::io::{IsTerminal, Write};

use anyhow::{Context, Result};
use serde::Deserialize;
use skep_engine::changes::{CHANGES, PATCH_TYPE};
use skep_model::{Artifact, Record};
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
    patch: String,
    patch_is_whole: bool,
    files_changed: usize,
    files: Vec<File>,
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
    let Some(list) = artifact(&record, CHANGES, "application/json") else {
        let why = match record.state.is_terminal() {
            true => "changed no file of a workspace that it could write",
            false => "has not ended yet; what it changed is kept when it ends",
        };
        note(&format!("run {} {why}", record.run_id));
        return Ok(Exit::Done);
    };
    let json = run_read::blob_of(&store, &list.digest)?;
    let mut stdout = std::io::stdout().lock();
    if out.is_json() {
        stdout.write_all(&json)?;
        writeln!(stdout)?;
        return Ok(Exit::Done);
    }
    let list: List =
        serde_json::from_slice(&json).context("the list of changed files is not what this version writes")?;
    for repository in &list.repositories {
        match list_only {
            true => listed(&mut stdout, repository)?,
            false => patch(&mut stdout, &store, &record, repository)?,
        }
    }
    Ok(Exit::Done)
}

/// The last of this name is the host's, which it keeps when the run ends.
fn artifact<'a>(record: &'a Record, name: &str, media_type: &str) -> Option<&'a Artifact> {
    record.artifacts.iter().rfind(|artifact| artifact.name == name && artifact.media_type == media_type)
}

fn listed(out: &mut impl Write, repository: &Repository) -> Result<()> {
    for file in &repository.files {
        let lines = match (file.lines_added, file.lines_removed) {
            (Some(added), Some(removed)) => format!("+{added} -{removed}"),
            _ => "binary".to_owned(),
        };
        let folder = if repository.directory.is_empty() { String::new() } else { format!("{}/", repository.directory) };
        writeln!(out, "{:<12} {lines:>14}  {}", file.kind, harmless(&format!("{folder}{}", file.path)))?;
    }
    let more = repository.files_changed - repository.files.len().min(repository.files_changed);
    if more > 0 {
        note(&format!("{more} more files are changed"));
    }
    Ok(())
}

fn patch(out: &mut impl Write, store: &Store, record: &Record, repository: &Repository) -> Result<()> {
    let found = artifact(record, &repository.patch, PATCH_TYPE);
    let artifact = found.with_context(|| format!("the run's record lacks {}", repository.patch))?;
    if !repository.directory.is_empty() {
        note(&format!("in {}:", harmless(&repository.directory)));
    }
    let bytes = run_read::blob_of(store, &artifact.digest)?;
    match std::io::stdout().is_terminal() {
        true => out.write_all(harmless(&String::from_utf8_lossy(&bytes)).as_bytes())?,
        false => out.write_all(&bytes)?,
    }
    if !repository.patch_is_whole {
        note("files that are too large to be shown are left out; --list names all");
    }
    Ok(())
}
