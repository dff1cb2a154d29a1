//! What waits for the committer, bounded in bytes.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, oneshot};

use crate::append::{Append, Appended};
use crate::committer::Committer;
use crate::error::Error;
use crate::format::frame;

/// What an append is counted for beyond its bytes, so that many small ones are bounded too.
const OVERHEAD: usize = 512;

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
}

/// Many ends that push, and one that takes.
pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    room: Semaphore,
}

impl Queue {
    pub(crate) fn new(bytes: usize) -> Self {
        let state = Mutex::new(State { waiting: VecDeque::new(), closed: false });
        Self { state, arrived: Condvar::new(), room: Semaphore::new(bytes + OVERHEAD) }
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
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for work. All appends that wait, up to `max_bytes`, are one piece of it. `None` when closed and empty.
    pub(crate) fn take(&self, max_bytes: usize) -> Option<Work> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.closed {
                return None;
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(Waiting::Task(_)) = state.waiting.front() {
            return state.waiting.pop_front().map(|waiting| match waiting {
                Waiting::Task(task) => Work::Task(task),
                Waiting::Append(request) => Work::Appends(vec![request]),
            });
        }
        Some(Work::Appends(self.take_appends(&mut state, max_bytes)))
    }

    fn take_appends(&self, state: &mut State, max_bytes: usize) -> Vec<Request> {
        let (mut taken, mut bytes, mut room) = (Vec::new(), 0, 0);
        while let Some(Waiting::Append(request)) = state.waiting.front() {
            bytes += framed(&request.append);
            if bytes > max_bytes && !taken.is_empty() {
                break;
            }
            room += cost(&request.append);
            if let Some(Waiting::Append(request)) = state.waiting.pop_front() {
                taken.push(request);
            }
        }
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
