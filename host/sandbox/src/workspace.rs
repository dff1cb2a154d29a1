//! A run's directory, opened once and never left.

use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fd::OwnedFd;
use skep_model::Limits;

use crate::quota::{Quota, Room};

/// An open workspace. Cheap to clone; every access through it stays below the directory, whatever links say.
#[derive(Clone, Debug)]
pub struct Workspace {
    path: PathBuf,
    dir: Arc<Dir>,
    quota: Arc<Quota>,
}

/// Why a path of a workspace can't be had.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// Absolute, or with `..` that leaves the workspace.
    #[error("{path:?} is outside the workspace; name files relative to its root")]
    Outside {
        /// What was asked for.
        path: String,
    },
    /// No such file, a link out of the workspace, or the file system's own refusal.
    #[error("{path:?}: {source}")]
    Io {
        /// What was asked for.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Larger than what was allowed.
    #[error("{path:?} is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        path: String,
        /// The limit.
        limit: u64,
    },
}

impl Workspace {
    /// Opens the directory at `path`, with the room that a run has by default.
    ///
    /// # Errors
    /// It is not there, or no directory.
    pub fn open(path: &Path) -> Result<Self, WorkspaceError> {
        Self::with_room(path, Room::of(&Limits::RUN, 0))
    }

    /// The same with `room`, which all clones share.
    ///
    /// # Errors
    /// It is not there, or no directory.
    pub fn with_room(path: &Path, room: Room) -> Result<Self, WorkspaceError> {
        let failed = |source| WorkspaceError::Io { path: path.display().to_string(), source };
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(failed)?;
        let root = OwnedFd::from(dir.try_clone().map_err(failed)?.into_std_file());
        Ok(Self { path: path.to_owned(), dir: Arc::new(dir), quota: Arc::new(Quota::new(root, room)) })
    }

    /// A folder of it as a workspace of its own, which has its room from this one.
    ///
    /// # Errors
    /// It is not there, or no directory.
    pub fn below(&self, folder: &str) -> Result<Self, WorkspaceError> {
        let dir = self.dir.open_dir(folder);
        let dir = dir.map_err(|source| WorkspaceError::Io { path: folder.to_owned(), source })?;
        Ok(Self { path: self.path.join(folder), dir: Arc::new(dir), quota: Arc::clone(&self.quota) })
    }

    /// A number that rises whenever a guest may have changed something in it.
    pub fn changes(&self) -> u64 {
        self.quota.changes()
    }

    pub(crate) const fn quota(&self) -> &Arc<Quota> {
        &self.quota
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    /// A whole file.
    ///
    /// # Errors
    /// It is outside, absent, unreadable, or larger than `limit` bytes.
    pub fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, WorkspaceError> {
        let relative = inside(path)?;
        let failed = |source| WorkspaceError::Io { path: path.to_owned(), source };
        let file = self.dir.open(&relative).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > limit {
            return Err(WorkspaceError::TooLarge { path: path.to_owned(), limit });
        }
        Ok(bytes)
    }
}

/// The path without `.` and with `..` resolved by its text; an error when it is absolute or leaves the root. The file system is
/// still asked through cap-std, so links can't lead out either.
pub(crate) fn inside(path: &str) -> Result<PathBuf, WorkspaceError> {
    let outside = || WorkspaceError::Outside { path: path.to_owned() };
    let asked = Path::new(path);
    let within = asked.strip_prefix(crate::wasi::WORKSPACE).unwrap_or(asked);
    let mut inside = PathBuf::new();
    for part in within.components() {
        match part {
            Component::Normal(name) => inside.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !inside.pop() {
                    return Err(outside());
                }
            }
            Component::RootDir | Component::Prefix(_) => return Err(outside()),
        }
    }
    Ok(if inside.as_os_str().is_empty() { PathBuf::from(".") } else { inside })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_workspace_are_refused_by_their_text() {
        for path in ["/etc/passwd", "..", "a/../../b", "/workspace/../x", "/workspacex"] {
            assert!(matches!(inside(path), Err(WorkspaceError::Outside { .. })), "{path}");
        }
        for (path, clean) in [("a/./b", "a/b"), ("a/../b", "b"), (".", "."), ("/workspace/a", "a"), ("/workspace", ".")]
        {
            assert_eq!(inside(path).unwrap(), Path::new(clean), "{path}");
        }
    }

    #[test]
    fn a_link_out_of_the_workspace_is_not_followed() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("secret"), "outside").unwrap();
        let folder = root.path().join("workspace");
        std::fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink("../secret", folder.join("link")).unwrap();
        std::os::unix::fs::symlink(root.path().join("secret"), folder.join("absolute")).unwrap();
        let workspace = Workspace::open(&folder).unwrap();
        for link in ["link", "absolute"] {
            assert!(matches!(workspace.read(link, 100), Err(WorkspaceError::Io { .. })), "{link}");
        }
    }
}
