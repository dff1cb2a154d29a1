//! `git checkout` and `git switch`: another branch or commit with its files.

use std::collections::BTreeMap;
use std::fs;

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::branch::{create, must_be_name};
use crate::change;
use crate::pretty::subject;
use crate::quote::{Style, quoted};
use crate::repository::{Entry, Repository, Side, Source, is_at};
use crate::restore;

#[derive(Default)]
struct Options {
    /// A branch to make, and whether it may be there already.
    new: Option<(String, bool)>,
    detach: bool,
    force: bool,
    quiet: bool,
    orphan: bool,
    words: Vec<String>,
    paths: Option<Vec<String>>,
}

fn read(arguments: &[String], new: [&str; 2]) -> Result<Options, Stop> {
    let mut options = Options::default();
    let separated = arguments.iter().any(|word| word == "--");
    let mut arguments = Arguments::new(arguments, "bBcC");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) => options.words.push(word),
            Argument::Path(path) => options.paths.get_or_insert_default().push(path),
            Argument::Option(option) => match option.as_str() {
                option if option == new[0] || option == "--create" => {
                    options.new = Some((arguments.value(option)?, false))
                }
                option if option == new[1] || option == "--force-create" => {
                    options.new = Some((arguments.value(option)?, true))
                }
                "-d" | "--detach" => options.detach = true,
                "-f" | "--force" | "--discard-changes" => options.force = true,
                "-q" | "--quiet" => options.quiet = true,
                "--orphan" => (options.orphan, options.new) = (true, Some((arguments.value(&option)?, false))),
                "--no-track" | "--progress" | "--no-progress" | "--guess" | "--no-guess" => {}
                _ => return Err(unknown(&option)),
            },
        }
    }
    if separated {
        options.paths.get_or_insert_default();
    }
    Ok(options)
}

pub(crate) fn checkout(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let mut options = read(arguments, ["-b", "-B"])?;
    repository.must_be_writable()?;
    let named = options.words.first().is_some_and(|word| word == "-" || repository.commit_id(word).is_some());
    let paths = match options.paths.take() {
        Some(paths) if !paths.is_empty() => paths,
        _ if options.new.is_some() => Vec::new(),
        _ => options.words.split_off(usize::from(named).min(options.words.len())),
    };
    if paths.is_empty() {
        return to(repository, &options);
    }
    let revision = options.words.first();
    checkout_paths(repository, revision.map(String::as_str), &paths, options.quiet)
}

fn checkout_paths(repository: &Repository, revision: Option<&str>, paths: &[String], quiet: bool) -> Result<i32, Stop> {
    let side = revision.map_or(Side::Staged, |revision| Side::Revision(revision.to_owned()));
    let found = restore::matching(repository, &side, paths)?;
    let mut count = 0;
    let now = repository.by_path(&Side::Files)?;
    for entry in &found {
        let same = now.get(&entry.path).is_some_and(|now| now.id == entry.id && now.mode == entry.mode);
        if !same {
            change::write_file(repository, &side, entry)?;
            count += 1;
        }
    }
    if let Some(revision) = revision {
        let staged: Vec<_> =
            found.iter().map(|entry| (entry.path.clone(), Source::Revision(revision.to_owned()))).collect();
        repository.stage(&staged)?;
    }
    if !quiet {
        let from = match revision {
            Some(revision) => repository.short(&repository.resolve(revision).unwrap_or_default().0),
            None => "the index".to_owned(),
        };
        eprintln!("Updated {count} path{} from {from}", if count == 1 { "" } else { "s" });
    }
    Ok(0)
}

pub(crate) fn switch(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let options = read(arguments, ["-c", "-C"])?;
    repository.must_be_writable()?;
    match options.words.first() {
        None if options.new.is_none() => Err(Stop::fatal("missing branch or commit argument")),
        Some(word) if options.new.is_none() && !options.detach && word != "-" => {
            let is_branch = repository.branches()?.iter().any(|(name, _)| name == word);
            match repository.commit_id(word) {
                Some(_) if is_branch => to(repository, &options),
                Some(_) => Err(Stop::fatal(format!(
                    "a branch is expected, got commit '{word}'\nhint: If you want to detach HEAD at the commit, try again with the --detach option."
                ))),
                None => Err(Stop::fatal(format!("invalid reference: {word}"))),
            }
        }
        _ => to(repository, &options),
    }
}

