//! One attempt at a run: prepare, let the brain think, journal how it ended.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use skep_model::{
    Content, Event, Happening, LimitHit, LimitKind, Outcome, Record, RunId, RunSpec, Seq, Timestamp, Usage,
};
use skep_repo::{RepoError, Watch};
use skep_sandbox::{Agent, Ended, Meter, Sandbox, Task, Workspace};
use skep_state::Store;

use crate::Error;
use crate::clock;
use crate::door::{Leave, RunDoor};
use crate::history::History;
use crate::perform::Performer;
use crate::runlog::{Live, RunLog, RunLogs};

/// What attempts share.
pub(crate) struct Attempts {
    pub(crate) store: Arc<Store>,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) logs: RunLogs,
    /// Where workspaces are.
    pub(crate) workspaces: PathBuf,
    pub(crate) linger: Duration,
    /// A run that was taken up this often without an end is given up.
    pub(crate) max_attempts: u32,
    pub(crate) repo: skep_repo::Terms,
}

/// What became of an attempt.
#[derive(Debug)]
pub(crate) enum After {
    /// The run has ended, durably.
    Ended,
    /// It waits outside memory, until it gets a message or until then.
    Waits(Option<Timestamp>),
}

/// Why a run is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// For the first time, or again after the host stopped: a new attempt.
    Anew,
    /// It waited outside memory: the same attempt goes on.
    Waited,
}

/// One run as an attempt sees it.
struct Subject {
    run: RunId,
    log: Arc<RunLog>,
    live: Arc<Live>,
    spec: Arc<RunSpec>,
    record: Record,
    way: Way,
    /// The first event that was not there when the run was taken up.
    history_ends: Seq,
}

impl Attempts {
    /// Takes a run up, or goes on with one that waited.
    ///
    /// # Errors
    /// The host itself can't go on with this run; it is unfinished in the journal and will be taken up when the host
    /// starts again.
    pub(crate) async fn attempt(&self, log: &Arc<RunLog>, way: Way) -> Result<After, Error> {
        let (run, log) = (log.run, Arc::clone(log));
        let (live, history_ends) = log.attach().await?;
        let record = self.store.record(run)?.ok_or(Error::UnknownRun(run))?;
        if record.state.is_terminal() {
            return Ok(After::Ended);
        }
        let spec = self.spec(run)?;
        let subject = Subject { run, log, live, spec, record, way, history_ends };
        let after = self.take_up(&subject).await;
        if let Ok(After::Ended) = after {
            self.clear(run).await;
        }
        after
    }

    /// An attempt's task panicked: the run ends as the host's fault.
    pub(crate) async fn panicked(&self, run: RunId, error: &tokio::task::JoinError) -> Result<After, Error> {
        let log = self.logs.get(run)?;
        let outcome = Outcome::HostFault(format!("the host panicked: {error}"));
        log.add_durably(vec![Happening::Ended { outcome, usage: Usage::default() }]).await?;
        Ok(After::Ended)
    }

    pub(crate) fn spec(&self, run: RunId) -> Result<Arc<RunSpec>, Error> {
        match self.store.read_events(run, 1, 1)?.into_iter().next() {
            Some((1, Event { what: Happening::Queued(spec), .. })) => Ok(Arc::new(*spec)),
            _ => Err(Error::Unreadable { run, seq: 1 }),
        }
    }

    async fn take_up(&self, subject: &Subject) -> Result<After, Error> {
        let Subject { live, record, .. } = subject;
        if let Some(reason) = &record.cancel_requested {
            return self.end(subject, Outcome::Cancelled(reason.clone()), Usage::default()).await;
        }
        if subject.way == Way::Anew && record.attempt >= self.max_attempts {
            let text = format!("taken up {} times without an end; given up", record.attempt);
            return self.end(subject, Outcome::HostFault(text), Usage::default()).await;
        }
        let Some(wall) = wall_left(subject) else {
            return self.end(subject, Outcome::Limit(wall_hit(subject)), Usage::default()).await;
        };
        let meter = Arc::new(Meter::new(subject.spec.limits));
        let ended = tokio::select! {
            biased;
            () = live.cancelled.cancelled() => return self.cancelled(subject, &meter).await,
            ended = self.work(subject, &meter, wall) => ended?,
        };
        match ended {
            Ended::Outcome(outcome) => self.end(subject, outcome, meter.usage()).await,
            Ended::Stopped(stop) => self.left(subject, stop.0.downcast::<Leave>().ok(), meter.usage()).await,
        }
    }

