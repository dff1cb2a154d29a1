//! An exact copy of a folder of our own, in which nobody writes meanwhile: a workspace and its git data.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use rustix::fs::{AtFlags, Dir, FileType, fstat, mkdirat, readlinkat, statat, symlinkat};

use crate::file::Between;
use crate::meter::{Meter, Terms, Watch};
use crate::{RepoError, beneath, pool, remove};

/// Copies the folder `from`, whatever is in it, to `to`, which must not exist: files with their times, sharing blocks where the
/// file system can, links as they are. Pipes, sockets and devices are left out. The copy is whole or an error, unless `from` is
/// changed or removed meanwhile: whoever removes it gives it another name first, which is seen here.
///
/// # Errors
/// See [`RepoError`]; nothing is left at `to` then.
pub fn duplicate(from: &Path, to: &Path, terms: &Terms, mut watch: Watch<'_>) -> Result<(), RepoError> {
    std::fs::create_dir(to).map_err(RepoError::write(to))?;
    let copied = Duplicate::open(from, to, &Meter::start(terms, watch.cancel)).and_then(|copy| copy.run(&mut watch));
    if copied.is_err() {
        // The first error is the one to tell; `to` is nobody's.
        drop(remove(to));
    }
    copied
}

struct Duplicate<'a> {
    origin: &'a Path,
    target: &'a Path,
    from: OwnedFd,
    to: OwnedFd,
    sharing: AtomicBool,
    meter: &'a Meter<'a>,
}

impl<'a> Duplicate<'a> {
    fn open(origin: &'a Path, target: &'a Path, meter: &'a Meter<'a>) -> Result<Self, RepoError> {
        let from = beneath::root(origin).map_err(RepoError::read(origin))?;
        let to = beneath::root(target).map_err(RepoError::write(target))?;
        Ok(Self { origin, target, from, to, sharing: AtomicBool::new(true), meter })
    }

    fn run(&self, watch: &mut Watch<'_>) -> Result<(), RepoError> {
        pool::work_off(PathBuf::new(), |folder| self.fill(&folder), || (watch.progress)(self.meter.written()))?;
        let id = |folder: &OwnedFd| fstat(folder).map(|stat| (stat.st_dev, stat.st_ino));
        let is_there = beneath::root(self.origin).and_then(|now| Ok(id(&now)? == id(&self.from)?));
        if is_there.is_ok_and(|is_there| is_there) {
            return Ok(());
        }
        Err(RepoError::Changed { path: self.origin.to_owned() })
    }

    /// Fills one folder and returns those in it.
    fn fill(&self, relative: &Path) -> Result<Vec<PathBuf>, RepoError> {
        self.meter.terms.leave_room(self.target, 0)?;
        let origin = self.origin.join(relative);
        let from = beneath::folder(&self.from, relative).map_err(RepoError::read(&origin))?;
        let to = beneath::folder(&self.to, relative).map_err(RepoError::write(relative))?;
        let between = Between { from: &from, to: &to, sharing: &self.sharing, meter: self.meter };
        let mut folders = Vec::new();
        for found in Dir::read_from(&from).map_err(RepoError::read(&origin))? {
            let found = found.map_err(RepoError::read(&origin))?;
            let name = OsStr::from_bytes(found.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let kind = match found.file_type() {
                FileType::Unknown => {
                    let stat = statat(&from, name, AtFlags::SYMLINK_NOFOLLOW).map_err(RepoError::read(&origin))?;
                    FileType::from_raw_mode(stat.st_mode)
                }
                kind => kind,
            };
            let relative = relative.join(name);
            match kind {
                FileType::Directory => {
                    self.meter.take(0, &relative)?;
                    mkdirat(&to, name, beneath::NEW_FOLDER).map_err(RepoError::write(&relative))?;
                    folders.push(relative);
                }
                FileType::RegularFile => drop(between.copy(name, &relative, &origin.join(name))?),
                FileType::Symlink => self.link(&between, name, &relative)?,
                _ => {}
            }
        }
        Ok(folders)
    }

    fn link(&self, between: &Between<'_>, name: &OsStr, relative: &Path) -> Result<(), RepoError> {
        let target =
            readlinkat(between.from, name, Vec::new()).map_err(RepoError::read(&self.origin.join(relative)))?;
        let target = OsString::from_vec(target.into_bytes());
        self.meter.take(target.len() as u64, relative)?;
        symlinkat(&target, between.to, name).map_err(RepoError::write(relative))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    use std::time::{Duration, SystemTime};

    use super::*;

    fn copy(from: &Path, to: &Path, terms: &Terms) -> Result<(), RepoError> {
        let cancel = AtomicBool::new(false);
        duplicate(from, to, terms, Watch { progress: &mut |_| {}, cancel: &cancel })
    }

    #[test]
    fn everything_is_copied_as_it_is_and_shared_with_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("a/.git/empty")).unwrap();
        fs::write(from.join("a/.git/config"), "as any file").unwrap();
        fs::write(from.join("run.sh"), "#!/bin/sh").unwrap();
        fs::set_permissions(from.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("/etc/passwd", from.join("link")).unwrap();
        let sparse = fs::File::create(from.join("sparse")).unwrap();
        sparse.set_len(1 << 32).unwrap();
        let then = SystemTime::now() - Duration::from_hours(1);
        sparse.set_modified(then).unwrap();
        copy(&from, &to, &Terms::default()).unwrap();
        assert_eq!(fs::read_to_string(to.join("a/.git/config")).unwrap(), "as any file");
        assert!(to.join("a/.git/empty").is_dir());
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("/etc/passwd"));
        assert_eq!(fs::metadata(to.join("run.sh")).unwrap().permissions().mode() & 0o777, 0o755);
        let sparse = fs::metadata(to.join("sparse")).unwrap();
        assert_eq!((sparse.len(), sparse.modified().unwrap()), (1 << 32, then));
        assert!(sparse.blocks() < 64);
        fs::write(to.join("a/.git/config"), "changed").unwrap();
        assert_eq!(fs::read_to_string(from.join("a/.git/config")).unwrap(), "as any file");
    }

    #[test]
    fn what_exceeds_the_terms_is_there_or_has_gone_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir(&from).unwrap();
        fs::write(from.join("file"), "12345").unwrap();
        let refused = copy(&from, &to, &Terms { bytes: 4, ..Terms::default() }).unwrap_err();
        assert!(matches!(refused, RepoError::TooMuch { .. }), "{refused}");
        assert!(!to.exists());
        let refused = copy(&from, &to, &Terms { reserve: u64::MAX, ..Terms::default() }).unwrap_err();
        assert!(refused.to_string().contains("are kept; make room"), "{refused}");
        assert!(!to.exists());
        assert!(matches!(copy(&folder.path().join("gone"), &to, &Terms::default()), Err(RepoError::Unreadable { .. })));
        assert!(!to.exists());
        fs::create_dir(&to).unwrap();
        assert!(matches!(copy(&from, &to, &Terms::default()), Err(RepoError::Write { .. })));
    }
}
