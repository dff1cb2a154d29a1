//! The floor of everything durable: the same bytes, written and synced by nobody else's code.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use anyhow::Result;

/// So many bytes are filled with zeros ahead, which spares each sync the file system's own journal; the best that a log can do.
const AHEAD: u64 = 1 << 20;

/// Writes of so many bytes each, each followed by `fdatasync`, per second.
pub(crate) fn syncs(bytes: usize, time: Duration) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let file = OpenOptions::new().create_new(true).write(true).open(folder.path().join("floor"))?;
    let (bytes, zeros) = (vec![7; bytes], vec![0; AHEAD as usize + bytes]);
    let (mut end, mut filled, mut syncs) = (0, 0, 0);
    let began = Instant::now();
    while began.elapsed() < time {
        if end + bytes.len() as u64 > filled {
            file.write_all_at(&zeros, filled)?;
            filled += zeros.len() as u64;
        }
        file.write_all_at(&bytes, end)?;
        file.sync_data()?;
        end += bytes.len() as u64;
        syncs += 1;
    }
    Ok(f64::from(syncs) / began.elapsed().as_secs_f64())
}
