//! Epoch ticks for the engine: one thread, asleep while no guest computes.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Engine;

/// How long a guest computes before the host looks at it again.
pub(crate) const TICK: Duration = Duration::from_millis(5);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    guests: usize,
    stopped: bool,
    /// The thread waits for a guest.
    asleep: bool,
}

/// Owns the thread; it ends when this is dropped.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// While one of these lives, the engine's epoch moves.
pub(crate) struct Ticking(Arc<Shared>);

impl Ticker {
    pub(crate) fn start(engine: Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let seen = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("skep-epoch".into()).spawn(move || tick(&engine, &seen))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    pub(crate) fn ticking(&self) -> Ticking {
        let mut state = self.shared.lock();
        state.guests += 1;
        // Short runs follow each other within one tick, and a call into the kernel for each would be a good part of them.
        if state.asleep {
            self.shared.changed.notify_one();
        }
        Ticking(Arc::clone(&self.shared))
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tick(engine: &Engine, shared: &Shared) {
    let mut state = shared.lock();
    while !state.stopped {
        state = if state.guests == 0 {
            state.asleep = true;
            let mut woken = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            woken.asleep = false;
            woken
        } else {
            drop(state);
            std::thread::park_timeout(TICK);
            engine.increment_epoch();
            shared.lock()
        };
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.lock().guests -= 1;
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // The thread holds nothing that could have panicked half-way; there is nothing to do if it did.
            drop(thread.join());
        }
    }
}
