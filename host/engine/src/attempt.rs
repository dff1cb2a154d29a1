//! One attempt at a run: prepare, let the brain think, journal how it ended.

use std::sync::Arc;
use std::time::Duration;

use skep_model::{
    Access, Content, Event, Happening, LimitHit, LimitKind, Outcome, Record, RunId, RunSpec, RunState, Seq,
    StartupCommand, Timestamp,
};
use skep_sandbox::{Agent, Ended, Ending, Executed, Sandbox, Task};
use skep_state::Store;

use crate::Error;
use crate::door::{Leave, Rest, RunDoor};
use crate::history::History;
use crate::home::{Found, Home, Homes, Made};
use crate::images::Images;
use crate::perform::Performer;
use crate::replay::is_the_brains;
use crate::runlog::{Added, Attached, Hears, Live, RunLog, RunLogs};
use crate::shell::{self, Line, Shell};
use crate::spent::{Before, Spent};
use crate::{clock, fit, keep};

/// What attempts share.
pub(crate) struct Attempts {
    pub(crate) store: Arc<Store>,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) logs: RunLogs,
    pub(crate) homes: Homes,
    pub(crate) images: Images,
    pub(crate) linger: Duration,
    /// How long a run waits that a full disk kept from going on.
    pub(crate) retry: Duration,
    /// A run that was taken up this often without an end is given up.
    pub(crate) max_attempts: u32,
}

/// What became of an attempt.
#[derive(Debug)]
pub(crate) enum After {
    /// The run has ended, durably.
    Ended,
    /// It waits outside memory.
    Waits(Waits),
}

/// What a run outside memory waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waits {
    pub(crate) hears: Hears,
    pub(crate) until: Option<Timestamp>,
    /// What it has used.
    pub(crate) before: Before,
}

/// Why a run is taken up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// For the first time, or again after the host stopped: a new attempt.
    Anew,
    /// It waited outside memory, and has used so much: the same attempt goes on.
    Waited(Before),
}

/// One run as an attempt sees it.
struct Subject {
    run: RunId,
    log: Arc<RunLog>,
    live: Arc<Live>,
    spec: Arc<RunSpec>,
    record: Record,
    way: Way,
    spent: Arc<Spent>,
    history_ends: Seq,
}

/// The run's wall time: from its first attempt on, waiting and preparation included.
#[derive(Clone, Copy)]
struct Wall {
    began: Timestamp,
    limit_ms: u64,
}

impl Wall {
    fn ends(self) -> Timestamp {
        self.began.after(Duration::from_millis(self.limit_ms))
    }

    fn hit(self) -> LimitHit {
        let reached = u64::try_from(clock::now().since(self.began).as_millis()).unwrap_or(u64::MAX);
        LimitHit { limit: LimitKind::WallMs, value: self.limit_ms, reached: reached.max(self.limit_ms) }
    }
}

impl Attempts {
    /// Takes a run up, or goes on with one that waited. Whatever keeps the host from going on with this one run is the run's
    /// end, or makes it wait.
    ///
    /// # Errors
    /// The host can't even journal that; the run will be taken up when the host starts again.
    pub(crate) async fn attempt(&self, log: &Arc<RunLog>, attached: &Attached, way: Way) -> Result<After, Error> {
        let subject = match self.subject(log, attached, way) {
            Ok(subject) => subject,
            Err(error) => return self.conclude(log, Before::default(), Err(error)).await,
        };
        let tried = self.take_up(&subject).await;
        self.conclude(log, subject.spent.so_far(), tried).await
    }

    /// An attempt's task panicked: the run ends as the host's fault.
    pub(crate) async fn panicked(&self, run: RunId, error: tokio::task::JoinError) -> Result<After, Error> {
        let log = self.logs.get(run)?;
        self.conclude(&log, Before::default(), Err(error.into())).await
    }

    async fn conclude(&self, log: &RunLog, before: Before, tried: Result<After, Error>) -> Result<After, Error> {
        let tried = match tried {
            Err(error) if !error.is_passing() => self.fault(log, before, error).await,
            tried => tried,
        };
        match tried {
            Ok(After::Ended) => {
                self.logs.forget(log.run);
                self.retire(log.run).await;
                Ok(After::Ended)
            }
            Err(error) if error.is_passing() => {
                tracing::warn!(run = %log.run, %error, "a run can't go on; it is tried again soon");
                Ok(After::Waits(Waits { hears: Hears::Nothing, until: Some(clock::now().after(self.retry)), before }))
            }
            tried => tried,
        }
    }

