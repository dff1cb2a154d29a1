//! Walks over the workspace that the host does for a tool, because a walk through wasi costs about 0.2 ms a file. They see
//! just what the tool's own grant of the workspace lets it see.

pub use crate::wit::tool::skep::plugin::search::{
    Count, Counts, Entries, Entry, GrepOptions, Line, Matches, Selection,
};

use crate::wit::tool::skep::plugin::search as wit;
use crate::{Error, Result};

/// The whole workspace: no globs, no hidden files, `.gitignore` respected.
impl Default for Selection {
    fn default() -> Self {
        Self { path: ".".to_owned(), globs: Vec::new(), hidden: false, respect_ignore: true }
    }
}

/// Files and folders below a path, at most `limit`, in the order of their names.
pub fn glob(selection: &Selection, limit: u32) -> Result<Entries> {
    Ok(wit::glob(selection, limit)?)
}

/// Lines that match, in the order of file names and line numbers.
pub fn grep(selection: &Selection, options: &GrepOptions) -> Result<Matches> {
    Ok(wit::grep(selection, options)?)
}

/// Line counts of many files, at most `limit`, in one call.
pub fn count_lines(selection: &Selection, limit: u32) -> Result<Counts> {
    Ok(wit::count_lines(selection, limit)?)
}

impl From<wit::Failure> for Error {
    fn from(failure: wit::Failure) -> Self {
        Self::from_host(&failure.kind, failure.message)
    }
}
