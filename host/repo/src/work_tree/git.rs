//! What `git` asks of a run's repository. Work trees are only read here, except for whether a file is executable; what is
//! checked out is written by whoever asks.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use git2::{Config, Oid, Repository, Signature, Time};
use rustix::fs::{Mode, fchmod};

use crate::meter::{Meter, Terms};
use crate::sparse::{Part, Sparse};
use crate::work_tree::listing::{Entry, Listing, SUBMODULE};
use crate::work_tree::{WorkTree, scan, store};
use crate::{RepoError, beneath};

/// Names the commits that the run made, one a line.
const MADE: &str = "made";
/// The settings that a run may have.
const SETTINGS: [&str; 2] = ["user.name", "user.email"];
/// What was put aside is beneath it, the newest last.
pub(crate) const STASH: &str = "refs/stash/";
/// More of one file is not handed over.
const LARGEST_CONTENT: usize = 64 << 20;

/// A run's repository, asked once or a few times in a row.
pub struct Git<'a> {
    pub(crate) tree: &'a WorkTree,
    pub(crate) repository: Repository,
    pub(crate) meter: Meter<'a>,
}

/// Where HEAD is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Without `refs/heads/`; none when HEAD is a commit.
    pub branch: Option<String>,
    /// In hexadecimal; none before the branch's first commit.
    pub commit: Option<String>,
}

/// Files that are listed or compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// No file.
    Nothing,
    /// A revision's.
    Revision(String),
    /// The index.
    Staged,
    /// The work tree: what is in the index, and what is not ignored.
    Files,
}

/// One file of a side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Below the repository's folder.
    pub path: Vec<u8>,
    /// As git writes it.
    pub mode: u32,
    /// The name of its content, in hexadecimal.
    pub id: String,
}

/// Who made a commit, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Seconds since 1970.
    pub seconds: i64,
    /// Minutes east of Greenwich.
    pub offset: i32,
}

/// A commit to be made of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit {
    /// Its message.
    pub message: String,
    /// Who wrote the change.
    pub author: Person,
    /// Who made the commit.
    pub committer: Person,
    /// Whether it takes the place of the commit at HEAD.
    pub amend: bool,
}

impl WorkTree {
    /// Opens the git data. Whatever is asked of it counts against these terms.
    ///
    /// # Errors
    /// There is none, or it can't be read.
    pub fn git<'a>(&'a self, terms: &'a Terms, cancel: &'a AtomicBool) -> Result<Git<'a>, RepoError> {
        Ok(Git { tree: self, repository: store::open(&self.git)?, meter: Meter::start(terms, cancel) })
    }
}

