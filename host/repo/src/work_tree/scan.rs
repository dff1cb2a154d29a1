//! A look at all files of a work tree, while guests may write to it. Folders are opened one name at a time and never
//! through a link; what is neither a file nor a link is passed over without being opened.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use git2::Oid;
use rustix::fs::{AtFlags, Dir, FileType, Stat, fstat, readlinkat, statat};
use rustix::io::Errno;

use crate::format::{Format, blob_header};
use crate::meter::Meter;
use crate::rules::Rules;
use crate::work_tree::listing::{EXECUTABLE, Entry, FILE, LINK, Listing, SUBMODULE};
use crate::work_tree::stats::{Stamp, Stats};
use crate::{RepoError, beneath, names, pool};

/// A name that changes what it is each time it is looked at is looked at this often.
const LOOKS: usize = 4;

/// What to look at, and what is known already.
pub(crate) struct Scan<'a> {
    /// For messages.
    pub(crate) files: &'a Path,
    pub(crate) root: &'a OwnedFd,
    /// These count even where a rule would ignore them.
    pub(crate) tracked: &'a Listing,
    /// None where everything counts.
    pub(crate) rules: Option<Arc<Rules>>,
    pub(crate) stats: &'a Stats,
    pub(crate) meter: &'a Meter<'a>,
}

/// What was found.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) entries: Vec<Entry>,
    /// The files whose next change will be seen.
    pub(crate) settled: Vec<(Vec<u8>, Stamp, Oid)>,
}

struct Folder {
    relative: PathBuf,
    rules: Option<Arc<Rules>>,
    /// Ignored as a whole, and walked for what is tracked all the same.
    only_tracked: bool,
}

/// What one name is.
enum Seen {
    Folder,
    /// Its mode and the name of its content.
    Content(u32, Oid),
    /// Nothing that git keeps: a pipe, a socket, a device; or nothing at all.
    Nothing,
}