    /// Nobody writes to the workspace of a run that has ended; that of a failed one may be kept.
    async fn retire(&self, run: RunId) {
        let failed = matches!(self.store.record(run), Ok(Some(record)) if record.state.is_failure());
        let kept = if failed { self.spec(run).map_or(0, |spec| spec.keep_failed_ms) } else { 0 };
        if kept > 0 && self.homes.find(run) == Found::Home {
            return self.homes.keep(run, kept).await;
        }
        self.homes.remove(run).await;
    }

    /// The host can't go on with this run: the run ends so, if that can be journaled.
    async fn fault(&self, log: &RunLog, before: Before, error: Error) -> Result<After, Error> {
        let outcome = Outcome::HostFault(format!("the host can't go on with this run: {error}"));
        if log.end(outcome, before.usage()).await.is_ok() {
            tracing::error!(run = %log.run, %error, "the host can't go on with a run, which ends so");
            return Ok(After::Ended);
        }
        // A run whose journal is damaged takes no more events; its record says already how it ended.
        match self.store.record(log.run)? {
            Some(record) if record.state.is_terminal() => Ok(After::Ended),
            _ => Err(error),
        }
    }

    fn subject(&self, log: &Arc<RunLog>, attached: &Attached, way: Way) -> Result<Subject, Error> {
        let record = self.store.record(log.run)?.ok_or(Error::UnknownRun(log.run))?;
        let spec = self.spec(log.run)?;
        // Where the brain never began there is nothing to go on with.
        let way = match (way, record.state) {
            (Way::Waited(before), RunState::InProgress | RunState::Blocked) => Way::Waited(before),
            _ => Way::Anew,
        };
        let before = match way {
            Way::Anew => Before::of(&record),
            Way::Waited(before) => before,
        };
        let spent = Arc::new(Spent::new(before, spec.limits));
        let (live, history_ends) = (Arc::clone(&attached.live), attached.history_ends);
        Ok(Subject { run: log.run, log: Arc::clone(log), live, spec, record, way, spent, history_ends })
    }

    pub(crate) fn spec(&self, run: RunId) -> Result<Arc<RunSpec>, Error> {
        match self.store.read_events(run, 1, 1)?.into_iter().next() {
            Some((1, Event { what: Happening::Queued(spec), .. })) => Ok(Arc::new(*spec)),
            _ => Err(Error::Unreadable { run, seq: 1 }),
        }
    }

    async fn take_up(&self, subject: &Subject) -> Result<After, Error> {
        let Subject { live, record, .. } = subject;
        if record.state.is_terminal() {
            return Ok(After::Ended);
        }
        if let Some(reason) = &record.cancel_requested {
            return self.end(subject, Outcome::Cancelled(reason.clone())).await;
        }
        if matches!(subject.way, Way::Anew) && record.attempt >= self.max_attempts {
            let text = format!("taken up {} times without an end; given up", record.attempt);
            return self.end(subject, Outcome::HostFault(text)).await;
        }
        let wall = self.wall(subject).await?;
        if clock::until(wall.ends()).is_zero() {
            return self.end(subject, Outcome::Limit(wall.hit())).await;
        }
        let worked = tokio::select! {
            biased;
            () = live.cancelled.cancelled() => return self.cancelled(subject).await,
            worked = tokio::time::timeout(clock::until(wall.ends()), self.work(subject)) => worked,
        };
        let Ok(worked) = worked else { return self.end(subject, Outcome::Limit(wall.hit())).await };
        let (ended, rest) = worked?;
        match ended {
            Ended::Outcome(outcome) => self.ended(subject, outcome, rest).await,
            Ended::Stopped(stop) => self.left(subject, stop.0.downcast::<Leave>().ok(), rest, wall).await,
        }
    }

    /// The run's wall. A new attempt is journaled here, because the first one's time is where the wall begins; none is when the
    /// wall is over.
    async fn wall(&self, subject: &Subject) -> Result<Wall, Error> {
        let limit_ms = subject.spec.limits.wall_ms;
        let first = self.first_attempt(&subject.record)?;
        let over = first.is_some_and(|began| clock::until(Wall { began, limit_ms }.ends()).is_zero());
        let began = match subject.way {
            Way::Anew if !over => {
                let number = subject.record.attempt + 1;
                let added = subject.log.add(vec![Happening::Attempt { number }]).await?;
                first.unwrap_or(added.at)
            }
            Way::Anew | Way::Waited(_) => first.unwrap_or(subject.record.created_at),
        };
        Ok(Wall { began, limit_ms })
    }

