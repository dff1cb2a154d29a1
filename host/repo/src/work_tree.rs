//! The work tree of a run, whose git data stands outside of it: what the run changed, told without git's own work tree
//! functions, because guests write to the files at any time.
//!
//! The git folder is a bare repository that any git can read. The *base* is a tree of all files as they were when the run
//! began, whether they were committed or not. No filter, attribute or configuration of the files or of the origin counts.

mod change;
mod difference;
mod git;
mod history;
mod listing;
pub(crate) mod scan;
mod staged;
mod stats;
mod store;

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid, Repository, RepositoryInitOptions};

pub use change::{Change, ChangeKind, Changes};
pub use difference::{Comparison, Difference};
pub use git::{Git, Head, Listed, NewCommit, Person, Side};
pub use history::{Logged, Walk};
pub use staged::{Blob, Source};

use crate::meter::{Meter, Terms, Watch};
use crate::rules::Rules;
use crate::{RepoError, beneath, libgit, remove};
use change::Printer;
use listing::{Entry, Listing, SUBMODULE};
use scan::Scan;
use stats::Stats;
use store::{Content, Packing};

/// Names other objects that are this repository's too, as git has it.
const ALTERNATES: &str = "objects/info/alternates";
/// Holds the paths that are checked out where not everything is, a zero byte after each.
const SPARSE: &str = "sparse";
/// Holds the name of the base.
const BASE: &str = "base";
/// A file with more bytes is not compared: its change is told, but neither its lines nor its content.
const LARGEST_COMPARED: u64 = 32 << 20;
/// Changed content that one comparison holds in memory.
const HELD: u64 = 64 << 20;
/// More is in no list of what to ignore, and in no list of commits without their parents.
const LARGEST_TEXT: u64 = 1 << 20;

/// Where the files came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The objects of a repository of this machine. They are read where they are and never written; what is removed there
    /// is missing here.
    pub objects: PathBuf,
    /// The commit that the files are of, in hexadecimal. One with a SHA-256 name counts as none.
    pub commit: Option<String>,
    /// The branch that it is on.
    pub branch: Option<String>,
    /// The paths of the commit that were checked out; everything if there are none. What is missing elsewhere counts as unchanged.
    pub sparse: Vec<String>,
}

/// Files that guests may write, and git data that they may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkTree {
    git: PathBuf,
    files: PathBuf,
}

impl WorkTree {
    /// With its git data in `git`, which must not be in `files`.
    pub fn new(git: PathBuf, files: PathBuf) -> Self {
        Self { git, files }
    }

    /// Makes the git folder, which must not exist, and takes the files as they are now for the base. HEAD is the origin's
    /// branch at its commit, or that commit alone; without a commit, a branch `main` that has none yet.
    ///
    /// When this returns an error, or the process dies in between, there is no git folder; what there is of
    /// `<git>.partial` is removed now or by the next call.
    ///
    /// # Errors
    /// See [`RepoError`]: the files exceed the terms (of which files, bytes, depth and time count), can't be read, change
    /// all the time, or the origin's commit can't be read.
    pub fn begin(&self, origin: Option<&Origin>, terms: &Terms, watch: Watch<'_>) -> Result<(), RepoError> {
        if self.git.symlink_metadata().is_ok() {
            return Err(RepoError::Exists { dest: self.git.clone() });
        }
        let partial = self.git.with_added_extension("partial");
        remove(&partial)?;
        let meter = Meter::start(terms, watch.cancel);
        let building = Self { git: partial, files: self.files.clone() };
        let begun = building.build(origin, &meter).and_then(|()| {
            let renamed = fs::rename(&building.git, &self.git);
            renamed.map_err(RepoError::write(&self.git))
        });
        if begun.is_err() {
            // The first error is the one to tell; a leftover is removed by the next call.
            drop(remove(&building.git));
        }
        begun
    }

