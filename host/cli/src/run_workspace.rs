//! `skep run workspace`: the files of a run, while they are there.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use serde_json::json;
use skep_engine::kept::{self, Kept};
use skep_model::Record;
use skep_repo::{Terms, Watch};

use crate::exit::{Exit, Problem, problem};
use crate::host::Settings;
use crate::output::{Output, note};
use crate::readable::moment;
use crate::run_read;

pub(crate) fn workspace(settings: &Settings, out: &Output, id: &str, export: Option<&Path>) -> Result<Exit> {
    let store = settings.open_existing()?;
    let record = run_read::find(&store, id)?;
    let kept = kept::find(&settings.data, record.run_id).ok_or_else(|| absent(&record))?;
    if let Some(to) = export {
        copy(&kept, to)?;
        note(&format!("copied to {}", to.display()));
    }
    let Kept { workspace, until } = kept;
    let (workspace, until) = (workspace.display().to_string(), until.map(moment));
    if out.is_json() {
        out.json(&json!({ "run_id": record.run_id, "workspace": workspace, "kept_until": until }))?;
    } else {
        let until = until.unwrap_or_else(|| "the run has ended".to_owned());
        out.facts(&[("workspace", workspace), ("kept until", until)])?;
    }
    Ok(Exit::Done)
}

fn absent(record: &Record) -> anyhow::Error {
    let run = record.run_id;
    let message = if record.state.is_terminal() {
        format!(
            "the workspace of run {run} was removed after its end; `skep run diff {run}` shows what it changed. \
             An environment with `retention = {{ failed_workspace = \"1h\" }}` keeps that of a failed run for so long"
        )
    } else {
        format!("run {run} has no workspace, or none yet")
    };
    problem(Exit::NotFound, message)
}

/// As it is: links stay what they are, wherever they lead.
fn copy(kept: &Kept, to: &Path) -> Result<()> {
    let terms =
        Terms { bytes: u64::MAX, files: u64::MAX, depth: u64::MAX, wall: std::time::Duration::MAX, ..Terms::default() };
    let watch = Watch { progress: &mut |_| {}, cancel: &AtomicBool::new(false) };
    let message = format!("the workspace can't be copied to {}", to.display());
    skep_repo::duplicate(&kept.workspace, to, &terms, watch).context(Problem { exit: Exit::Refused, message })
}
