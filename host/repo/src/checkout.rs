//! A commit's files, written to a workspace straight from git's objects. libgit2's own checkout would apply filters and
//! attributes, and would have read a whole hostile tree before the first limit could stop it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use git2::{Odb, Oid, Repository, Tree, TreeEntry};
use rustix::fs::{mkdirat, symlinkat};
use rustix::io::Errno;

use crate::local::Place;
use crate::meter::{Meter, Watch};
use crate::sparse::{Part, Sparse};
use crate::submodules::Submodule;
use crate::wanted::Wanted;
use crate::{Checkout, RepoError, beneath, modules, names};

const FOLDER: i32 = 0o040_000;
const FILE: i32 = 0o100_000;
const LINK: i32 = 0o120_000;
const SUBMODULE: i32 = 0o160_000;
const KIND: i32 = 0o170_000;
const EXECUTABLE: i32 = 0o100;

/// One commit that is being written.
struct Commit<'a> {
    repository: &'a Repository,
    objects: Odb<'a>,
    location: &'a str,
    to: OwnedFd,
    sparse: Sparse<'a>,
    meter: &'a Meter<'a>,
    checkout: &'a mut Checkout,
    folders: Vec<(Oid, PathBuf)>,
    submodules: Vec<(Oid, PathBuf)>,
}

/// What is checked out, and where to.
pub(crate) struct Checking<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) wanted: &'a Wanted,
    /// For messages.
    pub(crate) location: &'a str,
    pub(crate) place: &'a Place<'a>,
}

impl Checking<'_> {
    /// Writes the commit's files, those that are wanted, and returns its submodules if these are wanted.
    pub(crate) fn out(
        &self,
        commit: &git2::Commit<'_>,
        checkout: &mut Checkout,
        watch: &mut Watch<'_>,
    ) -> Result<Vec<Submodule>, RepoError> {
        let Self { repository, wanted, location, place } = *self;
        let tree = commit.tree().map_err(RepoError::git(location))?;
        let sparse = Sparse::of(&wanted.sparse, &tree, location)?;
        let objects = repository.odb().map_err(RepoError::git(location))?;
        let to = beneath::root(place.into).map_err(RepoError::write(place.into))?;
        checkout.commit = Some(commit.id().to_string());
        checkout.sparse.clone_from(&wanted.sparse);
        let (meter, folders) = (place.meter, vec![(commit.tree_id(), PathBuf::new())]);
        let submodules = Vec::new();
        let mut commit = Commit { repository, objects, location, to, sparse, meter, checkout, folders, submodules };
        while let Some((tree, relative)) = commit.folders.pop() {
            commit.folder(tree, &relative)?;
            (watch.progress)(place.meter.written());
        }
        let found = std::mem::take(&mut commit.submodules);
        let urls = if wanted.submodules && !found.is_empty() { self.urls(&tree)? } else { BTreeMap::new() };
        Ok(split(found, &urls, commit.checkout))
    }

    /// Where the commit says that its submodules come from.
    fn urls(&self, tree: &Tree<'_>) -> Result<BTreeMap<String, String>, RepoError> {
        let Some(entry) = tree.get_name(".gitmodules") else { return Ok(BTreeMap::new()) };
        let failed = RepoError::git(self.location);
        let wrong = |reason: String| RepoError::Modules { location: self.location.to_owned(), reason };
        if entry.filemode() & KIND != FILE {
            return Err(wrong(".gitmodules is no file".to_owned()));
        }
        let objects = self.repository.odb().map_err(&failed)?;
        let (size, _) = objects.read_header(entry.id()).map_err(&failed)?;
        if size as u64 > modules::LARGEST {
            return Err(wrong(format!(".gitmodules has more than {} bytes", modules::LARGEST)));
        }
        let object = objects.read(entry.id()).map_err(&failed)?;
        let text = str::from_utf8(object.data()).map_err(|_| wrong(".gitmodules is no UTF-8".to_owned()))?;
        modules::urls(text).map_err(|line| wrong(format!("line {line} of .gitmodules")))
    }
}

