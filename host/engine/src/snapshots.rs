//! Homes as startup commands left them: the next run with the same repositories at the same commits, image and startup commands
//! begins with a copy instead of doing all of it again.
//!
//! A snapshot is a home under the name of its key. It is made before the agent has done anything, is never written to, and is
//! trusted until the machine's next start, as homes are.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use skep_model::{Digest, RunId, RunSpec};
use skep_repo::{Progress, RepoError, Terms, Watch};

/// Beside the root of a snapshot: what it is.
const ABOUT: &str = "snapshot.json";
/// What a file, folder or link takes of the disk besides its bytes, about.
const ENTRY: u64 = 4096;

/// The folder of all snapshots.
#[derive(Clone)]
pub(crate) struct Snapshots {
    folder: PathBuf,
    /// What all together may take of the disk, in bytes; none are kept when this is 0.
    most: u64,
    /// Differs after each start of the machine.
    boot: String,
    terms: Terms,
}

/// What a snapshot is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    boot: String,
    /// Whose startup commands made it.
    pub(crate) run: RunId,
    /// A line for each repository.
    pub(crate) workspace: Vec<String>,
    #[serde(default)]
    bytes: u64,
}

impl Snapshots {
    pub(crate) fn new(folder: PathBuf, most: u64, boot: String, terms: Terms) -> Self {
        // A home may have what its run's limits allow, which its preparation and its tools have seen to.
        let terms = Terms { bytes: most, files: u64::MAX, depth: u64::MAX, ..terms };
        Self { folder, most, boot, terms }
    }

    /// The folders of snapshots, whole or not.
    pub(crate) fn all(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    }

    /// The name of what runs with this spec begin with when their repositories are these; none where nothing is gained.
    pub(crate) fn key(&self, spec: &RunSpec, repos: &[String]) -> Option<Digest> {
        let RunSpec { repos: specs, grants, startup, variables, limits, .. } = spec;
        let image = grants.image.as_ref().map(|image| (image.digest, image.limits, grants.clock, grants.random));
        if startup.is_empty() || image.is_none() || self.most == 0 {
            return None;
        }
        let room = (limits.workspace_bytes, limits.workspace_files);
        let all = (env!("CARGO_PKG_VERSION"), specs, repos, image, startup, variables, room);
        serde_json::to_vec(&all).ok().map(|bytes| Digest::of(&bytes))
    }

    /// Whether there seems to be one.
    pub(crate) fn has(&self, key: Digest) -> bool {
        self.about(&self.path(key)).is_some()
    }

    /// Makes the home at `home`, which must not exist, of the snapshot of this name, if there is one.
    pub(crate) fn restore(&self, key: Digest, home: &Path, cancel: &AtomicBool) -> Option<About> {
        let snapshot = self.path(key);
        let about = self.about(&snapshot)?;
        let marked = File::options().append(true).open(snapshot.join(ABOUT));
        // When it was used last decides which go first; it may be removed at any time.
        marked.and_then(|file| file.set_modified(SystemTime::now())).ok()?;
        let made = self.duplicate(&snapshot, home, cancel).and_then(|_| {
            fs::remove_file(home.join(ABOUT)).map_err(|source| RepoError::Write { path: home.to_owned(), source })
        });
        match made {
            Ok(()) => Some(about),
            Err(error) => {
                tracing::warn!(%key, %error, "a snapshot can't be used; the workspace is made anew");
                None
            }
        }
    }

    /// Keeps the home of a run, in which nobody writes meanwhile. What can't be kept costs the next run its time and nobody else
    /// anything.
    pub(crate) fn keep(&self, key: Digest, home: &Path, run: RunId, workspace: Vec<String>, cancel: &AtomicBool) {
        let about = About { boot: self.boot.clone(), run, workspace, bytes: 0 };
        if let Err(error) = self.try_keep(key, home, about, cancel) {
            tracing::warn!(%run, %error, "a workspace is not kept for later runs");
        }
        self.shrink();
    }

    fn try_keep(&self, key: Digest, home: &Path, about: About, cancel: &AtomicBool) -> Result<(), RepoError> {
        let (snapshot, partial) = (self.path(key), self.folder.join(format!("{}.{}.partial", key.hex(), about.run)));
        let failed = |source| RepoError::Write { path: partial.clone(), source };
        if snapshot.exists() {
            return Ok(());
        }
        fs::create_dir_all(&self.folder).map_err(failed)?;
        skep_repo::remove(&partial)?;
        let bytes = self.duplicate(home, &partial, cancel)?;
        let about = serde_json::to_vec(&About { bytes, ..about }).map_err(io::Error::other).map_err(failed)?;
        fs::write(partial.join(ABOUT), about).map_err(failed)?;
        if fs::rename(&partial, &snapshot).is_err() {
            // Another run has kept the same.
            skep_repo::remove(&partial)?;
        }
        Ok(())
    }

    /// Returns what it takes of the disk.
    fn duplicate(&self, from: &Path, to: &Path, cancel: &AtomicBool) -> Result<u64, RepoError> {
        let mut taken = 0;
        let mut progress = |progress| {
            if let Progress::Written { files, bytes } = progress {
                taken = bytes + files * ENTRY;
            }
        };
        skep_repo::duplicate(from, to, &self.terms, Watch { progress: &mut progress, cancel })?;
        Ok(taken)
    }

    fn about(&self, snapshot: &Path) -> Option<About> {
        let about: About = serde_json::from_slice(&fs::read(snapshot.join(ABOUT)).ok()?).ok()?;
        (about.boot == self.boot).then_some(about)
    }

    /// Removes what is not whole, what is of before the machine's last start, and those that were used least recently while there
    /// are too many. Called when no other is being made.
    pub(crate) fn sweep(&self) {
        for path in self.all() {
            if self.about(&path).is_none() || path.extension().is_some() {
                self.remove(&path);
            }
        }
        self.shrink();
    }

    fn shrink(&self) {
        let used = |path: &PathBuf| path.join(ABOUT).metadata().and_then(|about| about.modified()).ok();
        let mut all: Vec<_> = self
            .all()
            .into_iter()
            .filter(|path| path.extension().is_none())
            .filter_map(|path| Some((used(&path)?, self.about(&path)?.bytes, path)))
            .collect();
        all.sort();
        let mut bytes: u64 = all.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, size, path) in all {
            if bytes <= self.most {
                break;
            }
            self.remove(&path);
            bytes -= size;
        }
    }

    /// The name goes first: whoever copies it sees that.
    fn remove(&self, path: &Path) {
        let partial = path.with_extension("removed.partial");
        let removed = skep_repo::remove(&partial)
            .and_then(|()| {
                fs::rename(path, &partial).map_err(|source| RepoError::Write { path: path.to_owned(), source })
            })
            .and_then(|()| skep_repo::remove(&partial));
        if let Err(error) = removed {
            tracing::warn!(%error, "a snapshot was not removed");
        }
    }

    fn path(&self, key: Digest) -> PathBuf {
        self.folder.join(key.hex())
    }
}
