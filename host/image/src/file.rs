//! Files as they are on the disk: what identifies one without reading it, and what is in it.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use skep_model::Digest;

use crate::adapt::{adapt, is_module};
use crate::component::{HEAD, LARGEST_COMPONENT, check_head};

/// How much is read at once.
const PIECE: usize = 256 << 10;
/// A file system that counts time in steps gives two writes within one the same time. The coarsest of those that count
/// below a second have 10 ms.
const STEP: Duration = Duration::from_millis(100);

/// What changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// Of the inode: unlike the other, no program can set it.
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of what a path leads to.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        path.metadata().map(|metadata| Self::of(&metadata))
    }

    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether any later change has to show in the stamp, because the last one was long enough before `now`.
    pub(crate) fn is_settled(&self, now: SystemTime) -> bool {
        let last = self.modified.max(self.changed);
        let last = Duration::new(u64::try_from(last.0).unwrap_or(0), u32::try_from(last.1).unwrap_or(0));
        now.duration_since(UNIX_EPOCH).is_ok_and(|now| last + STEP < now)
    }
}

/// A file whose component is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hashed {
    /// Of the component, which is the file's content unless it was adapted.
    pub(crate) digest: Digest,
    /// The component's length.
    pub(crate) length: u64,
    pub(crate) adapted: bool,
    pub(crate) stamp: Stamp,
}

/// Reads and checks a component that lies in a folder or below it, or a program of wasip1 that is made into one.
pub(crate) fn component(folder: &Path, file: &str) -> Result<Hashed, String> {
    let path = inside(folder, file)?;
    let unreadable = |error: io::Error| format!("{} can't be read: {error}", path.display());
    let mut opened = File::open(&path).map_err(unreadable)?;
    let metadata = opened.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(format!("{} is no file", path.display()));
    }
    if metadata.len() > LARGEST_COMPONENT {
        return Err(format!("{} has {} bytes; a component has at most 64 MiB", path.display(), metadata.len()));
    }
    let mut head = Vec::with_capacity(HEAD);
    (&mut opened).take(HEAD as u64).read_to_end(&mut head).map_err(unreadable)?;
    let wrong = |reason| format!("{} {reason}", path.display());
    let adapted = is_module(&head);
    let (digest, length) = if adapted {
        let mut module = head;
        (&mut opened).take(LARGEST_COMPONENT).read_to_end(&mut module).map_err(unreadable)?;
        let component = adapt(&module).map_err(wrong)?;
        (Digest::of(&component), component.len() as u64)
    } else {
        check_head(&head).map_err(wrong)?;
        hash(&mut head.chain(&mut opened), |_| Ok(())).map_err(unreadable)?
    };
    let stamp = Stamp::of(&metadata);
    match opened.metadata() {
        Ok(after) if Stamp::of(&after) == stamp => Ok(Hashed { digest, length, adapted, stamp }),
        Ok(_) | Err(_) => Err(format!("{} was changed while it was read; try again", path.display())),
    }
}

/// The path of a file, whose links must not lead out of the folder.
fn inside(folder: &Path, file: &str) -> Result<PathBuf, String> {
    let path = folder.join(file);
    let real = path.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("there is no {}; build it", path.display()),
        _ => format!("{} can't be read: {error}", path.display()),
    })?;
    let home = folder.canonicalize().map_err(|error| format!("{} can't be read: {error}", folder.display()))?;
    if real.starts_with(home) { Ok(path) } else { Err(format!("{} is a link out of the folder", path.display())) }
}

/// The digest and length of what a reader gives, each piece of which `keep` gets.
pub(crate) fn hash(reader: &mut dyn Read, mut keep: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<(Digest, u64)> {
    let (mut hasher, mut length, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Ok((Digest::from_bytes(hasher.finalize().into()), length)),
            Ok(read) => {
                hasher.update(&piece[..read]);
                keep(&piece[..read])?;
                length += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_just_changed_is_not_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "x").unwrap();
        let stamp = Stamp::at(&path).unwrap();
        let changed = UNIX_EPOCH + Duration::new(stamp.changed.0 as u64, stamp.changed.1 as u32);
        assert!(!stamp.is_settled(changed));
        assert!(!stamp.is_settled(changed - Duration::from_secs(5)));
        assert!(stamp.is_settled(changed + Duration::from_secs(1)));
    }

    #[test]
    fn a_file_with_an_old_date_is_known_by_the_time_that_no_program_sets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "one").unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000)).unwrap();
        assert!(!Stamp::at(&path).unwrap().is_settled(UNIX_EPOCH + Duration::from_secs(2_000)));
    }
}