    /// When the run was taken up for the first time, if it was. Only what came before that is read.
    fn first_attempt(&self, record: &Record) -> Result<Option<Timestamp>, Error> {
        const PAGE: usize = 16;
        if record.attempt == 0 {
            return Ok(None);
        }
        let attempt = |(_, event): &(Seq, Event)| matches!(event.what, Happening::Attempt { .. }).then_some(event.at);
        let mut from = 2;
        loop {
            let events = self.store.read_events(record.run_id, from, PAGE)?;
            let Some((last, _)) = events.last() else { return Ok(None) };
            from = last + 1;
            if let Some(at) = events.iter().find_map(attempt) {
                return Ok(Some(at));
            }
        }
    }

    async fn cancelled(&self, subject: &Subject) -> Result<After, Error> {
        let record = self.store.record(subject.run)?;
        let reason = record.and_then(|record| record.cancel_requested).unwrap_or_default();
        self.end(subject, Outcome::Cancelled(reason)).await
    }

    async fn left(&self, subject: &Subject, leave: Option<Box<Leave>>, rest: Rest, wall: Wall) -> Result<After, Error> {
        match leave.map(|leave| *leave) {
            Some(Leave::Suspend(hears, until)) => {
                subject.log.sync().await?;
                let until = until.into_iter().chain([wall.ends()]).min();
                Ok(After::Waits(Waits { hears, until, before: subject.spent.so_far() }))
            }
            Some(Leave::Limit(hit)) => self.ended(subject, Outcome::Limit(hit), rest).await,
            Some(Leave::Diverged(diverged)) => self.end(subject, Outcome::HostFault(diverged.to_string())).await,
            Some(Leave::Host(error)) => Err(error),
            Some(Leave::HistoryEnds) | None => {
                self.end(subject, Outcome::HostFault("the door closed without a reason".to_owned())).await
            }
        }
    }

    async fn work(&self, subject: &Subject) -> Result<(Ended, Rest), Error> {
        let outcome = |outcome| Ok((Ended::Outcome(outcome), Rest::default()));
        let home = match self.home(subject).await? {
            Ok(home) => home,
            Err(end) => return outcome(end),
        };
        let agent = match self.agent(&subject.spec).await {
            Ok(agent) => agent,
            Err(Error::Sandbox(error)) => {
                return outcome(Outcome::HostFault(format!("the agent can't be loaded: {error}")));
            }
            Err(error) => return Err(error),
        };
        if matches!(subject.way, Way::Anew) {
            subject.log.add(vec![Happening::Began]).await?;
        }
        self.think(subject, agent, home).await
    }

    /// The run's workspace, made when it is not there yet. The inner error is the run's end.
    async fn home(&self, subject: &Subject) -> Result<Result<Option<Home>, Outcome>, Error> {
        let Subject { run, log, spec, record, way, .. } = subject;
        if !Homes::needed(spec) {
            return Ok(Ok(None));
        }
        let found = self.homes.find(*run);
        if record.calls > 0 && found != Found::Home {
            let why = "the machine was started again, or the workspace removed, while this run was under way; \
                       what its tools wrote may be lost. Start the run again";
            return Ok(Err(Outcome::HostFault(why.to_owned())));
        }
        // Startup commands that were cut off may have done anything, and the agent has not.
        let begun_anew = !spec.startup.is_empty() && record.calls == 0 && matches!(way, Way::Anew);
        if found == Found::Home && !begun_anew {
            return Ok(self.homes.open(*run, spec).map(Some));
        }
        if found != Found::Nothing {
            self.homes.remove(*run).await;
        }
        let Made { workspace, snapshot, key } = match self.homes.make(*run, spec).await? {
            Ok(made) => made,
            Err(outcome) => return Ok(Err(outcome)),
        };
        let prepared = log.add(vec![Happening::Prepared { workspace: workspace.clone(), snapshot }]).await?;
        let home = match self.homes.open(*run, spec) {
            Ok(home) => home,
            Err(outcome) => return Ok(Err(outcome)),
        };
        if snapshot.is_none() {
            match (self.start_up(subject, &home, prepared).await?, key) {
                (Ok(true), Some(key)) => self.homes.keep_snapshot(*run, key, workspace).await?,
                (Ok(_), _) => {}
                (Err(outcome), _) => return Ok(Err(outcome)),
            }
        }
        Ok(Ok(Some(home)))
    }

