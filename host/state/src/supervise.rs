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
    let (opened, result) = channel();
    let dir = dir.to_path_buf();
    let spawned = thread::Builder::new().name("skep-state-open".into()).spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| open_when_free(&dir, cache_bytes, timeout)));
        let outcome = outcome.unwrap_or_else(|panic| Err(Error::broken(panic_text(&*panic))));
        // Whoever waited may have given up.
        drop(opened.send(outcome));
    });
    if let Err(error) = spawned {
        return Err(Trouble::Failed { reason: error.to_string() });
    }
    match result.recv_timeout(timeout) {
        Ok(Ok(tree)) => Ok(tree),
        Ok(Err(Error::Broken { reason })) => Err(Trouble::Failed { reason }),
        Ok(Err(other)) => Err(Trouble::Failed { reason: other.to_string() }),
        Err(RecvTimeoutError::Timeout) => Err(Trouble::Hung { after: timeout }),
        Err(RecvTimeoutError::Disconnected) => Err(Trouble::Failed { reason: "its thread ended".to_owned() }),
    }
}

/// sled closes its files a little after it was dropped.
fn open_when_free(dir: &Path, cache_bytes: u64, patience: Duration) -> Result<Tree, Error> {
    let since = Instant::now();
    loop {
        match Tree::open(dir, cache_bytes) {
            Err(Error::Broken { reason }) if reason.contains("lock") && since.elapsed() < patience / 2 => {
                thread::park_timeout(AGAIN);
            }
            opened => {
                let tree = opened?;
                tree.check()?;
                return Ok(tree);
            }
        }
    }
}
