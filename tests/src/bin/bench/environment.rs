//! How long a run of an environment waits for its first command: with the snapshot of an earlier run, and without one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use skep_engine::{Config, Engine, Submission};
use skep_model::{Event, Happening};
use skep_tests::host::{Site, usual};
use skep_tests::kit;

use crate::args::Plan;
use crate::measure;
use crate::table::{Row, Target, Unit};
use crate::{house, tree};

const STARTUP: &str = "[[startup]]\ncommand = \"touch ready\"\n";

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let site = Site::new();
    let repository = site.beside("repository");
    let size = tree::grow(&repository, plan.amount(6_000, 1_000))?;
    commit(&repository)?;
    let most = if shares_blocks(&site.beside("."))? { 0.3 } else { 1.0 };
    let mut config = usual();
    config.sandbox.cache = Some(kit::compiled());
    let runtime = measure::runtime()?;
    let row = |name: String, target: Option<Target>, config: Config| {
        let engine = site.shell(STARTUP).engine(config);
        runtime.block_on(engine.start())?;
        // The first run makes the snapshot, and loads what is loaded once.
        let wait = || runtime.block_on(wait(&engine, &repository));
        wait()?;
        let pair = measure::pair(plan, &name, wait, || copy(&site, &repository));
        runtime.block_on(engine.shutdown(Duration::from_secs(10)));
        let pair = pair?;
        let row = Row::new(name, Unit::Millis.of(pair.figure)).against("cp -r of the same", pair.floor, pair.ratio);
        anyhow::Ok(match target {
            Some(target) => row.target(target),
            None => row,
        })
    };
    let files = size.files;
    let warm = row(
        format!("from claim to first command, {files} files, with snapshot"),
        Some(Target::RatioAtMost(most)),
        config.clone(),
    )?;
    config.snapshot_bytes = 0;
    Ok(vec![warm, row("the same, without one".to_owned(), None, config)?])
}

/// From the beginning of a run's attempt to the answer of its first command, in milliseconds.
async fn wait(engine: &Engine, repository: &Path) -> Result<f64> {
    let step = json!([{ "name": "shell.run", "arguments": { "command": "true" } }]).to_string();
    let repos = vec![format!("file://{}", repository.with_extension("git").canonicalize()?.display())];
    let run = house::run(engine, Submission { repos, ..house::submission("caller", "shell", &step) }).await?;
    let events = engine.events(run, 1, usize::MAX)?;
    let at = |is_it: fn(&Happening) -> bool| {
        let found = events.iter().find(|(_, Event { what, .. })| is_it(what));
        found.map(|(_, event)| event.at.0 as f64).context("a run without one of its events")
    };
    Ok(at(|what| matches!(what, Happening::Finished { .. }))? - at(|what| matches!(what, Happening::Attempt { .. }))?)
}

fn copy(site: &Site, repository: &Path) -> Result<f64> {
    let copy = site.beside("copy");
    let began = Instant::now();
    ensure!(Command::new("cp").arg("-r").arg(repository).arg(&copy).status()?.success(), "cp failed");
    let took = began.elapsed();
    std::fs::remove_dir_all(copy)?;
    Ok(took.as_secs_f64() * 1e3)
}

fn commit(repository: &Path) -> Result<()> {
    let settings = ["-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "gc.auto=0"];
    for words in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", "all"]] {
        let git = Command::new("git").current_dir(repository).args(settings).args(words).status();
        ensure!(git.context("git can't be started")?.success(), "git {words:?} failed");
    }
    // The floor is a copy of the files alone.
    let bare = repository.with_extension("git");
    Ok(std::fs::rename(repository.join(".git"), bare)?)
}

/// Whether a copy on this disk can share its blocks with the original.
fn shares_blocks(folder: &Path) -> Result<bool> {
    let (one, other) = (folder.join("block"), folder.join("shared"));
    std::fs::write(&one, [1; 4096])?;
    let words = [Path::new("--reflink=always"), &one, &other];
    Ok(Command::new("cp").args(words).stderr(Stdio::null()).status()?.success())
}
