//! What git tracks in a work tree: these files are wanted even where a rule would ignore them.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

const SUBMODULE: u32 = 0o160_000;

/// The paths of a repository's index.
#[derive(Default)]
pub(crate) struct Tracked {
    /// Sorted by bytes.
    files: Vec<Vec<u8>>,
    submodules: Vec<Vec<u8>>,
}

impl Tracked {
    pub(crate) fn of(index: &git2::Index) -> Self {
        let (submodules, files): (Vec<_>, Vec<_>) = index.iter().partition(|entry| entry.mode == SUBMODULE);
        let sorted = |entries: Vec<git2::IndexEntry>| {
            let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path).collect();
            paths.sort_unstable();
            paths
        };
        Self { files: sorted(files), submodules: sorted(submodules) }
    }

    pub(crate) fn file(&self, path: &Path) -> bool {
        self.files.binary_search_by(|file| file.as_slice().cmp(path.as_os_str().as_bytes())).is_ok()
    }

    pub(crate) fn submodule(&self, path: &Path) -> bool {
        self.submodules.binary_search_by(|module| module.as_slice().cmp(path.as_os_str().as_bytes())).is_ok()
    }

    /// Whether anything in this folder is tracked.
    pub(crate) fn below(&self, folder: &Path) -> bool {
        let prefix = [folder.as_os_str().as_bytes(), b"/"].concat();
        let starts = |paths: &[Vec<u8>]| {
            let first = paths.partition_point(|path| path.as_slice() < prefix.as_slice());
            paths.get(first).is_some_and(|path| path.starts_with(&prefix))
        };
        starts(&self.files) || starts(&self.submodules)
    }
}
