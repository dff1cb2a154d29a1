//! The one task that starts attempts: it takes a permit, then the next run; it wakes runs that wait; it owns every attempt's task.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use skep_model::{RunId, Timestamp};
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::attempt::{After, Attempts, Waits, Way};
use crate::clock;
use crate::queue::{Queue, Waiting};
use crate::runlog::Hears;

/// What the dispatcher and everyone who feeds it share.
pub(crate) struct Board {
    state: Mutex<State>,
    changed: Notify,
    /// Counts ends, so that whoever waits for one looks again.
    ends: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    queue: Queue,
    parked: HashMap<RunId, Parked>,
    timers: BinaryHeap<Reverse<(Timestamp, RunId)>>,
    ways: HashMap<RunId, Way>,
    unfinished: HashSet<RunId>,
    /// Runs that this host can't go on with until it is started again, and why.
    stuck: HashMap<RunId, String>,
    /// Nobody works on any run any more.
    closed: bool,
}

/// A run that waits outside memory.
struct Parked {
    waits: Waits,
    submitter: String,
    priority: i8,
}

impl Board {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), ends: watch::Sender::new(0) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for one more unfinished run, unless there are `most` already.
    pub(crate) fn reserve(&self, run: RunId, most: usize) -> Result<(), Error> {
        let mut state = self.lock();
        if state.unfinished.len() >= most {
            return Err(Error::Full { unfinished: state.unfinished.len() });
        }
        state.unfinished.insert(run);
        Ok(())
    }

    /// An unfinished run of before, however many there are. False when it is known already.
    pub(crate) fn take_in(&self, run: RunId) -> bool {
        self.lock().unfinished.insert(run)
    }

    /// A reserved run that was not accepted after all, or one that ended outside an attempt.
    pub(crate) fn release(&self, run: RunId) {
        let mut state = self.lock();
        state.unfinished.remove(&run);
        state.stuck.remove(&run);
        drop(state);
        self.tell();
    }

    /// Nobody works on any run from now on.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.tell();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Whoever waits for an end looks again.
    fn tell(&self) {
        self.ends.send_modify(|ends| *ends += 1);
    }

    /// An accepted run waits for its permit.
    pub(crate) fn enqueue(&self, waiting: Waiting) {
        self.lock().queue.push(waiting);
        self.changed.notify_one();
    }

    /// Something came for a run: if it waits outside memory and listens to that, it has something to do.
    pub(crate) fn wake(&self, run: RunId, came: Hears) {
        let mut state = self.lock();
        if state.parked.get(&run).is_none_or(|parked| parked.waits.hears < came) {
            return;
        }
        if let Some(Parked { waits, submitter, priority }) = state.parked.remove(&run) {
            state.ways.insert(run, Way::Waited(waits.before));
            state.queue.push(Waiting { run, submitter, priority });
            drop(state);
            self.changed.notify_one();
        }
    }

    pub(crate) fn ends(&self) -> watch::Receiver<u64> {
        self.ends.subscribe()
    }

    pub(crate) fn is_stuck(&self, run: RunId) -> Option<String> {
        self.lock().stuck.get(&run).cloned()
    }

    /// Runs that have not ended, but for those that this host can't go on with.
    pub(crate) fn unfinished(&self) -> usize {
        let state = self.lock();
        state.unfinished.len() - state.stuck.len()
    }

    /// Runs that wait outside memory.
    pub(crate) fn parked(&self) -> usize {
        self.lock().parked.len()
    }

    fn park(&self, waiting: &Waiting, waits: Waits) {
        let mut state = self.lock();
        let Waiting { run, submitter, priority } = waiting.clone();
        state.parked.insert(run, Parked { waits, submitter, priority });
        if let Some(until) = waits.until {
            state.timers.push(Reverse((until, run)));
        }
    }

    fn next(&self) -> Option<(Waiting, Way)> {
        let mut state = self.lock();
        let waiting = state.queue.pop()?;
        let way = state.ways.remove(&waiting.run).unwrap_or(Way::Anew);
        Some((waiting, way))
    }

    /// Wakes what is due; the time until something else will be.
    fn wake_due(&self) -> Option<Duration> {
        loop {
            let (until, run) = {
                let mut state = self.lock();
                let Reverse((until, run)) = *state.timers.peek()?;
                let is_parked = state.parked.get(&run).is_some_and(|parked| parked.waits.until == Some(until));
                if !is_parked {
                    state.timers.pop();
                    continue;
                }
                let left = clock::until(until);
                if !left.is_zero() {
                    return Some(left);
                }
                state.timers.pop();
                (until, run)
            };
            tracing::debug!(%run, ?until, "timer is due");
            self.wake(run, Hears::Nothing);
        }
    }

    fn settle(&self, waiting: &Waiting, became: Result<After, Error>) {
        let mut state = self.lock();
        state.queue.done(&waiting.submitter);
        match became {
            Ok(After::Ended) => drop(state.unfinished.remove(&waiting.run)),
            Ok(After::Waits(_)) => return,
            Err(error) => {
                tracing::error!(run = %waiting.run, %error, "the host can't go on with a run; it is taken up again when the host starts again");
                state.stuck.insert(waiting.run, error.to_string());
            }
        }
        drop(state);
        self.tell();
    }
}

