//! `git rev-list` and `git shortlog`: the commits of `git log`, told otherwise.

use std::collections::BTreeMap;

use crate::Stop;
use crate::arguments::{Argument, Arguments};
use crate::log::{Request, wanted};
use crate::pretty::{Pretty, subject};
use crate::repository::{Commit, Repository};

/// Reads what `git log` knows; `take` is asked about each option before.
fn read(
    repository: &Repository,
    arguments: &[String],
    take: &mut dyn FnMut(&str) -> bool,
) -> Result<(Request, Vec<Commit>), Stop> {
    let mut request = Request::default();
    // Letters that `git log` has with a value are written apart from those of this command.
    let mut arguments = Arguments::new(arguments, "");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Path(path) => request.paths.push(path),
            Argument::Word(word) => request.word(repository, word)?,
            Argument::Option(option) if take(&option) => {}
            Argument::Option(option) => request.take_of_log(repository, &option, &mut arguments)?,
        }
    }
    request.walk.paths = repository.paths(&request.paths)?;
    let commits = if request.walk.start.is_empty() { Vec::new() } else { wanted(repository, &request)? };
    Ok((request, commits))
}

pub(crate) fn rev_list(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let (mut count, mut parents) = (false, false);
    let (request, commits) = read(repository, arguments, &mut |option| {
        count |= option == "--count";
        parents |= option == "--parents";
        matches!(option, "--count" | "--parents")
    })?;
    if request.walk.start.is_empty() {
        return Err(Stop::usage("usage: git rev-list [<options>] <commit>... [--] [<path>...]"));
    }
    if count {
        println!("{}", commits.len());
        return Ok(0);
    }
    let printer = request.printer(repository)?;
    for commit in &commits {
        match &request.pretty {
            Pretty::Medium if parents => println!("{}", [&[commit.id.clone()][..], &commit.parents].concat().join(" ")),
            Pretty::Medium => println!("{}", commit.id),
            Pretty::Oneline => println!("{}", printer.text(commit)),
            _ => println!("commit {}\n{}", commit.id, printer.text(commit)),
        }
    }
    Ok(0)
}

pub(crate) fn shortlog(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let (mut summary, mut numbered, mut email, mut committer) = (false, false, false, false);
    let mut take = |option: &str| {
        match option {
            "-s" | "--summary" => summary = true,
            "-n" | "--numbered" => numbered = true,
            "-e" | "--email" => email = true,
            "-c" | "--committer" => committer = true,
            _ => return false,
        }
        true
    };
    let (request, mut commits) = read(repository, arguments, &mut take)?;
    if request.walk.start.is_empty() {
        let whole: Vec<_> = std::iter::once("HEAD".to_owned()).chain(arguments.iter().cloned()).collect();
        commits = read(repository, &whole, &mut take)?.1;
    }
    let mut people: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for commit in commits.iter().rev() {
        let person = if committer { &commit.committer } else { &commit.author };
        let name = if email { format!("{} <{}>", person.name, person.email) } else { person.name.clone() };
        people.entry(name).or_default().push(subject(&commit.message));
    }
    let mut people: Vec<_> = people.into_iter().collect();
    if numbered {
        people.sort_by_key(|(_, subjects)| std::cmp::Reverse(subjects.len()));
    }
    for (name, subjects) in people {
        match summary {
            true => println!("{:>6}\t{name}", subjects.len()),
            false => {
                let lines: String = subjects.iter().map(|subject| format!("      {subject}\n")).collect();
                println!("{name} ({}):\n{lines}", subjects.len());
            }
        }
    }
    Ok(0)
}
