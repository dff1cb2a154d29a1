//! `git rm` and `git mv`.

use std::fs;

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::change;
use crate::quote::{Style, quoted};
use crate::repository::{Repository, Side, Source, is_at, names_only};

#[derive(Default)]
struct Options {
    cached: bool,
    recursive: bool,
    force: bool,
    quiet: bool,
    dry: bool,
    lenient: bool,
    paths: Vec<String>,
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options::default();
    let mut arguments = Arguments::new(arguments, "");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(path) | Argument::Path(path) => options.paths.push(path),
            Argument::Option(option) => match option.as_str() {
                "--cached" => options.cached = true,
                "-r" => options.recursive = true,
                "-f" | "--force" => options.force = true,
                "-q" | "--quiet" => options.quiet = true,
                "-n" | "--dry-run" => options.dry = true,
                "-v" | "--verbose" | "-k" => {}
                "--ignore-unmatch" => options.lenient = true,
                _ => return Err(unknown(&option)),
            },
        }
    }
    Ok(options)
}

pub(crate) fn rm(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let options = read(arguments)?;
    if options.paths.is_empty() {
        return Err(Stop::fatal("No pathspec was given. Which files should I remove?"));
    }
    repository.must_be_writable()?;
    let paths = repository.paths(&options.paths)?;
    let entries = repository.entries(&Side::Staged)?;
    let mut found = Vec::new();
    for (written, path) in options.paths.iter().zip(&paths) {
        let before = found.len();
        found.extend(entries.iter().map(|entry| entry.path.clone()).filter(|entry| is_at(path, entry)));
        if found.len() == before && !options.lenient {
            return Err(Stop::fatal(format!("pathspec '{written}' did not match any files")));
        }
        if !options.recursive && !entries.iter().any(|entry| entry.path == *path) && found.len() > before {
            return Err(Stop::fatal(format!("not removing '{written}' recursively without -r")));
        }
    }
    if !options.force {
        refuse_unsaved(repository, &found, options.cached)?;
    }
    for path in &found {
        if !options.quiet {
            println!("rm '{}'", quoted(path, Style::Plain));
        }
        if !options.cached && !options.dry {
            change::remove(repository, path)?;
        }
    }
    if !options.dry {
        repository.stage(&found.into_iter().map(|path| (path, Source::Nothing)).collect::<Vec<_>>())?;
    }
    Ok(0)
}

/// Nothing is removed that is nowhere else.
fn refuse_unsaved(repository: &Repository, paths: &[Vec<u8>], cached: bool) -> Result<(), Stop> {
    let differ = |old: &Side, new: &Side| -> Result<Vec<Vec<u8>>, Stop> {
        let found = repository.differences(old, new, &names_only(paths.to_vec()))?.into_iter();
        Ok(found.filter(|difference| difference.kind != "D").map(|difference| difference.new_path).collect())
    };
    let changed = differ(&Side::Staged, &Side::Files)?;
    let staged = differ(&repository.head_side()?, &Side::Staged)?;
    let (both, hint) = match cached {
        true => (changed.iter().filter(|path| staged.contains(path)).cloned().collect(), "-f to force removal"),
        false => (Vec::new(), "--cached to keep the file, or -f to force removal"),
    };
    let refuse = |what: &str, paths: &[Vec<u8>]| {
        let many = paths.len() > 1;
        let files: String = paths.iter().map(|path| format!("\n    {}", quoted(path, Style::Plain))).collect();
        let (file, has) = if many { ("files", "have") } else { ("file", "has") };
        Err(Stop::error(format!("the following {file} {has} {what}:{files}\n(use {hint})")))
    };
    match () {
        () if !both.is_empty() => refuse("staged content different from both the\nfile and the HEAD", &both),
        () if cached => Ok(()),
        () if !staged.is_empty() => refuse("changes staged in the index", &staged),
        () if !changed.is_empty() => refuse("local modifications", &changed),
        () => Ok(()),
    }
}

pub(crate) fn mv(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let mut options = read(arguments)?;
    let Some(to) = options.paths.pop().filter(|_| !options.paths.is_empty()) else {
        return Err(Stop::usage("usage: git mv [-v] [-f] [-n] [-k] <source> <destination>"));
    };
    repository.must_be_writable()?;
    let target = repository.path(&to)?;
    let into = fs::metadata(repository.file(&target)).is_ok_and(|metadata| metadata.is_dir());
    for from in &options.paths {
        let source = repository.path(from)?;
        let name = source.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let target = if into { [&target, &b"/"[..], name].concat() } else { target.clone() };
        let target: Vec<u8> = target.strip_prefix(b"/").map_or(target.clone(), <[u8]>::to_vec);
        move_one(repository, &options, (from, &source), (&to, &target))?;
    }
    Ok(0)
}

fn move_one(
    repository: &Repository,
    options: &Options,
    (from, source): (&str, &[u8]),
    (to, target): (&str, &[u8]),
) -> Result<(), Stop> {
    let bad = |reason: &str| Stop::fatal(format!("{reason}, source={from}, destination={to}"));
    let moved: Vec<_> =
        repository.entries(&Side::Staged)?.into_iter().filter(|entry| is_at(source, &entry.path)).collect();
    if fs::symlink_metadata(repository.file(source)).is_err() {
        return Err(bad("bad source"));
    }
    if moved.is_empty() {
        return Err(bad("not under version control"));
    }
    if !options.force && fs::symlink_metadata(repository.file(target)).is_ok() {
        return Err(bad("destination exists"));
    }
    if options.dry {
        return Ok(());
    }
    fs::rename(repository.file(source), repository.file(target))
        .map_err(|error| bad(&format!("renaming failed: {error}")))?;
    let mut staged = Vec::new();
    for entry in moved {
        let new = [target, &entry.path[source.len()..]].concat();
        staged.push((entry.path, Source::Nothing));
        staged.push((new, Source::Files));
    }
    repository.stage(&staged)
}