    async fn cancelled(&self, subject: &Subject, meter: &Meter) -> Result<After, Error> {
        let record = self.store.record(subject.run)?;
        let reason = record.and_then(|record| record.cancel_requested).unwrap_or_default();
        self.end(subject, Outcome::Cancelled(reason), meter.usage()).await
    }

    async fn left(&self, subject: &Subject, leave: Option<Box<Leave>>, usage: Usage) -> Result<After, Error> {
        match leave.map(|leave| *leave) {
            Some(Leave::Suspend(until)) => {
                subject.log.sync().await?;
                let wall = wall_left(subject).map(|left| clock::now().after(left));
                Ok(After::Waits(until.into_iter().chain(wall).min()))
            }
            Some(Leave::Diverged(diverged)) => self.end(subject, Outcome::HostFault(diverged.to_string()), usage).await,
            Some(Leave::Host(error)) => Err(error),
            Some(Leave::HistoryEnds) | None => {
                self.end(subject, Outcome::HostFault("the door closed without a reason".to_owned()), usage).await
            }
        }
    }

    /// Everything that may take long. Dropped when the run is cancelled.
    async fn work(&self, subject: &Subject, meter: &Arc<Meter>, wall: Duration) -> Result<Ended, Error> {
        let workspace = match self.workspace(subject).await? {
            Ok(workspace) => workspace,
            Err(outcome) => return Ok(Ended::Outcome(outcome)),
        };
        let agent = match self.agent(&subject.spec).await {
            Ok(agent) => agent,
            Err(Error::Sandbox(error)) => {
                return Ok(Ended::Outcome(Outcome::HostFault(format!("the agent can't be loaded: {error}"))));
            }
            Err(error) => return Err(error),
        };
        if subject.way == Way::Anew {
            subject.log.add(vec![Happening::Began]).await?;
        }
        self.think(subject, agent, workspace, meter, wall).await
    }

    /// The run's workspace, made when it is not there yet. The inner error is the run's end.
    async fn workspace(&self, subject: &Subject) -> Result<Result<Option<Workspace>, Outcome>, Error> {
        let path = self.workspaces.join(subject.run.to_string());
        if subject.way == Way::Anew {
            let number = subject.record.attempt + 1;
            subject.log.add(vec![Happening::Attempt { number }]).await?;
        }
        if !needs_workspace(&subject.spec) {
            return Ok(Ok(None));
        }
        if !path.is_dir() {
            match self.prepare(subject, &path).await? {
                Ok(workspace) => subject.log.add(vec![Happening::Prepared { workspace }]).await?,
                Err(outcome) => return Ok(Err(outcome)),
            };
        }
        Ok(Workspace::open(&path)
            .map(Some)
            .map_err(|error| Outcome::HostFault(format!("the workspace is gone: {error}"))))
    }

    async fn think(
        &self,
        subject: &Subject,
        agent: Agent,
        workspace: Option<Workspace>,
        meter: &Arc<Meter>,
        wall: Duration,
    ) -> Result<Ended, Error> {
        let performer = Performer {
            log: Arc::clone(&subject.log),
            live: Arc::clone(&subject.live),
            store: Arc::clone(&self.store),
            sandbox: Arc::clone(&self.sandbox),
            spec: Arc::clone(&subject.spec),
            workspace,
            linger: self.linger,
        };
        let history = History::new(Arc::clone(&self.store), subject.run, 2, subject.history_ends);
        let door = RunDoor::new(history, Some(Arc::new(performer)), Arc::clone(&self.store), subject.record.created_at);
        let task = task(subject.run, &subject.spec, &self.store)?;
        Ok(self.sandbox.run(&agent, task, Box::new(door), Arc::clone(meter), wall).await)
    }

