//! Which files an argument stands for: itself, or with `-r` everything below it.

use std::path::{Path, PathBuf};

use globset::GlobSet;
use ignore::{DirEntry, WalkBuilder};

use super::options::{Directories, Options};

/// The files of one argument in the order of their names, each readable or a problem to report.
pub(super) fn below<'a>(
    argument: &str,
    options: &'a Options,
) -> Box<dyn Iterator<Item = Result<PathBuf, String>> + 'a> {
    let path = PathBuf::from(argument);
    let folder = std::fs::metadata(&path).is_ok_and(|metadata| metadata.is_dir());
    match options.directories {
        _ if !folder => Box::new(wanted(&path, options).then(|| Ok(path.clone())).into_iter()),
        Directories::Read => Box::new(std::iter::once(Err(format!("{argument}: Is a directory")))),
        Directories::Skip => Box::new(std::iter::empty()),
        Directories::Recurse { follow_links } => Box::new(walk(path, follow_links, options)),
    }
}

fn walk(
    folder: PathBuf,
    follow_links: bool,
    options: &Options,
) -> impl Iterator<Item = Result<PathBuf, String>> + use<'_> {
    let excluded = options.excluded_folders.clone();
    let nameless = options.implied_folder;
    let walk = WalkBuilder::new(&folder)
        .standard_filters(false)
        .follow_links(follow_links)
        .sort_by_file_name(|a, b| a.cmp(b))
        .filter_entry(move |entry| entry.depth() == 0 || !(is_folder(entry) && matches(&excluded, entry.path())))
        .build();
    walk.filter_map(move |entry| match entry {
        Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) && wanted(entry.path(), options) => {
            let path = entry.into_path();
            Some(Ok(if nameless { path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path) } else { path }))
        }
        Ok(_) => None,
        Err(problem) => Some(Err(problem.to_string())),
    })
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

fn wanted(path: &Path, options: &Options) -> bool {
    let included = options.included.is_empty() || matches(&options.included, path);
    included && !matches(&options.excluded, path)
}

/// A glob is held against the whole path, and against its last name.
fn matches(globs: &GlobSet, path: &Path) -> bool {
    globs.is_match(path) || path.file_name().is_some_and(|name| globs.is_match(name))
}
