//! What git tracks and didn't check out, as in a sparse checkout. Where a folder of it is there all the same, what git
//! knows of that folder counts: without its rules a file that is ignored, and may be secret, would come along.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use git2::Repository;

use crate::RepoError;
use crate::copy::Absent;
use crate::format::Id;
use crate::index::Entry;
use crate::meter::Meter;
use crate::rules;
use crate::tracked::Tracked;

/// Where to look.
pub(crate) struct Skipped<'a> {
    pub(crate) work_tree: &'a Path,
    /// Or why there is none.
    pub(crate) repository: Result<&'a Repository, &'a RepoError>,
    pub(crate) meter: &'a Meter<'a>,
}

impl Skipped<'_> {
    /// What is in a folder for which the index has a single entry; none if the folder isn't there.
    pub(crate) fn entries(&self, folder: &Entry) -> Result<Option<Vec<Entry>>, RepoError> {
        self.meter.check()?;
        let path = Path::new(OsStr::from_bytes(&folder.path));
        if !self.is_folder(path) {
            return Ok(None);
        }
        let entries = self.stored(path, |repository| {
            let tree = repository.find_tree(folder.id.oid()?)?;
            let entry = |found: git2::TreeEntry<'_>| {
                let slash: &[u8] = if found.kind() == Some(git2::ObjectType::Tree) { b"/" } else { b"" };
                let path = [&folder.path, found.name_bytes(), slash].concat();
                Entry::skipped(path, found.filemode() as u32, Id::new(found.id().as_bytes()))
            };
            Ok(tree.iter().map(entry).collect())
        });
        entries.map(Some)
    }

    /// What is in each `.gitignore` that isn't checked out and whose folder is there, by that folder.
    pub(crate) fn rules(&self, tracked: &Tracked) -> Result<Absent, RepoError> {
        let mut absent = Absent::new();
        for (path, id) in tracked.absent_rules() {
            self.meter.check()?;
            let folder = path.parent().unwrap_or(Path::new(""));
            if self.is_folder(folder) && self.work_tree.join(path).symlink_metadata().is_err() {
                absent.insert(folder.to_owned(), self.stored(path, |repository| rules::stored(repository, id))?);
            }
        }
        Ok(absent)
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.work_tree.join(path).is_dir()
    }

    fn stored<T>(&self, path: &Path, read: impl FnOnce(&Repository) -> Result<T, git2::Error>) -> Result<T, RepoError> {
        let unusable = |reason: &dyn std::fmt::Display| RepoError::WorkTree {
            path: self.work_tree.to_owned(),
            reason: format!("{path:?} is not checked out, and what is in it can't be read: {reason}"),
        };
        let repository = self.repository.map_err(|error| unusable(error))?;
        read(repository).map_err(|error| unusable(&error.message()))
    }
}
