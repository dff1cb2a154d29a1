//! Repositories of this machine. They are only read.

use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::sync::Arc;

use git2::{ErrorCode, Repository};
use rustix::fs::fstat;

use crate::checkout::Checking;
use crate::copy::{Absent, Copy, Tally};
use crate::git_folder::GitFolder;
use crate::meter::{Meter, Watch};
use crate::rules::Rules;
use crate::skipped::Skipped;
use crate::submodules::Submodule;
use crate::tracked::Tracked;
use crate::wanted::{Tip, Wanted};
use crate::{Checkout, Pin, RepoError, beneath, libgit, wanted};

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
    pub(crate) wanted: &'a Wanted,
    pub(crate) place: &'a Place<'a>,
    pub(crate) about: &'a mut Checkout,
    pub(crate) watch: &'a mut Watch<'w>,
}

impl Local<'_, '_> {
    /// A folder: its files as they are now, without those that git ignores when it is a work tree. A bare repository
    /// has no files, so it is checked out at its HEAD.
    pub(crate) fn files(mut self) -> Result<(), RepoError> {
        must_be_folder(self.path)?;
        if let Some(git) = GitFolder::of(self.path)? {
            return self.work_tree(&git);
        }
        match libgit::open(self.path)? {
            Some(repository) => self.check_out(&repository).map(drop),
            None => self.copy(Tracked::default(), Absent::default(), None).map(drop),
        }
    }

    fn work_tree(mut self, git: &GitFolder<'_>) -> Result<(), RepoError> {
        let tracked = git.tracked(self.place.meter)?;
        let repository = libgit::open(self.path).and_then(|repository| {
            let lacking = git2::Error::from_str("it lacks objects or references");
            repository.ok_or_else(|| RepoError::git(self.path.display())(lacking))
        });
        let skipped = Skipped { work_tree: self.path, repository: repository.as_ref(), meter: self.place.meter };
        let tracked = tracked.unfolded(&skipped)?;
        let absent = skipped.rules(&tracked)?;
        // What git knows beside the index is only to be told, so what can't be read of it keeps nobody from the files.
        let staged = match repository.and_then(|repository| self.describe(&repository, &tracked)) {
            Err(RepoError::Git { source, .. }) => {
                self.about.unknown = Some(source.message().to_owned());
                false
            }
            staged => staged?,
        };
        let changed = self.copy(tracked, absent, Some(Rules::of_repository(&git.exclude())))?;
        self.about.dirty = staged || changed;
        Ok(())
    }

    /// Fills in the commit and the branch, and returns whether anything is staged.
    fn describe(&mut self, repository: &Repository, tracked: &Tracked) -> Result<bool, RepoError> {
        self.about.branch = branch(repository);
        let commit = commit_at_head(repository).map_err(RepoError::git(self.path.display()))?;
        self.about.commit = commit.as_ref().map(|commit| commit.id().to_string());
        self.about.objects = commit.as_ref().map(|_| repository.commondir().join("objects"));
        let tree = commit.map(|commit| commit.tree_id());
        tracked.is_tree(repository, tree, self.place.meter).map(|same| !same)
    }

    /// A `file://` URL: the commit that is wanted of the repository there. There is nothing to fetch, since its objects
    /// can be read where they are.
    pub(crate) fn commit(self) -> Result<Vec<Submodule>, RepoError> {
        let repository = open(self.path)?;
        self.check_out(&repository)
    }

    fn check_out(self, repository: &Repository) -> Result<Vec<Submodule>, RepoError> {
        let location = self.path.display().to_string();
        let (branch, commit) = tip(repository, &self.wanted.tip, &location)?;
        self.about.branch = branch.or_else(|| self.wanted.branch.clone());
        self.about.objects = Some(repository.commondir().join("objects"));
        let checking = Checking { repository, wanted: self.wanted, location: &location, place: self.place };
        checking.out(&commit, self.about, self.watch)
    }

    fn copy(&mut self, tracked: Tracked, absent: Absent, rules: Option<Arc<Rules>>) -> Result<bool, RepoError> {
        let (origin, place) = (self.path, self.place);
        let from = beneath::root(origin).map_err(RepoError::read(origin))?;
        let to = beneath::root(place.into).map_err(RepoError::write(place.into))?;
        let workspaces = beneath::root(place.workspaces).and_then(fstat).map_err(RepoError::write(place.workspaces))?;
        let workspaces = (workspaces.st_dev, workspaces.st_ino);
        let copy = Copy { origin, from, to, workspaces, tracked, absent, meter: place.meter, tally: Tally::default() };
        copy.run(rules, self.about, self.watch)
    }
}

/// Which commit of the repository of a `file://` URL is wanted.
pub(crate) fn pin(path: &Path, wanted: &Wanted) -> Result<Pin, RepoError> {
    let repository = open(path)?;
    let (branch, commit) = tip(&repository, &wanted.tip, &path.display().to_string())?;
    Ok(Pin { commit: commit.id().to_string(), branch })
}

fn open(path: &Path) -> Result<Repository, RepoError> {
    must_be_folder(path)?;
    libgit::open(path)?.ok_or_else(|| {
        let reason = "a folder without git data; name its path instead of a URL to have its files copied".to_owned();
        RepoError::NoRepository { url: path.display().to_string(), reason }
    })
}

fn must_be_folder(path: &Path) -> Result<(), RepoError> {
    match path.metadata() {
        Ok(metadata) if Metadata::is_dir(&metadata) => Ok(()),
        Ok(_) => Err(RepoError::NotAFolder { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(RepoError::NotFound { path: path.to_owned() }),
        Err(error) => Err(RepoError::read(path)(error)),
    }
}

/// The commit, and the branch that it is on.
fn tip<'r>(
    repository: &'r Repository,
    tip: &Tip,
    location: &str,
) -> Result<(Option<String>, git2::Commit<'r>), RepoError> {
    let failed = RepoError::git(location);
    match tip {
        Tip::Head => match commit_at_head(repository).map_err(failed)? {
            Some(commit) => Ok((branch(repository), commit)),
            None => Err(RepoError::Empty { location: location.to_owned() }),
        },
        Tip::Named(name) => {
            let found = wanted::stored(repository, name, location)?;
            Ok((wanted::branch(&found.name), repository.find_commit(found.id).map_err(failed)?))
        }
        Tip::Commit(id) | Tip::Linked(id) => match repository.find_commit(*id) {
            Ok(commit) => Ok((None, commit)),
            Err(error) if error.code() == ErrorCode::NotFound => Err(wanted::no_commit(*id, location)),
            Err(error) => Err(failed(error)),
        },
    }
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
