//! Effects on files, and on memory.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

pub(crate) fn path(file: &str) -> PathBuf {
    Path::new("/workspace").join(file)
}

/// Appends a line and answers how long the file is then, in bytes.
pub(crate) fn append(file: &str, line: &str) -> skep::Result<u64> {
    let mut open = OpenOptions::new().append(true).create(true).open(path(file))?;
    open.write_all(format!("{line}\n").as_bytes())?;
    Ok(fs::metadata(path(file))?.len())
}

/// Takes memory by the MiB until the allocator refuses.
pub(crate) fn take_memory() -> usize {
    let mut taken: Vec<Vec<u8>> = Vec::with_capacity(8192);
    loop {
        let mut piece = Vec::new();
        if taken.len() == taken.capacity() || piece.try_reserve_exact(1 << 20).is_err() {
            return taken.len();
        }
        piece.resize(1 << 20, 1);
        taken.push(piece);
    }
}
