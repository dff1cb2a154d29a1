//! What is in a folder, and what a path is.

use std::fs::{self, FileType, Metadata};
use std::time::UNIX_EPOCH;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::Inside;

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
    let mut entries = Vec::new();
    let mut note = None;
    for entry in fs::read_dir(path.on_disk()).map_err(|error| path.failed(&error))? {
        match entry {
            Ok(entry) if entries.len() < ENTRIES => entries.push(read_entry(&entry)),
            Ok(_) => note = Some(format!("the first {ENTRIES} entries; find the others with `glob`")),
            // A name that is not UTF-8 can't be read through wasi, nor can those after it.
            Err(error) => note = Some(format!("not all could be read ({error}); `glob` shows the others")),
        }
        if note.is_some() {
            break;
        }
    }
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Listing { path: path.as_str().to_owned(), entries, truncated: note.is_some(), note })
}

fn read_entry(entry: &fs::DirEntry) -> Entry {
    let name = entry.file_name().to_string_lossy().into_owned();
    // Something that vanishes or refuses while it is looked at still has its name.
    let kind = entry.file_type().map_or("other", kind_of);
    let size = if kind == "file" { entry.metadata().ok().map(|metadata| metadata.len()) } else { None };
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
