//! What git tracks in a work tree: these files are wanted even where a rule would ignore them, and a tree that differs
//! from them has changes.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use git2::{Oid, Repository};
use rustix::fs::Stat;

use crate::RepoError;
use crate::format::{Format, Id, blob_header};
use crate::index::Entry;
use crate::meter::Meter;
use crate::skipped::Skipped;

const KIND: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;
const EXECUTABLE: u32 = 0o100;

/// What a repository's configuration says about its index and its files.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) format: Format,
    /// Whether the file system knows which files are executable.
    pub(crate) file_mode: bool,
    /// Whether a part of the files is left out on purpose; a file that is there all the same counts then.
    pub(crate) sparse: bool,
}

/// The entries of a repository's index.
#[derive(Default)]
pub(crate) struct Tracked {
    /// Sorted by path.
    entries: Vec<Entry>,
    /// When the index was written: a file that is not older may have changed since without a trace.
    written: (u32, u32),
    settings: Settings,
}

impl Tracked {
    /// `entries` are sorted by path.
    pub(crate) fn new(entries: Vec<Entry>, written: (u32, u32), settings: Settings) -> Self {
        Self { entries, written, settings }
    }

    /// The same with the entries of each folder that isn't checked out and is there all the same.
    pub(crate) fn unfolded(mut self, skipped: &Skipped<'_>) -> Result<Self, RepoError> {
        let (mut folders, mut entries): (Vec<_>, Vec<_>) = self.entries.into_iter().partition(is_folder);
        while let Some(folder) = folders.pop() {
            match skipped.entries(&folder)? {
                Some(found) => {
                    let (below, files): (Vec<_>, Vec<_>) = found.into_iter().partition(is_folder);
                    folders.extend(below);
                    entries.extend(files);
                }
                None => entries.push(folder),
            }
        }
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        self.entries = entries;
        Ok(self)
    }

    /// The file or link at this path.
    pub(crate) fn file(&self, path: &Path) -> Option<&Entry> {
        self.entry(path.as_os_str().as_bytes()).filter(|entry| entry.mode & KIND != SUBMODULE)
    }

    pub(crate) fn submodule(&self, path: &Path) -> bool {
        self.entry(path.as_os_str().as_bytes()).is_some_and(|entry| entry.mode & KIND == SUBMODULE)
    }

    /// The paths and names of the `.gitignore` files that aren't checked out.
    pub(crate) fn absent_rules(&self) -> impl Iterator<Item = (&Path, Id)> {
        let absent = self.entries.iter().filter(|entry| entry.is_skipped() && entry.mode & KIND != FOLDER);
        let paths = absent.map(|entry| (Path::new(OsStr::from_bytes(&entry.path)), entry));
        let rules = paths.filter(|(path, _)| path.file_name() == Some(OsStr::new(".gitignore")));
        rules.map(|(path, entry)| (path, entry.id))
    }

    /// Whether anything in this folder is tracked.
    pub(crate) fn below(&self, folder: &Path) -> bool {
        self.begins_with(&[folder.as_os_str().as_bytes(), b"/"].concat())
    }

    fn begins_with(&self, prefix: &[u8]) -> bool {
        self.entries.get(self.position(prefix)).is_some_and(|entry| entry.path.starts_with(prefix))
    }

    fn entry(&self, path: &[u8]) -> Option<&Entry> {
        self.entries.get(self.position(path)).filter(|entry| entry.path == path)
    }

    fn position(&self, path: &[u8]) -> usize {
        self.entries.partition_point(|entry| entry.path.as_slice() < path)
    }

    /// How many files and links there are if none was deleted.
    pub(crate) fn expected(&self) -> u64 {
        self.entries.iter().filter(|entry| self.is_expected(entry)).count() as u64
    }

    /// Whether it has to be there.
    pub(crate) fn is_expected(&self, entry: &Entry) -> bool {
        !entry.is_skipped() && !entry.is_assumed() && !matches!(entry.mode & KIND, SUBMODULE | FOLDER)
    }

    /// Whether git was told not to look at it.
    fn is_overlooked(&self, entry: &Entry) -> bool {
        entry.is_assumed() || (entry.is_skipped() && !self.settings.sparse)
    }

    /// Whether the file is what git knows: by its time and size if they tell, and by its content otherwise. As with
    /// git's `core.checkStat=minimal`, a copy of a work tree with its times is no change of all its files.
    pub(crate) fn is_file(&self, entry: &Entry, mut file: &File, stat: &Stat, meter: &Meter<'_>) -> io::Result<bool> {
        if self.is_overlooked(entry) {
            return Ok(true);
        }
        let executable = entry.mode & EXECUTABLE != 0;
        let same_mode = !self.settings.file_mode || executable == (stat.st_mode & EXECUTABLE != 0);
        let size_tells = entry.size != 0;
        let same_size = entry.size == stat.st_size as u32;
        if entry.is_conflict() || entry.mode & KIND == LINK || !same_mode || (size_tells && !same_size) {
            return Ok(false);
        }
        let changed = (stat.st_mtime as u32, stat.st_mtime_nsec as u32);
        if same_size && changed == entry.changed && changed < self.written {
            return Ok(true);
        }
        file.rewind()?;
        Ok(self.name(file, stat.st_size as u64, meter)? == entry.id)
    }

    /// Whether a link is what git knows.
    pub(crate) fn is_link(&self, entry: &Entry, target: &[u8]) -> bool {
        let name = self.settings.format.digest(&[blob_header(target.len() as u64).as_bytes(), target]);
        let same = entry.mode & KIND == LINK && !entry.is_conflict() && Id::new(&name) == entry.id;
        same || self.is_overlooked(entry)
    }

    fn name(&self, file: &File, size: u64, meter: &Meter<'_>) -> io::Result<Id> {
        let mut hasher = self.settings.format.hasher();
        hasher.update(blob_header(size).as_bytes());
        let (mut file, mut buffer) = (file.take(size), vec![0; 1 << 16]);
        loop {
            meter.check().map_err(io::Error::other)?;
            match file.read(&mut buffer)? {
                0 => return Ok(Id::new(&hasher.finalize())),
                read => hasher.update(&buffer[..read]),
            }
        }
    }

    /// Whether the commit with this tree has exactly these entries. Folders that are left out are compared as a whole.
    /// A tree of which nothing is tracked is not looked into, so that this takes no longer than the index is long.
    pub(crate) fn is_tree(
        &self,
        repository: &Repository,
        tree: Option<Oid>,
        meter: &Meter<'_>,
    ) -> Result<bool, RepoError> {
        let mut same = 0;
        let mut folders: Vec<_> = tree.map(|tree| (tree, Vec::new())).into_iter().collect();
        while let Some((tree, path)) = folders.pop() {
            meter.check()?;
            let tree = repository.find_tree(tree).map_err(RepoError::git(repository.path().display()))?;
            for found in &tree {
                let mode = found.filemode() as u32;
                let mut path = [&path, found.name_bytes()].concat();
                if mode & KIND == FOLDER {
                    path.push(b'/');
                }
                match self.entry(&path) {
                    Some(entry) if entry.mode == mode && entry.id == Id::new(found.id().as_bytes()) => same += 1,
                    None if mode & KIND == FOLDER && self.begins_with(&path) => folders.push((found.id(), path)),
                    _ => return Ok(false),
                }
            }
        }
        Ok(same == self.entries.len())
    }
}

fn is_folder(entry: &Entry) -> bool {
    entry.mode & KIND == FOLDER
}