    fn build(&self, origin: Option<&Origin>, meter: &Meter<'_>) -> Result<(), RepoError> {
        let failed = RepoError::git(self.git.display());
        let mut options = RepositoryInitOptions::new();
        options.bare(true).external_template(false).mkdir(true).initial_head("main");
        libgit::ready().and_then(|()| Repository::init_opts(&self.git, &options)).map_err(&failed)?;
        if let Some(origin) = origin {
            self.adopt(origin)?;
        }
        let repository = store::open(&self.git)?;
        let tracked = match origin.and_then(|origin| commit(origin).map(|commit| (origin, commit))) {
            Some((origin, commit)) => {
                let commit = commit.and_then(|id| repository.find_commit(id)).map_err(&failed)?;
                point_head(&repository, origin.branch.as_deref(), commit.id()).map_err(&failed)?;
                self.write(staged::STAGED, format!("{}\n", commit.tree_id()).as_bytes())?;
                if !origin.sparse.is_empty() {
                    self.write(
                        SPARSE,
                        origin.sparse.iter().map(|path| format!("{path}\0")).collect::<String>().as_bytes(),
                    )?;
                }
                Listing::read(&repository, commit.tree_id(), meter)?
            }
            None => Listing::default(),
        };
        let root = beneath::root(&self.files).map_err(RepoError::read(&self.files))?;
        let stats = Stats::read(&self.git)?;
        let scan = Scan { files: &self.files, root: &root, tracked: &tracked, rules: None, stats: &stats, meter };
        let mut found = scan.run()?;
        let content = Content { files: &self.files, root: &root, meter };
        let mut packing = Packing::new(&self.git, meter.terms)?;
        for entry in &mut found.entries {
            entry.id = packing.keep(entry, &content)?;
        }
        let base = Listing::new(found.entries).tree(&mut |_, bytes| packing.put(ObjectType::Tree, bytes).map(drop))?;
        packing.flush()?;
        stats.write(&found.settled)?;
        self.write(BASE, format!("{base}\n").as_bytes())
    }

    /// Makes the origin's objects this repository's too, and knows where its history ends if it isn't whole.
    fn adopt(&self, origin: &Origin) -> Result<(), RepoError> {
        let objects = origin.objects.as_os_str().as_bytes();
        if !origin.objects.is_absolute() || objects.contains(&b'\n') {
            return Err(RepoError::Relative { path: origin.objects.clone() });
        }
        self.write(ALTERNATES, &[objects, b"\n"].concat())?;
        match read(&origin.objects.join("../shallow")) {
            Ok(shallow) => self.write("shallow", &shallow),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(RepoError::read(&origin.objects)(error)),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RepoError> {
        let path = self.git.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
        written.map_err(RepoError::write(&path))
    }

    /// Gives a file of the git folder other content, at once.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), RepoError> {
        let next = format!("{name}.next");
        self.write(&next, bytes)?;
        let path = self.git.join(name);
        fs::rename(self.git.join(next), &path).map_err(RepoError::write(&path))
    }

    /// The folder of objects that are read in place, if there is one.
    pub fn origin(&self) -> Option<PathBuf> {
        let named = read(&self.git.join(ALTERNATES)).ok()?;
        Some(OsStr::from_bytes(named.strip_suffix(b"\n")?).into())
    }

    /// The name of the base, which tells the files that it began with from all others.
    ///
    /// # Errors
    /// There is no git data, or it can't be read.
    pub fn beginning(&self) -> Result<String, RepoError> {
        let path = self.git.join(BASE);
        let text = read(&path).map_err(RepoError::read(&path))?;
        Ok(String::from_utf8_lossy(&text).trim().to_owned())
    }

    /// Whether the git data may grow: it has fewer bytes and files than this.
    ///
    /// # Errors
    /// It has not, or can't be read.
    pub fn has_room(&self, bytes: u64, files: u64) -> Result<(), RepoError> {
        let (mut left, mut folders) = ((bytes, files), vec![self.git.clone()]);
        let too_much = |what, limit| RepoError::TooMuch { what, limit, at: "git's data".into() };
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(RepoError::read(&folder))? {
                let entry = entry.map_err(RepoError::read(&folder))?;
                // Another question of the same run may have removed it.
                let Ok(metadata) = entry.metadata() else { continue };
                if metadata.is_dir() {
                    folders.push(entry.path());
                }
                left.0 = left.0.checked_sub(metadata.len()).ok_or_else(|| too_much("bytes", bytes))?;
                left.1 = left.1.checked_sub(1).ok_or_else(|| too_much("files", files))?;
            }
        }
        Ok(())
    }