/// Goes to a branch or a commit, with the files that it has.
fn to(repository: &Repository, options: &Options) -> Result<i32, Stop> {
    let target = options.words.first().map_or("HEAD", String::as_str);
    if target == "-" {
        return Err(Stop::fatal("the branch before is not remembered here; name it"));
    }
    if let Some((name, may_exist)) = &options.new {
        must_be_name(name)?;
        if !may_exist && repository.branches()?.iter().any(|(known, _)| known == name) {
            return Err(Stop::fatal(format!("a branch named '{name}' already exists")));
        }
        if options.orphan || repository.head()?.commit.is_none() {
            repository.set_head(Some(name), "")?;
            say(options, &format!("Switched to a new branch '{name}'"));
            return Ok(0);
        }
    }
    let Some(commit) = repository.commit_id(target) else {
        return Err(Stop::error(format!("pathspec '{target}' did not match any file(s) known to git")));
    };
    let before = repository.head()?;
    move_files(repository, &commit, options.force)?;
    let local = kept_after(repository, &commit)?;
    let is_branch = !options.detach && repository.branches()?.iter().any(|(name, _)| name == target);
    match &options.new {
        Some((name, _)) => {
            create(repository, name, &commit, true)?;
            repository.set_head(Some(name), "")?;
            // Without another commit nothing of the work tree was looked at.
            print!("{}", if options.words.is_empty() { "" } else { &local });
            say(options, &format!("Switched to a new branch '{name}'"));
        }
        None if is_branch => {
            repository.set_head(Some(target), "")?;
            print!("{local}");
            let already = before.branch.as_deref() == Some(target);
            say(options, &format!("{} '{target}'", if already { "Already on" } else { "Switched to branch" }));
        }
        None if target == "HEAD" && !options.detach => print!("{local}"),
        None => {
            repository.set_head(None, &commit)?;
            print!("{local}");
            let subject = subject(&repository.commit(&commit)?.message);
            say(options, &format!("HEAD is now at {} {subject}", repository.short(&commit)));
        }
    }
    Ok(0)
}

fn say(options: &Options, line: &str) {
    if !options.quiet {
        eprintln!("{line}");
    }
}

/// The files that keep changes against the new commit.
fn kept_after(repository: &Repository, commit: &str) -> Result<String, Stop> {
    let old = Side::Revision(commit.to_owned());
    let how = crate::repository::names_only(Vec::new());
    let found = repository.differences(&old, &Side::Files, &how)?;
    Ok(found
        .iter()
        .map(|difference| format!("{}\t{}\n", difference.kind, quoted(&difference.new_path, Style::Plain)))
        .collect())
}

type Files = BTreeMap<Vec<u8>, Entry>;

/// Writes the files of another commit, and stages them. What differs from HEAD stays as it is, and must not be in the way.
pub(crate) fn move_files(repository: &Repository, commit: &str, force: bool) -> Result<(), Stop> {
    let head = repository.by_path(&repository.head_side()?)?;
    let side = Side::Revision(commit.to_owned());
    let wanted = repository.by_path(&side)?;
    if force {
        let now = repository.by_path(&Side::Staged)?;
        let files = present(repository.by_path(&Side::Files)?, &now);
        change::write(repository, &side, &files, &wanted)?;
        return repository.stage_all(Some(commit));
    }
    let moved = |path: &Vec<u8>| !same(head.get(path), wanted.get(path));
    let local = change::unsaved(repository)?;
    let blocked: Vec<_> = local.iter().filter(|path| moved(path)).collect();
    if !blocked.is_empty() {
        return Err(in_the_way(
            "Your local changes to the following files would be overwritten by checkout:",
            &blocked,
            "Please commit your changes or stash them before you switch branches.",
        ));
    }
    let new: Vec<_> = wanted.keys().filter(|path| !head.contains_key(*path)).collect();
    let blocked: Vec<_> = new
        .into_iter()
        .filter(|path| fs::symlink_metadata(repository.file(path)).is_ok_and(|metadata| !metadata.is_dir()))
        .collect();
    if !blocked.is_empty() {
        return Err(in_the_way(
            "The following untracked working tree files would be overwritten by checkout:",
            &blocked,
            "Please move or remove them before you switch branches.",
        ));
    }
    let only = |files: &Files| -> Files {
        files.iter().filter(|(path, _)| moved(path)).map(|(path, entry)| (path.clone(), entry.clone())).collect()
    };
    let (old, new) = (only(&head), only(&wanted));
    change::write(repository, &side, &old, &new)?;
    let mut staged: Vec<_> =
        old.keys().filter(|path| !new.contains_key(*path)).map(|path| (path.clone(), Source::Nothing)).collect();
    staged.extend(new.keys().map(|path| (path.clone(), Source::Revision(commit.to_owned()))));
    repository.stage(&staged)
}

fn same(one: Option<&Entry>, other: Option<&Entry>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.id == other.id && one.mode == other.mode,
        (None, None) => true,
        _ => false,
    }
}

/// The files that are tracked, as they are in the work tree.
pub(crate) fn present(files: Files, tracked: &Files) -> Files {
    files.into_iter().filter(|(path, _)| tracked.contains_key(path)).collect()
}

fn in_the_way(what: &str, paths: &[&Vec<u8>], then: &str) -> Stop {
    let files: String = paths.iter().map(|path| format!("\t{}\n", quoted(path, Style::Plain))).collect();
    Stop::error(format!("{what}\n{files}{then}\nAborting"))
}

/// Whether a path is below one of these.
pub(crate) fn is_below(paths: &[Vec<u8>], path: &[u8]) -> bool {
    paths.iter().any(|wanted| is_at(wanted, path))
}
