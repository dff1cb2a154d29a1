//! Processor time of a guest, and turns between guests that compute for long.
//!
//! A guest that has used little runs whenever its executor polls it. One that computes for long ("heavy") also needs one of a few
//! permits for each slice, so that sixty-four spinning guests cost the others one thread and not the machine.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::UpdateDeadline;

use crate::meter::{Exceeded, Meter};

/// From here on a guest takes turns.
const HEAVY: Duration = Duration::from_millis(20);

/// The clock of one guest: its meter, and where the current poll began on this thread.
pub(crate) struct CpuClock {
    meter: Arc<Meter>,
    poll_began: AtomicU64,
    turns: Arc<Semaphore>,
    turn: Mutex<Option<OwnedSemaphorePermit>>,
}

impl CpuClock {
    pub(crate) fn new(meter: Arc<Meter>, turns: Arc<Semaphore>) -> Arc<Self> {
        Arc::new(Self { meter, poll_began: AtomicU64::new(0), turns, turn: Mutex::new(None) })
    }

    /// What happens at each epoch tick while the guest computes: the limit is checked, and others get their turn.
    pub(crate) fn tick(self: &Arc<Self>) -> Result<UpdateDeadline, Exceeded> {
        let used = self.meter.cpu_ns() + thread_cpu_ns().saturating_sub(self.poll_began.load(Relaxed));
        self.meter.check_cpu(used)?;
        if u128::from(used) < HEAVY.as_nanos() {
            return Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())));
        }
        let clock = Arc::clone(self);
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(async move { clock.next_turn().await })))
    }

    async fn next_turn(&self) {
        self.end_turn();
        tokio::task::yield_now().await;
        // The semaphore is never closed; if it were, computing without a turn is no harm.
        let permit = Arc::clone(&self.turns).acquire_owned().await.ok();
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = permit;
    }

    fn end_turn(&self) {
        drop(self.turn.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// A guest's future that charges each poll to its meter.
pub(crate) struct Metered<F> {
    clock: Arc<CpuClock>,
    inner: Pin<Box<F>>,
}

impl<F: Future> Metered<F> {
    pub(crate) fn new(clock: Arc<CpuClock>, inner: F) -> Self {
        Self { clock, inner: Box::pin(inner) }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let began = thread_cpu_ns();
        self.clock.poll_began.store(began, Relaxed);
        let polled = self.inner.as_mut().poll(context);
        self.clock.meter.add_cpu(thread_cpu_ns().saturating_sub(began));
        // Whoever waits for the host does not compute, so another heavy guest may.
        self.clock.end_turn();
        polled
    }
}

pub(crate) fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}
