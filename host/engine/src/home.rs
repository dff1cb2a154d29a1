//! Where a run's workspace is: made once, found again after a crash of this process, and not trusted after one of the machine.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use skep_model::{Access, Digest, Happening, Limits, Outcome, RepoSource, RunId, RunSpec, Timestamp};
use skep_repo::{Pin, RepoError, Watch, WorkTree};
use skep_sandbox::git::Git;
use skep_sandbox::{Room, Workspace, WorkspaceError};
use skep_state::Store;
use tokio::sync::{Mutex, Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::snapshots::Snapshots;
use crate::{Error, changes, clock, git, kept};

/// Workspaces that are looked at whole at once.
static DIGESTS: Semaphore = Semaphore::const_new(4);
/// How long that may take.
const DIGEST: Duration = Duration::from_secs(5);
/// Workspaces of failed runs that are kept at once: a run that fails again and again must not fill the disk.
const KEPT: usize = 16;
/// Runs whose changes are found out at once.
const COMPARING: usize = 2;
/// The root's name in a home; beside it is what commands have no business with.
pub(crate) const ROOT: &str = "root";
/// What mirrors of servers may take of the disk, in bytes. A single one may be larger while it is used.
const MIRRORS: u64 = 16 << 30;
/// The workspace's name in its root.
pub(crate) const WORKSPACE: &str = "workspace";

/// The folder of all workspaces.
pub(crate) struct Homes {
    folder: PathBuf,
    /// What preparations may take; their reserve of the disk is that of the tools too.
    terms: skep_repo::Terms,
    /// Differs after each start of the machine. A workspace is not synced while tools write to it, so one of an earlier
    /// start may have lost any of its writes.
    boot: String,
    snapshots: Snapshots,
    /// A comparison may hold much in memory.
    comparing: Semaphore,
    /// Told when a workspace is kept for some time.
    keeping: Notify,
}

/// A home that was made.
pub(crate) struct Made {
    /// A line for each repository.
    pub(crate) workspace: Vec<String>,
    /// The run whose startup commands made it as it is; none when they are still to be executed.
    pub(crate) snapshot: Option<RunId>,
    /// What a snapshot of it will be called after them; none when there won't be one.
    pub(crate) key: Option<Digest>,
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
    trees: Arc<Vec<(String, WorkTree)>>,
    terms: skep_repo::Terms,
    /// Whether its digest can be told in time. It is asked for by one call at a time, so that a run with many files waits for
    /// itself.
    digestible: Arc<Mutex<bool>>,
}

impl Home {
    fn open(path: &Path, limits: &Limits, terms: &skep_repo::Terms) -> Result<Self, WorkspaceError> {
        let root = Workspace::with_room(&path.join(ROOT), Room::of(limits, terms.reserve))?;
        let git = git::data(path, &path.join(ROOT).join(WORKSPACE), terms, limits);
        let trees = Arc::new(git::trees(path, &path.join(ROOT).join(WORKSPACE)));
        let terms = skep_repo::Terms { wall: DIGEST, ..terms.clone() };
        let digestible = Arc::new(Mutex::new(true));
        Ok(Self { workspace: root.below(WORKSPACE)?, root, git, trees, terms, digestible })
    }

    /// What its repositories are now; none without any, or where that can't be told.
    pub(crate) async fn digest(&self) -> Option<Digest> {
        let mut digestible = self.digestible.lock().await;
        if self.trees.is_empty() || !*digestible {
            return None;
        }
        let (trees, terms, stop) = (Arc::clone(&self.trees), self.terms.clone(), StopOnDrop::default());
        let cancel = Arc::clone(&stop.0);
        let place = DIGESTS.acquire().await.ok()?;
        let told = tokio::task::spawn_blocking(move || {
            let _held = place;
            git::digest(&trees, &terms, &cancel)
        });
        match told.await.ok()? {
            Ok(digest) => Some(digest),
            Err(error) => {
                *digestible = !matches!(error, RepoError::TimedOut { .. } | RepoError::TooMuch { .. });
                tracing::warn!(%error, "what a call left of the repositories is not in the journal");
                None
            }
        }
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
    /// In the data folder `data`. Tools and preparations leave `reserve` bytes of the disk alone, snapshots take at most
    /// `snapshot_bytes`.
    pub(crate) fn new(data: &Path, terms: skep_repo::Terms, reserve: u64, snapshot_bytes: u64) -> Self {
        // Where the system has no such file, workspaces are trusted as those of a process crash are.
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let terms = skep_repo::Terms { reserve, ..terms };
        let snapshots = Snapshots::new(data.join("snapshots"), snapshot_bytes, boot.clone(), terms.clone());
        Self {
            folder: folder(data),
            terms,
            boot,
            snapshots,
            comparing: Semaphore::new(COMPARING),
            keeping: Notify::new(),
        }
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

    /// Puts the repositories in place, or all that startup commands made of them for another run. The inner error is the run's
    /// end. Given up when dropped.
    pub(crate) async fn make(&self, run: RunId, spec: &Arc<RunSpec>) -> Result<Result<Made, Outcome>, Error> {
        let stop = StopOnDrop::default();
        let (path, spec, terms, boot) = (self.path(run), Arc::clone(spec), self.terms.clone(), self.boot.clone());
        let (cancel, snapshots) = (Arc::clone(&stop.0), self.snapshots.clone());
        let made = tokio::task::spawn_blocking(move || {
            let marked =
                fs::create_dir_all(path.parent().unwrap_or(&path)).and_then(|()| fs::write(marker(&path), boot));
            marked.map_err(|source| Unmade::Marker(path.clone(), source))?;
            let made =
                Making { path: &path, spec: &spec, terms: &terms, snapshots: &snapshots, cancel: &cancel }.make();
            if spec.repos.iter().any(|repo| matches!(repo.source, RepoSource::Url(_))) {
                shrink_mirrors(path.parent().unwrap_or(&path), &snapshots, terms.mirrors.as_deref());
            }
            // Whoever gave up may have looked for something to remove before it was there.
            if cancel.load(Ordering::Relaxed) {
                discard(run, &path);
            }
            made
        });
        Ok(made.await?.map_err(Unmade::outcome))
    }

    /// Keeps a home as its startup commands left it, for later runs that would begin with the same.
    pub(crate) async fn keep_snapshot(&self, run: RunId, key: Digest, workspace: Vec<String>) -> Result<(), Error> {
        let (home, snapshots, stop) = (self.path(run), self.snapshots.clone(), StopOnDrop::default());
        let cancel = Arc::clone(&stop.0);
        Ok(tokio::task::spawn_blocking(move || snapshots.keep(key, &home, run, workspace, &cancel)).await?)
    }

    /// What the run changed in its workspace, as events for its journal; none when there is no workspace that can be trusted.
    pub(crate) async fn changes(&self, run: RunId, store: &Arc<Store>, archive: bool) -> Result<Vec<Happening>, Error> {
        if self.find(run) != Found::Home {
            return Ok(Vec::new());
        }
        let (home, stop) = (self.path(run), StopOnDrop::default());
        let _place = self.comparing.acquire().await.map_err(|_| Error::ShuttingDown)?;
        let workspace = home.join(ROOT).join(WORKSPACE);
        let mut kept = changes::keep(store, &home, &workspace, &self.terms, &stop.0).await?;
        if archive {
            kept.extend(changes::keep_all(store, &workspace, &self.terms, &stop.0).await?);
        }
        Ok(kept)
    }

    /// Removes a run's workspace; a leftover costs room and nothing else.
    pub(crate) async fn remove(&self, run: RunId) {
        let path = self.path(run);
        if ![&path, &marker(&path), &path.with_extension(kept::MARK)].iter().any(|path| path.exists()) {
            return;
        }
        if let Err(error) = tokio::task::spawn_blocking(move || discard(run, &path)).await {
            tracing::warn!(%run, %error, "a workspace was not removed");
        }
    }

    /// Keeps the workspace of a run that has ended for so many milliseconds more.
    pub(crate) async fn keep(&self, run: RunId, ms: u64) {
        let until = clock::now().after(Duration::from_millis(ms));
        match kept::keep(&self.path(run), until) {
            Ok(()) => self.keeping.notify_one(),
            Err(error) => {
                tracing::warn!(%run, %error, "the workspace of a failed run can't be kept");
                self.remove(run).await;
            }
        }
    }

    /// Removes workspaces that were kept and whose time is over, until `end`.
    pub(crate) async fn expire(&self, end: CancellationToken) {
        loop {
            let next = self.expired().await;
            let over = async {
                match next {
                    Some(next) => tokio::time::sleep(clock::until(next)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = end.cancelled() => return,
                () = self.keeping.notified() => {}
                () = over => {}
            }
        }
    }

    /// Removes those whose time is over, and those that would go first of too many; returns when the next one's will be.
    async fn expired(&self) -> Option<Timestamp> {
        let folder = self.folder.clone();
        let mut kept = tokio::task::spawn_blocking(move || kept_in(&folder)).await.unwrap_or_default();
        kept.sort_by_key(|(_, until)| *until);
        let too_many = kept.len().saturating_sub(KEPT);
        let over = kept.iter().take_while(|(_, until)| clock::until(*until).is_zero()).count();
        let staying = kept.split_off(too_many.max(over));
        for (run, _) in kept {
            self.remove(run).await;
        }
        staying.first().map(|(_, until)| *until)
    }

    /// Removes what runs left behind that have ended and are not kept, or never got beyond the beginning of a copy, and mirrors
    /// that were not used lately when there are too many.
    pub(crate) async fn sweep(&self, unfinished: HashSet<RunId>) {
        let (folder, snapshots) = (self.folder.clone(), self.snapshots.clone());
        let mirrors = self.terms.mirrors.clone();
        let swept = tokio::task::spawn_blocking(move || {
            let kept: HashSet<_> = kept_in(&folder).into_iter().map(|(run, _)| run).collect();
            let names = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
            for name in names.filter_map(|name| name.into_string().ok()) {
                let run = name.split('.').next().and_then(|run| run.parse::<RunId>().ok());
                let of_nobody = run.is_some_and(|run| !unfinished.contains(&run) && !kept.contains(&run))
                    || name.ends_with(".partial");
                if of_nobody && let Err(error) = remove_entry(&folder.join(&name)) {
                    tracing::warn!(name, %error, "a leftover of a workspace was not removed");
                }
            }
            snapshots.sweep();
            shrink_mirrors(&folder, &snapshots, mirrors.as_deref());
        });
        if let Err(error) = swept.await {
            tracing::warn!(%error, "leftovers of workspaces were not removed");
        }
    }

    fn path(&self, run: RunId) -> PathBuf {
        path(&self.folder, run)
    }
}

/// Where the homes of a data folder are.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("workspaces")
}

pub(crate) fn path(folder: &Path, run: RunId) -> PathBuf {
    folder.join(run.to_string())
}

/// The runs whose workspaces are kept, and until when.
fn kept_in(folder: &Path) -> Vec<(RunId, Timestamp)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let marked = entries.filter(|path| path.extension().is_some_and(|kind| kind == kept::MARK));
    marked.filter_map(|path| Some((path.file_stem()?.to_str()?.parse().ok()?, kept::until(&path)?))).collect()
}

/// Removes mirrors that no home and no snapshot needs and that were not used lately, when there are too many. What stays costs
/// room.
fn shrink_mirrors(homes: &Path, snapshots: &Snapshots, mirrors: Option<&Path>) {
    let Some(mirrors) = mirrors else { return };
    let homes = fs::read_dir(homes).into_iter().flatten().flatten().map(|home| home.path()).chain(snapshots.all());
    let trees = homes.flat_map(|home| git::trees(&home, &home.join(ROOT).join(WORKSPACE)));
    let in_use = trees.filter_map(|(_, tree)| tree.origin()).collect();
    if let Err(error) = skep_repo::shrink_mirrors(mirrors, MIRRORS, &in_use) {
        tracing::warn!(%error, "mirrors of repositories were not removed");
    }
}

/// A home on its way. It has its name when it is whole, and not before.
struct Making<'a> {
    path: &'a Path,
    spec: &'a RunSpec,
    terms: &'a skep_repo::Terms,
    snapshots: &'a Snapshots,
    cancel: &'a AtomicBool,
}

impl Making<'_> {
    fn make(&self) -> Result<Made, Unmade> {
        let partial = partial(self.path);
        skep_repo::remove(&partial)?;
        let pins = self.pins()?;
        let pinned = pins.iter().map(|pin| pin.as_ref().map(|pin| format!("{pin:?}"))).collect::<Option<Vec<_>>>();
        let known = pinned.and_then(|repos| self.snapshots.key(self.spec, &repos));
        let made = match known.and_then(|key| self.restored(key, &partial)) {
            Some(made) => made,
            None => self.prepared(known, &pins, &partial)?,
        };
        fs::rename(&partial, self.path).map_err(|source| Unmade::Marker(self.path.to_owned(), source))?;
        Ok(made)
    }

    /// The commits, if it makes a difference to know them before anything is checked out.
    fn pins(&self) -> Result<Vec<Option<Pin>>, Unmade> {
        match self.snapshots.key(self.spec, &[]) {
            Some(_) => Ok(skep_repo::pin(&self.spec.repos, self.terms, self.watch(&mut |_| {}))?),
            None => Ok(Vec::new()),
        }
    }

    fn restored(&self, key: Digest, partial: &Path) -> Option<Made> {
        let about = self.snapshots.restore(key, partial, self.cancel)?;
        Some(Made { workspace: about.workspace, snapshot: Some(about.run), key: None })
    }

    /// The repositories put in place. Folders without a commit are known when their files are: then there may be a snapshot, too.
    fn prepared(&self, known: Option<Digest>, pins: &[Option<Pin>], partial: &Path) -> Result<Made, Unmade> {
        // Of a snapshot that could not be copied.
        skep_repo::remove(partial)?;
        let root = partial.join(ROOT);
        skep_sandbox::lay_out(&root).map_err(|source| Unmade::Marker(self.path.to_owned(), source))?;
        let (workspace, Self { spec, terms, .. }) = (root.join(WORKSPACE), self);
        let prepared = skep_repo::prepare_at(&workspace, &spec.repos, pins, terms, self.watch(&mut |_| {}))?;
        // Where nothing can be changed and nothing asks for git, nobody needs to know what was there.
        if spec.grants.image.is_some() || spec.grants.tools.iter().any(|tool| tool.workspace == Access::Write) {
            git::begin(partial, &workspace, &prepared, terms, self.cancel)?;
        }
        let lines: Vec<_> = prepared.repos.iter().map(ToString::to_string).collect();
        let key = match known {
            None => self.key_of_files(partial, &lines)?,
            known => known,
        };
        if known.is_none() && key.is_some_and(|key| self.snapshots.has(key)) {
            skep_repo::remove(partial)?;
            if let Some(made) = key.and_then(|key| self.restored(key, partial)) {
                return Ok(made);
            }
            return self.prepared(key, pins, partial);
        }
        Ok(Made { workspace: lines, snapshot: None, key })
    }

    fn key_of_files(&self, partial: &Path, lines: &[String]) -> Result<Option<Digest>, Unmade> {
        let trees = git::trees(partial, &partial.join(ROOT).join(WORKSPACE));
        let beginnings = trees.iter().map(|(_, tree)| tree.beginning()).collect::<Result<Vec<_>, _>>()?;
        Ok(self.snapshots.key(self.spec, &[lines, &beginnings].concat()))
    }

    fn watch<'w>(&'w self, progress: &'w mut dyn FnMut(skep_repo::Progress)) -> Watch<'w> {
        Watch { progress, cancel: self.cancel }
    }
}

/// What is not whole: not yet, or not any more.
fn partial(path: &Path) -> PathBuf {
    path.with_extension("partial")
}

enum Unmade {
    Marker(PathBuf, io::Error),
    Repo(RepoError),
}

impl From<RepoError> for Unmade {
    fn from(error: RepoError) -> Self {
        Self::Repo(error)
    }
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
pub(crate) fn unmake(path: &Path) -> Result<(), String> {
    let partial = partial(path);
    let absent = |error: io::Error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) };
    skep_repo::remove(&partial).map_err(|error| error.to_string())?;
    fs::rename(path, &partial).or_else(absent).map_err(|error| error.to_string())?;
    skep_repo::remove(&partial).map_err(|error| error.to_string())?;
    let marks = [marker(path), path.with_extension(kept::MARK)];
    marks.iter().try_for_each(|mark| fs::remove_file(mark).or_else(absent)).map_err(|error| error.to_string())
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
            archive: false,
            keep_failed_ms: 0,
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
        let snapshots = Snapshots::new(folder.path().join("snapshots"), 0, String::new(), terms.clone());
        let making = Making { path: &home, spec: &spec, terms: &terms, snapshots: &snapshots, cancel: &true.into() };
        assert!(making.make().is_err());
        assert!(!home.exists() && partial(&home).join(ROOT).exists());
        assert!(Making { cancel: &false.into(), ..making }.make().is_ok());
        assert!(home.join("root/workspace/file").is_file() && !partial(&home).exists());
        assert_eq!(unmake(&home), Ok(()));
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }
}