    /// Executes the startup commands, and says whether all ended with 0; one that fails is the run's end, unless it may fail.
    async fn start_up(&self, subject: &Subject, home: &Home, mut last: Added) -> Result<Result<bool, Outcome>, Error> {
        let Some(image) = &subject.spec.grants.image else { return Ok(Ok(true)) };
        let mut whole = true;
        for startup in &subject.spec.startup {
            let before = home.root.changes();
            let meter = subject.spent.tool(shell::startup_limits(image, startup));
            let shell = Shell {
                sandbox: &self.sandbox,
                images: &self.images,
                spec: &subject.spec,
                root: &home.root,
                access: Access::Write,
                meter: Arc::clone(meter.meter()),
                git: home.git.clone(),
                at: last.at,
                number: last.seq,
            };
            let executed = match shell.execute(Line::of(startup)).await? {
                Ok(executed) => executed,
                Err(outcome) => return Ok(Err(outcome)),
            };
            let (failed, changes) = (failed(startup, &executed), home.root.changes());
            let workspace = if changes == before { None } else { home.digest().await };
            let output = keep::text(&self.store, executed.output.text).await?;
            let (command, Ending { code: exit_code, reason }) = (startup.command.clone(), executed.ending);
            last = subject.log.add(vec![Happening::Startup { command, exit_code, reason, output, workspace }]).await?;
            whole &= exit_code == 0;
            if let Some(failed) = failed {
                return Ok(Err(failed));
            }
        }
        Ok(Ok(whole))
    }

    async fn think(&self, subject: &Subject, agent: Agent, home: Option<Home>) -> Result<(Ended, Rest), Error> {
        let performer = Performer {
            log: Arc::clone(&subject.log),
            live: Arc::clone(&subject.live),
            store: Arc::clone(&self.store),
            sandbox: Arc::clone(&self.sandbox),
            spec: Arc::clone(&subject.spec),
            spent: Arc::clone(&subject.spent),
            home,
            images: self.images.clone(),
            linger: self.linger,
        };
        let history = History::new(Arc::clone(&self.store), subject.run, 2, subject.history_ends);
        let meter = Arc::clone(subject.spent.brain());
        let door = RunDoor::new(history, Some(Arc::new(performer)), Arc::clone(&meter), subject.record.created_at);
        let rest = door.rest();
        let task = task(subject.run, &subject.spec, &self.store).await?;
        // The wall stands around the whole attempt, not only around its thinking.
        let ended = self.sandbox.run(&agent, task, Box::new(door), meter, Duration::MAX).await;
        Ok((ended, rest))
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

    /// The brain is done, unless its journal holds more than it did.
    async fn ended(&self, subject: &Subject, outcome: Outcome, rest: Rest) -> Result<After, Error> {
        let diverged = if is_the_brains(&outcome) { rest.diverged(&outcome).await? } else { None };
        let outcome = diverged.map_or(outcome, |diverged| Outcome::HostFault(diverged.to_string()));
        self.end(subject, outcome).await
    }

    async fn end(&self, subject: &Subject, outcome: Outcome) -> Result<After, Error> {
        let outcome = match fit::outcome(outcome) {
            Outcome::Completed(Content::Inline(text)) => Outcome::Completed(keep::text(&self.store, text).await?),
            other => other,
        };
        let usage = subject.spent.usage();
        let state = self.store.record(subject.run)?.map(|record| record.state);
        let mut happenings = match state {
            // Before that, nothing was done for the agent.
            Some(RunState::InProgress | RunState::Blocked) => {
                self.homes.changes(subject.run, &self.store, subject.spec.archive).await?
            }
            _ => Vec::new(),
        };
        happenings.push(Happening::Ended { outcome, usage });
        subject.log.add_durably(happenings).await?;
        Ok(After::Ended)
    }
}

/// The run's end when a startup command failed that must not.
fn failed(startup: &StartupCommand, executed: &Executed) -> Option<Outcome> {
    const LAST_WORDS: usize = 2_000;
    let Executed { ending: Ending { code, reason }, output, .. } = executed;
    if *code == 0 || startup.continue_on_failure {
        return None;
    }
    let why = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    let from = output.text.ceil_char_boundary(output.text.len().saturating_sub(LAST_WORDS));
    let words = output.text[from..].trim();
    let said =
        if words.is_empty() { " and printed nothing".to_owned() } else { format!("; it printed last:\n{words}") };
    Some(Outcome::SetupFailed(format!("startup command {:?} ended with {code}{why}{said}", startup.command)))
}

/// The brain's task, with the prompt whole.
pub(crate) async fn task(run: RunId, spec: &RunSpec, store: &Arc<Store>) -> Result<Task, Error> {
    let prompt = keep::whole(store, spec.prompt.clone()).await?;
    let context = keep::whole(store, spec.context.clone()).await?;
    Ok(Task { run: run.to_string(), prompt, context, seed: spec.seed })
}