    /// The repositories, in place. The inner error is the run's end.
    async fn prepare(&self, subject: &Subject, path: &Path) -> Result<Result<Vec<String>, Outcome>, Error> {
        let stop = StopOnDrop::default();
        let (path, spec, terms, flag) =
            (path.to_owned(), Arc::clone(&subject.spec), self.repo.clone(), Arc::clone(&stop.0));
        let prepared = tokio::task::spawn_blocking(move || {
            skep_repo::prepare(&path, &spec.repos, &terms, Watch { progress: &mut |_| {}, cancel: &flag })
        })
        .await?;
        Ok(match prepared {
            Ok(prepared) => Ok(prepared.repos.iter().map(ToString::to_string).collect()),
            Err(error @ (RepoError::Write { .. } | RepoError::Exists { .. })) => {
                Err(Outcome::HostFault(error.to_string()))
            }
            Err(error) => Err(Outcome::Invalid(error.to_string())),
        })
    }

    pub(crate) async fn agent(&self, spec: &RunSpec) -> Result<Agent, Error> {
        let digest = spec.agent.component;
        if let Some(agent) = self.sandbox.loaded_agent(digest) {
            return Ok(agent);
        }
        let (store, sandbox) = (Arc::clone(&self.store), Arc::clone(&self.sandbox));
        tokio::task::spawn_blocking(move || {
            let wasm = store.blobs().get(&digest).map_err(skep_state::Error::from)?;
            Ok(sandbox.agent(digest, &wasm)?)
        })
        .await?
    }

    async fn end(&self, subject: &Subject, outcome: Outcome, usage: Usage) -> Result<After, Error> {
        let outcome = match outcome {
            Outcome::Completed(Content::Inline(text)) => {
                let named = crate::door::content(&text);
                if named.blob().is_some() {
                    let store = Arc::clone(&self.store);
                    tokio::task::spawn_blocking(move || store.blobs().put(text.as_bytes()))
                        .await?
                        .map_err(skep_state::Error::from)?;
                }
                Outcome::Completed(named)
            }
            other => other,
        };
        subject.log.add_durably(vec![Happening::Ended { outcome, usage }]).await?;
        Ok(After::Ended)
    }

    /// The workspace of an ended run goes; a leftover costs room and nothing else.
    async fn clear(&self, run: RunId) {
        let path = self.workspaces.join(run.to_string());
        if !path.exists() {
            return;
        }
        let removed = tokio::task::spawn_blocking(move || skep_repo::remove(&path)).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(%run, %error, "the workspace of an ended run was not removed");
        }
    }
}

/// Sets a flag when the future that waits for blocking work is dropped.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// The brain's task, with the prompt whole.
pub(crate) fn task(run: RunId, spec: &RunSpec, store: &Store) -> Result<Task, Error> {
    let whole = |content: &Content| match content {
        Content::Inline(text) => Ok(text.clone()),
        Content::Blob { blob, .. } => {
            let bytes = store.blobs().get(blob).map_err(skep_state::Error::from)?;
            Ok::<_, Error>(String::from_utf8_lossy(&bytes).into_owned())
        }
    };
    Ok(Task { run: run.to_string(), prompt: whole(&spec.prompt)?, context: whole(&spec.context)?, seed: spec.seed })
}

fn needs_workspace(spec: &RunSpec) -> bool {
    !spec.repos.is_empty() || spec.grants.tools.iter().any(|tool| tool.workspace != skep_model::Access::None)
}

/// What is left of the run's wall time, or nothing.
fn wall_left(subject: &Subject) -> Option<Duration> {
    let limit = Duration::from_millis(subject.spec.limits.wall_ms);
    let began = subject.record.started_at.unwrap_or_else(clock::now);
    limit.checked_sub(clock::now().since(began)).filter(|left| !left.is_zero())
}

fn wall_hit(subject: &Subject) -> LimitHit {
    let began = subject.record.started_at.unwrap_or_default();
    let reached = u64::try_from(clock::now().since(began).as_millis()).unwrap_or(u64::MAX);
    LimitHit { limit: LimitKind::WallMs, value: subject.spec.limits.wall_ms, reached }
}