impl Git<'_> {
    pub(crate) fn failed(&self) -> impl Fn(git2::Error) -> RepoError + use<'_> {
        RepoError::git(self.tree.git.display())
    }

    /// Where HEAD is.
    ///
    /// # Errors
    /// It can't be read.
    pub fn head(&self) -> Result<Head, RepoError> {
        let head = self.repository.find_reference("HEAD").map_err(self.failed())?;
        let target = head.symbolic_target_bytes().map(|target| String::from_utf8_lossy(target).into_owned());
        let branch = target.map(|target| target.strip_prefix("refs/heads/").unwrap_or(&target).to_owned());
        let commit = self.repository.refname_to_id("HEAD").ok().map(|id| id.to_string());
        Ok(Head { branch, commit })
    }

    /// Points HEAD at a branch, which need not be there yet, or at a revision alone.
    ///
    /// # Errors
    /// It is no branch's name, or an unknown revision.
    pub fn set_head(&self, branch: Option<&str>, revision: &str) -> Result<(), RepoError> {
        match branch {
            Some(branch) => self.repository.set_head(&format!("refs/heads/{branch}")),
            None => self.repository.set_head_detached(self.commit_of(revision)?),
        }
        .map_err(self.failed())
    }

    /// Branches, tags and stashes with the commits that they lead to, sorted by name.
    ///
    /// # Errors
    /// They can't be read.
    pub fn references(&self) -> Result<Vec<(String, String)>, RepoError> {
        let mut found = Vec::new();
        for reference in self.repository.references().map_err(self.failed())? {
            self.meter.check()?;
            let reference = reference.map_err(self.failed())?;
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            if (reference.is_branch() || reference.is_tag() || name.starts_with(STASH))
                && let Ok(commit) = reference.peel_to_commit()
            {
                found.push((name, commit.id().to_string()));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Makes, moves or removes a branch, a tag or a stash.
    ///
    /// # Errors
    /// It is none of them, or the revision is unknown.
    pub fn set_reference(&self, name: &str, revision: Option<&str>) -> Result<(), RepoError> {
        let known = ["refs/heads/", "refs/tags/", STASH].iter().any(|prefix| name.starts_with(prefix));
        if !known || !git2::Reference::is_valid_name(name) {
            return Err(RepoError::UnknownRevision { revision: name.to_owned() });
        }
        match revision {
            Some(revision) => {
                let commit = self.commit_of(revision)?;
                self.repository.reference(name, commit, true, "").map(drop).map_err(self.failed())
            }
            None => self.repository.find_reference(name).and_then(|mut found| found.delete()).map_err(self.failed()),
        }
    }

    pub(crate) fn listing(&self, side: &Side) -> Result<Listing, RepoError> {
        match side {
            Side::Nothing => Ok(Listing::default()),
            Side::Revision(revision) => Listing::read(&self.repository, self.tree_of(revision)?, &self.meter),
            Side::Staged => self.staged(),
            Side::Files => self.now(&self.staged()?),
        }
    }

    /// The files as they are now. What was never checked out is there as it is tracked.
    pub(crate) fn now(&self, tracked: &Listing) -> Result<Listing, RepoError> {
        let (_, now) = self.tree.now(tracked, &self.meter)?;
        let sparse = self.tree.sparse()?;
        if sparse.is_empty() {
            return Ok(now);
        }
        let sparse = Sparse::known(&sparse);
        let beside = |entry: &&Entry| sparse.part(Path::new(OsStr::from_bytes(&entry.path))) == Part::Beside;
        let left_out = tracked.entries().iter().filter(beside).filter(|entry| !now.is_taken(&entry.path));
        let left_out: Vec<_> = left_out.cloned().collect();
        Ok(Listing::new(now.into_entries().into_iter().chain(left_out).collect()))
    }

    /// The files of a side, sorted by path.
    ///
    /// # Errors
    /// See [`RepoError`].
    pub fn entries(&self, side: &Side) -> Result<Vec<Listed>, RepoError> {
        let listing = self.listing(side)?.into_entries().into_iter();
        Ok(listing.map(|entry| Listed { path: entry.path, mode: entry.mode, id: entry.id.to_string() }).collect())
    }

    /// A file's content as git has it.
    ///
    /// # Errors
    /// There is no such file there, or it is too large.
    pub fn content(&self, side: &Side, path: &[u8]) -> Result<Vec<u8>, RepoError> {
        let at = Path::new(OsStr::from_bytes(path));
        let absent = || RepoError::NotFound { path: at.to_owned() };
        let tree = match side {
            Side::Revision(revision) => Some(self.tree_of(revision)?),
            Side::Staged => self.staged_tree()?,
            Side::Nothing | Side::Files => None,
        };
        let tree = self.repository.find_tree(tree.ok_or_else(absent)?).map_err(self.failed())?;
        let entry = tree.get_path(at).map_err(|_| absent())?;
        if entry.filemode() as u32 == SUBMODULE || entry.kind() != Some(git2::ObjectType::Blob) {
            return Err(absent());
        }
        let objects = self.repository.odb().map_err(self.failed())?;
        let (size, _) = objects.read_header(entry.id()).map_err(self.failed())?;
        if size > LARGEST_CONTENT {
            return Err(RepoError::TooMuch { what: "bytes", limit: LARGEST_CONTENT as u64, at: at.to_owned() });
        }
        Ok(objects.read(entry.id()).map_err(self.failed())?.data().to_vec())
    }

    /// Makes a commit of the index, moves HEAD's branch to it, and returns its name.
    ///
    /// # Errors
    /// There is nothing to amend, or a name is empty.
    pub fn commit(&self, new: &NewCommit) -> Result<String, RepoError> {
        let head = self.head()?;
        let tip = head.commit.as_deref().map(|_| self.commit_of("HEAD")).transpose()?;
        let tip = tip.map(|tip| self.repository.find_commit(tip)).transpose().map_err(self.failed())?;
        let parents: Vec<_> = match (new.amend, tip) {
            (true, Some(tip)) => tip.parents().collect(),
            (true, None) => return Err(RepoError::UnknownRevision { revision: "HEAD".to_owned() }),
            (false, tip) => tip.into_iter().collect(),
        };
        let (id, tree) = self.commit_staged(new, &parents)?;
        match &head.branch {
            Some(branch) => self.repository.reference(&format!("refs/heads/{branch}"), id, true, "").map(drop),
            None => self.repository.set_head_detached(id),
        }
        .map_err(self.failed())?;
        self.keep_staged(tree)?;
        Ok(id.to_string())
    }

    /// Makes a commit of the index with these parents, which no branch leads to, and returns its name.
    ///
    /// # Errors
    /// A parent is unknown, or a name is empty.
    pub fn loose_commit(&self, new: &NewCommit, parents: &[String]) -> Result<String, RepoError> {
        let mut commits = Vec::new();
        for parent in parents {
            commits.push(self.repository.find_commit(self.commit_of(parent)?).map_err(self.failed())?);
        }
        Ok(self.commit_staged(new, &commits)?.0.to_string())
    }

    /// The commit, and the tree that it has.
    fn commit_staged(&self, new: &NewCommit, parents: &[git2::Commit<'_>]) -> Result<(Oid, Oid), RepoError> {
        let tree = match self.staged_tree()? {
            Some(tree) => tree,
            None => {
                self.stage_all(None)?;
                self.staged_tree()?.unwrap_or(Oid::ZERO_SHA1)
            }
        };
        let id = self.make(new, tree, &parents.iter().collect::<Vec<_>>()).map_err(self.failed())?;
        self.note(id)?;
        Ok((id, tree))
    }

    fn make(&self, new: &NewCommit, tree: Oid, parents: &[&git2::Commit<'_>]) -> Result<Oid, git2::Error> {
        let (author, committer) = (signature(&new.author)?, signature(&new.committer)?);
        let tree = self.repository.find_tree(tree)?;
        self.repository.commit(None, &author, &committer, &new.message, &tree, parents)
    }

    /// Remembers a commit, which stays reachable when no branch leads to it any more.
    fn note(&self, id: Oid) -> Result<(), RepoError> {
        let path = self.tree.git.join(MADE);
        let open = File::options().create(true).append(true).open(&path);
        open.and_then(|mut file| file.write_all(format!("{id}\n").as_bytes())).map_err(RepoError::write(&path))
    }

    pub(crate) fn made(&self) -> Vec<Oid> {
        let text = fs::read_to_string(self.tree.git.join(MADE)).unwrap_or_default();
        text.lines().filter_map(|line| Oid::from_str(line).ok()).collect()
    }

    /// Makes a file of the work tree executable, or not. What is no file is left alone.
    ///
    /// # Errors
    /// It isn't there.
    pub fn set_executable(&self, path: &[u8], executable: bool) -> Result<(), RepoError> {
        let path = Path::new(OsStr::from_bytes(path));
        let failed = RepoError::write(path);
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
        let root = beneath::root(&self.tree.files).map_err(|error| failed(error.into()))?;
        let folder = beneath::folder(&root, above).map_err(|error| failed(error.into()))?;
        if let Some((file, _)) = scan::open(&folder, name).map_err(&failed)? {
            let mode = Mode::from_raw_mode(if executable { 0o755 } else { 0o644 });
            fchmod(&file, mode).map_err(|error| failed(error.into()))?;
        }
        Ok(())
    }

    /// `user.name` or `user.email`, if it is set.
    ///
    /// # Errors
    /// The configuration can't be read.
    pub fn setting(&self, key: &str) -> Result<Option<String>, RepoError> {
        let config = self.config().map_err(self.failed())?;
        Ok(SETTINGS.contains(&key).then(|| config.get_string(key).ok()).flatten())
    }

    /// Sets or removes it.
    ///
    /// # Errors
    /// It is another key, or the configuration can't be written.
    pub fn set_setting(&self, key: &str, value: Option<&str>) -> Result<(), RepoError> {
        if !SETTINGS.contains(&key) {
            return Err(RepoError::UnknownRevision { revision: key.to_owned() });
        }
        let mut config = self.config().map_err(self.failed())?;
        match value {
            Some(value) => config.set_str(key, value),
            None => config.remove(key),
        }
        .map_err(self.failed())
    }

    fn config(&self) -> Result<Config, git2::Error> {
        Config::open(&self.tree.git.join("config"))
    }
}

fn signature(person: &Person) -> Result<Signature<'static>, git2::Error> {
    Signature::new(&person.name, &person.email, &Time::new(person.seconds, person.offset))
}
