//! Where a run's workspace is: made once, found again after a crash of this process, and not trusted after one of the machine.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use skep_model::{Access, Happening, Limits, Outcome, RepoSource, RunId, RunSpec};
use skep_repo::{RepoError, Watch};
use skep_sandbox::git::Git;
use skep_sandbox::{Room, Workspace, WorkspaceError};
use skep_state::Store;
use tokio::sync::Semaphore;

use crate::{Error, changes, git};

/// Runs whose changes are found out at once.
const COMPARING: usize = 2;
/// The root's name in a home; beside it is what commands have no business with.
const ROOT: &str = "root";
/// What mirrors of servers may take of the disk, in bytes. A single one may be larger while it is used.
const MIRRORS: u64 = 16 << 30;
/// The workspace's name in its root.
const WORKSPACE: &str = "workspace";

/// The folder of all workspaces.
pub(crate) struct Homes {
    folder: PathBuf,
    /// What preparations may take; their reserve of the disk is that of the tools too.
    terms: skep_repo::Terms,
    /// Differs after each start of the machine. A workspace is not synced while tools write to it, so one of an earlier
    /// start may have lost any of its writes.
    boot: String,
    /// A comparison may hold much in memory.
    comparing: Semaphore,
}

/// A run's root, and the workspace in it. What is written to either counts for both.
#[derive(Clone)]
pub(crate) struct Home {
    /// What commands see as `/`.
    pub(crate) root: Workspace,
    /// What tools see as `/workspace`.
    pub(crate) workspace: Workspace,
    /// The git data of its repositories, which stands outside of the root.
    pub(crate) git: Option<Git>,
}

impl Home {
    fn open(path: &Path, limits: &Limits, terms: &skep_repo::Terms) -> Result<Self, WorkspaceError> {
        let root = Workspace::with_room(&path.join(ROOT), Room::of(limits, terms.reserve))?;
        let git = git::data(path, &path.join(ROOT).join(WORKSPACE), terms, limits);
        Ok(Self { workspace: root.below(WORKSPACE)?, root, git })
    }
}

/// What is at a run's place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing yet.
    Nothing,
    /// Its workspace.
    Home,
    /// A workspace of before the machine's last start.
    Stale,
}

impl Homes {
    pub(crate) fn new(folder: PathBuf, terms: skep_repo::Terms, reserve: u64) -> Self {
        // Where the system has no such file, workspaces are trusted as those of a process crash are.
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let terms = skep_repo::Terms { reserve, ..terms };
        Self { folder, terms, boot, comparing: Semaphore::new(COMPARING) }
    }

    /// Whether a run with this spec has a workspace at all.
    pub(crate) fn needed(spec: &RunSpec) -> bool {
        !spec.repos.is_empty() || spec.grants.tools.iter().any(|tool| tool.workspace != Access::None)
    }

    pub(crate) fn find(&self, run: RunId) -> Found {
        let path = self.path(run);
        match fs::read_to_string(marker(&path)) {
            _ if !path.is_dir() => Found::Nothing,
            Ok(boot) if boot == self.boot => Found::Home,
            _ => Found::Stale,
        }
    }

    pub(crate) fn open(&self, run: RunId, spec: &RunSpec) -> Result<Home, Outcome> {
        Home::open(&self.path(run), &spec.limits, &self.terms)
            .map_err(|error| Outcome::HostFault(format!("the workspace is gone: {error}")))
    }

    /// Puts the repositories in place: a line for each. The inner error is the run's end. Given up when dropped.
    pub(crate) async fn make(&self, run: RunId, spec: &Arc<RunSpec>) -> Result<Result<Vec<String>, Outcome>, Error> {
        let stop = StopOnDrop::default();
        let (path, spec, terms, boot) = (self.path(run), Arc::clone(spec), self.terms.clone(), self.boot.clone());
        let cancel = Arc::clone(&stop.0);
        let made = tokio::task::spawn_blocking(move || {
            let marked =
                fs::create_dir_all(path.parent().unwrap_or(&path)).and_then(|()| fs::write(marker(&path), boot));
            marked.map_err(|source| Unmade::Marker(path.clone(), source))?;
            let prepared = prepare(&path, &spec, &terms, &cancel);
            if spec.repos.iter().any(|repo| matches!(repo.source, RepoSource::Url(_))) {
                shrink_mirrors(path.parent().unwrap_or(&path), terms.mirrors.as_deref());
            }
            // Whoever gave up may have looked for something to remove before it was there.
            if cancel.load(Ordering::Relaxed) {
                discard(run, &path);
            }
            prepared
        });
        Ok(match made.await? {
            Ok(prepared) => Ok(prepared.repos.iter().map(ToString::to_string).collect()),
            Err(unmade) => Err(unmade.outcome()),
        })
    }

