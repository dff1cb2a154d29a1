//! `git add`.

use std::fs;

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::quote::{Style, quoted};
use crate::repository::{Comparison, Difference, Repository, Side, Source, is_at, names_only};

#[derive(Default)]
struct Options {
    all: bool,
    update: bool,
    force: bool,
    verbose: bool,
    dry: bool,
    paths: Vec<String>,
}

pub(crate) fn add(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let options = read(arguments)?;
    if options.paths.is_empty() && !options.all && !options.update {
        eprintln!("Nothing specified, nothing added.\nhint: Maybe you wanted to say 'git add .'?");
        return Ok(0);
    }
    repository.must_be_writable()?;
    let paths = repository.paths(&options.paths)?;
    let mut found = changed(repository, &paths, !options.update)?;
    let ignored = unmatched(repository, &options, &paths, &found)?;
    if options.force {
        found.extend(ignored.iter().flat_map(|path| below(repository, path)));
    } else if !ignored.is_empty() {
        let list: String = ignored.iter().map(|path| format!("{}\n", quoted(path, Style::Plain))).collect();
        eprintln!(
            "The following paths are ignored by one of your .gitignore files:\n{list}hint: Use -f if you really want to add them."
        );
    }
    let ignores = !ignored.is_empty() && !options.force;
    if options.verbose || options.dry {
        for (path, source) in &found {
            let word = if matches!(source, Source::Nothing) { "remove" } else { "add" };
            println!("{word} '{}'", String::from_utf8_lossy(path));
        }
    }
    if !options.dry {
        repository.stage(&found)?;
    }
    Ok(i32::from(ignores))
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options::default();
    let mut arguments = Arguments::new(arguments, "");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(path) | Argument::Path(path) => options.paths.push(path),
            Argument::Option(option) => match option.as_str() {
                "-A" | "--all" | "--no-ignore-removal" => options.all = true,
                "-u" | "--update" => options.update = true,
                "-f" | "--force" => options.force = true,
                "-v" | "--verbose" => options.verbose = true,
                "-n" | "--dry-run" => options.dry = true,
                "-i" | "-p" | "--patch" | "--interactive" | "-e" => {
                    return Err(Stop::fatal("nobody is at a terminal here; name the paths to add"));
                }
                _ => return Err(unknown(&option)),
            },
        }
    }
    Ok(options)
}

/// What the index would take of these paths.
fn changed(repository: &Repository, paths: &[Vec<u8>], untracked: bool) -> Result<Vec<(Vec<u8>, Source)>, Stop> {
    let how = Comparison { untracked, ..names_only(paths.to_vec()) };
    let mut found = repository.differences(&Side::Staged, &Side::Files, &how)?;
    // What is tracked comes first.
    found.sort_by_key(|difference| difference.kind == "A");
    Ok(found.into_iter().map(staged).collect())
}

fn staged(difference: Difference) -> (Vec<u8>, Source) {
    let source = if difference.kind == "D" { Source::Nothing } else { Source::Files };
    (difference.new_path, source)
}

/// The index takes everything of the work tree that is tracked, as for `commit -a`.
pub(crate) fn update(repository: &Repository) -> Result<(), Stop> {
    repository.stage(&changed(repository, &[], false)?)
}

/// The index takes these paths of the work tree.
pub(crate) fn take(repository: &Repository, paths: &[Vec<u8>]) -> Result<(), Stop> {
    repository.stage(&changed(repository, paths, false)?)
}

/// The given paths that are there and ignored. One that is not there at all stops everything.
fn unmatched(
    repository: &Repository,
    options: &Options,
    paths: &[Vec<u8>],
    found: &[(Vec<u8>, Source)],
) -> Result<Vec<Vec<u8>>, Stop> {
    let mut ignored = Vec::new();
    let missing: Vec<_> = options
        .paths
        .iter()
        .zip(paths)
        .filter(|(_, path)| !path.is_empty() && !found.iter().any(|(found, _)| is_at(path, found)))
        .collect();
    if missing.is_empty() {
        return Ok(ignored);
    }
    let known = repository.entries(&Side::Staged)?;
    for (written, path) in missing {
        if known.iter().any(|entry| is_at(path, &entry.path)) {
            continue;
        }
        match fs::symlink_metadata(repository.file(path)) {
            Err(_) => return Err(Stop::fatal(format!("pathspec '{written}' did not match any files"))),
            Ok(metadata) if metadata.is_dir() && below(repository, path).is_empty() => {}
            Ok(_) => ignored.push(path.clone()),
        }
    }
    Ok(ignored)
}

/// All files at a path, ignored or not.
fn below(repository: &Repository, path: &[u8]) -> Vec<(Vec<u8>, Source)> {
    let (mut found, mut folders) = (Vec::new(), vec![path.to_vec()]);
    while let Some(path) = folders.pop() {
        let file = repository.file(&path);
        if !fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_dir()) {
            found.push((path, Source::Files));
            continue;
        }
        let entries = fs::read_dir(&file).into_iter().flatten().flatten();
        folders.extend(entries.map(|entry| [&path, &b"/"[..], entry.file_name().as_encoded_bytes()].concat()));
    }
    found
}
