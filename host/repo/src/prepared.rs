//! What came into a workspace.

use std::fmt;
use std::path::PathBuf;

use skep_model::RepoSource;

use crate::Origin;

/// A workspace that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// In the order of the sources; each is followed by its submodules that were brought, as repositories of their own.
    pub repos: Vec<Checkout>,
}

/// One repository of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Where it came from.
    pub source: RepoSource,
    /// Its folder in the workspace; empty when it is the workspace's root.
    pub folder: String,
    /// The commit that it is at, in hexadecimal; none for a folder that git doesn't know, or before the first commit.
    pub commit: Option<String>,
    /// The branch that was named, or else that is checked out at the source; none for a tag or a commit, or when the
    /// source's HEAD is at a commit only.
    pub branch: Option<String>,
    /// Whether the files differ from the commit, as far as git was not told to overlook it: changed, staged, deleted or
    /// not tracked.
    pub dirty: bool,
    /// Why the commit or whether the files differ from it is not known, if it isn't. The files are whole all the same.
    pub unknown: Option<String>,
    /// The paths of the commit that are checked out, with everything below them; everything if there are none. What is
    /// missing elsewhere was not deleted.
    pub sparse: Vec<String>,
    /// Files and links written; folders don't count.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Pipes, sockets and devices, which are left out.
    pub special: u64,
    /// Submodules that are empty folders.
    pub submodules: Vec<String>,
    /// The folder of git's objects, the commit's among them; none without a commit, or where they are not kept.
    pub objects: Option<PathBuf>,
}

impl Checkout {
    /// Nothing yet of this source, for this folder.
    pub fn new(source: RepoSource, folder: String) -> Self {
        Self {
            source,
            folder,
            commit: None,
            branch: None,
            dirty: false,
            unknown: None,
            sparse: Vec::new(),
            files: 0,
            bytes: 0,
            special: 0,
            submodules: Vec::new(),
            objects: None,
        }
    }

    /// What its work tree begins with.
    pub fn origin(&self) -> Option<Origin> {
        let Self { commit, branch, sparse, objects, .. } = self.clone();
        Some(Origin { objects: objects?, commit, branch, sparse })
    }
}

/// One line, as a run's journal keeps it.
impl fmt::Display for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (RepoSource::Path(location) | RepoSource::Url(location)) = &self.source;
        write!(f, "{}: {} ", if self.folder.is_empty() { "/" } else { &self.folder }, location.escape_debug())?;
        match (&self.commit, &self.branch) {
            (Some(commit), Some(branch)) => write!(f, "at {commit} ({})", branch.escape_debug())?,
            (Some(commit), None) => write!(f, "at {commit}")?,
            (None, _) if self.unknown.is_some() => write!(f, "at an unknown commit")?,
            (None, _) => write!(f, "without a commit")?,
        }
        write!(f, "{}, {} files, {} bytes", if self.dirty { " with changes" } else { "" }, self.files, self.bytes)?;
        if !self.sparse.is_empty() {
            write!(f, ", of {} paths only", self.sparse.len())?;
        }
        if let Some(reason) = &self.unknown {
            write!(f, ", git's data not read in full: {}", reason.escape_debug())?;
        }
        if self.special > 0 {
            write!(f, ", {} special files left out", self.special)?;
        }
        if !self.submodules.is_empty() {
            write!(f, ", {} submodules left empty", self.submodules.len())?;
        }
        Ok(())
    }
}
