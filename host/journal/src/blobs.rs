//! Large payloads, in files named by what is in them.
//!
//! `blobs/ab/<64 hexadecimal digits>`, where `ab` are the first two of them. A file gets its name only when its bytes are
//! durable, so a blob that has a name is whole, or damaged since.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use skep_model::Digest;

use crate::error::Error;
use crate::segments::ensure_dir;
use crate::storage::{Mode, Storage, StorageFile};

/// How much is read or written at once.
const PIECE: usize = 64 << 10;
const UNFINISHED: &str = "tmp";
/// How many blobs put since the last sweep are told apart (about 2.5 MB).
const REMEMBERED: usize = 65_536;

/// Content-addressed files. Put a blob first, then append the event that names it.
#[derive(Debug)]
pub struct BlobStore {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
    unfinished: AtomicU64,
    recent: Mutex<Recent>,
}

/// What was put lately, and so may be named by an event that is still on its way.
#[derive(Debug, Default)]
struct Recent {
    young: Generation,
    old: Generation,
}

/// What was put between two sweeps. A host may go without a sweep for long, so beyond some number it isn't remembered which
/// blobs those were: it may be any.
#[derive(Debug, Default)]
struct Generation {
    known: HashSet<Digest>,
    any: bool,
}

impl Generation {
    fn add(&mut self, digest: Digest) {
        if self.any || self.known.len() >= REMEMBERED {
            *self = Self { known: HashSet::new(), any: true };
        } else {
            self.known.insert(digest);
        }
    }

    fn may_hold(&self, digest: &Digest) -> bool {
        self.any || self.known.contains(digest)
    }
}

impl BlobStore {
    /// Opens the store in `dir`, making it if it isn't there, and clears away what a crash left half-written.
    pub fn open(storage: Arc<dyn Storage>, dir: impl Into<PathBuf>) -> Result<Self, Error> {
        let dir = dir.into();
        let store = Self { storage, dir, unfinished: AtomicU64::new(0), recent: Mutex::default() };
        ensure_dir(store.storage.as_ref(), &store.dir)?;
        let unfinished = store.dir.join(UNFINISHED);
        ensure_dir(store.storage.as_ref(), &unfinished)?;
        for name in store.list(&unfinished)? {
            store.remove(&unfinished.join(name))?;
        }
        Ok(store)
    }

