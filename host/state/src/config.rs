//! What a store is opened with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use skep_journal::storage::{OsStorage, Storage};

use crate::progress::OnProgress;

/// Where a store lives and what it may use.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data folder. Created when absent.
    pub data: PathBuf,
    /// What another process is told that tries to open the folder too.
    pub command: String,
    /// The journal's own numbers; its folder is `journal` in the data folder.
    pub journal: skep_journal::Config,
    /// The disk of the journal and of the blobs. sled is always on the real one: it can be lost.
    pub storage: Arc<dyn Storage>,
    /// What sled may keep in memory. It needs about as much again for what it is about to write.
    pub cache_bytes: u64,
    /// sled is given up, moved aside and rebuilt when it takes longer to open.
    pub open_timeout: Duration,
    /// And it is given up when it takes longer to store what it is given.
    pub store_timeout: Duration,
    /// Who hears how far a rebuild is.
    pub on_progress: OnProgress,
}

impl Config {
    /// The defaults for a data folder.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        let data = data.into();
        Self {
            journal: skep_journal::Config::new(data.join("journal")),
            data,
            command: command(),
            storage: Arc::new(OsStorage),
            cache_bytes: 64 << 20,
            open_timeout: Duration::from_secs(60),
            store_timeout: Duration::from_secs(60),
            on_progress: OnProgress::default(),
        }
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.data.join("state")
    }

    /// Where the reason stands why the state must be rebuilt, if it must.
    pub(crate) fn broken_marker(&self) -> PathBuf {
        self.data.join("state.broken")
    }

    pub(crate) fn blobs_dir(&self) -> PathBuf {
        self.data.join("blobs")
    }
}

/// The program and its subcommands, without options: those may hold what nobody else should read.
fn command() -> String {
    let words = std::env::args().take_while(|word| !word.starts_with('-')).take(3);
    words.collect::<Vec<_>>().join(" ")
}
