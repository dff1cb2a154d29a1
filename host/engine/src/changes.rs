//! What a run changed in its workspace, kept at its end: a patch for each repository, and one list of all files. Where that can't
//! be told or kept the list says so, and the run ends as it did.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skep_model::{Artifact, Happening};
use skep_repo::{Change, ChangeKind, Changes, RepoError, Terms, Watch, WorkTree};
use skep_state::Store;

use crate::{Error, git, keep};

/// The name of the artifact that lists changed files.
pub const CHANGES: &str = "changes.json";
/// The name of the artifact that a whole workspace is.
pub const ARCHIVE: &str = "workspace.tar.gz";
/// The media type of patches.
pub const PATCH_TYPE: &str = "text/x-diff";
/// The largest patch of one repository, and the largest archive, in bytes.
const LARGEST: u64 = 64 << 20;
/// Files in the list, and the bytes of their paths; more are counted only.
const LISTED: usize = 10_000;
const LISTED_BYTES: usize = 1 << 20;
/// How long all repositories of a run may take together.
const LONGEST: Duration = Duration::from_secs(60);

/// What one repository of a workspace became.
struct Repository {
    /// In the workspace.
    folder: String,
    /// What its patch is called.
    patch: String,
    changes: Result<(Changes, Vec<u8>), String>,
}

/// Whether only the host may keep an artifact with this name: nobody else says what a run changed.
pub(crate) fn is_reserved(name: &str) -> bool {
    name == CHANGES || name == ARCHIVE || name.starts_with("changes") && name.ends_with(".patch")
}

/// Keeps what a run with this home changed, if it changed anything: the events that say so. Given up when `cancel` is set.
pub(crate) async fn keep(
    store: &Arc<Store>,
    home: &Path,
    workspace: &Path,
    terms: &Terms,
    cancel: &Arc<AtomicBool>,
) -> Result<Vec<Happening>, Error> {
    let (trees, terms, cancel) = (git::trees(home, workspace), terms.clone(), Arc::clone(cancel));
    let all = tokio::task::spawn_blocking(move || told(trees, &terms, &cancel)).await?;
    let (mut kept, mut listed) = (Vec::new(), Vec::new());
    for mut repository in all {
        if let Ok((_, patch)) = &mut repository.changes {
            match reported(store, &repository.patch, PATCH_TYPE, std::mem::take(patch)).await {
                Ok(patch) => kept.push(patch),
                Err(error) => repository.changes = Err(format!("the patch can't be kept: {error}")),
            }
        }
        listed.push(repository.listed());
    }
    if !listed.is_empty() {
        let list = json!({ "repositories": listed }).to_string().into_bytes();
        match reported(store, CHANGES, "application/json", list).await {
            Ok(list) => kept.push(list),
            Err(error) => tracing::warn!(%error, "the list of what a run changed can't be kept"),
        }
    }
    Ok(kept)
}

/// Keeps the whole workspace, if it is small enough.
pub(crate) async fn keep_all(
    store: &Arc<Store>,
    workspace: &Path,
    terms: &Terms,
    cancel: &Arc<AtomicBool>,
) -> Result<Vec<Happening>, Error> {
    let (folder, cancel) = (workspace.to_owned(), Arc::clone(cancel));
    let terms = Terms { wall: LONGEST, ..terms.clone() };
    let packed = tokio::task::spawn_blocking(move || {
        skep_repo::archive(&folder, LARGEST, &terms, Watch { progress: &mut |_| {}, cancel: &cancel })
    });
    let kept = match packed.await? {
        Ok(packed) => reported(store, ARCHIVE, "application/gzip", packed).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    Ok(kept.map_err(|error| tracing::warn!(error, "a workspace can't be kept as an artifact")).into_iter().collect())
}

/// Each repository that was changed, or of which that can't be told.
fn told(trees: Vec<(String, WorkTree)>, terms: &Terms, cancel: &AtomicBool) -> Vec<Repository> {
    let (began, several) = (Instant::now(), trees.len() > 1);
    let mut all = Vec::new();
    for (number, (folder, tree)) in (1..).zip(trees) {
        let terms = Terms { wall: LONGEST.saturating_sub(began.elapsed()), ..terms.clone() };
        let patch = if several { format!("changes-{number}.patch") } else { "changes.patch".to_owned() };
        match changes(&tree, &terms, cancel) {
            Ok((changes, _)) if changes.files.is_empty() => {}
            changes => all.push(Repository { folder, patch, changes: changes.map_err(|error| error.to_string()) }),
        }
    }
    all
}

fn changes(tree: &WorkTree, terms: &Terms, cancel: &AtomicBool) -> Result<(Changes, Vec<u8>), RepoError> {
    let mut patch = Vec::new();
    let changes = tree.changes(&mut patch, LARGEST, terms, Watch { progress: &mut |_| {}, cancel })?;
    Ok((changes, patch))
}

impl Repository {
    fn listed(&self) -> Value {
        let Self { folder, patch, changes } = self;
        let Changes { files, missing } = match changes {
            Ok((changes, _)) => changes,
            Err(reason) => return json!({ "directory": folder, "untold": reason }),
        };
        let mut room = LISTED_BYTES;
        let fits = |change: &&Change| {
            let left = room.checked_sub(change.path.len());
            room = left.unwrap_or_default();
            left.is_some()
        };
        json!({
            "directory": folder,
            "patch": patch,
            "patch_is_whole": missing.is_empty(),
            "files_changed": files.len(),
            "files": files.iter().take(LISTED).take_while(fits).map(listed).collect::<Vec<_>>(),
        })
    }
}

fn listed(change: &Change) -> Value {
    let kind = match change.kind {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "modified",
        ChangeKind::Deleted => "deleted",
        ChangeKind::TypeChanged => "type_changed",
    };
    let mut file = json!({ "path": String::from_utf8_lossy(&change.path), "kind": kind });
    if let Some((added, removed)) = change.lines {
        file["lines_added"] = added.into();
        file["lines_removed"] = removed.into();
    }
    file
}

async fn reported(store: &Arc<Store>, name: &str, media_type: &str, content: Vec<u8>) -> Result<Happening, Error> {
    let bytes = content.len() as u64;
    let digest = keep::bytes(store, content).await?;
    let (name, media_type) = (name.to_owned(), media_type.to_owned());
    Ok(Happening::Reported { artifact: Artifact { name, media_type, digest, bytes } })
}
