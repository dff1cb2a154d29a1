//! The disk of the data folder: whose it is, how much room it has, how fast it makes things durable, whether it copies
//! for free.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{ioctl_ficlone, statvfs};
use skep_journal::OwnerLock;

use super::Finding;
use crate::host::Settings;
use crate::readable::{count, size, span};

/// An event and its frame.
const EVENT: usize = 600;
/// The journal writes zeros ahead of its end, and so does the measurement.
const AHEAD: usize = 1 << 20;
const MEASURE: Duration = Duration::from_secs(1);
/// Durable writes a second below which a busy host waits for its disk.
const SLOW: f64 = 200.0;

pub(super) fn findings(settings: &Settings) -> Vec<Finding> {
    let data = &settings.data;
    let there = nearest(data);
    let mut findings = vec![owner(data), room(settings, &there)];
    match Probe::new(&there) {
        Ok(probe) => findings.extend([probe.sync_rate(), probe.reflink()]),
        Err(error) => {
            findings.push(Finding::bad("data folder", format!("{} can't be written to: {error}", there.display())))
        }
    }
    findings
}

/// The folder, or the nearest one above it that exists.
fn nearest(data: &Path) -> PathBuf {
    data.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

fn owner(data: &Path) -> Finding {
    if !data.is_dir() {
        return Finding::good("data folder", format!("{}, made by the first `skep run start`", data.display()));
    }
    match OwnerLock::acquire(data, "skep doctor") {
        Ok(_) => Finding::good("data folder", format!("{}, nobody has it open", data.display())),
        Err(skep_journal::Error::InUse { holder, .. }) => {
            Finding::good("data folder", format!("{}, in use by {holder}", data.display()))
        }
        Err(error) => Finding::bad("data folder", error.to_string()),
    }
}

fn room(settings: &Settings, folder: &Path) -> Finding {
    let least = settings.config.disk.min_free_bytes;
    match statvfs(folder) {
        Ok(disk) => {
            let (free, total) = (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize);
            let text = format!("{} free of {}", size(free), size(total));
            if free < least.max(total / 10) {
                Finding::weak("disk", format!("{text}; new runs are refused below {} and below a tenth", size(least)))
            } else {
                Finding::good("disk", text)
            }
        }
        Err(error) => Finding::weak("disk", format!("its room can't be measured: {error}")),
    }
}

/// A file beside the journal that goes when it is dropped.
struct Probe {
    file: File,
    path: PathBuf,
}

impl Probe {
    fn new(folder: &Path) -> std::io::Result<Self> {
        let path = folder.join(format!(".skep-doctor-{}", std::process::id()));
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        let probe = Self { file: file.try_clone()?, path };
        file.write_all(&vec![0; AHEAD])?;
        file.sync_all()?;
        Ok(probe)
    }

    fn sync_rate(&self) -> Finding {
        match self.syncs() {
            Ok((writes, took)) => {
                let rate = writes as f64 / took.as_secs_f64();
                let text = format!(
                    "{} durable writes of {EVENT} bytes a second, {} each",
                    count(rate as u64),
                    span_us(took / writes.max(1))
                );
                if rate < SLOW { Finding::weak("disk sync", text) } else { Finding::good("disk sync", text) }
            }
            Err(error) => Finding::bad("disk sync", format!("fdatasync fails: {error}")),
        }
    }

    fn syncs(&self) -> std::io::Result<(u32, Duration)> {
        let (began, event, mut writes) = (Instant::now(), [1; EVENT], 0u32);
        while began.elapsed() < MEASURE {
            let offset = (writes as usize * EVENT) % (AHEAD - EVENT);
            self.file.write_all_at(&event, offset as u64)?;
            self.file.sync_data()?;
            writes += 1;
        }
        Ok((writes, began.elapsed()))
    }

    fn reflink(&self) -> Finding {
        let copy = self.path.with_added_extension("copy");
        let cloned = File::create_new(&copy)
            .map_err(|error| error.to_string())
            .and_then(|to| ioctl_ficlone(&to, &self.file).map_err(|error| error.to_string()));
        remove(&copy);
        match cloned {
            Ok(()) => Finding::good("copies", "repositories are copied by reference (reflink)"),
            Err(_) => Finding::good("copies", "repositories are copied byte by byte; this file system has no reflink"),
        }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(path = %path.display(), %error, "a file of the measurement was not removed");
    }
}

/// Below a millisecond, in microseconds.
fn span_us(time: Duration) -> String {
    if time < Duration::from_millis(1) { format!("{} µs", time.as_micros()) } else { span(time) }
}
