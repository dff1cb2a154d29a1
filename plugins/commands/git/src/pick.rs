//! `git cherry-pick` and `git revert`: what a commit changed, or the opposite of it, as a commit of this branch.

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::carry::{Carried, Hindrance};
use crate::commit::{person, report};
use crate::pretty::subject;
use crate::repository::{Commit, Comparison, NewCommit, Repository, Side, Walk, names_only, walk};
use crate::stat;

#[derive(Default)]
struct Options {
    no_commit: bool,
    /// Whether the message tells where a change is from.
    tells_origin: bool,
    revisions: Vec<String>,
}

fn read(name: &str, arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options::default();
    let mut arguments = Arguments::new(arguments, "m");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) | Argument::Path(word) => options.revisions.push(word),
            Argument::Option(option) => match option.as_str() {
                "-n" | "--no-commit" => options.no_commit = true,
                "-x" if name == "cherry-pick" => options.tells_origin = true,
                "--no-edit" | "--ff" | "--allow-empty" | "--keep-redundant-commits" | "--no-gpg-sign" => {}
                "--abort" | "--continue" | "--skip" | "--quit" => {
                    return Err(Stop::error(format!("no {name} in progress: here one is made whole or not at all")));
                }
                "-e" | "--edit" | "-m" | "--mainline=" | "-s" | "--signoff" | "-S" | "--strategy=" | "-X" => {
                    return Err(Stop::fatal(format!("git {name} {option} is not known here")));
                }
                _ => return Err(unknown(&option)),
            },
        }
    }
    if options.revisions.is_empty() {
        return Err(Stop::usage(format!("usage: git {name} [<options>] <commit-ish>...")));
    }
    Ok(options)
}

pub(crate) fn cherry_pick(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let options = read("cherry-pick", arguments)?;
    let commits = commits(repository, &options, true)?;
    must_be_clean(repository, "cherry-pick")?;
    for commit in commits {
        let sides = sides("cherry-pick", &commit)?;
        carry(repository, "cherry-pick", &commit, &sides)?;
        let origin = format!("(cherry picked from commit {})\n", commit.id);
        let mut message = String::from_utf8_lossy(&commit.message).into_owned();
        if options.tells_origin {
            message = format!("{}\n\n{origin}", message.trim_end());
        }
        if !options.no_commit {
            let author = commit.author.clone();
            let new = NewCommit { message, author, committer: person(repository, "COMMITTER", None)?, amend: false };
            if !make(repository, &new)? {
                return Ok(1);
            }
        }
    }
    Ok(0)
}

pub(crate) fn revert(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let options = read("revert", arguments)?;
    let commits = commits(repository, &options, false)?;
    must_be_clean(repository, "revert")?;
    for commit in commits {
        let (old, new) = sides("revert", &commit)?;
        carry(repository, "revert", &commit, &(new, old))?;
        if !options.no_commit {
            let (author, committer) = (person(repository, "AUTHOR", None)?, person(repository, "COMMITTER", None)?);
            let new = NewCommit { message: reverting(&commit), author, committer, amend: false };
            if !make(repository, &new)? {
                return Ok(1);
            }
        }
    }
    Ok(0)
}

fn reverting(commit: &Commit) -> String {
    format!("Revert \"{}\"\n\nThis reverts commit {}.\n", subject(&commit.message), commit.id)
}

/// The commits that are named, those of a range in the order that they are taken in.
fn commits(repository: &Repository, options: &Options, oldest_first: bool) -> Result<Vec<Commit>, Stop> {
    repository.must_be_writable()?;
    let mut commits = Vec::new();
    for word in &options.revisions {
        match word.split_once("..") {
            Some((without, start)) if !start.starts_with('.') => {
                let or_head = |text: &str| if text.is_empty() { "HEAD".to_owned() } else { text.to_owned() };
                let range = Walk { start: vec![or_head(start)], without: vec![or_head(without)], ..walk() };
                let mut found = repository.commits(&range)?;
                if oldest_first {
                    found.reverse();
                }
                commits.extend(found);
            }
            _ => {
                let id = repository.commit_id(word).ok_or_else(|| Stop::fatal(format!("bad revision '{word}'")))?;
                commits.push(repository.commit(&id)?);
            }
        }
    }
    Ok(commits)
}

/// What is staged would be in the commit too.
fn must_be_clean(repository: &Repository, name: &str) -> Result<(), Stop> {
    let staged = repository.differences(&repository.head_side()?, &Side::Staged, &names_only(Vec::new()))?;
    if staged.is_empty() {
        return Ok(());
    }
    Err(Stop {
        code: 128,
        message: format!(
            "error: your local changes would be overwritten by {name}.\n\
             hint: commit your changes or stash them to proceed.\nfatal: {name} failed"
        ),
    })
}

fn sides(name: &str, commit: &Commit) -> Result<(Side, Side), Stop> {
    let new = Side::Revision(commit.id.clone());
    match &commit.parents[..] {
        [] => Ok((Side::Nothing, new)),
        [parent] => Ok((Side::Revision(parent.clone()), new)),
        _ => Err(Stop {
            code: 128,
            message: format!(
                "error: commit {} is a merge but no -m option was given.\nfatal: {name} failed",
                commit.id
            ),
        }),
    }
}

fn carry(repository: &Repository, name: &str, commit: &Commit, (from, to): &(Side, Side)) -> Result<(), Stop> {
    let hindered = |hindrance: Hindrance| {
        let is_conflict = matches!(hindrance, Hindrance::Conflicts(_));
        let Stop { code, message } = hindrance.stop("merge", "merge");
        let verb = if name == "revert" { "revert" } else { "apply" };
        match is_conflict {
            true => {
                let what = format!("could not {verb} {}... {}", repository.short(&commit.id), subject(&commit.message));
                Stop { code, message: format!("{message}\nerror: {what}") }
            }
            false => Stop { code: 128, message: format!("{message}\nfatal: {name} failed") },
        }
    };
    let carried = Carried::find(repository, from, to)?.map_err(hindered)?;
    carried.tell();
    carried.write(repository)?;
    carried.stage(repository)
}

/// Makes the commit, unless there is nothing in it, and says so.
fn make(repository: &Repository, new: &NewCommit) -> Result<bool, Stop> {
    let how = Comparison { renames: true, ..names_only(Vec::new()) };
    let changes = repository.differences(&repository.head_side()?, &Side::Staged, &how)?;
    if changes.is_empty() {
        println!("nothing to commit: HEAD has all of it already");
        return Ok(false);
    }
    let id = repository.make_commit(new)?;
    print!("{}{}{}", report(repository, new, &id, (false, true))?, stat::summary(&changes), stat::modes(&changes));
    Ok(true)
}
