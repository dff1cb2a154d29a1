//! Says what is being done and for how long, since builds here take minutes.

use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How often a stage whose output isn't watched on a terminal says that it is still alive.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Whether a person watches: cargo then draws its own progress, and stages stay silent between start and end.
pub(crate) fn watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Runs `work` between two lines that say who is doing what.
pub(crate) fn stage<T>(name: &str, doing: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    eprintln!("[{name}] {doing}");
    let result = if watched() { work() } else { with_heartbeat(name, doing, started, work) };
    let verdict = if result.is_ok() { "done" } else { "failed" };
    eprintln!("[{name}] {doing}: {verdict} after {}", seconds(started.elapsed()));
    result
}

fn with_heartbeat<T>(name: &str, doing: &str, started: Instant, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let (finished, waiting) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            while waiting.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) {
                eprintln!("[{name}] {doing}… {}", seconds(started.elapsed()));
            }
        });
        let result = work();
        drop(finished);
        result
    })
}

/// `38s`, or `4m05s`.
pub(crate) fn seconds(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().round() as u64;
    match seconds / 60 {
        0 => format!("{seconds}s"),
        minutes => format!("{minutes}m{:02}s", seconds % 60),
    }
}
