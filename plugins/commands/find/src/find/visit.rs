//! One file that was come across, and what can be asked about it.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::SystemTime;

use super::expression::Clock;

pub(super) struct Visited {
    pub(super) path: String,
    /// The argument that it was found below.
    pub(super) root: String,
    pub(super) depth: usize,
    /// Of what a link leads to, where links are followed.
    pub(super) metadata: Metadata,
}

impl Visited {
    pub(super) fn of(path: String, root: &str, depth: usize, follows: bool) -> std::io::Result<Self> {
        let own = || fs::symlink_metadata(&path);
        let metadata = if follows { fs::metadata(&path).or_else(|_| own()) } else { own() }?;
        Ok(Self { path, root: root.to_owned(), depth, metadata })
    }

    pub(super) fn file(&self) -> &Path {
        Path::new(&self.path)
    }

    /// Its last name; that of a root may be `.` or `/`.
    pub(super) fn name(&self) -> &str {
        let trimmed = self.path.trim_end_matches('/');
        if trimmed.is_empty() { "/" } else { trimmed.rsplit('/').next().unwrap_or(trimmed) }
    }

    /// Everything before its last name.
    pub(super) fn folder(&self) -> &str {
        match self.path.trim_end_matches('/').rsplit_once('/') {
            Some(("", _)) => "",
            Some((folder, _)) => folder,
            None => ".",
        }
    }

    pub(super) fn below_root(&self) -> &str {
        self.path.strip_prefix(&self.root).unwrap_or(&self.path).trim_start_matches('/')
    }

    pub(super) fn kind(&self) -> char {
        kind(&self.metadata)
    }

    /// Of what it leads to; `N` if nothing is there.
    pub(super) fn target_kind(&self) -> char {
        fs::metadata(&self.path).map_or('N', |metadata| kind(&metadata))
    }

    pub(super) fn link_target(&self) -> Option<String> {
        fs::read_link(&self.path).ok().map(|target| target.to_string_lossy().into_owned())
    }

    pub(super) fn mode(&self) -> u32 {
        posix::mode::of(self.file(), &self.metadata)
    }

    pub(super) fn time(&self, clock: Clock) -> SystemTime {
        let time = if clock == Clock::Read { self.metadata.accessed() } else { self.metadata.modified() };
        time.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    pub(super) fn is_empty(&self) -> bool {
        match self.kind() {
            'f' => self.metadata.len() == 0,
            'd' => fs::read_dir(&self.path).is_ok_and(|mut entries| entries.next().is_none()),
            _ => false,
        }
    }

    /// Inode and number of links.
    pub(super) fn identity(&self) -> (u64, u64) {
        posix::inode::of(self.file())
    }
}

/// The letter of `-type`.
fn kind(metadata: &Metadata) -> char {
    match posix::mode::kind(metadata) {
        '-' if metadata.is_file() => 'f',
        // What is neither file, folder nor link is a device in a sandbox.
        '-' => 'c',
        other => other,
    }
}
