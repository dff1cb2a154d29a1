//! The index: the tree that the next commit will have. It is kept as a tree and not as git's index file, since the times
//! of files are remembered elsewhere and there is no merge that could leave conflicts in it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use git2::{ObjectType, Oid};

use crate::work_tree::git::Git;
use crate::work_tree::listing::{EXECUTABLE, Entry, FILE, LINK, Listing};
use crate::work_tree::store::{Content, Packing};
use crate::{RepoError, beneath, names};

/// Holds the name of the tree.
pub(crate) const STAGED: &str = "staged";

/// Where an entry of the index comes from. What the source doesn't have is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The work tree.
    Files,
    /// A revision's tree.
    Revision(String),
    /// It is removed.
    Nothing,
}

/// Content for an entry of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Below the repository's folder.
    pub path: Vec<u8>,
    /// As git writes it.
    pub mode: u32,
    /// A file's bytes, or where a link leads to.
    pub content: Vec<u8>,
}

impl Blob {
    fn is_of_a_work_tree(&self) -> bool {
        let is_name = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&0) && !names::is_git(name);
        matches!(self.mode, FILE | EXECUTABLE | LINK) && self.path.split(|byte| *byte == b'/').all(is_name)
    }
}

impl Git<'_> {
    /// The files of the index.
    pub(crate) fn staged(&self) -> Result<Listing, RepoError> {
        match self.staged_tree()? {
            Some(tree) => Listing::read(&self.repository, tree, &self.meter),
            None => Ok(Listing::default()),
        }
    }

    pub(crate) fn staged_tree(&self) -> Result<Option<Oid>, RepoError> {
        let path = self.tree.git.join(STAGED);
        match super::read(&path) {
            Ok(text) => {
                let name = String::from_utf8_lossy(&text);
                Oid::from_str(name.trim()).map(Some).map_err(self.failed())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RepoError::read(&path)(error)),
        }
    }

    /// Sets entries of the index.
    ///
    /// # Errors
    /// See [`RepoError`].
    pub fn stage(&self, paths: &[(Vec<u8>, Source)]) -> Result<(), RepoError> {
        let staged = self.staged()?;
        let mut packing = Packing::new(&self.tree.git, self.meter.terms)?;
        let wanted: BTreeSet<&[u8]> =
            paths.iter().filter(|(_, source)| *source == Source::Files).map(|(path, _)| &path[..]).collect();
        let now = if wanted.is_empty() { Listing::default() } else { self.now(&with(&staged, &wanted))? };
        let mut revisions = BTreeMap::new();
        let mut entries = by_path(staged);
        let root = beneath::root(&self.tree.files).map_err(RepoError::read(&self.tree.files))?;
        let content = Content { files: &self.tree.files, root: &root, meter: &self.meter };
        for (path, source) in paths {
            let found = match source {
                Source::Files => now.get(path).cloned(),
                Source::Revision(revision) => {
                    if !revisions.contains_key(revision) {
                        let listing = Listing::read(&self.repository, self.tree_of(revision)?, &self.meter)?;
                        revisions.insert(revision.clone(), listing);
                    }
                    revisions.get(revision).and_then(|listing: &Listing| listing.get(path).cloned())
                }
                Source::Nothing => None,
            };
            entries.remove(path);
            if let Some(mut entry) = found {
                entry.id = packing.keep(&entry, &content)?;
                make_way(&mut entries, path);
                entries.insert(path.clone(), entry);
            }
        }
        self.keep_entries(entries, packing)
    }

    /// Sets entries of the index to content that is in no file and in no revision.
    ///
    /// # Errors
    /// A path is none of a work tree, a mode is of neither a file nor a link, or see [`RepoError`].
    pub fn stage_content(&self, blobs: &[Blob]) -> Result<(), RepoError> {
        if let Some(blob) = blobs.iter().find(|blob| !blob.is_of_a_work_tree()) {
            return Err(RepoError::NotOfAWorkTree { path: OsStr::from_bytes(&blob.path).into() });
        }
        let mut packing = Packing::new(&self.tree.git, self.meter.terms)?;
        let mut entries = by_path(self.staged()?);
        for Blob { path, mode, content } in blobs {
            self.meter.check()?;
            let id = packing.put(ObjectType::Blob, content)?;
            make_way(&mut entries, path);
            entries.insert(path.clone(), Entry { path: path.clone(), mode: *mode, id });
        }
        self.keep_entries(entries, packing)
    }

    fn keep_entries(&self, entries: BTreeMap<Vec<u8>, Entry>, mut packing: Packing<'_>) -> Result<(), RepoError> {
        let listing = Listing::new(entries.into_values().collect());
        let tree = listing.tree(&mut |_, bytes| packing.put(ObjectType::Tree, bytes).map(drop))?;
        packing.flush()?;
        self.keep_staged(tree)
    }

    /// The index becomes a revision's tree, or empty.
    ///
    /// # Errors
    /// See [`RepoError`].
    pub fn stage_all(&self, revision: Option<&str>) -> Result<(), RepoError> {
        let tree = match revision {
            Some(revision) => self.tree_of(revision)?,
            None => {
                let mut packing = Packing::new(&self.tree.git, self.meter.terms)?;
                let empty = packing.put(ObjectType::Tree, b"")?;
                packing.flush()?;
                empty
            }
        };
        self.keep_staged(tree)
    }

    pub(crate) fn keep_staged(&self, tree: Oid) -> Result<(), RepoError> {
        self.tree.replace(STAGED, format!("{tree}\n").as_bytes())
    }
}

fn by_path(listing: Listing) -> BTreeMap<Vec<u8>, Entry> {
    listing.into_entries().into_iter().map(|entry| (entry.path.clone(), entry)).collect()
}

/// The index with these paths in it, so that they are looked at even if they are ignored.
fn with(staged: &Listing, wanted: &BTreeSet<&[u8]>) -> Listing {
    let missing = wanted.iter().filter(|path| staged.get(path).is_none());
    let missing = missing.map(|path| Entry { path: path.to_vec(), mode: super::listing::FILE, id: Oid::ZERO_SHA1 });
    Listing::new(staged.entries().iter().cloned().chain(missing).collect())
}

/// A file and a folder of the same name can't be in one tree.
fn make_way(entries: &mut BTreeMap<Vec<u8>, Entry>, path: &[u8]) {
    for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        entries.remove(&path[..at]);
    }
    let prefix = [path, b"/"].concat();
    let below: Vec<_> = entries.range(prefix.clone()..).map(|(path, _)| path.clone()).collect();
    for path in below.into_iter().take_while(|path| path.starts_with(&prefix)) {
        entries.remove(&path);
    }
}
