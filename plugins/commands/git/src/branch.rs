//! `git branch` and `git tag`.

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::pretty::subject;
use crate::repository::{Repository, walk};

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    List,
    Delete,
    Rename,
}

struct Options {
    act: Act,
    force: bool,
    verbose: bool,
    current: bool,
    format: Option<String>,
    words: Vec<String>,
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options =
        Options { act: Act::List, force: false, verbose: false, current: false, format: None, words: Vec::new() };
    let mut arguments = Arguments::new(arguments, "m");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) | Argument::Path(word) => options.words.push(word),
            Argument::Option(option) => match option.as_str() {
                "-d" | "--delete" => options.act = Act::Delete,
                "-D" => (options.act, options.force) = (Act::Delete, true),
                "-M" => (options.act, options.force) = (Act::Rename, true),
                "-m" | "--move" => options.act = Act::Rename,
                "-f" | "--force" => options.force = true,
                "-v" | "-vv" | "--verbose" => options.verbose = true,
                "--show-current" => options.current = true,
                "--format=" => options.format = Some(arguments.value(&option)?),
                "--contains" | "--merged" | "--no-merged" | "--set-upstream-to=" | "-u" => {
                    return Err(Stop::fatal(format!("git branch {option} is not known here")));
                }
                "-a" | "-l" | "--all" | "--list" | "--no-color" | "--no-column" | "-q" | "--quiet" => {}
                "-r" | "--remotes" => options.format = Some(String::new()),
                _ => return Err(unknown(&option)),
            },
        }
    }
    Ok(options)
}

pub(crate) fn branch(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let options = read(arguments)?;
    if options.current {
        if let Some(branch) = repository.head()?.branch {
            println!("{branch}");
        }
        return Ok(0);
    }
    if options.act != Act::List || !options.words.is_empty() {
        repository.must_be_writable()?;
    }
    match (options.act, &options.words[..]) {
        (Act::Delete, names) => {
            names.iter().try_fold(0, |code, name| delete(repository, name, options.force).map(|()| code))
        }
        (Act::Rename, [new]) => {
            let old = repository
                .head()?
                .branch
                .ok_or_else(|| Stop::fatal("cannot rename the current branch while not on any"))?;
            rename(repository, &old, new, options.force)
        }
        (Act::Rename, [old, new]) => rename(repository, old, new, options.force),
        (Act::List, []) => list(repository, &options),
        (Act::List, [name]) => create(repository, name, "HEAD", options.force),
        (Act::List, [name, start]) => create(repository, name, start, options.force),
        _ => Err(Stop::usage("too many arguments")),
    }
}

fn list(repository: &Repository, options: &Options) -> Result<i32, Stop> {
    let head = repository.head()?;
    let branches = repository.branches()?;
    if let Some(format) = &options.format {
        for (name, _) in branches.iter().filter(|_| !format.is_empty()) {
            println!(
                "{}",
                format.replace("%(refname:short)", name).replace("%(refname)", &format!("refs/heads/{name}"))
            );
        }
        return Ok(0);
    }
    let mut lines = Vec::new();
    if let (None, Some(commit)) = (&head.branch, &head.commit) {
        lines.push(('*', format!("(HEAD detached at {})", repository.short(commit)), commit.clone()));
    }
    for (name, commit) in branches {
        let mark = if head.branch.as_ref() == Some(&name) { '*' } else { ' ' };
        lines.push((mark, name, commit));
    }
    let width = lines.iter().map(|(_, name, _)| name.chars().count()).max().unwrap_or(0);
    for (mark, name, commit) in lines {
        if !options.verbose {
            println!("{mark} {name}");
            continue;
        }
        let message = repository.commit(&commit)?.message;
        println!("{mark} {name:<width$} {} {}", repository.short(&commit), subject(&message));
    }
    Ok(0)
}

/// Makes a branch; it is not switched to.
pub(crate) fn create(repository: &Repository, name: &str, start: &str, force: bool) -> Result<i32, Stop> {
    must_be_name(name)?;
    let exists = repository.branches()?.iter().any(|(known, _)| known == name);
    if exists && !force {
        return Err(Stop::fatal(format!("a branch named '{name}' already exists")));
    }
    let commit =
        repository.commit_id(start).ok_or_else(|| Stop::fatal(format!("not a valid object name: '{start}'")))?;
    repository.set_reference(&format!("refs/heads/{name}"), Some(&commit))?;
    Ok(0)
}

