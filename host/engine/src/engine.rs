//! The engine: everything between a wish and a durable end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use skep_journal::DiskGuard;
use skep_model::{Event, Limits, Outcome, Record, RunId, Seq, Usage};
use skep_sandbox::Sandbox;
use skep_state::Store;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::Error;
use crate::attempt::Attempts;
use crate::catalog::Catalog;
use crate::dispatch::{Board, Shutdown, dispatch};
use crate::home::Homes;
use crate::images::Images;
use crate::intake::check_message;
use crate::pins::Pins;
use crate::queue::Waiting;
use crate::runlog::{Hears, RunLogs};
use crate::{intake, keep};

/// How an engine is made.
#[derive(Debug, Clone)]
pub struct Config {
    /// The sandbox.
    pub sandbox: skep_sandbox::Config,
    /// Repositories of workspaces.
    pub repo: skep_repo::Terms,
    /// Attempts at once.
    pub concurrency: usize,
    /// Unfinished runs that are accepted.
    pub queue: usize,
    /// The most that a run may be given.
    pub maxima: Limits,
    /// The most that a tool call may be given.
    pub tool_maxima: Limits,
    /// How long a waiting run stays in memory.
    pub linger: Duration,
    /// How long a run waits that a full disk kept from going on, before it is tried again.
    pub retry: Duration,
    /// A run that was taken up this often without an end is given up.
    pub max_attempts: u32,
    /// New runs are refused below this much free disk, in bytes, and what tools write below half of it.
    pub min_free_bytes: u64,
    /// What workspaces that are kept for later runs may take of the disk together, in bytes; 0 keeps none.
    pub snapshot_bytes: u64,
}

impl Default for Config {
    fn default() -> Self {
        let sandbox = skep_sandbox::Config::default();
        Self {
            maxima: sandbox.maxima,
            tool_maxima: Limits { memory_bytes: 1 << 30, ..Limits::TOOL },
            concurrency: sandbox.agents as usize,
            sandbox,
            repo: skep_repo::Terms::default(),
            queue: 100_000,
            linger: Duration::from_millis(50),
            retry: Duration::from_secs(2),
            max_attempts: 100,
            min_free_bytes: 1 << 30,
            snapshot_bytes: 8 << 30,
        }
    }
}

/// A running engine over an open store.
pub struct Engine {
    pub(crate) store: Arc<Store>,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) board: Arc<Board>,
    pub(crate) shutdown: Shutdown,
    pub(crate) guard: DiskGuard,
    pub(crate) queue: usize,
    pub(crate) maxima: Limits,
    pub(crate) pins: Pins,
    /// What was begun for somebody and must be finished whether they wait for it or not.
    pub(crate) begun: TaskTracker,
    dispatcher: Mutex<Option<JoinHandle<Vec<RunId>>>>,
    concurrency: usize,
}

impl Engine {
    /// An engine over `store`, with the data folder for workspaces and compiled code. Nothing runs before [`Engine::start`].
    ///
    /// # Errors
    /// The sandbox can't be set up.
    pub fn new(data: &Path, store: Arc<Store>, catalog: Arc<Catalog>, config: Config) -> Result<Self, Error> {
        let images = Images::new(data, catalog.images().to_vec());
        let Config {
            mut sandbox,
            repo,
            concurrency,
            queue,
            maxima,
            tool_maxima,
            linger,
            retry,
            max_attempts,
            min_free_bytes,
            snapshot_bytes,
        } = config;
        sandbox.cache.get_or_insert_with(|| data.join("cache"));
        sandbox.agents = sandbox.agents.max(u32::try_from(concurrency).unwrap_or(u32::MAX));
        sandbox.maxima.memory_bytes = maxima.memory_bytes.max(tool_maxima.memory_bytes);
        let sandbox = Arc::new(Sandbox::new(sandbox)?);
        let homes = Homes::new(data, repo, min_free_bytes / 2, snapshot_bytes);
        let logs = RunLogs::new(Arc::clone(&store));
        let pins =
            Pins::new(Arc::clone(&catalog), Arc::clone(&store), Arc::clone(&sandbox), images.clone(), tool_maxima);
        for environment in catalog.environments() {
            if let Err(error) = intake::limits(environment, &maxima).and(pins.allowed(environment)) {
                tracing::warn!(%error, "runs in an environment will be refused");
            }
        }
        let attempts =
            Attempts { store: Arc::clone(&store), sandbox, logs, homes, images, linger, retry, max_attempts };
        let mut guard = DiskGuard::new(Arc::clone(&store.config().storage), data);
        guard.min_free_bytes = min_free_bytes;
        Ok(Self {
            store,
            guard,
            attempts: Arc::new(attempts),
            catalog,
            board: Arc::new(Board::new()),
            shutdown: Shutdown::default(),
            queue,
            maxima,
            pins,
            begun: TaskTracker::new(),
            dispatcher: Mutex::new(None),
            concurrency,
        })
    }