/// How the dispatcher ends.
#[derive(Clone, Default)]
pub(crate) struct Shutdown {
    /// Take up nothing more.
    pub(crate) drain: CancellationToken,
    /// Drop what is still under way.
    pub(crate) abandon: CancellationToken,
}

/// Runs until it is shut down; then drains. Returns the runs that it left unfinished.
pub(crate) async fn dispatch(
    attempts: Arc<Attempts>,
    board: Arc<Board>,
    concurrency: usize,
    shutdown: Shutdown,
) -> Vec<RunId> {
    let mut under_way = JoinSet::new();
    let mut subjects: HashMap<Id, Waiting> = HashMap::new();
    loop {
        let draining = shutdown.drain.is_cancelled();
        let next_timer = board.wake_due();
        while !draining && under_way.len() < concurrency {
            let Some((waiting, way)) = board.next() else { break };
            let (attempts, board, subject) = (Arc::clone(&attempts), Arc::clone(&board), waiting.clone());
            let task = under_way.spawn(async move { attempt(&attempts, &board, &subject, way).await });
            subjects.insert(task.id(), waiting);
        }
        if draining && under_way.is_empty() {
            return Vec::new();
        }
        tokio::select! {
            Some(joined) = under_way.join_next_with_id(), if !under_way.is_empty() => settle(&board, &attempts, &mut subjects, joined).await,
            () = board.changed.notified() => {}
            () = tokio::time::sleep(next_timer.unwrap_or(Duration::MAX)), if next_timer.is_some() => {}
            () = shutdown.drain.cancelled(), if !draining => {}
            () = shutdown.abandon.cancelled() => {
                under_way.shutdown().await;
                return subjects.into_values().map(|waiting| waiting.run).collect();
            }
        }
    }
}

/// One attempt, and the run's place on the board after it.
async fn attempt(attempts: &Attempts, board: &Board, subject: &Waiting, way: Way) -> Result<After, Error> {
    let log = attempts.logs.get(subject.run)?;
    let attached = log.attach().await?;
    let after = attempts.attempt(&log, &attached, way).await;
    let hears = match &after {
        Ok(After::Waits(waits)) => {
            // First the place where a message finds it, then the leave; what comes between is in the inbox that is left.
            board.park(subject, *waits);
            waits.hears
        }
        Ok(After::Ended) | Err(_) => Hears::Nothing,
    };
    if log.detach(&attached.live, hears).await {
        board.wake(subject.run, hears);
    }
    after
}

type Joined = Result<(Id, Result<After, Error>), tokio::task::JoinError>;

async fn settle(board: &Board, attempts: &Attempts, subjects: &mut HashMap<Id, Waiting>, joined: Joined) {
    match joined {
        Ok((id, became)) => {
            if let Some(waiting) = subjects.remove(&id) {
                board.settle(&waiting, became);
            }
        }
        Err(error) => {
            if let Some(waiting) = subjects.remove(&error.id()) {
                let became = attempts.panicked(waiting.run, error).await;
                if let Ok(After::Waits(waits)) = &became {
                    board.park(&waiting, *waits);
                }
                board.settle(&waiting, became);
            }
        }
    }
}