/// The rules of git-check-ref-format(1).
pub(crate) fn must_be_name(name: &str) -> Result<(), Stop> {
    let bad = |c: char| c.is_ascii_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    let part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    if name.contains(bad)
        || name.contains("..")
        || name.contains("@{")
        || name.ends_with('.')
        || name.starts_with('-')
        || name.split('/').any(part)
        || name == "HEAD"
    {
        return Err(Stop::fatal(format!("'{name}' is not a valid branch name")));
    }
    Ok(())
}

fn delete(repository: &Repository, name: &str, force: bool) -> Result<(), Stop> {
    let branches = repository.branches()?;
    let Some((_, commit)) = branches.iter().find(|(known, _)| known == name) else {
        return Err(Stop::error(format!("branch '{name}' not found.")));
    };
    if repository.head()?.branch.as_deref() == Some(name) {
        return Err(Stop::error(format!("Cannot delete branch '{name}' checked out at '{}'", repository.top)));
    }
    if !force && !is_merged(repository, commit)? {
        return Err(Stop::error(format!(
            "The branch '{name}' is not fully merged.\nIf you are sure you want to delete it, run 'git branch -D {name}'."
        )));
    }
    repository.set_reference(&format!("refs/heads/{name}"), None)?;
    println!("Deleted branch {name} (was {}).", repository.short(commit));
    Ok(())
}

fn is_merged(repository: &Repository, commit: &str) -> Result<bool, Stop> {
    let only_there =
        crate::repository::Walk { start: vec![commit.to_owned()], without: vec!["HEAD".to_owned()], most: 1, ..walk() };
    Ok(repository.head()?.commit.is_some() && repository.commits(&only_there)?.is_empty())
}

fn rename(repository: &Repository, old: &str, new: &str, force: bool) -> Result<i32, Stop> {
    must_be_name(new)?;
    let head = repository.head()?;
    let is_current = head.branch.as_deref() == Some(old);
    if is_current && head.commit.is_none() {
        repository.set_head(Some(new), "")?;
        return Ok(0);
    }
    create(repository, new, &format!("refs/heads/{old}"), force)?;
    if is_current {
        repository.set_head(Some(new), "")?;
    }
    if old != new {
        repository.set_reference(&format!("refs/heads/{old}"), None)?;
    }
    Ok(0)
}

pub(crate) fn tag(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let (mut words, mut delete, mut force) = (Vec::new(), false, false);
    let mut arguments = Arguments::new(arguments, "m");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) | Argument::Path(word) => words.push(word),
            Argument::Option(option) => match option.as_str() {
                "-l" | "--list" => {}
                "-d" | "--delete" => delete = true,
                "-f" | "--force" => force = true,
                _ => {
                    return Err(Stop::fatal(format!(
                        "git tag {option} is not known here; `git tag NAME [COMMIT]` makes one"
                    )));
                }
            },
        }
    }
    let tags = repository.references("refs/tags/")?;
    let Some(name) = words.first() else {
        tags.iter().for_each(|(name, _)| println!("{name}"));
        return Ok(0);
    };
    repository.must_be_writable()?;
    let reference = format!("refs/tags/{name}");
    match tags.iter().find(|(known, _)| known == name) {
        Some((_, commit)) if delete => {
            repository.set_reference(&reference, None)?;
            println!("Deleted tag '{name}' (was {})", repository.short(commit));
            return Ok(0);
        }
        None if delete => return Err(Stop::error(format!("tag '{name}' not found."))),
        Some(_) if !force => return Err(Stop::fatal(format!("tag '{name}' already exists"))),
        _ => {}
    }
    must_be_name(name).map_err(|_| Stop::fatal(format!("'{name}' is not a valid tag name.")))?;
    let target = words.get(1).map_or("HEAD", String::as_str);
    let commit = repository
        .commit_id(target)
        .ok_or_else(|| Stop::fatal(format!("Failed to resolve '{target}' as a valid ref.")))?;
    repository.set_reference(&reference, Some(&commit))?;
    Ok(0)
}