    /// What the run changed in its workspace, as events for its journal; none when there is no workspace that can be trusted.
    pub(crate) async fn changes(&self, run: RunId, store: &Arc<Store>) -> Result<Vec<Happening>, Error> {
        if self.find(run) != Found::Home {
            return Ok(Vec::new());
        }
        let (home, stop) = (self.path(run), StopOnDrop::default());
        let _place = self.comparing.acquire().await.map_err(|_| Error::ShuttingDown)?;
        changes::keep(store, &home, &home.join(ROOT).join(WORKSPACE), &self.terms, &stop.0).await
    }

    /// Removes a run's workspace; a leftover costs room and nothing else.
    pub(crate) async fn remove(&self, run: RunId) {
        let path = self.path(run);
        if !path.exists() && !marker(&path).exists() {
            return;
        }
        if let Err(error) = tokio::task::spawn_blocking(move || discard(run, &path)).await {
            tracing::warn!(%run, %error, "a workspace was not removed");
        }
    }

    /// Removes what runs left behind that have ended, or never got beyond the beginning of a copy, and mirrors that were not
    /// used lately when there are too many.
    pub(crate) async fn sweep(&self, unfinished: HashSet<RunId>) {
        let (folder, mirrors) = (self.folder.clone(), self.terms.mirrors.clone());
        let swept = tokio::task::spawn_blocking(move || {
            let names = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
            for name in names.filter_map(|name| name.into_string().ok()) {
                let run = name.split('.').next().and_then(|run| run.parse::<RunId>().ok());
                let of_nobody = run.is_some_and(|run| !unfinished.contains(&run)) || name.ends_with(".partial");
                if of_nobody && let Err(error) = remove_entry(&folder.join(&name)) {
                    tracing::warn!(name, %error, "a leftover of a workspace was not removed");
                }
            }
            shrink_mirrors(&folder, mirrors.as_deref());
        });
        if let Err(error) = swept.await {
            tracing::warn!(%error, "leftovers of workspaces were not removed");
        }
    }

    fn path(&self, run: RunId) -> PathBuf {
        self.folder.join(run.to_string())
    }
}

/// Removes mirrors that no home needs and that were not used lately, when there are too many. What stays costs room.
fn shrink_mirrors(homes: &Path, mirrors: Option<&Path>) {
    let Some(mirrors) = mirrors else { return };
    let homes = fs::read_dir(homes).into_iter().flatten().flatten().map(|home| home.path());
    let trees = homes.flat_map(|home| git::trees(&home, &home.join(ROOT).join(WORKSPACE)));
    let in_use = trees.filter_map(|(_, tree)| tree.origin()).collect();
    if let Err(error) = skep_repo::shrink_mirrors(mirrors, MIRRORS, &in_use) {
        tracing::warn!(%error, "mirrors of repositories were not removed");
    }
}

