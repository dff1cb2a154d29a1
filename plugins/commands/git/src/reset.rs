//! `git reset`.

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::change;
use crate::checkout::present;
use crate::pretty::subject;
use crate::repository::{Repository, Side};
use crate::restore::stage_from;
use crate::status::unstaged;

/// What goes back beside the branch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Soft,
    Mixed,
    Hard,
}

pub(crate) fn reset(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let (mut mode, mut quiet, mut words, mut paths) = (None, false, Vec::new(), Vec::new());
    let mut arguments = Arguments::new(arguments, "");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Path(path) => paths.push(path),
            Argument::Word(word) if words.is_empty() && paths.is_empty() && repository.commit_id(&word).is_some() => {
                words.push(word);
            }
            Argument::Word(path) => paths.push(path),
            Argument::Option(option) => match option.as_str() {
                "--soft" => mode = Some(Mode::Soft),
                "--mixed" => mode = Some(Mode::Mixed),
                "--hard" => mode = Some(Mode::Hard),
                "-q" | "--quiet" => quiet = true,
                "-N" | "--no-refresh" | "--refresh" => {}
                _ => return Err(unknown(&option)),
            },
        }
    }
    repository.must_be_writable()?;
    let revision = words.first().map_or("HEAD", String::as_str);
    if !paths.is_empty() {
        if mode.is_some_and(|mode| mode != Mode::Mixed) {
            return Err(Stop::fatal("Cannot do hard reset with paths."));
        }
        let side = if revision == "HEAD" { repository.head_side()? } else { Side::Revision(revision.to_owned()) };
        stage_from(repository, &side, &paths)?;
    } else {
        whole(repository, revision, mode.unwrap_or(Mode::Mixed), quiet)?;
    }
    if !quiet && mode.is_none_or(|mode| mode == Mode::Mixed) {
        tell(&unstaged(repository, &[])?);
    }
    Ok(0)
}

/// Moves the branch, and with it what the mode says.
pub(crate) fn whole(repository: &Repository, revision: &str, mode: Mode, quiet: bool) -> Result<(), Stop> {
    let head = repository.head()?;
    let Some(commit) = repository.commit_id(revision) else {
        return if mode == Mode::Soft { Ok(()) } else { repository.stage_all(None) };
    };
    if mode == Mode::Hard {
        let side = Side::Revision(commit.clone());
        let tracked = repository.by_path(&Side::Staged)?;
        let wanted = repository.by_path(&side)?;
        let files = repository.by_path(&Side::Files)?;
        let now =
            files.into_iter().filter(|(path, _)| tracked.contains_key(path) || wanted.contains_key(path)).collect();
        let both = tracked.clone().into_iter().chain(wanted.clone()).collect();
        change::write(repository, &side, &present(now, &both), &wanted)?;
    }
    if mode != Mode::Soft {
        repository.stage_all(Some(&commit))?;
    }
    match &head.branch {
        Some(branch) => repository.set_reference(&format!("refs/heads/{branch}"), Some(&commit))?,
        None => repository.set_head(None, &commit)?,
    }
    if mode == Mode::Hard && !quiet {
        println!("HEAD is now at {} {}", repository.short(&commit), subject(&repository.commit(&commit)?.message));
    }
    Ok(())
}

fn tell(changed: &[String]) {
    if !changed.is_empty() {
        println!("Unstaged changes after reset:");
    }
    changed.iter().for_each(|line| println!("{line}"));
}
