//! `git restore`.

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::change;
use crate::checkout::is_below;
use crate::repository::{Entry, Repository, Side, Source, is_at};

#[derive(Default)]
struct Options {
    staged: bool,
    files: bool,
    source: Option<String>,
    paths: Vec<String>,
}

pub(crate) fn restore(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let mut options = Options::default();
    let mut arguments = Arguments::new(arguments, "s");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(path) | Argument::Path(path) => options.paths.push(path),
            Argument::Option(option) => match option.as_str() {
                "-S" | "--staged" => options.staged = true,
                "-W" | "--worktree" => options.files = true,
                "-s" | "--source=" | "--source" => options.source = Some(arguments.value(&option)?),
                "-q" | "--quiet" | "--progress" | "--no-progress" => {}
                _ => return Err(unknown(&option)),
            },
        }
    }
    if options.paths.is_empty() {
        return Err(Stop::fatal("you must specify path(s) to restore"));
    }
    repository.must_be_writable()?;
    if options.staged {
        staged(repository, &options)?;
    }
    if options.files || !options.staged {
        files(repository, &options)?;
    }
    Ok(0)
}

/// The entries of a side at these paths, each of which has to be there.
pub(crate) fn matching(repository: &Repository, side: &Side, paths: &[String]) -> Result<Vec<Entry>, Stop> {
    let entries = repository.entries(side)?;
    let wanted = repository.paths(paths)?;
    must_match(paths, &wanted, &[&entries])?;
    Ok(entries.into_iter().filter(|entry| is_below(&wanted, &entry.path)).collect())
}

fn must_match(paths: &[String], wanted: &[Vec<u8>], sides: &[&[Entry]]) -> Result<(), Stop> {
    for (written, path) in paths.iter().zip(wanted) {
        let known = sides.iter().any(|entries| entries.iter().any(|entry| is_at(path, &entry.path)));
        if !known && !path.is_empty() {
            return Err(Stop::error(format!("pathspec '{written}' did not match any file(s) known to git")));
        }
    }
    Ok(())
}

fn staged(repository: &Repository, options: &Options) -> Result<(), Stop> {
    let side = match &options.source {
        Some(source) => Side::Revision(source.clone()),
        None => repository.head_side()?,
    };
    let (now, then) = (repository.entries(&Side::Staged)?, repository.entries(&side)?);
    must_match(&options.paths, &repository.paths(&options.paths)?, &[&now, &then])?;
    stage_from(repository, &side, &options.paths)
}

/// The index gets back what a side has at these paths.
pub(crate) fn stage_from(repository: &Repository, side: &Side, written: &[String]) -> Result<(), Stop> {
    let paths = repository.paths(written)?;
    let (now, then) = (repository.entries(&Side::Staged)?, repository.entries(side)?);
    let source = match side {
        Side::Revision(revision) => Source::Revision(revision.clone()),
        _ => Source::Nothing,
    };
    let changed = now.iter().chain(&then).filter(|entry| is_below(&paths, &entry.path));
    let changed: std::collections::BTreeSet<_> = changed.map(|entry| entry.path.clone()).collect();
    repository.stage(&changed.into_iter().map(|path| (path, source.clone())).collect::<Vec<_>>())
}

fn files(repository: &Repository, options: &Options) -> Result<(), Stop> {
    let side = options.source.as_ref().map_or(Side::Staged, |source| Side::Revision(source.clone()));
    let tracked = repository.by_path(&Side::Staged)?;
    let wanted = match &options.source {
        None => matching(repository, &side, &options.paths)?,
        Some(_) => {
            let paths = repository.paths(&options.paths)?;
            repository.entries(&side)?.into_iter().filter(|entry| is_below(&paths, &entry.path)).collect()
        }
    };
    let paths = repository.paths(&options.paths)?;
    let mut now = repository.by_path(&Side::Files)?;
    now.retain(|path, _| is_below(&paths, path) && tracked.contains_key(path));
    let wanted = wanted.into_iter().map(|entry| (entry.path.clone(), entry)).collect();
    change::write(repository, &side, &now, &wanted)
}
