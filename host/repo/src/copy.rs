//! The copy of a folder of this machine.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{AtFlags, Dir, DirEntry, FileType, fstat, mkdirat, readlinkat, statat, symlinkat};
use rustix::io::Errno;

use crate::file::{Between, Copied, Source};
use crate::meter::{Meter, Watch};
use crate::rules::Rules;
use crate::tracked::Tracked;
use crate::{Checkout, RepoError, beneath, index, names, pool};

/// Rules by the folder that they hold in.
pub(crate) type Absent = HashMap<PathBuf, String>;

/// One copy under way.
pub(crate) struct Copy<'a> {
    /// The user's folder, for messages.
    pub(crate) origin: &'a Path,
    pub(crate) from: OwnedFd,
    pub(crate) to: OwnedFd,
    /// The folder that workspaces are made in, as device and inode: a copy of it would contain itself.
    pub(crate) workspaces: (u64, u64),
    pub(crate) tracked: Tracked,
    /// What is in each `.gitignore` that isn't checked out, by its folder.
    pub(crate) absent: Absent,
    pub(crate) meter: &'a Meter<'a>,
    pub(crate) tally: Tally,
}

/// What all threads of a copy found out.
pub(crate) struct Tally {
    /// See [`Between`].
    sharing: AtomicBool,
    files: AtomicU64,
    bytes: AtomicU64,
    special: AtomicU64,
    submodules: Mutex<Vec<String>>,
    /// Files and links that have to be there, and are.
    expected: AtomicU64,
    /// Set once anything differs from what git tracks.
    changed: AtomicBool,
}

impl Default for Tally {
    fn default() -> Self {
        let (files, bytes, special, expected) = Default::default();
        let (sharing, changed) = (AtomicBool::new(true), AtomicBool::new(false));
        Self { sharing, files, bytes, special, submodules: Mutex::default(), expected, changed }
    }
}

/// A folder that exists in the workspace and has to be filled.
struct Folder {
    relative: PathBuf,
    /// None where nothing is ignored: in a folder that is no git work tree.
    rules: Option<Arc<Rules>>,
    /// Ignored as a whole, and walked for what is tracked all the same.
    only_tracked: bool,
}

/// One entry of a folder, while it is looked at.
struct Entry<'a> {
    name: &'a OsStr,
    relative: PathBuf,
    kind: FileType,
}

