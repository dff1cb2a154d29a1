//! Repositories of this machine. They are only read.

use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::sync::Arc;

use git2::{ErrorCode, Repository, StatusOptions};
use rustix::fs::fstat;

use crate::checkout::Checking;
use crate::copy::{Copy, Tally};
use crate::meter::{Meter, Watch};
use crate::rules::Rules;
use crate::tracked::Tracked;
use crate::{Checkout, RepoError, beneath, libgit};

/// Where a repository goes.
pub(crate) struct Place<'a> {
    /// Its own folder in the workspace, which is there and empty.
    pub(crate) into: &'a Path,
    /// The folder that workspaces are made in.
    pub(crate) workspaces: &'a Path,
    pub(crate) meter: &'a Meter<'a>,
}

/// One repository of this machine, on its way.
pub(crate) struct Local<'a, 'w> {
    pub(crate) path: &'a Path,
    pub(crate) place: &'a Place<'a>,
    pub(crate) about: &'a mut Checkout,
    pub(crate) watch: &'a mut Watch<'w>,
}

impl Local<'_, '_> {
    /// A folder: its files as they are now, without those that git ignores when it is a work tree. A bare repository
    /// has no files, so it is checked out at its HEAD.
    pub(crate) fn files(self) -> Result<(), RepoError> {
        must_be_folder(self.path)?;
        match libgit::open(self.path)? {
            Some(repository) if self.path.join(".git").symlink_metadata().is_err() => self.head(&repository),
            Some(repository) => {
                describe(&repository, self.path, self.about)?;
                let index = repository.index().map_err(RepoError::git(self.path.display()))?;
                self.copy(Tracked::of(&index), Some(Rules::of_repository(&exclude(&repository))))
            }
            None => self.copy(Tracked::default(), None),
        }
    }

    /// A `file://` URL: the commit at the HEAD of the repository there. There is nothing to fetch, since its objects
    /// can be read where they are.
    pub(crate) fn commit(self) -> Result<(), RepoError> {
        must_be_folder(self.path)?;
        let Some(repository) = libgit::open(self.path)? else {
            let reason =
                "a folder without git data; name its path instead of a URL to have its files copied".to_owned();
            return Err(RepoError::NoRepository { url: self.path.display().to_string(), reason });
        };
        self.head(&repository)
    }

    fn head(self, repository: &Repository) -> Result<(), RepoError> {
        let location = self.path.display().to_string();
        self.about.branch = branch(repository);
        match commit_at_head(repository).map_err(RepoError::git(&location))? {
            Some(commit) => {
                Checking { repository, location: &location, place: self.place }.out(&commit, self.about, self.watch)
            }
            None => Err(RepoError::Empty { location }),
        }
    }

    fn copy(self, tracked: Tracked, rules: Option<Arc<Rules>>) -> Result<(), RepoError> {
        let (origin, place) = (self.path, self.place);
        let from = beneath::root(origin).map_err(RepoError::read(origin))?;
        let to = beneath::root(place.into).map_err(RepoError::write(place.into))?;
        let workspaces = beneath::root(place.workspaces).and_then(fstat).map_err(RepoError::write(place.workspaces))?;
        let workspaces = (workspaces.st_dev, workspaces.st_ino);
        let copy = Copy { origin, from, to, workspaces, tracked, meter: place.meter, tally: Tally::default() };
        copy.run(rules, self.about, self.watch)
    }
}

fn must_be_folder(path: &Path) -> Result<(), RepoError> {
    match path.metadata() {
        Ok(metadata) if Metadata::is_dir(&metadata) => Ok(()),
        Ok(_) => Err(RepoError::NotAFolder { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(RepoError::NotFound { path: path.to_owned() }),
        Err(error) => Err(RepoError::read(path)(error)),
    }
}

/// The commit, the branch, and whether the files differ from it.
fn describe(repository: &Repository, path: &Path, about: &mut Checkout) -> Result<(), RepoError> {
    // The configuration may say that the work tree is elsewhere; what counts is the folder that was named.
    repository.set_workdir(path, false).map_err(RepoError::git(path.display()))?;
    about.branch = branch(repository);
    about.commit =
        commit_at_head(repository).map_err(RepoError::git(path.display()))?.map(|commit| commit.id().to_string());
    let mut options = StatusOptions::new();
    options.include_untracked(true).exclude_submodules(true).update_index(false);
    // A tree that git can't walk to its end, because a path is too long for it, is none that it has committed.
    about.dirty = repository.statuses(Some(&mut options)).map_or(true, |statuses| !statuses.is_empty());
    Ok(())
}

fn commit_at_head(repository: &Repository) -> Result<Option<git2::Commit<'_>>, git2::Error> {
    match repository.head().and_then(|head| head.peel_to_commit()) {
        Ok(commit) => Ok(Some(commit)),
        Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Also that of a repository that has no commit yet.
fn branch(repository: &Repository) -> Option<String> {
    let head = repository.find_reference("HEAD").ok()?;
    let target = String::from_utf8_lossy(head.symbolic_target_bytes()?).into_owned();
    Some(target.strip_prefix("refs/heads/").unwrap_or(&target).to_owned())
}

fn exclude(repository: &Repository) -> String {
    let path = repository.commondir().join("info/exclude");
    let regular = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() < 1 << 20);
    if regular { std::fs::read_to_string(path).unwrap_or_default() } else { String::new() }
}
