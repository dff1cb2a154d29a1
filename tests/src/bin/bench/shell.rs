//! Commands of images over a folder of their own.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, anyhow};
use skep_config::ImageName;
use skep_engine::{Images, Loaded};
use skep_model::{Access, Limits, Timestamp};
use skep_sandbox::{Ending, Execution, Input, Meter, Room, Sandbox, Workspace};
use skep_tests::kit;

pub(crate) struct Shell {
    sandbox: Arc<Sandbox>,
    loaded: Loaded,
    root: Workspace,
    folder: tempfile::TempDir,
}

impl Shell {
    /// With these images of the host's own.
    pub(crate) fn new(names: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        skep_sandbox::lay_out(folder.path())?;
        std::fs::create_dir(folder.path().join("workspace"))?;
        let images = Images::new(&kit::built().join("../bench-data"), vec![kit::built().join("images")]);
        let names: Vec<_> = names.iter().map(|name| ImageName::Reference((*name).to_owned())).collect();
        let pin = images.pin(&names, Limits::TOOL)?;
        let root = Workspace::with_room(folder.path(), Room::of(&Limits::RUN, 0))?;
        Ok(Self { sandbox: sandbox()?, loaded: images.load(pin.digest)?, root, folder })
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// A name of each of the images' components, not `[` if it has others.
    pub(crate) fn components(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let names = self.loaded.image.commands.iter().filter(|(name, _)| name.starts_with(char::is_alphabetic));
        names.filter(|(_, digest)| seen.insert(**digest)).map(|(name, _)| name.clone()).collect()
    }

    /// Unloads everything. What was compiled stays in the cache.
    pub(crate) fn unload(&mut self) -> Result<()> {
        self.sandbox = sandbox()?;
        Ok(())
    }

    /// What a line takes that succeeds, in milliseconds.
    pub(crate) async fn line(&self, line: &str) -> Result<f64> {
        self.command(&["bash", "-c", line]).await
    }

    /// What a command takes that succeeds, in milliseconds.
    pub(crate) async fn command(&self, words: &[&str]) -> Result<f64> {
        match self.execute(words).await {
            (took, Ending { code: 0, .. }, _) => Ok(took),
            (_, Ending { code, reason, .. }, said) => Err(anyhow!("{words:?} ended with {code} {reason}: {said}")),
        }
    }

    /// What a command takes in milliseconds, how it ended and what it said.
    pub(crate) async fn execute(&self, words: &[&str]) -> (f64, Ending, String) {
        let limits = Limits { cpu_ms: 600_000, wall_ms: 600_000, ..Limits::TOOL };
        let began = Instant::now();
        let execution = Execution {
            image: self.loaded.image.clone(),
            root: self.root.clone(),
            access: Access::Write,
            arguments: words.iter().map(|word| (*word).to_owned()).collect(),
            variables: self.loaded.variables.clone(),
            directory: "/workspace".to_owned(),
            input: Input::Bytes(Default::default()),
            show: None,
            time_limit: None,
            output_bytes: 64 * 1024,
            meter: Arc::new(Meter::new(limits)),
            // As a run's lines have it.
            began: Some(Timestamp(0)),
            seed: Some(1),
            http: None,
            git: None,
        };
        let executed = self.sandbox.execute(execution).await;
        (began.elapsed().as_secs_f64() * 1e3, executed.ending, executed.output.text)
    }
}

fn sandbox() -> Result<Arc<Sandbox>> {
    let config = skep_sandbox::Config { cache: Some(kit::compiled()), ..skep_sandbox::Config::default() };
    Ok(Arc::new(Sandbox::new(config)?))
}