    /// Takes up every unfinished run, oldest first, and from now on what is submitted. Returns how many were unfinished.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn start(&self) -> Result<usize, Error> {
        let mut unfinished = self.store.state().unfinished()?;
        unfinished.reverse();
        self.attempts.homes.sweep(unfinished.iter().map(|record| record.run_id).collect()).await;
        for record in &unfinished {
            let Record { run_id, submitter, priority, .. } = record.clone();
            // What this engine accepted itself waits already.
            if self.board.take_in(run_id) {
                self.board.enqueue(Waiting { run: run_id, submitter, priority });
            }
        }
        let running =
            dispatch(Arc::clone(&self.attempts), Arc::clone(&self.board), self.concurrency, self.shutdown.clone());
        #[expect(clippy::disallowed_methods, reason = "this engine owns the task and joins it in shutdown")]
        let dispatcher = tokio::spawn(running);
        *self.dispatcher.lock().await = Some(dispatcher);
        let (attempts, end) = (Arc::clone(&self.attempts), self.shutdown.drain.clone());
        self.begun.spawn(async move { attempts.homes.expire(end).await });
        Ok(unfinished.len())
    }

    /// The run's record.
    ///
    /// # Errors
    /// There is none, or it can't be read.
    pub fn record(&self, run: RunId) -> Result<Record, Error> {
        self.store.record(run)?.ok_or(Error::UnknownRun(run))
    }

    /// Up to `limit` events of a run, from `from`.
    ///
    /// # Errors
    /// They can't be read.
    pub fn events(&self, run: RunId, from: Seq, limit: usize) -> Result<Vec<(Seq, Event)>, Error> {
        Ok(self.store.read_events(run, from, limit)?)
    }

    /// Waits until the run has ended.
    ///
    /// # Errors
    /// There is no such run, the host can't go on with it, or it was shut down.
    pub async fn wait(&self, run: RunId) -> Result<Record, Error> {
        let mut ends = self.board.ends();
        loop {
            let record = self.record(run)?;
            if record.state.is_terminal() {
                return Ok(record);
            }
            if let Some(why) = self.board.is_stuck(run) {
                return Err(Error::Invalid(format!("run {run} can't go on in this process: {why}")));
            }
            if self.board.is_closed() || ends.changed().await.is_err() {
                return Err(Error::ShuttingDown);
            }
        }
    }

    /// Waits until no run of this host is unfinished.
    ///
    /// # Errors
    /// The host was shut down.
    pub async fn wait_all(&self) -> Result<(), Error> {
        let mut ends = self.board.ends();
        while self.board.unfinished() > 0 {
            if self.board.is_closed() || ends.changed().await.is_err() {
                return Err(Error::ShuttingDown);
            }
        }
        Ok(())
    }

    /// Writes to a run; durable when this returns.
    ///
    /// # Errors
    /// There is no such run, it has ended or has too many messages that it has not heard, or the message is too large.
    pub async fn send(&self, run: RunId, sender: &str, text: &str) -> Result<(), Error> {
        check_message(sender, text)?;
        let text = keep::text(&self.store, text.to_owned()).await?;
        let (log, board, sender) = (self.attempts.logs.get(run)?, Arc::clone(&self.board), sender.to_owned());
        let sending = async move {
            if !log.message(sender, text).await? {
                board.wake(run, Hears::Messages);
            }
            Ok(())
        };
        self.begun.spawn(sending).await?
    }

    /// Asks a run to end; durable when this returns. The run ends as CANCELLED soon after, and at once where nobody works on it:
    /// in an engine that was not started, or that can't go on with it.
    ///
    /// # Errors
    /// There is no such run, or it has ended.
    pub async fn cancel(&self, run: RunId, reason: &str) -> Result<(), Error> {
        let nobody = self.dispatcher.lock().await.is_none() || self.board.is_stuck(run).is_some();
        let (attempts, board, reason) = (Arc::clone(&self.attempts), Arc::clone(&self.board), reason.to_owned());
        let cancelling = async move {
            let log = attempts.logs.get(run)?;
            if log.cancel(&reason).await? {
                return Ok(());
            }
            if !nobody {
                board.wake(run, Hears::Cancels);
                return Ok(());
            }
            let calls = attempts.store.record(run)?.map_or(0, |record| record.calls);
            log.end(Outcome::Cancelled(reason), Usage { calls, ..Usage::default() }).await?;
            attempts.logs.forget(run);
            attempts.homes.remove(run).await;
            board.release(run);
            Ok(())
        };
        self.begun.spawn(cancelling).await?
    }

    /// What this host knows of plugins and environments.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The store under this engine.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The sandbox under this engine.
    pub fn sandbox(&self) -> &Arc<Sandbox> {
        &self.attempts.sandbox
    }

    /// Runs that wait outside memory.
    pub fn parked(&self) -> usize {
        self.board.parked()
    }

    /// Takes nothing new, lets what is under way end for at most `grace`, then drops it. Returns what it dropped. That, and
    /// whatever else has not ended, will be taken up when an engine starts on this data folder again.
    pub async fn shutdown(&self, grace: Duration) -> Vec<RunId> {
        self.shutdown.drain.cancel();
        let left = match self.dispatcher.lock().await.take() {
            Some(dispatcher) => self.drained(dispatcher, grace).await,
            None => Vec::new(),
        };
        self.begun.close();
        self.begun.wait().await;
        self.board.close();
        left
    }

    async fn drained(&self, mut dispatcher: JoinHandle<Vec<RunId>>, grace: Duration) -> Vec<RunId> {
        let left = match tokio::time::timeout(grace, &mut dispatcher).await {
            Ok(left) => left,
            Err(_) => {
                self.shutdown.abandon.cancel();
                dispatcher.await
            }
        };
        left.unwrap_or_else(|error| {
            tracing::error!(%error, "the dispatcher did not end as it should");
            Vec::new()
        })
    }
}
