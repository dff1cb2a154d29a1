//! `git merge`, as far as a branch only has to move on.

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::checkout::move_files;
use crate::repository::{Comparison, Repository, Side, Walk, names_only, walk};
use crate::stat;

pub(crate) fn merge(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let (mut only, mut quiet, mut words) = (false, false, Vec::new());
    let mut arguments = Arguments::new(arguments, "m");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) | Argument::Path(word) => words.push(word),
            Argument::Option(option) => match option.as_str() {
                "--ff-only" => only = true,
                "-q" | "--quiet" => quiet = true,
                "-m" => drop(arguments.value(&option)?),
                "--ff" | "--no-edit" | "--stat" | "--no-progress" => {}
                "--no-ff" | "--squash" | "--abort" | "--continue" | "--quit" => return Err(Stop::fatal(APART)),
                _ => return Err(unknown(&option)),
            },
        }
    }
    let [word] = &words[..] else { return Err(Stop::fatal("one branch or commit is merged at a time here")) };
    repository.must_be_writable()?;
    let unknown = || Stop { code: 1, message: format!("merge: {word} - not something we can merge") };
    let target = repository.commit_id(word).ok_or_else(unknown)?;
    let head = repository.head()?;
    let Some(now) = head.commit.clone() else { return Err(Stop::fatal("there is no commit yet that could move on")) };
    if leads_to(repository, &now, &target)? {
        println!("Already up to date.");
        return Ok(0);
    }
    if !leads_to(repository, &target, &now)? {
        return Err(Stop::fatal(if only { "Not possible to fast-forward, aborting." } else { APART }));
    }
    move_files(repository, &target, false)?;
    match &head.branch {
        Some(branch) => repository.set_reference(&format!("refs/heads/{branch}"), Some(&target))?,
        None => repository.set_head(None, &target)?,
    }
    if !quiet {
        println!("Updating {}..{}\nFast-forward", repository.short(&now), repository.short(&target));
        let how = Comparison { renames: true, ..names_only(Vec::new()) };
        let found = repository.differences(&Side::Revision(now), &Side::Revision(target), &how)?;
        print!("{}{}", stat::table(&found), stat::modes(&found));
    }
    Ok(0)
}

const APART: &str =
    "histories that went apart are not joined here: `git cherry-pick ..BRANCH` takes over the commits of a branch";

/// Whether a commit is another one, or comes after it.
fn leads_to(repository: &Repository, from: &str, to: &str) -> Result<bool, Stop> {
    let range = Walk { start: vec![to.to_owned()], without: vec![from.to_owned()], most: 1, ..walk() };
    Ok(repository.commits(&range)?.is_empty())
}
