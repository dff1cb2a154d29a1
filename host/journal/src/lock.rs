//! One process owns a data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::error::Error;

const NAME: &str = "LOCK";
/// More than this of another's command is not shown.
const SHOWN: usize = 200;

/// The ownership of a data folder, as long as it lives. The kernel ends it with the process, however that ends.
#[derive(Debug)]
pub struct OwnerLock {
    _file: File,
}

impl OwnerLock {
    /// Takes the folder, making it if it isn't there. `command` is what others are told if they try too.
    ///
    /// `InUse` says who has it; `Unwritable` why it can't be used at all.
    pub fn acquire(dir: &Path, command: &str) -> Result<Self, Error> {
        let unwritable = |source| Error::Unwritable { dir: dir.to_path_buf(), source };
        std::fs::create_dir_all(dir).map_err(unwritable)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(dir.join(NAME)).map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::InUse { dir: dir.to_path_buf(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(unwritable(source)),
        }
        introduce(&mut file, command).map_err(unwritable)?;
        Ok(Self { _file: file })
    }
}

/// Leaves word of who holds the folder, for others to read.
fn introduce(file: &mut File, command: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    let command: String = command.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    write!(file, "{}\n{}\n{command}\n", std::process::id(), since_epoch().as_secs())
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// What the holder left, in words.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(4096).read_to_string(&mut text));
    let mut lines = text.lines();
    match (read, lines.next(), lines.next().and_then(|line| line.parse().ok()), lines.next()) {
        (Ok(_), Some(pid), Some(started), Some(command)) => {
            let age = since_epoch().saturating_sub(Duration::from_secs(started));
            format!("{command} (pid {pid}, started {} ago)", rough(age))
        }
        _ => "another process".to_owned(),
    }
}

/// A duration in its largest unit.
fn rough(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
