//! Git data of servers, kept from one preparation to the next, so that only what is new is fetched.
//!
//! There is a bare repository for each URL, in a folder named after the URL's hash. Nothing but the objects and the tips that were
//! asked for is in it. Whoever fetches holds its lock. One that turns out to be broken is made anew.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use git2::{Commit, Oid, Repository, RepositoryInitOptions};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use skep_model::Depth;
use url::Url;

use crate::meter::{LOOK, Meter};
use crate::reach::Ends;
use crate::{RepoError, libgit, remove};

const GIT: &str = "git";
const LOCK: &str = "lock";

/// The git data of one URL.
pub(crate) struct Mirror {
    folder: PathBuf,
    pub(crate) repository: Repository,
    /// Whether it was there before, and so may save a fetch, or be broken.
    pub(crate) was_there: bool,
    /// Held until the objects have been read, so that nobody removes them.
    _lock: File,
}

impl Mirror {
    /// The mirror of `url` below `mirrors`, which nobody else uses meanwhile.
    pub(crate) fn open(mirrors: &Path, url: &Url, meter: &Meter<'_>) -> Result<Self, RepoError> {
        let folder = mirrors.join(name(url));
        std::fs::create_dir_all(&folder).map_err(RepoError::write(&folder))?;
        let lock = lock(&folder, meter)?;
        let git = folder.join(GIT);
        let was_there = git.exists();
        let repository = match libgit::open(&git) {
            Ok(Some(repository)) => repository,
            Ok(None) | Err(_) => new_repository(&git)?,
        };
        Ok(Self { folder, repository, was_there, _lock: lock })
    }

    /// Its objects are gone, and it can be filled anew.
    pub(crate) fn emptied(self) -> Result<Self, RepoError> {
        let Self { folder, repository, _lock, .. } = self;
        drop(repository);
        let repository = new_repository(&folder.join(GIT))?;
        Ok(Self { folder, repository, was_there: false, _lock })
    }

    /// The commit that this is or, if it is a tag, is at. None if it isn't here.
    pub(crate) fn commit(&self, id: Oid) -> Option<Commit<'_>> {
        self.repository.find_object(id, None).and_then(|object| object.peel_to_commit()).ok()
    }

    /// The name of the commit that this is or is at, if it is here with as much history as is wanted.
    pub(crate) fn has(&self, id: Oid, depth: Depth, meter: &Meter<'_>) -> Result<Option<Oid>, RepoError> {
        let Some(commit) = self.commit(id) else { return Ok(None) };
        let failed = RepoError::git(self.repository.path().display());
        let objects = self.repository.odb().map_err(&failed)?;
        // A crash may have come between the objects and the list of where their history is cut off.
        if commit.parent_ids().any(|parent| !objects.exists(parent)) {
            return Err(failed(git2::Error::from_str("a history is cut off where it isn't known to be")));
        }
        let reaches = self.ends()?.allow(&self.repository, commit.id(), depth, meter)?;
        Ok(reaches.then(|| commit.id()))
    }

    /// What to ask a server for, as libgit2 takes it, so that there is as much history as is wanted. A mirror whose
    /// histories are whole is kept so: its 0 means all that isn't here yet, which is less than a few commits would be.
    pub(crate) fn deepening(&self, depth: Depth) -> Result<i32, RepoError> {
        let failed = RepoError::git(self.repository.path().display());
        let has_nothing = self.repository.references().map_err(failed)?.next().is_none();
        Ok(match (self.ends()?.is_empty(), depth) {
            (true, Depth::Full) => 0,
            (true, Depth::Commits(_)) if !has_nothing => 0,
            (_, Depth::Commits(commits)) => i32::try_from(commits.get()).unwrap_or(i32::MAX),
            // Git's number for everything.
            (false, Depth::Full) => i32::MAX,
        })
    }

    /// Has the list of where histories are cut off outlive this start of the machine, as the objects do.
    pub(crate) fn settle(&self) -> Result<(), RepoError> {
        let (list, folder) = (self.cut_off(), self.repository.path());
        let synced = if list.exists() { File::open(&list).and_then(|list| list.sync_all()) } else { Ok(()) };
        let synced = synced.and_then(|()| File::open(folder)).and_then(|folder| folder.sync_all());
        synced.map_err(RepoError::write(&list))
    }

    fn cut_off(&self) -> PathBuf {
        self.repository.path().join("shallow")
    }

    fn ends(&self) -> Result<Ends, RepoError> {
        let path = self.cut_off();
        match std::fs::read(&path) {
            Ok(list) => Ends::parse(&String::from_utf8_lossy(&list)).map_err(RepoError::git(path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Ends::default()),
            Err(error) => Err(RepoError::read(&path)(error)),
        }
    }

    /// Where its objects are.
    pub(crate) fn objects(&self) -> PathBuf {
        objects(&self.folder)
    }
}

