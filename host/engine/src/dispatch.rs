//! The one task that starts attempts: it takes a permit, then the next run; it wakes runs that wait; it owns every attempt's task.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use skep_model::{RunId, Timestamp};
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::attempt::{After, Attempts, Way};
use crate::clock;
use crate::queue::{Queue, Waiting};

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
    unfinished: usize,
    /// Runs that this host can't go on with until it is started again, and why.
    stuck: Vec<(RunId, String)>,
}

/// A run that waits outside memory.
struct Parked {
    until: Option<Timestamp>,
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

    /// Counts one more unfinished run, unless there are `most` already.
    pub(crate) fn reserve(&self, most: usize) -> Result<(), Error> {
        let mut state = self.lock();
        if state.unfinished >= most {
            return Err(Error::Full { unfinished: state.unfinished });
        }
        state.unfinished += 1;
        Ok(())
    }

    /// A reserved run that was not accepted after all, or one that ended outside an attempt.
    pub(crate) fn release(&self) {
        self.lock().unfinished -= 1;
        self.ends.send_modify(|ends| *ends += 1);
    }

    /// An accepted run waits for its permit.
    pub(crate) fn enqueue(&self, waiting: Waiting) {
        self.lock().queue.push(waiting);
        self.changed.notify_one();
    }

    /// A run that waits outside memory has something to do; nothing happens to one that does not.
    pub(crate) fn wake(&self, run: RunId) {
        let mut state = self.lock();
        if let Some(Parked { submitter, priority, .. }) = state.parked.remove(&run) {
            state.ways.insert(run, Way::Waited);
            state.queue.push(Waiting { run, submitter, priority });
            drop(state);
            self.changed.notify_one();
        }
    }

    pub(crate) fn ends(&self) -> watch::Receiver<u64> {
        self.ends.subscribe()
    }

    pub(crate) fn is_stuck(&self, run: RunId) -> Option<String> {
        self.lock().stuck.iter().find(|(stuck, _)| *stuck == run).map(|(_, why)| why.clone())
    }

    /// Runs that have not ended, but for those that this host can't go on with.
    pub(crate) fn unfinished(&self) -> usize {
        let state = self.lock();
        state.unfinished - state.stuck.len()
    }

    /// Runs that wait outside memory.
    pub(crate) fn parked(&self) -> usize {
        self.lock().parked.len()
    }

    fn park(&self, waiting: &Waiting, until: Option<Timestamp>) {
        let mut state = self.lock();
        let Waiting { run, submitter, priority } = waiting.clone();
        state.parked.insert(run, Parked { until, submitter, priority });
        if let Some(until) = until {
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
                let is_parked = state.parked.get(&run).is_some_and(|parked| parked.until == Some(until));
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
            self.wake(run);
        }
    }

    fn settle(&self, waiting: &Waiting, became: Result<After, Error>) {
        let mut state = self.lock();
        state.queue.done(&waiting.submitter);
        match became {
            Ok(After::Ended) => state.unfinished -= 1,
            Ok(After::Waits(_)) => return,
            Err(error) => {
                tracing::error!(run = %waiting.run, %error, "the host can't go on with a run; it is taken up again when the host starts again");
                state.stuck.push((waiting.run, error.to_string()));
            }
        }
        drop(state);
        self.ends.send_modify(|ends| *ends += 1);
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
    // Held to the end, so that a message during the leave meets this log and not a fresh one.
    let log = attempts.logs.get(subject.run)?;
    let after = attempts.attempt(&log, way).await?;
    if let After::Waits(until) = after {
        // First the place where a message finds it, then the leave; what comes between is in the inbox that is left.
        board.park(subject, until);
        if log.detach().await {
            board.wake(subject.run);
        }
    }
    Ok(after)
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
                let became = attempts.panicked(waiting.run, &error).await;
                board.settle(&waiting, became);
            }
        }
    }
}
