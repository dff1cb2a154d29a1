//! A host in a temporary data folder, in this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use skep_engine::{Catalog, Config, Engine, Submission, Verdict};
use skep_model::{Event, Outcome, Record, RunId, Seq};
use skep_sandbox::Allocation;
use skep_state::Store;
use tempfile::TempDir;

use crate::kit;

/// A data folder with plugins and environments beside it. Hosts come and go on it.
pub struct Site {
    root: TempDir,
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Site {
    /// An empty data folder and an environment `bare` that grants nothing.
    ///
    /// # Panics
    /// There is no room for a temporary folder.
    pub fn new() -> Self {
        let site = Self { root: TempDir::new().expect("there is room for a temporary folder") };
        kit::environment(&site.environments(), "bare", "");
        std::fs::create_dir_all(site.plugins()).expect("a temporary folder can be written");
        site
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Where plugins are.
    pub fn plugins(&self) -> PathBuf {
        self.root.path().join("plugins")
    }

    /// Where environments are.
    pub fn environments(&self) -> PathBuf {
        self.root.path().join("environments")
    }

    /// A path beside the data folder.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Adds a test guest as an agent of the same name.
    pub fn agent(&self, guest: &str) -> &Self {
        kit::agent(&self.plugins(), guest, &kit::guest(guest));
        self
    }

    /// Adds the `tool-effects` guest as plugin `effects`, and an environment of the same name that grants all of it.
    pub fn effects(&self) -> &Self {
        kit::tool(&self.plugins(), "effects", kit::EFFECTS, &kit::guest("tool-effects"));
        kit::environment(&self.environments(), "effects", "tools = [\"effects.*\"]\nworkspace = \"write\"\n");
        self
    }

    /// Adds the `caller` agent, and an environment `shell` with the image `unix`, its shell, and what `rest` says.
    pub fn shell(&self, rest: &str) -> &Self {
        let grants = "tools = [\"shell.*\"]\nworkspace = \"write\"\nrepo = \"optional\"\nimage = \"unix\"\n";
        kit::environment(&self.environments(), "shell", &format!("{grants}{rest}"));
        self.agent("caller")
    }

    /// A host on this data folder with the given changes to its configuration, started.
    ///
    /// # Panics
    /// It can't be opened.
    pub async fn host_with(&self, change: impl FnOnce(&mut Config)) -> Host {
        let mut config = usual();
        change(&mut config);
        let engine = self.engine(config);
        engine.start().await.expect("the engine starts");
        Host { engine }
    }

    /// A host with the usual configuration, started.
    pub async fn host(&self) -> Host {
        self.host_with(|_| {}).await
    }

    /// An engine that was not started.
    ///
    /// # Panics
    /// The data folder or the catalogue can't be opened.
    pub fn engine(&self, config: Config) -> Arc<Engine> {
        self.engine_on(skep_state::Config::new(self.data()), config)
    }

    /// An engine that was not started, on a store of its own kind.
    ///
    /// # Panics
    /// The store or the catalogue can't be opened.
    pub fn engine_on(&self, store: skep_state::Config, config: Config) -> Arc<Engine> {
        let (store, _) = Store::open(store).expect("the data folder opens");
        let catalog =
            Catalog::read(&[self.plugins()], &[self.environments()]).expect("plugins and environments are right");
        let catalog = catalog.with_images(vec![kit::built().join("images")]);
        Arc::new(Engine::new(&self.data(), Arc::new(store), Arc::new(catalog), config).expect("the engine is made"))
    }
}

/// The configuration of a host in tests.
pub fn usual() -> Config {
    let mut config = Config { concurrency: 32, min_free_bytes: 0, ..Config::default() };
    config.sandbox.agents = 64;
    config.sandbox.tools = 64;
    config.linger = Duration::from_millis(20);
    config.retry = Duration::from_millis(50);
    config
}

/// A started engine.
pub struct Host {
    /// The engine.
    pub engine: Arc<Engine>,
}

impl Host {
    /// Submits a run of `agent` in `environment` with `prompt`.
    ///
    /// # Panics
    /// It is refused.
    pub async fn submit(&self, agent: &str, environment: &str, prompt: &str) -> RunId {
        self.submit_limited(agent, environment, prompt, &[]).await
    }

    /// The same with limits.
    ///
    /// # Panics
    /// It is refused.
    pub async fn submit_limited(&self, agent: &str, environment: &str, prompt: &str, limits: &[&str]) -> RunId {
        let submission = Submission {
            prompt: prompt.to_owned(),
            agent: Some(agent.to_owned()),
            environment: Some(environment.to_owned()),
            limits: limits.iter().map(ToString::to_string).collect(),
            ..Submission::default()
        };
        self.engine.submit(submission).await.expect("the submission is accepted")
    }

    /// Waits for the run's end, for at most a minute.
    ///
    /// # Panics
    /// It does not end.
    pub async fn end(&self, run: RunId) -> Record {
        let ended = tokio::time::timeout(Duration::from_secs(60), self.engine.wait(run)).await;
        ended.unwrap_or_else(|_| panic!("run {run} does not end: {:?}", self.events(run))).expect("the run can go on")
    }

    /// Runs to the end and gives the outcome.
    ///
    /// # Panics
    /// It is refused or does not end.
    pub async fn outcome(&self, agent: &str, environment: &str, prompt: &str, limits: &[&str]) -> Outcome {
        let run = self.submit_limited(agent, environment, prompt, limits).await;
        self.end(run).await.outcome.expect("an ended run has an outcome")
    }

    /// All events of a run.
    ///
    /// # Panics
    /// They can't be read.
    pub fn events(&self, run: RunId) -> Vec<(Seq, Event)> {
        self.engine.events(run, 1, usize::MAX).expect("the events can be read")
    }

    /// Runs again from the journal and compares, to the run's own end.
    ///
    /// # Panics
    /// It differs.
    pub async fn exact(&self, run: RunId) {
        let replayed = self.engine.replay(run).await.expect("the run can be replayed");
        assert_eq!(replayed.verdict, Verdict::Exact, "run {run} after {} events", replayed.compared);
    }

    /// Stops in good order.
    pub async fn stop(self) {
        self.engine.shutdown(Duration::from_secs(10)).await;
    }
}

/// Both ways of allocation, for suites that must hold with each.
pub const ALLOCATIONS: [Allocation; 2] = [Allocation::Pooling, Allocation::OnDemand];

/// How much slow tests do: 1 in CI, more by `SKEP_TEST_SCALE`.
pub fn scale() -> usize {
    std::env::var("SKEP_TEST_SCALE").ok().and_then(|scale| scale.parse().ok()).unwrap_or(1)
}

/// A small repository in a folder: two files.
///
/// # Panics
/// The folder can't be written.
pub fn plain_folder(path: &Path) {
    std::fs::create_dir_all(path.join("src")).expect("a temporary folder can be written");
    std::fs::write(path.join("README.md"), "# Test\n\nTODO: write more\n").expect("a temporary folder can be written");
    std::fs::write(path.join("src/main.rs"), "fn main() {\n    // FIXME: do something\n}\n")
        .expect("a temporary folder can be written");
}

/// Waits until something holds that nothing tells of.
///
/// # Panics
/// It does not within half a minute.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never: {what}"));
}
