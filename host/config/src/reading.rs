//! The files that an environment names, which are looked at only where its own came from the disk.

use std::path::Path;

/// Which file is read, and whether others are.
pub(crate) struct Reading<'a> {
    /// The environment's own file, to whose folder others are relative.
    pub(crate) file: &'a Path,
    /// Whether others are looked at.
    pub(crate) others: bool,
}

impl Reading<'_> {
    /// The content of another file, if others are looked at.
    pub(crate) fn text(&self, path: &Path) -> Result<Option<String>, String> {
        self.others.then(|| crate::read(path)).transpose().map_err(|error| error.to_string())
    }
}
