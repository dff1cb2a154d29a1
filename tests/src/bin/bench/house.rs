//! A whole host with its usual configuration, on the folder of a test site.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use skep_engine::{Catalog, Config, Engine, Submission};
use skep_model::RunId;
use skep_state::Store;
use skep_tests::host::Site;
use tokio::task::JoinSet;

/// An engine on the site in `folder`, started.
pub(crate) async fn open(folder: &Path) -> Result<Arc<Engine>> {
    open_with(folder, &folder.join("plugins"), &folder.join("environments")).await
}

/// The same with plugins and environments from elsewhere.
pub(crate) async fn open_with(folder: &Path, plugins: &Path, environments: &Path) -> Result<Arc<Engine>> {
    let data = folder.join("data");
    let (store, _) = Store::open(skep_state::Config::new(&data))?;
    let catalog = Catalog::read(&[plugins.to_owned()], &[environments.to_owned()])?;
    let config = Config { min_free_bytes: 0, ..Config::default() };
    let engine = Engine::new(&data, Arc::new(store), Arc::new(catalog), config)?;
    engine.start().await?;
    Ok(Arc::new(engine))
}

/// The folder that a site is in.
pub(crate) fn folder(site: &Site) -> std::path::PathBuf {
    site.beside(".")
}

/// A run of `agent` in `environment`.
pub(crate) fn submission(agent: &str, environment: &str, prompt: &str) -> Submission {
    Submission {
        prompt: prompt.to_owned(),
        agent: Some(agent.to_owned()),
        environment: Some(environment.to_owned()),
        ..Submission::default()
    }
}

/// Submits a run, waits for its end, and makes sure that it succeeded.
pub(crate) async fn run(engine: &Engine, submission: Submission) -> Result<RunId> {
    let run = engine.submit(submission).await?;
    let record = engine.wait(run).await?;
    anyhow::ensure!(record.state == skep_model::RunState::Succeeded, "run {run} ended as {:?}", record.outcome);
    Ok(run)
}

/// Submits so many runs of `agent`, from a few sides at once.
pub(crate) async fn submit_many(engine: &Arc<Engine>, agent: &'static str, runs: usize) -> Result<()> {
    const SIDES: usize = 64;
    let mut sides = JoinSet::new();
    for side in 0..SIDES {
        let engine = Arc::clone(engine);
        let share = runs / SIDES + usize::from(side < runs % SIDES);
        sides.spawn(async move {
            for _ in 0..share {
                engine.submit(submission(agent, "bare", "")).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(side) = sides.join_next().await {
        side.context("a submitter panicked")??;
    }
    Ok(())
}

/// Waits until so many runs wait outside memory.
pub(crate) async fn parked(engine: &Engine, runs: usize) {
    while engine.parked() < runs {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
