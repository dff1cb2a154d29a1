//! Moving a state that can't be trusted out of the way, so that it can be looked at later.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// How many are kept.
const KEPT: usize = 2;
const MIDDLE: &str = ".quarantine-";

/// Gives the folder another name, and removes the oldest of those that were set aside before. `None` if there is none.
pub(crate) fn set_aside(dir: &Path) -> Result<Option<PathBuf>, Error> {
    if !dir.try_exists().map_err(Error::io("look for", dir))? {
        return Ok(None);
    }
    let mut earlier = numbers(dir)?;
    let next = earlier.last().map_or(1, |last| last + 1);
    let aside = named(dir, next);
    fs::rename(dir, &aside).map_err(Error::io("set aside", dir))?;
    earlier.push(next);
    for number in earlier.iter().rev().skip(KEPT) {
        let old = named(dir, *number);
        fs::remove_dir_all(&old).map_err(Error::io("remove", &old))?;
    }
    Ok(Some(aside))
}

fn named(dir: &Path, number: u64) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(format!("{MIDDLE}{number}"));
    PathBuf::from(name)
}

/// The numbers in use, ascending.
fn numbers(dir: &Path) -> Result<Vec<u64>, Error> {
    let (Some(parent), Some(name)) = (dir.parent(), dir.file_name().and_then(|name| name.to_str())) else {
        return Ok(Vec::new());
    };
    let prefix = format!("{name}{MIDDLE}");
    let mut numbers = Vec::new();
    for entry in fs::read_dir(parent).map_err(Error::io("list", parent))? {
        let entry = entry.map_err(Error::io("list", parent))?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&prefix)?.parse::<u64>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_latest_are_kept() {
        let data = tempfile::tempdir().unwrap();
        let dir = data.path().join("state");
        assert_eq!(set_aside(&dir).unwrap(), None);
        for round in 1..=4_u64 {
            fs::create_dir(&dir).unwrap();
            assert_eq!(set_aside(&dir).unwrap(), Some(data.path().join(format!("state.quarantine-{round}"))));
        }
        assert_eq!(numbers(&dir).unwrap(), [3, 4]);
    }
}
