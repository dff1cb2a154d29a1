//! Opening sled where it can neither hang nor take down the host.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::report::Trouble;
use crate::tree::{Tree, panic_text};

/// How long to wait before asking again for a folder that an earlier sled of this process has not let go of yet.
const AGAIN: Duration = Duration::from_millis(20);

/// Opens and checks sled on a thread of its own. One that hangs keeps its thread, and the folder that it was given.
pub(crate) fn open(dir: &Path, cache_bytes: u64, timeout: Duration) -> Result<Tree, Trouble> {
    let dir = dir.to_path_buf();
    supervised(timeout, move || open_when_free(&dir, cache_bytes, timeout / 2))
}

fn supervised<T: Send + 'static>(
    timeout: Duration,
    open: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Trouble> {
    let failed = |reason: String| Trouble::Failed { reason };
    let (opened, result) = channel();
    let spawned = thread::Builder::new().name("skep-state-open".into()).spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(open));
        let outcome = outcome.unwrap_or_else(|panic| Err(Error::broken(panic_text(&*panic))));
        // Whoever waited may have given up.
        drop(opened.send(outcome));
    });
    spawned.map_err(|error| failed(error.to_string()))?;
    match result.recv_timeout(timeout) {
        Ok(Err(Error::Broken { reason })) => Err(failed(reason)),
        Ok(outcome) => outcome.map_err(|other| failed(other.to_string())),
        Err(RecvTimeoutError::Timeout) => Err(Trouble::Hung { after: timeout }),
        Err(RecvTimeoutError::Disconnected) => Err(failed("its thread ended".to_owned())),
    }
}

/// sled closes its files a little after it was dropped.
fn open_when_free(dir: &Path, cache_bytes: u64, patience: Duration) -> Result<Tree, Error> {
    let since = Instant::now();
    let expected = dir.exists();
    loop {
        match Tree::open(dir, cache_bytes) {
            Err(Error::Broken { reason }) if reason.contains("lock") && since.elapsed() < patience => {
                thread::park_timeout(AGAIN);
            }
            Ok(tree) if expected => return tree.check().map(|()| tree),
            Ok(tree) => return tree.initialise().map(|()| tree),
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure_with_its_words() {
        let panics = supervised::<()>(Duration::from_secs(5), || panic!("tried to serialize Uninitialized"));
        let reason = "panicked: tried to serialize Uninitialized".to_owned();
        assert_eq!(panics, Err(Trouble::Failed { reason }));
    }

    #[test]
    fn what_takes_too_long_is_given_up() {
        let (release, wait) = channel::<()>();
        let after = Duration::from_millis(20);
        let hangs = supervised(after, move || wait.recv().map_err(Error::broken));
        assert_eq!(hangs, Err(Trouble::Hung { after }));
        drop(release);
    }
}
