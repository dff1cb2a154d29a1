//! The one place that touches the disk.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::ConfigError;

/// Larger files are refused unread.
const LARGEST: u64 = 1024 * 1024;

/// The text of a configuration file.
///
/// # Errors
/// The file is missing, unreadable, no UTF-8, or larger than 1 MiB.
pub fn read(path: &Path) -> Result<String, ConfigError> {
    let file = path.to_owned();
    let mut text = String::new();
    match File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text)) {
        Ok(_) if text.len() as u64 > LARGEST => Err(ConfigError::TooLarge { file, limit: LARGEST }),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ConfigError::Missing { file }),
        Err(source) => Err(ConfigError::Unreadable { file, source }),
    }
}
