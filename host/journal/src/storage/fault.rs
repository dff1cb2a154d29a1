//! A simulated disk that does what real ones do at the worst moment.
//!
//! It knows what was synced and what was not, bytes and names apart. At a chosen call it loses power, fails a sync, a
//! write or a read, stores something else than it was given, or is full. After a power failure,
//! [`FaultStorage::power_up`] shows what survived: everything that was synced, and of the rest nothing, everything, or
//! some of it in pieces.

mod disk;
mod inode;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Mode, Space, Storage, StorageFile};
use disk::Disk;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power fails during a call that changes something.
    PowerLoss(Survival),
    /// A sync fails once. As on Linux, what it should have brought to the disk is still shown, but never gets there.
    SyncFails,
    /// A write fails once, half done.
    WriteFails,
    /// A file or folder can't be made, renamed, removed or cut, once.
    NameFails,
    /// Bytes, a length, a file that is there or a list of names can't be read, once.
    ReadFails,
    /// A write says that it succeeded, and one bit of what it stored is not as it was given.
    FlipsBit {
        /// Which, counted from the first bit of the write; round again when the write is shorter.
        bit: usize,
    },
    /// From now on until [`FaultStorage::make_room`], nothing grows.
    DiskFull,
}

/// What a power failure leaves of that which was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// None of it.
    Nothing,
    /// All of it.
    Everything,
    /// Some sectors of some writes, one of them torn within a sector; some of each folder's names.
    Pieces {
        /// Decides which.
        seed: u64,
    },
}

/// The simulated disk. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct FaultStorage(Arc<Mutex<Disk>>);

impl FaultStorage {
    /// An empty disk on which nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `fault` happen at the `nth` call from now (from 1) that it can happen to.
    pub fn plan(&self, fault: Fault, nth: u64) {
        self.disk().plan = Some((fault, nth));
    }

    /// Whether the planned fault has happened. Nothing is planned any more.
    pub fn happened(&self) -> bool {
        self.disk().plan.take().is_none()
    }

    /// Comes back from a power failure. Files opened before it stay unusable.
    pub fn power_up(&self) {
        self.disk().down = false;
    }

    /// Loses power between two calls.
    pub fn lose_power(&self, survival: Survival) {
        self.disk().lose_power(survival);
    }

    /// Ends [`Fault::DiskFull`].
    pub fn make_room(&self) {
        self.disk().full = false;
    }

    /// Sets what [`Storage::space`] answers.
    pub fn set_space(&self, space: Space) {
        self.disk().space = space;
    }

    /// The files there are.
    pub fn files(&self) -> Vec<PathBuf> {
        self.disk().files()
    }

    /// What is in a file.
    pub fn contents(&self, path: &Path) -> io::Result<Vec<u8>> {
        let disk = self.disk();
        let inode = disk.file(path)?;
        Ok(disk.inodes[&inode].shown().to_vec())
    }

    /// Changes what is on the disk behind everyone's back.
    pub fn corrupt(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let mut disk = self.disk();
        let inode = disk.file(path)?;
        disk.inode(inode)?.corrupt(change);
        Ok(())
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for FaultStorage {
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn StorageFile>> {
        let mut disk = self.disk();
        let inode = disk.open(path, mode)?;
        Ok(Arc::new(FaultFile { inode, era: disk.era, disk: self.clone() }))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk().create_dir(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.disk().list(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk().rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk().remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk().sync_dir(dir)
    }

    fn space(&self, _dir: &Path) -> io::Result<Space> {
        Ok(self.disk().space)
    }
}

#[derive(Debug)]
struct FaultFile {
    inode: u64,
    /// Since which power failure it is open.
    era: u64,
    disk: FaultStorage,
}

impl FaultFile {
    fn disk(&self) -> io::Result<MutexGuard<'_, Disk>> {
        let disk = self.disk.disk();
        match disk.era == self.era && !disk.down {
            true => Ok(disk),
            false => Err(disk::no_power()),
        }
    }
}

impl StorageFile for FaultFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.disk()?.read(self.inode, buffer, offset as usize)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.disk()?.write(self.inode, bytes, offset as usize)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk()?.sync(self.inode)
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        self.disk()?.truncate(self.inode, bytes as usize)
    }

    fn len(&self) -> io::Result<u64> {
        self.disk()?.len(self.inode).map(|len| len as u64)
    }
}
