//! Commands that are about the screen or the disk, of which a sandbox has neither: `less`, `more`, `clear`, `watch`, `sync`.

use std::io::Write;

use crate::{Stop, input};

/// Everything at once, since nobody turns pages.
pub(crate) fn page(arguments: &[String]) -> Result<i32, Stop> {
    let is_file = |word: &&String| *word == "-" || !word.starts_with(['-', '+']);
    let files: Vec<String> = arguments[1..].iter().filter(is_file).cloned().collect();
    let (bytes, code) = input::of_all(place::name_of(arguments), &files);
    std::io::stdout().write_all(&bytes)?;
    Ok(code)
}

pub(crate) fn clear(_arguments: &[String]) -> Result<i32, Stop> {
    Ok(0)
}

/// It would show one command's output again and again, and never end.
pub(crate) fn watch(_arguments: &[String]) -> Result<i32, Stop> {
    Err(Stop::Problem("there is no terminal to watch on; use a loop with sleep and a number of rounds".into()))
}

/// What is written is the host's to keep.
pub(crate) fn sync(_arguments: &[String]) -> Result<i32, Stop> {
    Ok(0)
}
