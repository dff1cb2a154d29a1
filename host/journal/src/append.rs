//! What is appended, and the answer that is waited for.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use skep_model::RunId;
use tokio::sync::oneshot;

use crate::error::Error;

/// Why the journal is poisoned after a panic.
pub(crate) const COMMITTER_PANICKED: &str = "the committer panicked";

/// Events of one run, to be made durable all together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// Whose events.
    pub run: RunId,
    /// The sequence number that the first of them is to get.
    pub expected_next_seq: u64,
    /// The events, in order.
    pub payloads: Vec<Vec<u8>>,
    /// The first of them makes all earlier events of the run superfluous: retention may drop those. How a deletion leaves
    /// its tombstone, and the only append that a damaged run takes.
    pub supersedes: bool,
}

impl Append {
    /// Events that follow what the run has said so far.
    pub fn new(run: RunId, expected_next_seq: u64, payloads: Vec<Vec<u8>>) -> Self {
        Self { run, expected_next_seq, payloads, supersedes: false }
    }

    /// One event in whose favour everything earlier of the run may go.
    pub fn superseding(run: RunId, expected_next_seq: u64, payload: Vec<u8>) -> Self {
        Self { run, expected_next_seq, payloads: vec![payload], supersedes: true }
    }
}

/// The numbers that the events got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Of the first event.
    pub first_seq: u64,
    /// Of the last event.
    pub last_seq: u64,
}

/// The answer to an append that has its place in the order. Dropping it doesn't take the append back.
#[derive(Debug)]
pub struct Appending(pub(crate) oneshot::Receiver<Result<Appended, Error>>);

impl Future for Appending {
    type Output = Result<Appended, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or_else(|_| Err(unanswered())))
    }
}

/// Everything that has its place in the order is answered, unless the committer panics on the way.
fn unanswered() -> Error {
    Error::Poisoned { reason: Arc::from(COMMITTER_PANICKED) }
}

impl Appending {
    /// Blocks the thread until the answer is there.
    pub fn wait(self) -> Result<Appended, Error> {
        block_on(self)
    }
}

/// Waits for a future on a thread that has nothing else to do. It works inside and outside of a runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