fn objects(mirror: &Path) -> PathBuf {
    mirror.join(GIT).join("objects")
}

/// Removes mirrors that were used least recently, until the others have at most `most` bytes. One that is being fetched into
/// stays, and so does one whose objects are `in_use`: see [`WorkTree::origin`](crate::WorkTree::origin).
///
/// # Errors
/// The folder can't be read, or something in it not be removed.
pub fn shrink_mirrors(mirrors: &Path, most: u64, in_use: &HashSet<PathBuf>) -> Result<(), RepoError> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(mirrors).into_iter().flatten() {
        let folder = entry.map_err(RepoError::read(mirrors))?.path();
        if in_use.contains(&objects(&folder)) {
            continue;
        }
        // Taking the lock is a use.
        let used = folder.join(LOCK).metadata().and_then(|lock| lock.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        all.push((used, size(&folder), folder));
    }
    all.sort();
    let mut bytes: u64 = all.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, size, folder) in all {
        if bytes <= most {
            break;
        }
        let Ok(lock) = File::create(folder.join(LOCK)) else { continue };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            remove(&folder)?;
            bytes -= size;
        }
    }
    Ok(())
}

/// The bytes of the files below a folder of our own.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some((entry.metadata().ok()?, entry.path())))
        .map(|(metadata, path)| if metadata.is_dir() { size(&path) } else { metadata.len() })
        .sum()
}

fn name(url: &Url) -> String {
    hash(url.as_str().trim_end_matches('/'))
}

/// Where the mirror keeps what the server has by this name. Two names of a server never stand in each other's way here,
/// as `a` and `a/b` would.
pub(crate) fn kept(name: &str) -> String {
    format!("refs/skep/{}", hash(name))
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Waits for the lock of a mirror as long as the preparation may take.
#[expect(
    clippy::disallowed_methods,
    reason = "nobody tells of another process's lock and of the caller's flag at the same time"
)]
fn lock(folder: &Path, meter: &Meter<'_>) -> Result<File, RepoError> {
    let path = folder.join(LOCK);
    loop {
        let file = File::create(&path).map_err(RepoError::write(&path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            // Somebody may have removed the mirror, and the lock with it, before it was ours.
            Ok(()) if is_at(&file, &path) => {
                file.set_modified(SystemTime::now()).map_err(RepoError::write(&path))?;
                return Ok(file);
            }
            Ok(()) => std::fs::create_dir_all(folder).map_err(RepoError::write(folder))?,
            Err(Errno::WOULDBLOCK) => {
                meter.check()?;
                std::thread::sleep(LOOK);
            }
            Err(error) => return Err(RepoError::write(&path)(error)),
        }
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let ids = || -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt as _;
        let (held, there) = (file.metadata()?, path.metadata()?);
        Ok((held.dev(), held.ino()) == (there.dev(), there.ino()))
    };
    ids().unwrap_or_default()
}

/// An empty one, in place of whatever is there.
fn new_repository(git: &Path) -> Result<Repository, RepoError> {
    remove(git)?;
    let made = || {
        libgit::ready()?;
        let options = &mut RepositoryInitOptions::new();
        let repository = Repository::init_opts(git, options.bare(true).external_template(false).mkdir(true))?;
        // It outlives this start of the machine.
        repository.config()?.set_bool("core.fsyncObjectFiles", true)?;
        Ok(repository)
    };
    made().map_err(RepoError::git(git.display()))
}
