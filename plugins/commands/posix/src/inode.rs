//! A file's number and its number of links, which Rust does not tell on WASI.

use std::path::Path;

/// 0 and 1 where the file cannot be asked.
pub fn of(path: &Path) -> (u64, u64) {
    #[allow(clippy::unnecessary_cast, reason = "the fields' types differ from system to system")]
    rustix::fs::lstat(path).map_or((0, 1), |stat| (stat.st_ino as u64, stat.st_nlink as u64))
}
