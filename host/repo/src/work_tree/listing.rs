//! A tree as one sorted list of its files, to and from git's folders of folders.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use git2::{ObjectType, Oid, Repository};

use crate::RepoError;
use crate::meter::Meter;

pub(crate) const FILE: u32 = 0o100_644;
pub(crate) const EXECUTABLE: u32 = 0o100_755;
pub(crate) const LINK: u32 = 0o120_000;
pub(crate) const SUBMODULE: u32 = 0o160_000;
const FOLDER: u32 = 0o040_000;

/// One file, link or submodule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its parts are separated by slashes.
    pub(crate) path: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) id: Oid,
}

/// What becomes of each folder of a tree: its name and its bytes.
type Keep<'a> = &'a mut dyn FnMut(Oid, &[u8]) -> Result<(), RepoError>;

/// The files of a tree, sorted by path.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    entries: Vec<Entry>,
}

impl Listing {
    /// Of entries in any order. No path is there twice.
    pub(crate) fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        Self { entries }
    }

    /// That of a tree in git's objects.
    pub(crate) fn read(repository: &Repository, tree: Oid, meter: &Meter<'_>) -> Result<Self, RepoError> {
        let unreadable = RepoError::git(repository.path().display());
        let mut entries = Vec::new();
        let mut folders = vec![(tree, Vec::new())];
        while let Some((tree, above)) = folders.pop() {
            meter.check()?;
            let tree = repository.find_tree(tree).map_err(&unreadable)?;
            for found in &tree {
                let path = [&above, found.name_bytes()].concat();
                meter.fits(entries.len() + folders.len(), Path::new(OsStr::from_bytes(&path)))?;
                match found.filemode() as u32 {
                    FOLDER => folders.push((found.id(), [&path, &b"/"[..]].concat())),
                    mode => entries.push(Entry { path, mode, id: found.id() }),
                }
            }
        }
        Ok(Self::new(entries))
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries whose paths are wanted.
    pub(crate) fn only(mut self, wanted: impl Fn(&[u8]) -> bool) -> Self {
        self.entries.retain(|entry| wanted(&entry.path));
        self
    }

    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    pub(crate) fn get(&self, path: &[u8]) -> Option<&Entry> {
        self.entries.get(self.position(path)).filter(|entry| entry.path == path)
    }

    /// Whether there is anything in this folder.
    pub(crate) fn below(&self, folder: &[u8]) -> bool {
        let prefix = [folder, b"/"].concat();
        self.entries.get(self.position(&prefix)).is_some_and(|entry| entry.path.starts_with(&prefix))
    }

    /// Whether something has this path, is in a folder of that name, or is where a folder would have to be for it.
    pub(crate) fn is_taken(&self, path: &[u8]) -> bool {
        let mut above = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| &path[..end]);
        self.get(path).is_some() || self.below(path) || above.any(|folder| self.get(folder).is_some())
    }

    fn position(&self, path: &[u8]) -> usize {
        self.entries.partition_point(|entry| entry.path.as_slice() < path)
    }

    /// The tree's name. Each folder is given to `keep`, those in it before it.
    pub(crate) fn tree(&self, keep: Keep<'_>) -> Result<Oid, RepoError> {
        let mut open = vec![Folder::default()];
        for entry in &self.entries {
            let (folders, name) = split(&entry.path);
            let common = open.iter().skip(1).zip(&folders).take_while(|(open, folder)| open.name == **folder).count();
            while open.len() > common + 1 {
                close(&mut open, keep)?;
            }
            open.extend(folders.iter().skip(common).map(|name| Folder { name: name.to_vec(), entries: Vec::new() }));
            if let Some(folder) = open.last_mut() {
                folder.entries.push(Entry { path: name.to_vec(), mode: entry.mode, id: entry.id });
            }
        }
        loop {
            if let Some(tree) = close(&mut open, keep)? {
                return Ok(tree);
            }
        }
    }
}

/// A folder whose entries are still being gathered.
#[derive(Default)]
struct Folder {
    name: Vec<u8>,
    entries: Vec<Entry>,
}

fn split(path: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut folders: Vec<_> = path.split(|byte| *byte == b'/').collect();
    let name = folders.pop().unwrap_or_default();
    (folders, name)
}

/// Names the innermost folder and puts it into the one around it; returns its name if there is none around it.
fn close(open: &mut Vec<Folder>, keep: Keep<'_>) -> Result<Option<Oid>, RepoError> {
    let folder = open.pop().unwrap_or_default();
    let bytes = bytes(folder.entries);
    let id = Oid::hash_object(ObjectType::Tree, &bytes).map_err(RepoError::git("a tree"))?;
    keep(id, &bytes)?;
    let Some(above) = open.last_mut() else { return Ok(Some(id)) };
    above.entries.push(Entry { path: folder.name, mode: FOLDER, id });
    Ok(None)
}

/// A folder as git stores it, which sorts the names of folders as if they ended with a slash.
fn bytes(mut entries: Vec<Entry>) -> Vec<u8> {
    let key = |entry: &Entry| [&entry.path[..], if entry.mode == FOLDER { b"/" } else { b"" }].concat();
    entries.sort_by_cached_key(key);
    let mut bytes = Vec::new();
    for Entry { path, mode, id } in entries {
        bytes.extend_from_slice(format!("{mode:o} ").as_bytes());
        bytes.extend_from_slice(&path);
        bytes.push(0);
        bytes.extend_from_slice(id.as_bytes());
    }
    bytes
}
