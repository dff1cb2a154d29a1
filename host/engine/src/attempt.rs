//! One attempt at a run: prepare, let the brain think, journal how it ended.

use std::sync::Arc;
use std::time::Duration;

use skep_model::{
    Content, Event, Happening, LimitHit, LimitKind, Outcome, Record, RunId, RunSpec, Seq, Timestamp, Usage,
};
use skep_sandbox::{Agent, Ended, Meter, Sandbox, Task, Workspace};
use skep_state::Store;

use crate::Error;
use crate::clock;
use crate::door::{Leave, RunDoor};
use crate::history::History;
use crate::home::{Found, Homes};
use crate::perform::Performer;
use crate::runlog::{Live, RunLog, RunLogs};

/// What attempts share.
pub(crate) struct Attempts {
    pub(crate) store: Arc<Store>,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) logs: RunLogs,
    pub(crate) homes: Homes,
    pub(crate) linger: Duration,
    /// A run that was taken up this often without an end is given up.
    pub(crate) max_attempts: u32,
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
            self.homes.remove(run).await;
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
        let Subject { run, log, spec, record, way, .. } = subject;
        if *way == Way::Anew {
            log.add(vec![Happening::Attempt { number: record.attempt + 1 }]).await?;
        }
        if !Homes::needed(spec) {
            return Ok(Ok(None));
        }
        let found = self.homes.find(*run);
        if record.calls > 0 && found != Found::Home {
            let why = "the machine was started again, or the workspace removed, while this run was under way; \
                       what its tools wrote may be lost. Start the run again";
            return Ok(Err(Outcome::HostFault(why.to_owned())));
        }
        if found == Found::Stale {
            self.homes.remove(*run).await;
        }
        if found != Found::Home {
            match self.homes.make(*run, spec).await? {
                Ok(workspace) => log.add(vec![Happening::Prepared { workspace }]).await?,
                Err(outcome) => return Ok(Err(outcome)),
            };
        }
        Ok(self.homes.open(*run, spec).map(Some))
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
