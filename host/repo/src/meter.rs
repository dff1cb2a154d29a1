//! What a preparation may use, and how it hears that it has to stop.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::RepoError;

/// A wait that can't see the caller's flag looks at it this often.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// What one preparation may use, all its repositories together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Bytes written to the workspace, and, apart from these, bytes received from servers.
    pub bytes: u64,
    /// Files, folders and links.
    pub files: u64,
    /// Folders below each other.
    pub depth: u64,
    /// How long it may take.
    pub wall: Duration,
    /// Whether URLs may lead to private, loopback and link-local addresses, and plain `http://` to loopback ones.
    pub allow_private: bool,
    /// What the workspace survives.
    pub durability: Durability,
    /// Bytes of free disk that no git data of a workspace is written into.
    pub reserve: u64,
    /// Where git data of servers is kept from one preparation to the next. Without one it is fetched whole each time.
    pub mirrors: Option<PathBuf>,
}

/// What a workspace that is there survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The end of the process, at any point: the workspace is whole or absent. After a crash of the machine it may be
    /// there with files that are empty or missing, so whoever goes on with a run after the machine was started anew
    /// must not trust a workspace that is older than that.
    #[default]
    Process,
    /// The end of the machine too. This syncs the whole file system once, which costs less than a sync for each file,
    /// but waits for everything that anybody else has written; and a workspace that reached the disk is slow to
    /// remove.
    Machine,
}

impl Default for Terms {
    /// 4 GiB, 500,000 files, 1,000 folders below each other, 10 minutes, public addresses only, not synced, no reserve, nothing kept.
    fn default() -> Self {
        Self {
            bytes: 4 << 30,
            files: 500_000,
            depth: 1_000,
            wall: Duration::from_secs(600),
            allow_private: false,
            durability: Durability::default(),
            reserve: 0,
            mirrors: None,
        }
    }
}

impl Terms {
    /// Whether so many bytes more on the disk of `path` leave the reserve alone.
    pub(crate) fn leave_room(&self, path: &Path, bytes: u64) -> Result<(), RepoError> {
        let disk = rustix::fs::statvfs(path).map_err(RepoError::write(path))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free.saturating_sub(bytes) < self.reserve {
            let text = format!("the disk has {free} bytes free, and the last {} are kept; make room", self.reserve);
            return Err(RepoError::write(path)(io::Error::new(io::ErrorKind::StorageFull, text)));
        }
        Ok(())
    }
}

/// How a preparation and its caller hear of each other.
pub struct Watch<'a> {
    /// Told how it goes, on the caller's thread.
    pub progress: &'a mut dyn FnMut(Progress),
    /// Set by the caller when it wants no more of it.
    pub cancel: &'a AtomicBool,
}

/// How it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A repository's turn has come.
    Began {
        /// Where it comes from.
        location: String,
    },
    /// A server sends.
    Received {
        /// Objects so far.
        objects: u64,
        /// Objects that it announced.
        of: u64,
        /// Bytes so far.
        bytes: u64,
    },
    /// Files are written to the workspace.
    Written {
        /// Files, folders and links of all repositories so far.
        files: u64,
        /// Their bytes.
        bytes: u64,
    },
}

/// What was used so far. Shared by all threads of one preparation.
pub(crate) struct Meter<'a> {
    pub(crate) terms: &'a Terms,
    cancel: &'a AtomicBool,
    started: Instant,
    files: AtomicU64,
    bytes: AtomicU64,
    /// Bytes that came from servers.
    pub(crate) received: Arc<AtomicU64>,
}

impl<'a> Meter<'a> {
    pub(crate) fn start(terms: &'a Terms, cancel: &'a AtomicBool) -> Self {
        let (files, bytes, received) = (AtomicU64::new(0), AtomicU64::new(0), Arc::default());
        Self { terms, cancel, started: Instant::now(), files, bytes, received }
    }

    /// Whether to go on at all.
    pub(crate) fn check(&self) -> Result<(), RepoError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(RepoError::Cancelled);
        }
        if self.started.elapsed() > self.terms.wall {
            return Err(RepoError::TimedOut { wall: self.terms.wall });
        }
        Ok(())
    }

    /// Takes one file, folder or link of this many bytes from what is left, before it is written.
    pub(crate) fn take(&self, bytes: u64, at: &Path) -> Result<(), RepoError> {
        self.check()?;
        let files = self.files.fetch_add(1, Ordering::Relaxed) + 1;
        let total = self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let Terms { files: most_files, bytes: most_bytes, depth, .. } = *self.terms;
        let too_much = |what, limit| Err(RepoError::TooMuch { what, limit, at: at.to_owned() });
        if files > most_files {
            return too_much("files", most_files);
        }
        if total > most_bytes {
            return too_much("bytes", most_bytes);
        }
        if at.components().count() as u64 > depth.saturating_add(1) {
            return too_much("folders below each other", depth);
        }
        Ok(())
    }

    /// Whether a list may have this many files, the last of which is `at`. They are not taken from what is left.
    pub(crate) fn fits(&self, files: usize, at: &Path) -> Result<(), RepoError> {
        let limit = self.terms.files;
        if files as u64 > limit {
            return Err(RepoError::TooMuch { what: "files", limit, at: at.to_owned() });
        }
        Ok(())
    }

    /// Where it stands.
    pub(crate) fn written(&self) -> Progress {
        Progress::Written { files: self.files.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) }
    }
}
