//! The time for which commands are loaded, which no time limit counts: whoever executes a command first, has it compiled.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long something was being loaded so far.
#[derive(Default)]
pub(crate) struct Loading(Mutex<State>);

#[derive(Default)]
struct State {
    past: Duration,
    /// Loads under way, and since when there is one.
    now: u32,
    since: Option<Instant>,
}

/// A load under way; it is over when this is dropped.
struct Load<'a>(&'a Loading);

impl Loading {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `load`, and counts its time.
    pub(crate) async fn during<T>(&self, load: impl Future<Output = T>) -> T {
        let _load = self.begin();
        load.await
    }

    fn begin(&self) -> Load<'_> {
        let mut state = self.lock();
        state.now += 1;
        state.since.get_or_insert_with(Instant::now);
        Load(self)
    }

    fn so_far(&self) -> Duration {
        let state = self.lock();
        state.past + state.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Waits for so long, and as much longer as something is being loaded meanwhile.
    pub(crate) async fn after(&self, limit: Duration) {
        let (began, before) = (Instant::now(), self.so_far());
        loop {
            let left = (limit + self.so_far().saturating_sub(before)).saturating_sub(began.elapsed());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

impl Drop for Load<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.now -= 1;
        if state.now == 0 {
            let since = state.since.take();
            state.past += since.map_or(Duration::ZERO, |since| since.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_loaded_is_not_counted_and_everything_else_is() {
        let loading = Loading::default();
        let began = Instant::now();
        let load = loading.during(tokio::time::sleep(Duration::from_millis(200)));
        tokio::join!(loading.after(Duration::from_millis(100)), load);
        assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
        let began = Instant::now();
        loading.after(Duration::from_millis(50)).await;
        assert!(began.elapsed() >= Duration::from_millis(50));
    }
}