impl Commit<'_> {
    fn folder(&mut self, tree: Oid, relative: &Path) -> Result<(), RepoError> {
        let repository = self.repository;
        let tree: Tree<'_> = repository.find_tree(tree).map_err(RepoError::git(self.location))?;
        let to = beneath::folder(&self.to, relative).map_err(RepoError::write(relative))?;
        for entry in &tree {
            let path = relative.join(safe(&entry, relative)?);
            if self.sparse.part(&path) != Part::Beside {
                self.entry(&entry, &to, path)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &TreeEntry<'_>, to: &OwnedFd, relative: PathBuf) -> Result<(), RepoError> {
        let name = OsStr::from_bytes(entry.name_bytes());
        // The size is known before the object is unpacked.
        let (size, _) = match entry.filemode() & KIND {
            FOLDER | SUBMODULE => (0, git2::ObjectType::Tree),
            _ => self.objects.read_header(entry.id()).map_err(RepoError::git(self.location))?,
        };
        self.meter.take(size as u64, &relative)?;
        let written = match entry.filemode() & KIND {
            FOLDER | SUBMODULE => mkdirat(to, name, beneath::NEW_FOLDER).map_err(Into::into),
            LINK => symlinkat(OsStr::from_bytes(&self.blob(entry)?), to, name).map_err(Into::into),
            _ => {
                let file = beneath::new_file(to, name, entry.filemode() & EXECUTABLE != 0);
                let content = self.blob(entry)?;
                file.map_err(Into::into).and_then(|file| File::from(file).write_all(&content))
            }
        };
        written.map_err(|error| twice_or_unwritable(error, &relative))?;
        self.account(entry, size as u64, relative);
        Ok(())
    }

    fn account(&mut self, entry: &TreeEntry<'_>, size: u64, relative: PathBuf) {
        match entry.filemode() & KIND {
            FOLDER => self.folders.push((entry.id(), relative)),
            SUBMODULE => self.submodules.push((entry.id(), relative)),
            _ => {
                self.checkout.files += 1;
                self.checkout.bytes += size;
            }
        }
    }

    fn blob(&self, entry: &TreeEntry<'_>) -> Result<Vec<u8>, RepoError> {
        let object = self.objects.read(entry.id()).map_err(RepoError::git(self.location))?;
        Ok(object.data().to_vec())
    }
}

/// The submodules that come from somewhere. The others stay empty.
fn split(found: Vec<(Oid, PathBuf)>, urls: &BTreeMap<String, String>, checkout: &mut Checkout) -> Vec<Submodule> {
    let mut submodules = Vec::new();
    for (id, path) in found {
        match path.to_str().and_then(|path| urls.get(path)) {
            Some(url) => submodules.push(Submodule { path, id, url: url.clone() }),
            None => checkout.submodules.push(path.to_string_lossy().into_owned()),
        }
    }
    submodules
}

/// The entry's name, unless it would mean another place, or git's own folder.
fn safe<'t>(entry: &'t TreeEntry<'_>, relative: &Path) -> Result<&'t OsStr, RepoError> {
    let name = entry.name_bytes();
    let reason = match name {
        b"" => "it has no name",
        b"." | b".." => "it would lead to another folder",
        name if name.contains(&b'/') => "it would lead to another folder",
        name if names::is_git(name) => "it would become git's own folder",
        name => return Ok(OsStr::from_bytes(name)),
    };
    let shown = String::from_utf8_lossy(name).into_owned();
    Err(RepoError::HostileName { name: relative.join(shown.replace('/', "\u{2215}")), reason })
}

fn twice_or_unwritable(error: std::io::Error, relative: &Path) -> RepoError {
    if error.raw_os_error() == Some(Errno::EXIST.raw_os_error()) {
        return RepoError::HostileName { name: relative.to_owned(), reason: "the same name stands there twice" };
    }
    RepoError::write(relative)(error)
}
