//! A folder of its own for each test, with a workspace to make and git to prepare sources with.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use skep_model::{RepoSource, RepoSpec};
use skep_repo::{Prepared, Progress, RepoError, Terms, Watch, prepare, remove};
use tempfile::TempDir;

pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["source", "data"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.at("source")
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.at("data/workspace")
    }

    /// Writes a file of the source, and the folders it needs.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.source().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Runs git in the source, with no configuration but the test's.
    pub(crate) fn git<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        git(&self.source(), arguments)
    }

    /// The source as a repository with one commit of all its files.
    pub(crate) fn committed(&self) -> String {
        self.git(["init", "--quiet", "--initial-branch", "main"]);
        self.commit()
    }

    pub(crate) fn commit(&self) -> String {
        self.git(["add", "--all"]);
        self.git(["commit", "--quiet", "--allow-empty", "--message", "a commit"]);
        self.git(["rev-parse", "HEAD"])
    }

    pub(crate) fn prepare(&self) -> Result<Prepared, RepoError> {
        self.prepare_with(&[self.path_source()], &Terms::default())
    }

    pub(crate) fn prepare_with(&self, sources: &[RepoSource], terms: &Terms) -> Result<Prepared, RepoError> {
        let repos: Vec<_> = sources.iter().cloned().map(RepoSpec::from).collect();
        self.prepare_repos(&repos, terms)
    }

    pub(crate) fn prepare_repos(&self, repos: &[RepoSpec], terms: &Terms) -> Result<Prepared, RepoError> {
        self.watched(repos, terms, &mut |_| {}, &AtomicBool::new(false))
    }

    pub(crate) fn watched(
        &self,
        repos: &[RepoSpec],
        terms: &Terms,
        progress: &mut dyn FnMut(Progress),
        cancel: &AtomicBool,
    ) -> Result<Prepared, RepoError> {
        let prepared = prepare(&self.workspace(), repos, terms, Watch { progress, cancel });
        assert_eq!(self.workspace().exists(), prepared.is_ok(), "{prepared:?}");
        assert!(!self.at("data/workspace.partial").exists(), "a partial workspace is left after {prepared:?}");
        prepared
    }

    /// With servers of this machine, whose git data is kept.
    pub(crate) fn kept(&self) -> Terms {
        let mirrors = Some(self.at("mirrors"));
        Terms { allow_private: true, wall: Duration::from_secs(60), mirrors, ..Terms::default() }
    }

    /// Prepares a new workspace, with what was kept; returns how many objects came over the wire, too.
    pub(crate) fn again(&self, repo: &RepoSpec) -> Result<(Prepared, u64), RepoError> {
        remove(&self.workspace())?;
        let mut objects = 0;
        let mut progress = |progress| {
            if let Progress::Received { of, .. } = progress {
                objects = of;
            }
        };
        let repos = std::slice::from_ref(repo);
        let prepared = self.watched(repos, &self.kept(), &mut progress, &AtomicBool::new(false))?;
        Ok((prepared, objects))
    }

    pub(crate) fn path_source(&self) -> RepoSource {
        RepoSource::Path(self.source().to_str().unwrap().to_owned())
    }

    pub(crate) fn file_url(&self) -> RepoSource {
        RepoSource::Url(format!("file://{}", self.source().to_str().unwrap()))
    }

    /// The paths of the workspace; folders end with a slash.
    pub(crate) fn names(&self) -> Vec<String> {
        let workspace = self.workspace();
        walk(&workspace).into_iter().map(|path| name(&workspace, &path)).collect()
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.workspace().join(path)).unwrap()
    }
}

fn name(base: &Path, path: &Path) -> String {
    let slash = if path.symlink_metadata().unwrap().is_dir() { "/" } else { "" };
    format!("{}{slash}", path.strip_prefix(base).unwrap().to_string_lossy())
}

pub(crate) fn git<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Everything below a folder, sorted; links are not followed.
pub(crate) fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.symlink_metadata().unwrap().is_dir() {
                folders.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Everything that can be known of a tree: kind, mode, owner, inode, times and content of each entry.
pub(crate) fn portrait(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut portrait = BTreeMap::new();
    for path in walk(folder).into_iter().chain([folder.to_owned()]) {
        let stat = path.symlink_metadata().unwrap();
        let content = match stat.file_type() {
            kind if kind.is_file() => format!("{:x?}", Sha256::digest(fs::read(&path).unwrap())),
            kind if kind.is_symlink() => format!("{:?}", fs::read_link(&path).unwrap()),
            _ => String::new(),
        };
        let (mode, inode, links) = (stat.mode(), stat.ino(), stat.nlink());
        let times = [stat.mtime(), stat.mtime_nsec(), stat.ctime(), stat.ctime_nsec()];
        portrait.insert(path, format!("{mode:o} {inode} {links} {times:?} {content}"));
    }
    portrait
}
