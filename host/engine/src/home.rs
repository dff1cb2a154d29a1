//! Where a run's workspace is: made once, found again after a crash of this process, and not trusted after one of the machine.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use skep_model::{Access, Happening, Outcome, RunId, RunSpec};
use skep_repo::{RepoError, Watch};
use skep_sandbox::git::Repositories;
use skep_sandbox::{Room, Workspace, WorkspaceError};
use skep_state::Store;

use crate::{Error, changes, git};

/// The root's name in a home; beside it is what commands have no business with.
const ROOT: &str = "root";
/// What mirrors of servers may take of the disk, in bytes. A single one may be larger while it is used.
const MIRRORS: u64 = 16 << 30;
/// The workspace's name in its root.
const WORKSPACE: &str = "workspace";

/// The folder of all workspaces.
pub(crate) struct Homes {
    folder: PathBuf,
    terms: skep_repo::Terms,
    /// Bytes of free disk that no tool may write into.
    reserve: u64,
    /// Differs after each start of the machine. A workspace is not synced while tools write to it, so one of an earlier
    /// start may have lost any of its writes.
    boot: String,
}

/// A run's root, and the workspace in it. What is written to either counts for both.
#[derive(Clone)]
pub(crate) struct Home {
    /// What commands see as `/`.
    pub(crate) root: Workspace,
    /// What tools see as `/workspace`.
    pub(crate) workspace: Workspace,
    /// The git data of its repositories, which stands outside of the root.
    pub(crate) git: Option<Arc<dyn Repositories>>,
}

impl Home {
    fn open(path: &Path, room: Room, terms: &skep_repo::Terms) -> Result<Self, WorkspaceError> {
        let root = Workspace::with_room(&path.join(ROOT), room)?;
        let git = git::data(path, &path.join(ROOT).join(WORKSPACE), terms);
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
        Self { folder, terms, reserve, boot }
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
        Home::open(&self.path(run), Room::of(&spec.limits, self.reserve), &self.terms)
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
        let home = self.path(run);
        changes::keep(store, &home, &home.join(ROOT).join(WORKSPACE), &self.terms).await
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
            if let Some(Err(error)) = mirrors.map(|mirrors| skep_repo::shrink_mirrors(&mirrors, MIRRORS)) {
                tracing::warn!(%error, "mirrors of repositories were not removed");
            }
        });
        if let Err(error) = swept.await {
            tracing::warn!(%error, "leftovers of workspaces were not removed");
        }
    }

    fn path(&self, run: RunId) -> PathBuf {
        self.folder.join(run.to_string())
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
