//! What waits for the committer, bounded in bytes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, oneshot};

use crate::append::{Append, Appended};
use crate::committer::Committer;
use crate::error::Error;
use crate::format::frame;

/// What an append is counted for beyond its bytes, so that many small ones are bounded too.
const OVERHEAD: usize = 512;

/// The longest that the committer stays awake for those who were just answered.
const LOOK_OUT: Duration = Duration::from_micros(50);

/// Someone who waits for an answer.
pub(crate) type Answer = oneshot::Sender<Result<Appended, Error>>;

/// Something else that the committer is to do between two batches.
pub(crate) type Task = Box<dyn FnOnce(&mut Committer) + Send>;

/// An append, and who waits for it.
pub(crate) struct Request {
    pub(crate) append: Append,
    pub(crate) answer: Answer,
}

/// What the committer is to do next.
pub(crate) enum Work {
    Appends(Vec<Request>),
    Task(Task),
}

enum Waiting {
    Append(Request),
    Task(Task),
}

struct State {
    waiting: VecDeque<Waiting>,
    closed: bool,
    /// How many appends were taken last.
    taken: usize,
    /// How many have to wait for the committer to be woken.
    enough: usize,
}

/// Many ends that push, and one that takes.
pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    /// Counts arrivals, for a committer that looks out for them without holding the lock.
    arrivals: AtomicUsize,
    room: Semaphore,
}

impl Queue {
    pub(crate) fn new(bytes: usize) -> Self {
        let state = Mutex::new(State { waiting: VecDeque::new(), closed: false, taken: 0, enough: 1 });
        Self { state, arrived: Condvar::new(), arrivals: AtomicUsize::new(0), room: Semaphore::new(bytes + OVERHEAD) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room, then takes a place in the order. `Closed` when there will be no room any more.
    pub(crate) async fn push(&self, request: Request) -> Result<(), Error> {
        let cost = cost(&request.append) as u32;
        let permit = self.room.acquire_many(cost).await.map_err(|_| Error::Closed)?;
        self.enter(Waiting::Append(request))?;
        // Given back by `take`.
        permit.forget();
        Ok(())
    }

    /// Tasks are rare and small, and wait for no room.
    pub(crate) fn push_task(&self, task: Task) -> Result<(), Error> {
        self.enter(Waiting::Task(task))
    }

    fn enter(&self, waiting: Waiting) -> Result<(), Error> {
        let mut state = self.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        state.waiting.push_back(waiting);
        self.arrivals.fetch_add(1, Relaxed);
        let enough = state.waiting.len() >= state.enough;
        drop(state);
        if enough {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Waits for work. All appends that wait, up to `max_bytes`, are one piece of it. `None` when closed and empty.
    ///
    /// Those who were just answered are likely to come again at once. They are waited for, but no longer than `patience`:
    /// without that, the first of them would get a sync of its own, and all the others would wait for two.
    pub(crate) fn take(&self, max_bytes: usize, patience: Duration) -> Option<Work> {
        let state = self.lock();
        let hoped = state.taken + state.waiting.len();
        let state = self.look_out(state, patience.min(LOOK_OUT));
        let state = self.wait(state, 1, Duration::MAX);
        let mut state = self.wait(state, hoped, patience);
        state.taken = 0;
        match state.waiting.pop_front()? {
            Waiting::Task(task) => Some(Work::Task(task)),
            Waiting::Append(request) => Some(Work::Appends(self.take_appends(request, &mut state, max_bytes))),
        }
    }

    /// Stays awake for whoever was just answered: being woken takes a good part of the time of a sync. Whoever else wants this
    /// processor gets it.
    fn look_out<'a>(&'a self, mut state: MutexGuard<'a, State>, patience: Duration) -> MutexGuard<'a, State> {
        if !state.waiting.is_empty() || state.taken == 0 || state.closed {
            return state;
        }
        // Nobody needs to wake a committer that is awake.
        state.enough = usize::MAX;
        let seen = self.arrivals.load(Relaxed);
        drop(state);
        let began = Instant::now();
        while self.arrivals.load(Relaxed) == seen && began.elapsed() < patience {
            std::thread::yield_now();
        }
        self.lock()
    }

    /// Waits until `enough` are there, the queue is closed, or patience ends.
    fn wait<'a>(&self, mut state: MutexGuard<'a, State>, enough: usize, patience: Duration) -> MutexGuard<'a, State> {
        state.enough = enough;
        let lacking = |state: &mut State| state.waiting.len() < state.enough && !state.closed;
        if patience == Duration::MAX {
            return self.arrived.wait_while(state, lacking).unwrap_or_else(PoisonError::into_inner);
        }
        self.arrived.wait_timeout_while(state, patience, lacking).unwrap_or_else(PoisonError::into_inner).0
    }

    /// `first`, and what waits behind it.
    fn take_appends(&self, first: Request, state: &mut State, max_bytes: usize) -> Vec<Request> {
        let (mut bytes, mut room) = (framed(&first.append), cost(&first.append));
        let mut taken = vec![first];
        while let Some(Waiting::Append(request)) = state.waiting.front() {
            bytes += framed(&request.append);
            if bytes > max_bytes {
                break;
            }
            room += cost(&request.append);
            if let Some(Waiting::Append(request)) = state.waiting.pop_front() {
                taken.push(request);
            }
        }
        state.taken = taken.len();
        self.room.add_permits(room);
        taken
    }

    /// Lets nothing in any more; what waits is still taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.room.close();
        self.arrived.notify_all();
    }
}

/// The bytes that an append takes in a batch.
pub(crate) fn framed(append: &Append) -> usize {
    append.payloads.iter().map(|payload| frame::framed(payload.len())).sum()
}

fn cost(append: &Append) -> usize {
    framed(append) + OVERHEAD
}
