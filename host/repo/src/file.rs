//! The copy of one file: shared blocks where the file system has them, and otherwise its data without its holes.
//! Never a hard link, through which a guest would write into the user's tree.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FileType, SeekFrom, Stat, Timespec, Timestamps, UTIME_OMIT, fstat, ftruncate, futimens, seek};
use rustix::io::Errno;

use crate::meter::Meter;
use crate::{RepoError, beneath};

/// Between two looks at whether to stop.
const STRETCH: u64 = 64 << 20;

/// Two folders, the user's and the workspace's, and what is known about copying between them.
pub(crate) struct Between<'a> {
    pub(crate) from: &'a OwnedFd,
    pub(crate) to: &'a OwnedFd,
    /// Cleared when the file system turns out not to share blocks, so that it is asked once and not for each file.
    pub(crate) sharing: &'a AtomicBool,
    pub(crate) meter: &'a Meter<'a>,
}

/// What became of a name that looked like a file.
pub(crate) enum Copied {
    /// It was copied.
    File(Source),
    /// It is a pipe, a socket or a device.
    Special,
    /// It isn't there any more.
    Gone,
}

/// The user's file, open where its copying ended.
pub(crate) struct Source {
    pub(crate) file: File,
    /// Before it was copied.
    pub(crate) stat: Stat,
    /// What was copied.
    pub(crate) bytes: u64,
}

impl Between<'_> {
    /// Copies the file with this name; `at` is where that is in the workspace and `origin` in the source, for messages.
    pub(crate) fn copy(&self, name: &OsStr, at: &Path, origin: &Path) -> Result<Copied, RepoError> {
        let source = match beneath::file(self.from, name) {
            Ok(source) => File::from(source),
            Err(Errno::NOENT) => return Ok(Copied::Gone),
            // What opening a socket, or a device without a driver, says.
            Err(Errno::NXIO | Errno::NODEV) => return Ok(Copied::Special),
            Err(Errno::LOOP) => return Err(RepoError::Changed { path: origin.to_owned() }),
            Err(error) => return Err(RepoError::read(origin)(error)),
        };
        let stat = fstat(&source).map_err(RepoError::read(origin))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(Copied::Special);
        }
        let bytes = data_bytes(&stat);
        self.meter.take(bytes, at)?;
        let target = beneath::new_file(self.to, name, stat.st_mode & 0o100 != 0).map_err(RepoError::write(at))?;
        let target = File::from(target);
        if !self.share(&source, &target) {
            self.transfer(&source, &target, &stat).map_err(|error| failed(error, at))?;
        }
        // What is built from it may go by its time.
        let modified = Timespec { tv_sec: stat.st_mtime, tv_nsec: stat.st_mtime_nsec as _ };
        let omitted = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
        futimens(&target, &Timestamps { last_access: omitted, last_modification: modified })
            .map_err(RepoError::write(at))?;
        Ok(Copied::File(Source { file: source, stat, bytes }))
    }

    #[cfg(target_os = "linux")]
    fn share(&self, source: &File, target: &File) -> bool {
        if !self.sharing.load(Ordering::Relaxed) {
            return false;
        }
        let shared = rustix::fs::ioctl_ficlone(target, source).is_ok();
        if !shared {
            self.sharing.store(false, Ordering::Relaxed);
        }
        shared
    }

    #[cfg(not(target_os = "linux"))]
    fn share(&self, _: &File, _: &File) -> bool {
        false
    }

    fn transfer(&self, source: &File, target: &File, stat: &Stat) -> io::Result<()> {
        let size = stat.st_size as u64;
        if data_bytes(stat) == size {
            return self.stretch(source, target, size);
        }
        ftruncate(target, size)?;
        let mut at = 0;
        while let Some((start, end)) = next_data(source, at, size)? {
            seek(source, SeekFrom::Start(start))?;
            seek(target, SeekFrom::Start(start))?;
            self.stretch(source, target, end - start)?;
            at = end;
        }
        Ok(())
    }

    /// Copies `bytes` from where both files stand, or fewer if the source became shorter; never more, however it grows.
    fn stretch(&self, source: &File, mut target: &File, mut bytes: u64) -> io::Result<()> {
        while bytes > 0 {
            self.meter.check().map_err(io::Error::other)?;
            let copied = io::copy(&mut source.take(bytes.min(STRETCH)), &mut target)?;
            if copied == 0 {
                break;
            }
            bytes -= copied;
        }
        Ok(())
    }
}

/// What the file takes on the disk, at most its size: a hole costs nothing.
fn data_bytes(stat: &Stat) -> u64 {
    let (size, stored) = (stat.st_size as u64, (stat.st_blocks as u64).saturating_mul(512));
    if stored < size { stored } else { size }
}

fn next_data(source: &File, from: u64, size: u64) -> io::Result<Option<(u64, u64)>> {
    if from >= size {
        return Ok(None);
    }
    match seek(source, SeekFrom::Data(from)) {
        Ok(start) if start < size => Ok(Some((start, seek(source, SeekFrom::Hole(start))?.min(size)))),
        Ok(_) | Err(Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The meter's own word, if that is what stopped a copy.
fn failed(error: io::Error, at: &Path) -> RepoError {
    error.downcast::<RepoError>().unwrap_or_else(RepoError::write(at))
}