    /// Stores bytes, durably. Costs a sync of the file and one of its folder, also when the blob was there.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, Error> {
        let digest = Digest::of(bytes);
        self.keep(bytes, &digest)?;
        self.sync_folder_of(&digest)?;
        Ok(digest)
    }

    /// Stores several blobs, with one sync per folder instead of one per blob.
    pub fn put_all(&self, blobs: &[&[u8]]) -> Result<Vec<Digest>, Error> {
        let digests: Vec<Digest> = blobs.iter().map(|bytes| Digest::of(bytes)).collect();
        let mut folders = HashSet::new();
        for (digest, bytes) in digests.iter().zip(blobs) {
            self.keep(bytes, digest)?;
            folders.insert(digest.as_bytes()[0]);
        }
        let mut seen = digests.iter().filter(|digest| folders.remove(&digest.as_bytes()[0]));
        seen.try_for_each(|digest| self.sync_folder_of(digest))?;
        Ok(digests)
    }

    /// Stores what a reader gives, without holding it in memory. Returns how long it was, too. Over `limit` bytes are
    /// `TooLarge`, and leave nothing.
    pub fn put_reader(&self, reader: &mut dyn Read, limit: u64) -> Result<(Digest, u64), Error> {
        let (digest, bytes) = self.write(|file, path| {
            let (digest, bytes) = self.copy(reader, file, path, limit)?;
            self.protect(digest);
            self.name(path, file, &digest)?;
            Ok((digest, bytes))
        })?;
        self.sync_folder_of(&digest)?;
        Ok((digest, bytes))
    }

    /// Sees to it that a blob is there, whole; its name is not durable yet.
    fn keep(&self, bytes: &[u8], digest: &Digest) -> Result<(), Error> {
        self.protect(*digest);
        if self.holds(digest)? {
            return Ok(());
        }
        self.write(|file, path| {
            file.write_at(bytes, 0).map_err(Error::io("write", path))?;
            self.name(path, file, digest)
        })
    }

    /// Makes a new file, and removes it again when it can't be finished.
    fn write<T>(&self, finish: impl FnOnce(&dyn StorageFile, &Path) -> Result<T, Error>) -> Result<T, Error> {
        let path = self.unfinished_path();
        let finished = self.create(&path).and_then(|file| finish(file.as_ref(), &path));
        if finished.is_err()
            && let Err(error) = self.remove(&path)
            && !path_is_gone(&error)
        {
            tracing::warn!(%error, "an unfinished blob stays until the store is opened again");
        }
        finished
    }

    fn copy(
        &self,
        reader: &mut dyn Read,
        file: &dyn StorageFile,
        path: &Path,
        limit: u64,
    ) -> Result<(Digest, u64), Error> {
        let (mut hash, mut written, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
        loop {
            let read = reader.read(&mut piece).map_err(Error::io("read the source of", path))?;
            if read == 0 {
                return Ok((Digest::from_bytes(hash.finalize().into()), written));
            }
            if written + read as u64 > limit {
                return Err(Error::TooLarge { bytes: written as usize + read, limit: limit as usize });
            }
            hash.update(&piece[..read]);
            file.write_at(&piece[..read], written).map_err(Error::io("write", path))?;
            written += read as u64;
        }
    }

    /// The bytes of a blob; they are those that were stored, or there is an error.
    pub fn get(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        let path = self.path(digest);
        let file = match self.storage.open(&path, Mode::Read) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Error::BlobMissing(*digest)),
            other => other.map_err(Error::io("open", &path))?,
        };
        let len = file.len().map_err(Error::io("measure", &path))?;
        let mut bytes = vec![0; len as usize];
        let read = file.read_at(&mut bytes, 0).map_err(Error::io("read", &path))?;
        bytes.truncate(read);
        if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(Error::BlobDamaged(*digest)) }
    }

    /// Whether there is a file for it, whatever is in it.
    pub fn exists(&self, digest: &Digest) -> Result<bool, Error> {
        let path = self.path(digest);
        match self.storage.open(&path, Mode::Read) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("open", &path)(error)),
        }
    }

    /// Whether it is there and whole. A damaged blob that is put again is replaced.
    fn holds(&self, digest: &Digest) -> Result<bool, Error> {
        match self.get(digest) {
            Ok(_) => Ok(true),
            Err(Error::BlobMissing(_) | Error::BlobDamaged(_)) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Removes blobs that `keep` doesn't name, and returns how many. Blobs put since the sweep before the last one
    /// stay, because the events that name them may still be on their way; when those were more than can be told apart, all stay.
    pub fn remove_unreferenced(&self, keep: impl Fn(&Digest) -> bool) -> Result<u64, Error> {
        let mut removed = 0;
        for folder in self.list(&self.dir)? {
            let folder = self.dir.join(folder);
            if folder.file_name().is_some_and(|name| name == UNFINISHED) {
                continue;
            }
            for name in self.list(&folder)? {
                let digest = name.parse().ok().filter(|digest| !keep(digest));
                removed += digest.map_or(Ok(0), |digest| self.remove_if_settled(&digest))?;
            }
            self.storage.sync_dir(&folder).map_err(Error::io("sync", &folder))?;
        }
        let mut recent = self.recent();
        recent.old = std::mem::take(&mut recent.young);
        Ok(removed)
    }

    /// Under the lock, so that a blob can't be removed between being found there and being relied on.
    fn remove_if_settled(&self, digest: &Digest) -> Result<u64, Error> {
        let recent = self.recent();
        if recent.young.may_hold(digest) || recent.old.may_hold(digest) {
            return Ok(0);
        }
        self.remove(&self.path(digest)).map(|()| 1)
    }

    fn protect(&self, digest: Digest) {
        self.recent().young.add(digest);
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the bytes durable, then gives them their name.
    fn name(&self, unfinished: &Path, file: &dyn StorageFile, digest: &Digest) -> Result<(), Error> {
        file.sync_data().map_err(Error::io("sync", unfinished))?;
        let path = self.path(digest);
        ensure_dir(self.storage.as_ref(), &self.folder(digest))?;
        self.storage.rename(unfinished, &path).map_err(Error::io("name", &path))
    }

    /// Also for a blob that was there: whoever put it may not have come to this yet.
    fn sync_folder_of(&self, digest: &Digest) -> Result<(), Error> {
        let folder = self.folder(digest);
        self.storage.sync_dir(&folder).map_err(Error::io("sync", &folder))
    }

    fn create(&self, path: &Path) -> Result<Arc<dyn StorageFile>, Error> {
        self.storage.open(path, Mode::Create).map_err(Error::io("create", path))
    }

    fn remove(&self, path: &Path) -> Result<(), Error> {
        self.storage.remove(path).map_err(Error::io("remove", path))
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, Error> {
        self.storage.list(dir).map_err(Error::io("list", dir))
    }

    fn unfinished_path(&self) -> PathBuf {
        let number = self.unfinished.fetch_add(1, Ordering::Relaxed);
        self.dir.join(UNFINISHED).join(number.to_string())
    }

    fn folder(&self, digest: &Digest) -> PathBuf {
        self.dir.join(&digest.hex()[..2])
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder(digest).join(digest.hex())
    }
}

/// Whether it failed because there is no such file (any more).
fn path_is_gone(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_blobs_than_can_be_told_apart_are_any_blobs_and_take_no_memory() {
        let mut generation = Generation::default();
        let digest = |number: usize| Digest::of(&number.to_le_bytes());
        (0..REMEMBERED).for_each(|number| generation.add(digest(number)));
        assert!(generation.may_hold(&digest(7)) && !generation.may_hold(&digest(REMEMBERED)));
        generation.add(digest(REMEMBERED));
        assert!(generation.may_hold(&digest(REMEMBERED + 1)) && generation.known.capacity() == 0);
    }
}
