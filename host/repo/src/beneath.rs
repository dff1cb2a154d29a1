//! Folders that are opened one name at a time and never through a symbolic link, so that nothing leads out of the
//! folder that was opened first, whatever changes meanwhile; and no path is ever too long for the system.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The folder at a path that the caller was given, and may therefore follow.
pub(crate) fn root(path: &Path) -> Result<OwnedFd, Errno> {
    openat(CWD, path, FOLDER, Mode::empty())
}

/// The folder at `relative` beneath `root`.
pub(crate) fn folder(root: impl AsFd, relative: &Path) -> Result<OwnedFd, Errno> {
    let mut folder = openat(root, ".", FOLDER, Mode::empty())?;
    for part in relative.components() {
        folder = openat(&folder, part.as_os_str(), FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
    }
    Ok(folder)
}

/// Opening never waits, as it would for a pipe.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// A file in `folder`, to be read.
pub(crate) fn file(folder: impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    openat(folder, name, FILE | OFlags::NOFOLLOW, Mode::empty())
}

/// What is at a path that may be followed; a file, and no pipe or device.
pub(crate) fn file_at(path: &Path) -> io::Result<File> {
    regular(openat(CWD, path, FILE, Mode::empty())?)
}

/// What was opened, unless it is a pipe, a device or a folder.
pub(crate) fn regular(opened: OwnedFd) -> io::Result<File> {
    let file = File::from(opened);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no file")) }
}

/// A new file in `folder`, executable or not, to be written.
pub(crate) fn new_file(folder: impl AsFd, name: &OsStr, executable: bool) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(folder, name, flags, Mode::from_raw_mode(if executable { 0o755 } else { 0o644 }))
}

/// The mode of new folders.
pub(crate) const NEW_FOLDER: Mode = Mode::from_raw_mode(0o755);

/// Whether this is what opening says about something that became a link or a file.
pub(crate) fn is_swap(error: &io::Error) -> bool {
    let swapped = [Errno::LOOP, Errno::NOTDIR].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|code| swapped.contains(&code))
}
