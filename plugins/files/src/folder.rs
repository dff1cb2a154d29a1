//! What is in a folder, and what a path is.

use std::fs::{self, FileType, Metadata};
use std::time::UNIX_EPOCH;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::Inside;
use crate::stream::{Named, Names};

/// The most entries of one listing.
const ENTRIES: usize = 2_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListArguments {
    /// A folder, relative to the workspace; its root when left out.
    #[serde(default)]
    path: String,
}

#[derive(Serialize)]
pub(crate) struct Listing {
    path: String,
    entries: Vec<Entry>,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

pub(crate) fn list(arguments: &ListArguments) -> skep::Result<Listing> {
    let path = Inside::parse(&arguments.path)?;
    let failed = |error| path.failed(&error);
    let (mut entries, mut unnamed, mut truncated) = (Vec::new(), 0usize, false);
    for named in Names::of(&path).map_err(failed)? {
        match named.map_err(failed)? {
            Named::Other => unnamed += 1,
            Named::Utf8 { .. } if entries.len() == ENTRIES => {
                truncated = true;
                break;
            }
            Named::Utf8 { name, kind } => entries.push(read_entry(&path, name, kind)),
        }
    }
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Listing { path: path.as_str().to_owned(), entries, truncated, note: note(unnamed, truncated) })
}

fn note(unnamed: usize, truncated: bool) -> Option<String> {
    let more = truncated.then(|| format!("the first {ENTRIES} entries; find the others with `glob`"));
    let other = (unnamed > 0).then(|| {
        let have = if unnamed == 1 { "more has a name that is" } else { "more have names that are" };
        format!(
            "{unnamed} {have} not UTF-8, and wasi, which tools reach files through, has no other paths; `glob` shows such \
             names with U+FFFD, `grep` searches their files, and who wants to read or edit one must give it another name \
             outside of skep"
        )
    });
    let notes: Vec<_> = more.into_iter().chain(other).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

fn read_entry(folder: &Inside, name: String, kind: &'static str) -> Entry {
    // Something that vanishes or refuses while it is looked at still has its name.
    let metadata = || fs::symlink_metadata(folder.on_disk().join(&name)).ok();
    let size = if kind == "file" { metadata().map(|metadata| metadata.len()) } else { None };
    Entry { name, kind, size }
}

fn kind_of(file_type: FileType) -> &'static str {
    match file_type {
        kind if kind.is_file() => "file",
        kind if kind.is_dir() => "directory",
        kind if kind.is_symlink() => "symlink",
        _ => "other",
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatArguments {
    /// A file, folder or link, relative to the workspace.
    path: String,
}

#[derive(Serialize)]
pub(crate) struct Stat {
    path: String,
    kind: &'static str,
    size: u64,
    /// Milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_at: Option<u64>,
    /// Where a link points.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

pub(crate) fn stat(arguments: &StatArguments) -> skep::Result<Stat> {
    let path = Inside::parse(&arguments.path)?;
    let metadata = fs::symlink_metadata(path.on_disk()).map_err(|error| path.failed(&error))?;
    let target = if metadata.is_symlink() { fs::read_link(path.on_disk()).ok() } else { None };
    Ok(Stat {
        path: path.as_str().to_owned(),
        kind: kind_of(metadata.file_type()),
        size: metadata.len(),
        modified_at: modified_at(&metadata),
        target: target.map(|target| target.to_string_lossy().into_owned()),
    })
}

fn modified_at(metadata: &Metadata) -> Option<u64> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}
