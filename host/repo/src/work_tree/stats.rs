//! What the system said about each file when its content was last named, so that what didn't change isn't read again.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use git2::Oid;
use rustix::fs::{Stat, fstat};

use crate::RepoError;

/// The form of the file.
const MAGIC: &[u8] = b"skep-stats-1\n";
/// That of half a million files with long paths.
const LARGEST: u64 = 256 << 20;
const NAME: &str = "stats";

/// What tells whether a file changed. The time of the last change of its inode can't be set by whoever writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    size: u64,
    modified: i64,
    changed: i64,
    inode: u64,
}

impl Stamp {
    pub(crate) fn of(stat: &Stat) -> Self {
        let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Self {
            size: stat.st_size as u64,
            modified: nanoseconds(stat.st_mtime, stat.st_mtime_nsec as i64),
            changed: nanoseconds(stat.st_ctime, stat.st_ctime_nsec as i64),
            inode: stat.st_ino,
        }
    }
}

/// The files that are remembered, and those that will be.
pub(crate) struct Stats {
    path: PathBuf,
    /// There from the beginning: its time is when the files began to be looked at, by the clock of their disk.
    next: Next,
    began: i64,
    known: HashMap<Vec<u8>, (Stamp, Oid)>,
}

impl Stats {
    /// Those of a git folder. What can't be understood is as good as nothing.
    pub(crate) fn read(git: &Path) -> Result<Self, RepoError> {
        let path = git.join(NAME);
        let next = Next::create(git).map_err(RepoError::write(&path))?;
        let began = Stamp::of(&fstat(&next.file).map_err(RepoError::write(&path))?).changed;
        let known = stored(&path).ok().and_then(|bytes| parsed(&bytes)).unwrap_or_default();
        Ok(Self { path, next, began, known })
    }

    /// The name of the content that a file with this stamp had.
    pub(crate) fn get(&self, path: &[u8], stamp: Stamp) -> Option<Oid> {
        self.known.get(path).filter(|(known, _)| *known == stamp).map(|(_, id)| *id)
    }

    /// Whether a change after this look will be seen: one within the same tick of the clock would leave the same time.
    pub(crate) fn is_settled(&self, stamp: Stamp) -> bool {
        stamp.changed < self.began
    }

    /// Remembers exactly these.
    pub(crate) fn write(mut self, files: &[(Vec<u8>, Stamp, Oid)]) -> Result<(), RepoError> {
        let same = |(path, stamp, id): &(Vec<u8>, Stamp, Oid)| self.get(path, *stamp) == Some(*id);
        if files.len() == self.known.len() && files.iter().all(same) {
            return Ok(());
        }
        let failed = RepoError::write(&self.path);
        self.next.file.write_all(&written(files)).map_err(&failed)?;
        fs::rename(&self.next.path, &self.path).map_err(&failed)
    }
}

/// The file that is to take the place of the old one.
struct Next {
    path: PathBuf,
    file: File,
}

impl Next {
    fn create(git: &Path) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let path = git.join(format!("{NAME}.{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        Ok(Self { file: File::create(&path)?, path })
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        // It is gone when it took that place; a leftover is overwritten some day.
        drop(fs::remove_file(&self.path));
    }
}

fn stored(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn written(files: &[(Vec<u8>, Stamp, Oid)]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for (path, stamp, id) in files {
        for number in [stamp.size, stamp.modified as u64, stamp.changed as u64, stamp.inode, path.len() as u64] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(id.as_bytes());
        bytes.extend_from_slice(path);
    }
    bytes
}

fn parsed(bytes: &[u8]) -> Option<HashMap<Vec<u8>, (Stamp, Oid)>> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut known = HashMap::new();
    while !rest.is_empty() {
        let [size, modified, changed, inode, length] = numbers(&mut rest)?;
        let stamp = Stamp { size, modified: modified as i64, changed: changed as i64, inode };
        let (id, after) = rest.split_at_checked(20)?;
        let (path, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
        known.insert(path.to_vec(), (stamp, Oid::from_bytes(id).ok()?));
        rest = after;
    }
    Some(known)
}

fn numbers<const N: usize>(rest: &mut &[u8]) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        let (first, after) = rest.split_first_chunk()?;
        *number = u64::from_le_bytes(*first);
        *rest = after;
    }
    Some(numbers)
}
