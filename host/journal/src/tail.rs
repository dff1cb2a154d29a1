//! The most recent past in memory, for those who follow the journal live.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::entry::Batch;
use crate::error::Error;
use crate::format::frame::framed;

/// A bounded ring of committed batches. The committer puts in and never waits; followers that are too slow miss some.
#[derive(Debug)]
pub(crate) struct Ring {
    kept: Mutex<Kept>,
    /// How many batches were ever published.
    published: watch::Sender<u64>,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct Kept {
    batches: VecDeque<Arc<Batch>>,
    /// How many batches were published before the first kept.
    first: u64,
    bytes: usize,
    closed: bool,
}

impl Ring {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { kept: Mutex::default(), published: watch::Sender::new(0), max_bytes }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn publish(&self, batch: Arc<Batch>) {
        let mut kept = self.lock();
        kept.bytes += bytes(&batch);
        kept.batches.push_back(batch);
        while kept.bytes > self.max_bytes {
            let Some(dropped) = kept.batches.pop_front() else { break };
            kept.bytes -= bytes(&dropped);
            kept.first += 1;
        }
        drop(kept);
        self.published.send_modify(|count| *count += 1);
    }

    /// Followers hear `Closed` after the last batch.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.published.send_modify(|_| {});
    }

    pub(crate) fn follow(self: &Arc<Self>) -> Tail {
        let kept = self.lock();
        let next = kept.first + kept.batches.len() as u64;
        Tail { next, published: self.published.subscribe(), ring: self.clone() }
    }
}

fn bytes(batch: &Batch) -> usize {
    batch.entries.iter().map(|entry| framed(entry.payload.len())).sum::<usize>() + size_of::<Batch>()
}

/// Follows the journal from the moment it was asked for. To miss nothing of a run, first follow, then read what there is,
/// then take from the tail what has a higher sequence number.
#[derive(Debug)]
pub struct Tail {
    next: u64,
    published: watch::Receiver<u64>,
    ring: Arc<Ring>,
}

impl Tail {
    /// The next batch, as soon as it is durable and folded. `Lagged` once when batches were missed: those have to be
    /// read by sequence number, and the tail goes on with the oldest that is in memory. `Closed` with the journal.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Arc<Batch>, Error> {
        loop {
            self.published.mark_unchanged();
            if let Some(found) = self.try_next() {
                return found;
            }
            self.published.changed().await.map_err(|_| Error::Closed)?;
        }
    }

    /// Like [`Tail::next`], but `None` when there is nothing yet.
    pub fn try_next(&mut self) -> Option<Result<Arc<Batch>, Error>> {
        let kept = self.ring.lock();
        if self.next < kept.first {
            self.next = kept.first;
            return Some(Err(Error::Lagged));
        }
        match kept.batches.get((self.next - kept.first) as usize) {
            Some(batch) => {
                self.next += 1;
                Some(Ok(batch.clone()))
            }
            None => kept.closed.then_some(Err(Error::Closed)),
        }
    }
}