    fn sparse(&self) -> Result<Vec<String>, RepoError> {
        let path = self.git.join(SPARSE);
        match read(&path) {
            Ok(paths) => Ok(String::from_utf8_lossy(&paths).split_terminator('\0').map(str::to_owned).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(RepoError::read(&path)(error)),
        }
    }

    /// The name of the tree of the files as they are now. What is ignored and not of the base doesn't count. Nothing but
    /// the times of the files is stored.
    ///
    /// # Errors
    /// See [`RepoError`].
    pub fn digest(&self, terms: &Terms, watch: Watch<'_>) -> Result<Oid, RepoError> {
        let meter = Meter::start(terms, watch.cancel);
        let base = self.base(&store::open(&self.git)?, &meter)?;
        let (_, now) = self.now(&base, &meter)?;
        now.tree(&mut |_, _| Ok(()))
    }

    /// What the run changed: the files as they are now against the base. The patch that `git apply` makes the same files of,
    /// byte for byte, goes to `out`; it has whole files only and at most `most` bytes. What is ignored and not of the base
    /// doesn't count. When the time is over while files are compared, those that are left are only named.
    ///
    /// # Errors
    /// See [`RepoError`].
    pub fn changes(
        &self,
        out: &mut dyn Write,
        most: u64,
        terms: &Terms,
        watch: Watch<'_>,
    ) -> Result<Changes, RepoError> {
        let meter = Meter::start(terms, watch.cancel);
        let (compared, untold) = self.compare(&meter)?;
        let mut files = change::list(&compared.diff(change::options().include_typechange(true))?, &meter)?;
        let diff = compared.diff(change::options().show_binary(true).id_abbrev(40))?;
        let mut missing = Printer::new(out, most, &meter).print(&diff)?;
        missing.extend(untold.iter().map(|change| change.path.clone()));
        files.extend(untold);
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Changes { files, missing })
    }

    /// What to compare, and the files that changed and are in neither tree as they are because they are too large.
    fn compare(&self, meter: &Meter<'_>) -> Result<(Compared, Vec<Change>), RepoError> {
        let repository = store::open_in_memory(&self.git)?;
        let base = self.base(&repository, meter)?;
        let (root, now) = self.now(&base, meter)?;
        let content = Content { files: &self.files, root: &root, meter };
        let mut comparing = Comparing { repository: &repository, content, held: 0, untold: Vec::new() };
        let now = comparing.hold(&base, now)?;
        let untold = comparing.untold;
        let (old, new) = (tree(&repository, &base)?, tree(&repository, &now)?);
        Ok((Compared { repository, old, new }, untold))
    }

    /// The files as they are now.
    fn now(&self, base: &Listing, meter: &Meter<'_>) -> Result<(std::os::fd::OwnedFd, Listing), RepoError> {
        let root = beneath::root(&self.files).map_err(RepoError::read(&self.files))?;
        let stats = Stats::read(&self.git)?;
        let exclude = read(&self.git.join("info/exclude")).unwrap_or_default();
        let rules = Some(Rules::of_repository(&String::from_utf8_lossy(&exclude)));
        let scan = Scan { files: &self.files, root: &root, tracked: base, rules, stats: &stats, meter };
        let found = scan.run()?;
        stats.write(&found.settled)?;
        Ok((root, Listing::new(found.entries)))
    }

    fn base(&self, repository: &Repository, meter: &Meter<'_>) -> Result<Listing, RepoError> {
        let base = Oid::from_str(&self.beginning()?).map_err(RepoError::git(self.git.display()))?;
        Listing::read(repository, base, meter)
    }
}

/// The commit, unless it is one of a repository whose names are too long for this one.
fn commit(origin: &Origin) -> Option<Result<Oid, git2::Error>> {
    origin.commit.as_ref().filter(|commit| commit.len() <= 40).map(|commit| Oid::from_str(commit))
}

