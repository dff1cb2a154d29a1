//! What a run changed in its workspace, kept at its end: a patch for each repository, and one list of all files.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::{Value, json};
use skep_model::{Artifact, Happening};
use skep_repo::{Change, ChangeKind, PatchEnd, RepoError, Terms, Watch, WorkTree};
use skep_state::Store;

use crate::{Error, git, keep};

/// The name of the artifact that lists changed files.
pub const CHANGES: &str = "changes.json";
/// The media type of patches.
pub const PATCH_TYPE: &str = "text/x-diff";
/// The largest patch of one repository, in bytes.
const LARGEST: u64 = 64 << 20;
/// Files in the list; more are counted only.
const LISTED: usize = 10_000;
/// How long one repository may take.
const LONGEST: Duration = Duration::from_secs(60);

/// What one repository of a workspace became.
struct Changed {
    folder: String,
    files: Vec<Change>,
    patch: Vec<u8>,
    whole: bool,
}

/// The name of the artifact with the patch of the repository in this folder of the workspace.
pub fn patch_name(folder: &str) -> String {
    if folder.is_empty() { "changes.patch".to_owned() } else { format!("changes-{}.patch", folder.replace('/', "-")) }
}

/// Keeps what a run with this home changed, if it changed anything: the events that say so. What can't be told is said in the
/// host's log and costs the run nothing.
pub(crate) async fn keep(
    store: &Arc<Store>,
    home: &Path,
    workspace: &Path,
    terms: &Terms,
) -> Result<Vec<Happening>, Error> {
    let (home, workspace) = (home.to_owned(), workspace.to_owned());
    let terms = Terms { wall: LONGEST, ..terms.clone() };
    let told = tokio::task::spawn_blocking(move || {
        let trees = git::trees(&home, &workspace).into_iter();
        trees.map(|(folder, tree)| changed(folder, &tree, &terms)).collect::<Result<Vec<_>, _>>()
    });
    let mut all = match told.await? {
        Ok(all) => all,
        Err(error) => {
            tracing::warn!(%error, "what a run changed can't be told");
            return Ok(Vec::new());
        }
    };
    all.retain(|repository| !repository.files.is_empty());
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let mut kept = Vec::with_capacity(all.len() + 1);
    let list = json!({ "repositories": all.iter().map(listed).collect::<Vec<_>>() }).to_string();
    for repository in all {
        kept.push(reported(store, patch_name(&repository.folder), PATCH_TYPE, repository.patch).await?);
    }
    kept.push(reported(store, CHANGES.to_owned(), "application/json", list.into_bytes()).await?);
    Ok(kept)
}

fn changed(folder: String, tree: &WorkTree, terms: &Terms) -> Result<Changed, RepoError> {
    let cancel = AtomicBool::new(false);
    let files = tree.changes(terms, Watch { progress: &mut |_| {}, cancel: &cancel })?;
    let mut patch = Vec::new();
    let end = tree.patch(&mut patch, LARGEST, terms, Watch { progress: &mut |_| {}, cancel: &cancel })?;
    Ok(Changed { folder, files, patch, whole: end == PatchEnd::Whole })
}

fn listed(repository: &Changed) -> Value {
    let Changed { folder, files, whole, .. } = repository;
    let file = |change: &Change| {
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
    };
    json!({
        "directory": folder,
        "patch": patch_name(folder),
        "patch_is_whole": whole,
        "files_changed": files.len(),
        "files": files.iter().take(LISTED).map(file).collect::<Vec<_>>(),
    })
}

async fn reported(store: &Arc<Store>, name: String, media_type: &str, content: Vec<u8>) -> Result<Happening, Error> {
    let bytes = content.len() as u64;
    let digest = keep::bytes(store, content).await?;
    Ok(Happening::Reported { artifact: Artifact { name, media_type: media_type.to_owned(), digest, bytes } })
}