impl Scan<'_> {
    pub(crate) fn run(self) -> Result<Found, RepoError> {
        let found = Mutex::default();
        let root = Folder { relative: PathBuf::new(), rules: self.rules.clone(), only_tracked: false };
        pool::work_off(root, |folder| self.folder(&folder, &found), || ())?;
        Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at one folder and returns those in it.
    fn folder(&self, folder: &Folder, found: &Mutex<Found>) -> Result<Vec<Folder>, RepoError> {
        let path = self.files.join(&folder.relative);
        let open = match beneath::folder(self.root, &folder.relative) {
            // It was there a moment ago.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(Vec::new()),
            open => open.map_err(RepoError::read(&path))?,
        };
        let rules = folder.rules.as_ref().map(|rules| rules.within(&open, &folder.relative, None));
        let mut here = Found::default();
        let mut folders = Vec::new();
        for entry in Dir::read_from(&open).map_err(RepoError::read(&path))? {
            let entry = entry.map_err(RepoError::read(&path))?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." || names::is_git(name.as_bytes()) {
                continue;
            }
            let relative = folder.relative.join(name);
            let is_folder = match entry.file_type() {
                FileType::Unknown => is_folder(&open, name),
                kind => kind.is_dir(),
            };
            let ignored = folder.only_tracked || rules.as_ref().is_some_and(|rules| rules.ignore(&relative, is_folder));
            if ignored && !self.is_wanted(&relative) {
                continue;
            }
            match self.look(&open, name, &relative, &mut here)? {
                Seen::Folder => folders.extend(self.enter(relative, &rules, ignored, &mut here)?),
                Seen::Content(mode, id) => {
                    here.entries.push(Entry { path: relative.into_os_string().into_encoded_bytes(), mode, id });
                }
                Seen::Nothing => {}
            }
        }
        let mut found = lock(found);
        found.entries.append(&mut here.entries);
        found.settled.append(&mut here.settled);
        Ok(folders)
    }

    fn is_wanted(&self, relative: &Path) -> bool {
        let path = relative.as_os_str().as_bytes();
        self.tracked.get(path).is_some() || self.tracked.below(path)
    }

    /// The folder to go on with. One that stands for a submodule is not looked into.
    fn enter(
        &self,
        relative: PathBuf,
        rules: &Option<Arc<Rules>>,
        only_tracked: bool,
        here: &mut Found,
    ) -> Result<Option<Folder>, RepoError> {
        self.meter.take(0, &relative)?;
        match self.tracked.get(relative.as_os_str().as_bytes()) {
            Some(entry) if entry.mode == SUBMODULE => {
                here.entries.push(entry.clone());
                Ok(None)
            }
            _ => Ok(Some(Folder { relative, rules: rules.clone(), only_tracked })),
        }
    }

    /// What this name is now. Between two calls of the system it may become something else.
    fn look(&self, folder: &OwnedFd, name: &OsStr, relative: &Path, here: &mut Found) -> Result<Seen, RepoError> {
        let unreadable = |error: io::Error| RepoError::read(&self.files.join(relative))(error);
        for _ in 0..LOOKS {
            let stat = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => return Ok(Seen::Nothing),
                stat => stat.map_err(|error| unreadable(error.into()))?,
            };
            let seen = match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => return Ok(Seen::Folder),
                FileType::RegularFile => self.file(folder, name, relative, &stat, here),
                FileType::Symlink => self.link(folder, name, relative),
                _ => return Ok(Seen::Nothing),
            };
            match seen {
                Ok(Some(seen)) => return Ok(seen),
                Ok(None) => {}
                Err(error) => return Err(error.downcast().unwrap_or_else(unreadable)),
            }
        }
        Err(RepoError::Changed { path: self.files.join(relative) })
    }

    fn link(&self, folder: &OwnedFd, name: &OsStr, relative: &Path) -> io::Result<Option<Seen>> {
        let target = match readlinkat(folder, name, Vec::new()) {
            Err(Errno::NOENT | Errno::INVAL) => return Ok(None),
            target => target?.into_bytes(),
        };
        self.meter.take(target.len() as u64, relative).map_err(io::Error::other)?;
        let id = Oid::hash_object(git2::ObjectType::Blob, &target).map_err(io::Error::other)?;
        Ok(Some(Seen::Content(LINK, id)))
    }

    /// None if it is no file any more, or became shorter while it was read.
    fn file(
        &self,
        folder: &OwnedFd,
        name: &OsStr,
        relative: &Path,
        stat: &Stat,
        here: &mut Found,
    ) -> io::Result<Option<Seen>> {
        let path = relative.as_os_str().as_bytes();
        if let Some(id) = self.stats.get(path, Stamp::of(stat)) {
            self.meter.take(0, relative).map_err(io::Error::other)?;
            here.settled.push((path.to_vec(), Stamp::of(stat), id));
            return Ok(Some(Seen::Content(mode(stat), id)));
        }
        let Some((file, stat)) = open(folder, name)? else { return Ok(None) };
        self.meter.take(stat.st_size as u64, relative).map_err(io::Error::other)?;
        let Some(id) = named(&file, stat.st_size as u64, self.meter)? else { return Ok(None) };
        let after = Stamp::of(&fstat(&file)?);
        if after == Stamp::of(&stat) && self.stats.is_settled(after) {
            here.settled.push((path.to_vec(), after, id));
        }
        Ok(Some(Seen::Content(mode(&stat), id)))
    }
}

fn lock(found: &Mutex<Found>) -> MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_folder(folder: &OwnedFd, name: &OsStr) -> bool {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
    stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_dir())
}

fn mode(stat: &Stat) -> u32 {
    if stat.st_mode & 0o100 != 0 { EXECUTABLE } else { FILE }
}

/// The file with this name, unless it is something else by now.
pub(crate) fn open(folder: &OwnedFd, name: &OsStr) -> io::Result<Option<(File, Stat)>> {
    let file = match beneath::file(folder, name) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT | Errno::LOOP | Errno::NXIO | Errno::NODEV) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let stat = fstat(&file)?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    Ok(is_file.then_some((file, stat)))
}

/// The name of a file's first `size` bytes; none if there are fewer.
fn named(file: &File, size: u64, meter: &Meter<'_>) -> io::Result<Option<Oid>> {
    let mut hasher = Format::Sha1.hasher();
    hasher.update(blob_header(size).as_bytes());
    let (mut file, mut left, mut buffer) = (file.take(size), size, vec![0; size.min(1 << 16) as usize]);
    while left > 0 {
        meter.check().map_err(io::Error::other)?;
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(None);
        }
        hasher.update(&buffer[..read]);
        left -= read as u64;
    }
    Oid::from_bytes(&hasher.finalize()).map(Some).map_err(io::Error::other)
}
