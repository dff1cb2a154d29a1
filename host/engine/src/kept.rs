//! Workspaces of failed runs, which people may look at until their time is over.

use std::io;
use std::path::{Path, PathBuf};

use skep_model::{RunId, Timestamp};

use crate::home::{ROOT, WORKSPACE};

/// Beside a home, and no longer there than it: until when it is kept, in milliseconds since 1970.
pub(crate) const MARK: &str = "keep";

/// A run's workspace that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The folder.
    pub workspace: PathBuf,
    /// When it will be removed; none while the run has not ended.
    pub until: Option<Timestamp>,
}

/// The workspace of a run in the data folder `data`, if it is there.
pub fn find(data: &Path, run: RunId) -> Option<Kept> {
    let home = crate::home::path(&crate::home::folder(data), run);
    let workspace = home.join(ROOT).join(WORKSPACE);
    workspace.is_dir().then(|| Kept { until: until(&home), workspace })
}

/// Removes the workspace of a run that has ended, if it is there: no other process may be at work in `data`.
///
/// # Errors
/// What can't be removed, and why.
pub fn remove(data: &Path, run: RunId) -> Result<(), String> {
    crate::home::unmake(&crate::home::path(&crate::home::folder(data), run))
}

pub(crate) fn keep(home: &Path, until: Timestamp) -> io::Result<()> {
    std::fs::write(home.with_extension(MARK), until.0.to_string())
}

pub(crate) fn until(home: &Path) -> Option<Timestamp> {
    let text = std::fs::read_to_string(home.with_extension(MARK)).ok()?;
    text.parse().ok().map(Timestamp)
}