fn point_head(repository: &Repository, branch: Option<&str>, commit: Oid) -> Result<(), git2::Error> {
    let name = branch.map(|branch| format!("refs/heads/{branch}"));
    match name.filter(|name| git2::Reference::is_valid_name(name)) {
        Some(name) => {
            repository.reference(&name, commit, true, "begin")?;
            repository.set_head(&name)
        }
        None => repository.set_head_detached(commit),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    beneath::file_at(path)?.take(LARGEST_TEXT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn tree(repository: &Repository, listing: &Listing) -> Result<Oid, RepoError> {
    let failed = RepoError::git(repository.path().display());
    let objects = repository.odb().map_err(&failed)?;
    listing.tree(&mut |id, bytes| store::put(&objects, id, ObjectType::Tree, bytes).map(drop).map_err(&failed))
}

/// Two trees that can be compared.
struct Compared {
    repository: Repository,
    old: Oid,
    new: Oid,
}

impl Compared {
    fn diff(&self, options: &mut git2::DiffOptions) -> Result<git2::Diff<'_>, RepoError> {
        let mut compared = || {
            let (old, new) = (self.repository.find_tree(self.old)?, self.repository.find_tree(self.new)?);
            self.repository.diff_tree_to_tree(Some(&old), Some(&new), Some(options))
        };
        compared().map_err(RepoError::git(self.repository.path().display()))
    }
}

/// Changed content on its way to memory.
struct Comparing<'a> {
    repository: &'a Repository,
    content: Content<'a>,
    held: u64,
    untold: Vec<Change>,
}

impl Comparing<'_> {
    /// The files with everything in memory that is needed to compare them with the base. What is too large stays as it is
    /// in the base.
    fn hold(&mut self, base: &Listing, now: Listing) -> Result<Listing, RepoError> {
        let mut held = Vec::with_capacity(now.entries().len());
        for old in base.entries().iter().filter(|old| now.get(&old.path).is_none()) {
            if self.is_large(old)? {
                self.tell(old, ChangeKind::Deleted);
                held.push(old.clone());
            }
        }
        for mut entry in now.into_entries() {
            match base.get(&entry.path) {
                Some(old) if *old == entry => held.push(entry),
                old => {
                    let is_large = old.map_or(Ok(false), |old| self.is_large(old))? || !self.fits(&mut entry)?;
                    if is_large {
                        self.tell(&entry, if old.is_some() { ChangeKind::Modified } else { ChangeKind::Added });
                        held.extend(old.cloned());
                    } else {
                        held.push(entry);
                    }
                }
            }
        }
        Ok(Listing::new(held))
    }

    fn tell(&mut self, entry: &Entry, kind: ChangeKind) {
        let executable = entry.mode == listing::EXECUTABLE;
        self.untold.push(Change { path: entry.path.clone(), kind, executable, lines: None });
    }

    fn is_large(&self, old: &Entry) -> Result<bool, RepoError> {
        if old.mode == SUBMODULE {
            return Ok(false);
        }
        let header = self.repository.odb().and_then(|objects| objects.read_header(old.id));
        let (size, _) = header.map_err(RepoError::git(self.repository.path().display()))?;
        Ok(size as u64 > LARGEST_COMPARED)
    }

    /// Takes the entry's content to memory unless it is stored; false if it is too large for that.
    fn fits(&mut self, entry: &mut Entry) -> Result<bool, RepoError> {
        let failed = RepoError::git(self.repository.path().display());
        let objects = self.repository.odb().map_err(&failed)?;
        if entry.mode == SUBMODULE {
            return Ok(true);
        }
        if objects.exists(entry.id) {
            return self.is_large(entry).map(|large| !large);
        }
        let room = HELD.saturating_sub(self.held).min(LARGEST_COMPARED);
        let Some(bytes) = self.content.read(entry, room)? else { return Ok(false) };
        self.held += bytes.len() as u64;
        entry.id = Oid::hash_object(ObjectType::Blob, &bytes).map_err(&failed)?;
        store::put(&objects, entry.id, ObjectType::Blob, &bytes).map_err(&failed)?;
        Ok(true)
    }
}
