//! A folder of our own as one compressed tar file, in which nobody writes meanwhile: a workspace that is kept.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::fs::{AtFlags, Dir, FileType, Stat, readlinkat, statat};
use tar::{Builder, EntryType, Header};

use crate::meter::{Meter, Terms, Watch};
use crate::work_tree::scan;
use crate::{RepoError, beneath};

/// All files, folders and links of `folder`, whatever they are called, as a gzipped tar of at most `most` bytes: sorted by name, owned
/// by nobody, links as they are. Pipes, sockets and devices are left out.
///
/// # Errors
/// See [`RepoError`]: it is larger, or exceeds the terms, of which files, bytes, depth and time count.
pub fn archive(folder: &Path, most: u64, terms: &Terms, watch: Watch<'_>) -> Result<Vec<u8>, RepoError> {
    let meter = Meter::start(terms, watch.cancel);
    let root = beneath::root(folder).map_err(RepoError::read(folder))?;
    let packed = Capped { bytes: Vec::new(), most };
    let mut archive =
        Archive { folder, root, meter: &meter, tar: Builder::new(GzEncoder::new(packed, Compression::fast())) };
    let mut folders = vec![PathBuf::new()];
    while let Some(next) = folders.pop() {
        let below = archive.add_folder(&next)?;
        folders.extend(below.into_iter().rev());
    }
    let packed = archive.tar.into_inner().and_then(GzEncoder::finish);
    packed.map(|capped| capped.bytes).map_err(|error| failed(error, folder))
}

struct Archive<'a> {
    folder: &'a Path,
    root: OwnedFd,
    meter: &'a Meter<'a>,
    tar: Builder<GzEncoder<Capped>>,
}

impl Archive<'_> {
    /// Adds what is in one folder, and returns the folders in it.
    fn add_folder(&mut self, relative: &Path) -> Result<Vec<PathBuf>, RepoError> {
        let path = self.folder.join(relative);
        let open = beneath::folder(&self.root, relative).map_err(RepoError::read(&path))?;
        let mut folders = Vec::new();
        for name in names(&open).map_err(RepoError::read(&path))? {
            let (at, stat) = (relative.join(&name), statat(&open, &name, AtFlags::SYMLINK_NOFOLLOW));
            let stat = stat.map_err(RepoError::read(&path))?;
            let kind = FileType::from_raw_mode(stat.st_mode);
            self.add(&open, &name, &at, (&stat, kind)).map_err(|error| failed(error, &at))?;
            if kind.is_dir() {
                folders.push(at);
            }
        }
        Ok(folders)
    }

    fn add(&mut self, folder: &OwnedFd, name: &OsStr, at: &Path, (stat, kind): (&Stat, FileType)) -> io::Result<()> {
        let mut header = header(stat);
        match kind {
            FileType::Directory => {
                self.meter.take(0, at).map_err(io::Error::other)?;
                header.set_entry_type(EntryType::Directory);
                header.set_mode(0o755);
                self.tar.append_data(&mut header, at, io::empty())
            }
            FileType::Symlink => {
                let target = OsString::from_vec(readlinkat(folder, name, Vec::new())?.into_bytes());
                self.meter.take(target.len() as u64, at).map_err(io::Error::other)?;
                header.set_entry_type(EntryType::Symlink);
                self.tar.append_link(&mut header, at, target)
            }
            FileType::RegularFile => match scan::open(folder, name)? {
                Some((file, stat)) => self.add_file(&file, header, at, stat.st_size as u64),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn add_file(&mut self, file: &File, mut header: Header, at: &Path, size: u64) -> io::Result<()> {
        self.meter.take(size, at).map_err(io::Error::other)?;
        header.set_size(size);
        let meter = self.meter;
        self.tar.append_data(&mut header, at, Checked { inner: file.take(size), meter })
    }
}

fn header(stat: &Stat) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(0);
    header.set_mode(if stat.st_mode & 0o100 != 0 { 0o755 } else { 0o644 });
    header.set_mtime(u64::try_from(stat.st_mtime).unwrap_or_default());
    header
}

fn names(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        match entry.file_name().to_bytes() {
            b"." | b".." => {}
            name => names.push(OsStr::from_bytes(name).to_owned()),
        }
    }
    names.sort();
    Ok(names)
}

/// The meter's own word, if that is what ended it.
fn failed(error: io::Error, at: &Path) -> RepoError {
    error.downcast::<RepoError>().unwrap_or_else(RepoError::read(at))
}

/// Looks before each read whether to go on: a hole of a terabyte is read like anything else.
struct Checked<'a, R> {
    inner: R,
    meter: &'a Meter<'a>,
}

impl<R: io::Read> io::Read for Checked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.meter.check().map_err(io::Error::other)?;
        self.inner.read(buffer)
    }
}

/// Bytes, up to a number of them.
struct Capped {
    bytes: Vec<u8>,
    most: u64,
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.bytes.len() + bytes.len()) as u64 > self.most {
            let too_much = RepoError::TooMuch { what: "bytes", limit: self.most, at: "the archive".into() };
            return Err(io::Error::other(too_much));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::process::Command;
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn packed(folder: &Path, most: u64, terms: &Terms) -> Result<Vec<u8>, RepoError> {
        let cancel = AtomicBool::new(false);
        archive(folder, most, terms, Watch { progress: &mut |_| {}, cancel: &cancel })
    }

    #[test]
    fn tar_unpacks_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let long = "n".repeat(200);
        fs::create_dir_all(from.join(".git").join(&long).join(&long)).unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(from.join(".git").join(&long).join(&long).join("ä b"), b"\0\xff").unwrap();
        fs::write(from.join("run"), "x").unwrap();
        fs::set_permissions(from.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("/etc/passwd", from.join("link")).unwrap();
        let bytes = packed(&from, 1 << 20, &Terms::default()).unwrap();
        assert_eq!(packed(&from, 1 << 20, &Terms::default()).unwrap(), bytes, "the same files are the same archive");
        fs::write(folder.path().join("all.tar.gz"), bytes).unwrap();
        let mut tar = Command::new("tar");
        let untarred = tar.current_dir(&to).args(["-xzf", "../all.tar.gz"]).status().unwrap();
        assert!(untarred.success());
        let same = Command::new("diff").args(["-r", "--no-dereference"]).args([&from, &to]).status().unwrap();
        assert!(same.success());
        assert_eq!(fs::metadata(to.join("run")).unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn what_is_too_large_is_an_error_and_not_a_part() {
        let folder = tempfile::tempdir().unwrap();
        fs::File::create(folder.path().join("sparse")).unwrap().set_len(1 << 40).unwrap();
        let refused = packed(folder.path(), 1 << 20, &Terms { bytes: 1 << 30, ..Terms::default() }).unwrap_err();
        assert!(matches!(refused, RepoError::TooMuch { limit: 0x4000_0000, .. }), "{refused}");
        let refused = packed(folder.path(), 1 << 10, &Terms { bytes: u64::MAX, ..Terms::default() }).unwrap_err();
        assert!(matches!(refused, RepoError::TooMuch { limit: 0x400, .. }), "{refused}");
    }
}
