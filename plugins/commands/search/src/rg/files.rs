//! Which files are searched: those below the named folders that no ignore file, glob or type takes away.

use std::path::{Path, PathBuf};

use ignore::overrides::OverrideBuilder;
use ignore::{DirEntry, WalkBuilder};

use super::options::{Options, Order, Stop};

pub(super) struct Found {
    pub(super) path: PathBuf,
    /// On the command line, rather than found below a folder of it.
    pub(super) named: bool,
}

pub(super) fn walk(options: &Options) -> Result<Box<dyn Iterator<Item = Result<Found, String>> + '_>, Stop> {
    let (first, others) = options.paths.split_first().ok_or_else(|| Stop::Problem("no path to search".into()))?;
    let mut walk = WalkBuilder::new(first);
    for path in others {
        walk.add(path);
    }
    let filters = options.respects_ignore_files;
    walk.hidden(!options.hidden)
        .ignore(filters)
        .parents(filters && options.respects_parents)
        .git_ignore(filters && options.respects_git)
        .git_global(filters && options.respects_git)
        .git_exclude(filters && options.respects_git)
        .require_git(options.requires_git)
        .follow_links(options.follows_links)
        .max_depth(options.most_depth)
        .max_filesize(options.most_bytes)
        .types(options.types.clone())
        .overrides(overrides(options)?);
    if filters {
        walk.add_custom_ignore_filename(".rgignore");
    }
    for file in &options.ignore_files {
        if let Some(problem) = walk.add_ignore(file) {
            return Err(Stop::Problem(problem.to_string()));
        }
    }
    sort(&mut walk, options.order);
    let files = walk.build().filter_map(move |entry| found(entry, options));
    Ok(if options.order.reversed { Box::new(files.collect::<Vec<_>>().into_iter().rev()) } else { Box::new(files) })
}

fn overrides(options: &Options) -> Result<ignore::overrides::Override, Stop> {
    let mut builder = OverrideBuilder::new(".");
    for (glob, folds) in &options.globs {
        builder.case_insensitive(*folds || options.globs_fold_case)?;
        builder.add(glob)?;
    }
    Ok(builder.build()?)
}

fn sort(walk: &mut WalkBuilder, order: Order) {
    let time = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    if order.by_time {
        walk.sort_by_file_path(move |a, b| time(a).cmp(&time(b)));
    } else {
        walk.sort_by_file_name(|a, b| a.cmp(b));
    }
}

fn found(entry: Result<DirEntry, ignore::Error>, options: &Options) -> Option<Result<Found, String>> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(problem) => return Some(Err(problem.to_string())),
    };
    let named = entry.depth() == 0;
    let kind = entry.file_type()?;
    let is_file = if named { !entry.path().is_dir() } else { kind.is_file() };
    is_file.then(|| {
        let path = entry.into_path();
        let path = if options.implied_folder { path.strip_prefix("./").unwrap_or(&path).to_path_buf() } else { path };
        Ok(Found { path, named })
    })
}