/// The root, with the repositories in its workspace. It has its name when it is whole, and not before.
fn prepare(
    path: &Path,
    spec: &RunSpec,
    terms: &skep_repo::Terms,
    cancel: &AtomicBool,
) -> Result<skep_repo::Prepared, Unmade> {
    let partial = partial(path);
    skep_repo::remove(&partial).map_err(Unmade::Repo)?;
    let unmade = |source| Unmade::Marker(path.to_owned(), source);
    let root = partial.join(ROOT);
    skep_sandbox::lay_out(&root).map_err(unmade)?;
    let workspace = root.join(WORKSPACE);
    let watch = Watch { progress: &mut |_| {}, cancel };
    let prepared = skep_repo::prepare(&workspace, &spec.repos, terms, watch).map_err(Unmade::Repo)?;
    // Where nothing can be changed and nothing asks for git, nobody needs to know what was there.
    if spec.grants.image.is_some() || spec.grants.tools.iter().any(|tool| tool.workspace == Access::Write) {
        git::begin(&partial, &workspace, &prepared, terms, cancel).map_err(Unmade::Repo)?;
    }
    fs::rename(&partial, path).map_err(unmade)?;
    Ok(prepared)
}

/// What is not whole: not yet, or not any more.
fn partial(path: &Path) -> PathBuf {
    path.with_extension("partial")
}

enum Unmade {
    Marker(PathBuf, io::Error),
    Repo(RepoError),
}

impl Unmade {
    fn outcome(self) -> Outcome {
        match self {
            Self::Marker(path, error) => Outcome::HostFault(format!("{}: {error}", path.display())),
            Self::Repo(error @ (RepoError::Write { .. } | RepoError::Exists { .. })) => {
                Outcome::HostFault(error.to_string())
            }
            Self::Repo(error) => Outcome::Invalid(error.to_string()),
        }
    }
}

fn discard(run: RunId, path: &Path) {
    if let Err(error) = unmake(path) {
        tracing::warn!(%run, error, "a workspace was not removed");
    }
}

/// The name goes first, so that what is left of a root when this is cut off is nobody's.
fn unmake(path: &Path) -> Result<(), String> {
    let partial = partial(path);
    let absent = |error: io::Error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) };
    skep_repo::remove(&partial).map_err(|error| error.to_string())?;
    fs::rename(path, &partial).or_else(absent).map_err(|error| error.to_string())?;
    skep_repo::remove(&partial).map_err(|error| error.to_string())?;
    fs::remove_file(marker(path)).or_else(absent).map_err(|error| error.to_string())
}

fn remove_entry(path: &Path) -> Result<(), String> {
    if path.is_dir() && !path.is_symlink() {
        skep_repo::remove(path).map_err(|error| error.to_string())
    } else {
        fs::remove_file(path).map_err(|error| error.to_string())
    }
}

/// Beside the workspace and not in it, where tools could write it.
fn marker(workspace: &Path) -> PathBuf {
    workspace.with_extension("boot")
}

/// Sets a flag when the future that waits for blocking work is dropped.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use skep_model::{AgentPin, Content, Digest, Grants};

    use super::*;

    fn spec(source: &Path) -> RunSpec {
        RunSpec {
            title: String::new(),
            prompt: Content::Inline(String::new()),
            context: Content::Inline("{}".to_owned()),
            agent: AgentPin { name: "a".to_owned(), version: "1".to_owned(), component: Digest::of(b"") },
            environment: "e".to_owned(),
            repos: vec![RepoSource::Path(source.display().to_string()).into()],
            grants: Grants::default(),
            startup: Vec::new(),
            variables: BTreeMap::new(),
            limits: Limits::RUN,
            submitter: "s".to_owned(),
            priority: 0,
            metadata: BTreeMap::new(),
            seed: 1,
        }
    }

    /// Whoever is killed leaves what whoever gives up leaves: nothing that looks like a home.
    #[test]
    fn a_root_has_its_name_when_it_is_whole_and_not_before() -> Result<(), io::Error> {
        let folder = tempfile::tempdir()?;
        let (source, home) = (folder.path().join("source"), folder.path().join("home"));
        fs::create_dir(&source)?;
        fs::write(source.join("file"), "x")?;
        let (terms, spec) = (skep_repo::Terms::default(), spec(&source));
        assert!(prepare(&home, &spec, &terms, &AtomicBool::new(true)).is_err());
        assert!(!home.exists() && partial(&home).join(ROOT).exists());
        assert!(prepare(&home, &spec, &terms, &AtomicBool::new(false)).is_ok());
        assert!(home.join("root/workspace/file").is_file() && !partial(&home).exists());
        assert_eq!(unmake(&home), Ok(()));
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }
}