impl Copy<'_> {
    /// Copies everything that `rules` don't ignore, fills in what `checkout` says about it, and returns whether it
    /// differs from what git tracks.
    pub(crate) fn run(
        self,
        rules: Option<Arc<Rules>>,
        checkout: &mut Checkout,
        watch: &mut Watch<'_>,
    ) -> Result<bool, RepoError> {
        let root = Folder { relative: PathBuf::new(), rules, only_tracked: false };
        pool::work_off(root, |folder| self.fill(&folder), || (watch.progress)(self.meter.written()))?;
        checkout.files = self.tally.files.into_inner();
        checkout.bytes = self.tally.bytes.into_inner();
        checkout.special = self.tally.special.into_inner();
        checkout.submodules = self.tally.submodules.into_inner().unwrap_or_else(PoisonError::into_inner);
        checkout.submodules.sort();
        Ok(self.tally.changed.into_inner() || self.tally.expected.into_inner() != self.tracked.expected())
    }

    /// Fills one folder and returns those in it.
    fn fill(&self, folder: &Folder) -> Result<Vec<Folder>, RepoError> {
        let origin = self.origin.join(&folder.relative);
        let from = match beneath::folder(&self.from, &folder.relative).map_err(std::io::Error::from) {
            Err(error) if beneath::is_swap(&error) => return Err(RepoError::Changed { path: origin }),
            from => from.map_err(RepoError::read(&origin))?,
        };
        self.refuse_itself(&from, &origin)?;
        let to = beneath::folder(&self.to, &folder.relative).map_err(RepoError::write(&folder.relative))?;
        let rules = folder
            .rules
            .as_ref()
            .map(|rules| rules.within(&from, &folder.relative, self.absent.get(&folder.relative).map(String::as_str)));
        let between = Between { from: &from, to: &to, sharing: &self.tally.sharing, meter: self.meter };
        let mut folders = Vec::new();
        for found in Dir::read_from(&from).map_err(RepoError::read(&origin))? {
            let found = found.map_err(RepoError::read(&origin))?;
            let Some(entry) = self.entry(&found, &from, folder)? else { continue };
            let ignored = folder.only_tracked
                || rules.as_ref().is_some_and(|rules| rules.ignore(&entry.relative, entry.kind.is_dir()));
            folders.extend(self.bring(entry, &between, ignored)?.map(|relative| Folder {
                relative,
                rules: rules.clone(),
                only_tracked: ignored,
            }));
        }
        Ok(folders)
    }

    fn refuse_itself(&self, from: &OwnedFd, origin: &Path) -> Result<(), RepoError> {
        let stat = fstat(from).map_err(RepoError::read(origin))?;
        if (stat.st_dev, stat.st_ino) == self.workspaces {
            return Err(RepoError::ContainsWorkspace { path: self.origin.to_owned() });
        }
        Ok(())
    }

    /// What was found, unless it is one of the names that are never brought. Git's own folder is known by all names
    /// that are the same on some file system.
    fn entry<'e>(&self, found: &'e DirEntry, from: &OwnedFd, folder: &Folder) -> Result<Option<Entry<'e>>, RepoError> {
        let name = OsStr::from_bytes(found.file_name().to_bytes());
        if name == "." || name == ".." || names::is_git(name.as_bytes()) {
            return Ok(None);
        }
        let relative = folder.relative.join(name);
        let kind = match found.file_type() {
            FileType::Unknown => match statat(from, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                Err(Errno::NOENT) => return Ok(None),
                Err(error) => return Err(RepoError::read(&self.origin.join(relative))(error)),
            },
            kind => kind,
        };
        Ok(Some(Entry { name, relative, kind }))
    }

    /// Brings one entry; a folder is made and returned, to be filled later.
    fn bring(&self, entry: Entry<'_>, between: &Between<'_>, ignored: bool) -> Result<Option<PathBuf>, RepoError> {
        if entry.kind.is_dir() {
            return self.folder(entry, between, ignored);
        }
        let tracked = self.tracked.file(&entry.relative);
        if ignored && tracked.is_none() {
            return Ok(None);
        }
        let origin = self.origin.join(&entry.relative);
        match entry.kind {
            FileType::RegularFile => match between.copy(entry.name, &entry.relative, &origin)? {
                Copied::File(source) => {
                    self.came(source.bytes, tracked, |tracked| self.is_same(tracked, &source, &origin))?;
                }
                Copied::Special => self.left_out(),
                Copied::Gone => {}
            },
            FileType::Symlink => {
                if let Some(target) = self.link(&entry, between)? {
                    self.came(target.len() as u64, tracked, |tracked| {
                        Ok(self.tracked.is_link(tracked, target.as_bytes()))
                    })?;
                }
            }
            _ => self.left_out(),
        }
        Ok(None)
    }

    /// Counts what was copied, and looks whether it is what git knows, unless that makes no difference any more.
    fn came(
        &self,
        bytes: u64,
        tracked: Option<&index::Entry>,
        is_same: impl FnOnce(&index::Entry) -> Result<bool, RepoError>,
    ) -> Result<(), RepoError> {
        self.tally.files.fetch_add(1, Ordering::Relaxed);
        self.tally.bytes.fetch_add(bytes, Ordering::Relaxed);
        if tracked.is_some_and(|entry| self.tracked.is_expected(entry)) {
            self.tally.expected.fetch_add(1, Ordering::Relaxed);
        }
        if !self.tally.changed.load(Ordering::Relaxed) && !tracked.map_or(Ok(false), is_same)? {
            self.tally.changed.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn is_same(&self, tracked: &index::Entry, source: &Source, origin: &Path) -> Result<bool, RepoError> {
        let same = self.tracked.is_file(tracked, &source.file, &source.stat, self.meter);
        same.map_err(|error| error.downcast().unwrap_or_else(RepoError::read(origin)))
    }

    fn left_out(&self) {
        self.tally.special.fetch_add(1, Ordering::Relaxed);
    }

    fn folder(&self, entry: Entry<'_>, between: &Between<'_>, ignored: bool) -> Result<Option<PathBuf>, RepoError> {
        let submodule = self.tracked.submodule(&entry.relative);
        if ignored && !submodule && !self.tracked.below(&entry.relative) {
            return Ok(None);
        }
        self.meter.take(0, &entry.relative)?;
        mkdirat(between.to, entry.name, beneath::NEW_FOLDER).map_err(RepoError::write(&entry.relative))?;
        if submodule {
            let name = entry.relative.to_string_lossy().into_owned();
            self.tally.submodules.lock().unwrap_or_else(PoisonError::into_inner).push(name);
            return Ok(None);
        }
        Ok(Some(entry.relative))
    }

    /// A link is copied as it is, wherever it leads: nobody follows it out of a workspace.
    fn link(&self, entry: &Entry<'_>, between: &Between<'_>) -> Result<Option<OsString>, RepoError> {
        let target = match readlinkat(between.from, entry.name, Vec::new()) {
            Ok(target) => OsString::from_vec(target.into_bytes()),
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(RepoError::read(&self.origin.join(&entry.relative))(error)),
        };
        self.meter.take(target.len() as u64, &entry.relative)?;
        symlinkat(&target, between.to, entry.name).map_err(RepoError::write(&entry.relative))?;
        Ok(Some(target))
    }
}
