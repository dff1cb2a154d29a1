//! The file layer: what the journal and the blobs ask of a disk.
//!
//! There are two: [`OsStorage`], and with the feature `fault-storage` a simulated disk.

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "fault-storage")]
pub mod fault;
mod os;

pub use os::OsStorage;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It exists and is only read.
    Read,
    /// It exists, and is read and written.
    Write,
    /// It is created, or emptied if it exists, and is read and written.
    Create,
}

/// Room on a disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What an unprivileged process may still use.
    pub free: u64,
    /// The size of the file system.
    pub total: u64,
}

/// A folder tree. Nothing is durable but what was synced: bytes by their file, names by their folder.
pub trait Storage: Send + Sync + Debug {
    /// Opens a file.
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn StorageFile>>;
    /// Makes a folder whose parent exists. One that is there already is fine.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// The names in a folder, in no order. A folder that is not there has none.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Gives a file another name in the same file system, replacing what has that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes a file's name away.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// The room on the disk of `dir`.
    fn space(&self, dir: &Path) -> io::Result<Space>;
}

/// An open file.
pub trait StorageFile: Send + Sync + Debug {
    /// Reads at most `buffer.len()` bytes; fewer only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes`, or fails having written any part of them.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes the bytes durable, and the length as far as it is needed to read them.
    fn sync_data(&self) -> io::Result<()>;
    /// Cuts or zero-extends the file.
    fn truncate(&self, bytes: u64) -> io::Result<()>;
    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether it has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}
