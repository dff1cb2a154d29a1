//! Where git keeps what it knows of a work tree, found and read without git, because which files are wanted must not
//! depend on whether libgit2 knows every feature of the repository.

use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use git2::{Config, ConfigLevel};

use crate::format::Format;
use crate::index::{self, Reading};
use crate::meter::Meter;
use crate::tracked::{Settings, Tracked};
use crate::{RepoError, beneath, libgit};

/// More is in no pointer to another folder, and in no list of what to ignore.
const LARGEST: u64 = 1 << 20;

/// Git's folder of a work tree.
pub(crate) struct GitFolder<'a> {
    work_tree: &'a Path,
    /// What belongs to this work tree: HEAD and the index.
    own: PathBuf,
    /// What it has in common with the other work trees of its repository.
    common: PathBuf,
}

impl<'a> GitFolder<'a> {
    /// That of this work tree; none if it is none. Git data that can't be used is an error, and not none: what is ignored
    /// could not be told, and could be anything.
    pub(crate) fn of(work_tree: &'a Path) -> Result<Option<Self>, RepoError> {
        let Some(own) = own(work_tree)? else { return Ok(None) };
        let commondir = own.join("commondir");
        let common = match read(&commondir, LARGEST) {
            Ok(text) => own.join(pointed(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => own.clone(),
            Err(error) => return Err(RepoError::read(&commondir)(error)),
        };
        let git = Self { work_tree, own, common };
        // libgit2 would wait for ever for what a pipe doesn't say.
        for path in [git.own.join("HEAD"), git.common.join("config"), git.own.join("config.worktree")] {
            if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
                return Err(git.unusable(&format!("{path:?} is no file")));
            }
        }
        Ok(Some(git))
    }

    /// What git tracks.
    pub(crate) fn tracked(&self, meter: &Meter<'_>) -> Result<Tracked, RepoError> {
        let path = self.own.join("index");
        let settings = self.settings()?;
        let bytes = match read(&path, index::LARGEST) {
            // There is none before the first file is added.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tracked::default()),
            bytes => bytes.map_err(|error| self.unusable(&format!("its index: {error}")))?,
        };
        let written = path.metadata().map_err(RepoError::read(&path))?;
        let shared = |name: &str| self.shared(name);
        let reading = Reading { work_tree: self.work_tree, format: settings.format, meter, shared: &shared };
        let entries = reading.index(&bytes)?;
        Ok(Tracked::new(entries, (written.mtime() as u32, written.mtime_nsec() as u32), settings))
    }

    fn shared(&self, name: &str) -> Result<Vec<u8>, RepoError> {
        let file = format!("sharedindex.{name}");
        read(&self.own.join(&file), index::LARGEST)
            .map_err(|error| self.unusable(&format!("the other half of its index, {file}: {error}")))
    }

    /// The configuration as far as it says how to read the index and the files.
    fn settings(&self) -> Result<Settings, RepoError> {
        let config =
            self.config().map_err(|error| self.unusable(&format!("its configuration: {}", error.message())))?;
        let flag = |name, otherwise| config.get_bool(name).unwrap_or(otherwise);
        let format = match config.get_string("extensions.objectformat").as_deref() {
            Err(_) | Ok("sha1") => Format::Sha1,
            Ok("sha256") => Format::Sha256,
            Ok(other) => return Err(self.unusable(&format!("its object format {other:?} isn't known"))),
        };
        Ok(Settings { format, file_mode: flag("core.filemode", true), sparse: flag("core.sparsecheckout", false) })
    }

    fn config(&self) -> Result<Config, git2::Error> {
        libgit::ready()?;
        let mut config = Config::new()?;
        let files = [
            (self.common.join("config"), ConfigLevel::Local),
            (self.own.join("config.worktree"), ConfigLevel::Worktree),
        ];
        for (path, level) in files.iter().filter(|(path, _)| path.is_file()) {
            config.add_file(path, *level, false)?;
        }
        Ok(config)
    }

    /// The rules of the repository outside of its tree.
    pub(crate) fn exclude(&self) -> String {
        let text = read(&self.common.join("info/exclude"), LARGEST).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    fn unusable(&self, reason: &str) -> RepoError {
        RepoError::WorkTree { path: self.work_tree.to_owned(), reason: reason.to_owned() }
    }
}

/// What `.git` is or points to. As with git, an empty one is nothing.
fn own(work_tree: &Path) -> Result<Option<PathBuf>, RepoError> {
    let unusable = |reason| RepoError::WorkTree { path: work_tree.to_owned(), reason };
    let dot_git = work_tree.join(".git");
    let own = match dot_git.metadata() {
        Ok(metadata) if metadata.is_dir() => dot_git,
        Ok(metadata) if metadata.is_file() => {
            let text = read(&dot_git, LARGEST).map_err(RepoError::read(&dot_git))?;
            let path = text.strip_prefix(b"gitdir:");
            work_tree.join(pointed(path.ok_or_else(|| unusable("its .git is a file without a path".to_owned()))?))
        }
        Ok(_) => return Err(unusable("its .git is neither a folder nor a file".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(RepoError::read(&dot_git)(error)),
    };
    match own.join("HEAD").symlink_metadata() {
        Ok(_) => Ok(Some(own)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(RepoError::read(&own)(error)),
        Err(_) if own.starts_with(work_tree.join(".git")) && !own.join("index").exists() => Ok(None),
        Err(_) => Err(unusable(format!("there is no HEAD in {own:?}"))),
    }
}

fn pointed(text: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(text.trim_ascii()))
}

/// Git's data may be behind links, but is never something else than a file.
fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    beneath::file_at(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it is larger than {most} bytes")));
    }
    Ok(bytes)
}
