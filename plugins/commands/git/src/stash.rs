//! `git stash`: changes are put aside as commits that no branch leads to, as git itself keeps them: one of the files, whose
//! parents are HEAD, one of the index, and perhaps one of files that were not tracked.

use crate::Stop;
use crate::add;
use crate::arguments::{Argument, Arguments, unknown};
use crate::carry::Carried;
use crate::change;
use crate::commit::person;
use crate::diff::{Form, Show};
use crate::pretty::subject;
use crate::repository::{Entry, NewCommit, Repository, Side, Source, names_only};
use crate::reset::{Mode, whole};
use crate::status::{Status, Untracked, long};

const REFERENCES: &str = "refs/stash/";

pub(crate) fn stash(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let (what, rest) = match arguments.split_first() {
        Some((word, rest)) if !word.starts_with('-') => (word.as_str(), rest),
        _ => ("push", arguments),
    };
    match what {
        "push" | "save" => push(repository, &read(rest, what == "save")?),
        "list" => list(repository),
        "show" => show(repository, rest),
        "pop" => restore(repository, rest, true),
        "apply" => restore(repository, rest, false),
        "drop" => drop_one(repository, rest),
        "clear" => clear(repository),
        "branch" | "create" | "store" | "export" | "import" => Err(Stop::fatal(format!(
            "git stash {what} is not known here: `git switch -c NAME` and `git stash pop` make a branch of a stash"
        ))),
        _ => Err(Stop::usage(format!("unknown subcommand: `{what}'"))),
    }
}

#[derive(Default)]
struct Options {
    message: Option<String>,
    untracked: bool,
    keep_index: bool,
    quiet: bool,
}

fn read(arguments: &[String], words_are_message: bool) -> Result<Options, Stop> {
    let (mut options, mut words) = (Options::default(), Vec::new());
    let mut arguments = Arguments::new(arguments, "m");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) | Argument::Path(word) => words.push(word),
            Argument::Option(option) => match option.as_str() {
                "-m" | "--message=" | "--message" => options.message = Some(arguments.value(&option)?),
                "-u" | "--include-untracked" => options.untracked = true,
                "-k" | "--keep-index" => options.keep_index = true,
                "--no-keep-index" => options.keep_index = false,
                "-q" | "--quiet" => options.quiet = true,
                "-a" | "--all" => {
                    return Err(Stop::fatal("what is ignored stays where it is here; -u takes untracked files"));
                }
                "-S" | "--staged" | "-p" | "--patch" => {
                    return Err(Stop::fatal(format!(
                        "git stash push {option} is not known here: commit to a branch instead"
                    )));
                }
                _ => return Err(unknown(&option)),
            },
        }
    }
    match (words.is_empty(), words_are_message) {
        (true, _) => {}
        (false, true) => options.message = Some(words.join(" ")),
        (false, false) => {
            return Err(Stop::fatal("all changes are put aside at once here: git stash push takes no paths"));
        }
    }
    Ok(options)
}

fn push(repository: &Repository, options: &Options) -> Result<i32, Stop> {
    repository.must_be_writable()?;
    if repository.head()?.commit.is_none() {
        return Err(Stop { code: 1, message: "You do not have the initial commit yet".to_owned() });
    }
    let untracked = if options.untracked { untracked(repository)? } else { Vec::new() };
    if change::unsaved(repository)?.is_empty() && untracked.is_empty() {
        say(options.quiet, "No local changes to save");
        return Ok(0);
    }
    let (place, message) = messages(repository, options)?;
    let index = loose(repository, &format!("index on {place}\n"), &["HEAD".to_owned()])?;
    let kept = keep(repository, &index, &untracked, (&place, &message));
    // Whatever happened, the index is what it was.
    repository.stage_all(Some(&index))?;
    let kept = kept?;
    let number =
        stashes(repository)?.first().and_then(|(number, _)| number.parse::<u64>().ok()).map_or(0, |last| last + 1);
    repository.set_reference(&format!("{REFERENCES}{number:08}"), Some(&kept))?;
    whole(repository, "HEAD", Mode::Hard, true)?;
    for path in &untracked {
        change::remove(repository, path)?;
    }
    if options.keep_index {
        let side = Side::Revision(index.clone());
        let (now, wanted) = (repository.by_path(&Side::Staged)?, repository.by_path(&side)?);
        change::write(repository, &side, &now, &wanted)?;
        repository.stage_all(Some(&index))?;
    }
    say(options.quiet, &format!("Saved working directory and index state {message}"));
    Ok(0)
}

fn say(quiet: bool, line: &str) {
    if !quiet {
        println!("{line}");
    }
}

fn untracked(repository: &Repository) -> Result<Vec<Vec<u8>>, Stop> {
    Ok(Status::read(repository, &[], Untracked::All)?.untracked)
}

/// Where the work was, and what the stash is called.
fn messages(repository: &Repository, options: &Options) -> Result<(String, String), Stop> {
    let branch = repository.head()?.branch.unwrap_or_else(|| "(no branch)".to_owned());
    let commit = repository.commit("HEAD")?;
    let place = format!("{branch}: {} {}", repository.short(&commit.id), subject(&commit.message));
    let message = match &options.message {
        Some(message) => format!("On {branch}: {message}"),
        None => format!("WIP on {place}"),
    };
    Ok((place, message))
}

/// Makes the commit of the files, and before it that of the untracked ones.
fn keep(
    repository: &Repository,
    index: &str,
    untracked: &[Vec<u8>],
    (place, message): (&str, &str),
) -> Result<String, Stop> {
    let mut parents = vec!["HEAD".to_owned(), index.to_owned()];
    if !untracked.is_empty() {
        repository.stage_all(None)?;
        repository.stage(&untracked.iter().map(|path| (path.clone(), Source::Files)).collect::<Vec<_>>())?;
        parents.push(loose(repository, &format!("untracked files on {place}\n"), &[])?);
        repository.stage_all(Some(index))?;
    }
    add::update(repository)?;
    loose(repository, message, &parents)
}

fn loose(repository: &Repository, message: &str, parents: &[String]) -> Result<String, Stop> {
    let (author, committer) = (person(repository, "AUTHOR", None)?, person(repository, "COMMITTER", None)?);
    repository.make_loose_commit(&NewCommit { message: message.to_owned(), author, committer, amend: false }, parents)
}

/// Numbers and commits, the newest first.
fn stashes(repository: &Repository) -> Result<Vec<(String, String)>, Stop> {
    let mut found = repository.references(REFERENCES)?;
    found.reverse();
    Ok(found)
}

/// One stash: how it was called on the command line, its reference's number and its commit.
struct Stash {
    label: String,
    number: String,
    commit: String,
}

fn named(repository: &Repository, word: Option<&String>) -> Result<Stash, Stop> {
    let label = match word {
        None => "refs/stash@{0}".to_owned(),
        Some(word) if word.bytes().all(|byte| byte.is_ascii_digit()) => format!("refs/stash@{{{word}}}"),
        Some(word) => word.clone(),
    };
    let nth = label.strip_prefix("refs/").unwrap_or(&label).strip_prefix("stash");
    let nth = nth.map(|rest| if rest.is_empty() { "@{0}" } else { rest });
    let nth = nth.and_then(|rest| rest.strip_prefix("@{")?.strip_suffix('}')?.parse::<usize>().ok());
    let Some(nth) = nth else { return Err(Stop::error(format!("'{label}' is not a stash reference"))) };
    let stashes = stashes(repository)?;
    let count = stashes.len();
    let Some((number, commit)) = stashes.into_iter().nth(nth) else {
        return Err(match (count, word) {
            (0, None) => Stop { code: 1, message: "No stash entries found.".to_owned() },
            (0, Some(_)) => Stop::error(format!("{} is not a valid reference", label.trim_start_matches("refs/"))),
            _ => Stop::fatal(format!(
                "log for '{}' only has {count} entries",
                label.split('@').next().unwrap_or("stash")
            )),
        });
    };
    Ok(Stash { label, number, commit })
}

fn list(repository: &Repository) -> Result<i32, Stop> {
    for (at, (_, commit)) in stashes(repository)?.iter().enumerate() {
        println!("stash@{{{at}}}: {}", subject(&repository.commit(commit)?.message));
    }
    Ok(0)
}

fn show(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let (mut show, mut words) = (Show::default(), Vec::new());
    let mut arguments = Arguments::new(arguments, "U");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) | Argument::Path(word) => words.push(word),
            Argument::Option(option) if show.take(&option, &mut arguments)? => {}
            Argument::Option(option) => return Err(unknown(&option)),
        }
    }
    if show.forms.is_empty() {
        show.forms.push(Form::Stat);
    }
    let Stash { commit, .. } = named(repository, words.first())?;
    let (old, new) = (Side::Revision(format!("{commit}^")), Side::Revision(commit));
    show.print(&show.differences(repository, (&old, &new), &[])?)?;
    Ok(0)
}

/// `git stash pop` and `git stash apply`.
fn restore(repository: &Repository, arguments: &[String], then_drop: bool) -> Result<i32, Stop> {
    let (mut with_index, mut quiet, mut words) = (false, false, Vec::new());
    let mut arguments = Arguments::new(arguments, "");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) | Argument::Path(word) => words.push(word),
            Argument::Option(option) => match option.as_str() {
                "--index" => with_index = true,
                "-q" | "--quiet" => quiet = true,
                _ => return Err(unknown(&option)),
            },
        }
    }
    repository.must_be_writable()?;
    let stash = named(repository, words.first())?;
    let commit = repository.commit(&stash.commit)?;
    let [base, index, ..] = &commit.parents[..] else {
        return Err(Stop::fatal(format!("'{}' is not a stash-like commit", stash.commit)));
    };
    let put = put_back(repository, &commit.id, (base, index), commit.parents.get(2), (with_index, quiet));
    if let Err(stop) = &put {
        eprintln!("{}", stop.message);
    }
    if !quiet {
        print!("{}", long(repository, &Status::read(repository, &[], Untracked::Folders)?)?);
    }
    if put.is_err() {
        say(!then_drop, "The stash entry is kept in case you need it again.");
        return Ok(1);
    }
    if then_drop {
        forget(repository, &stash, quiet)?;
    }
    Ok(0)
}

fn put_back(
    repository: &Repository,
    files: &str,
    (base, index): (&str, &str),
    untracked: Option<&String>,
    (with_index, quiet): (bool, bool),
) -> Result<(), Stop> {
    let side = |commit: &str| Side::Revision(commit.to_owned());
    let carried =
        Carried::find(repository, &side(base), &side(files))?.map_err(|hindrance| hindrance.stop("merge", "merge"))?;
    if with_index && !is_as(repository, base)? {
        return Err(Stop::error("conflicts in index. Try without --index."));
    }
    let new = match untracked {
        Some(commit) => absent(repository, commit)?,
        None => Vec::new(),
    };
    if carried.is_empty() {
        println!("Already up to date.");
    }
    if !quiet {
        carried.tell();
    }
    carried.write(repository)?;
    for entry in &new {
        change::write_file(repository, &side(untracked.map_or("", String::as_str)), entry)?;
    }
    match with_index {
        true => repository.stage_all(Some(index)),
        false => repository.stage(&carried.new.iter().map(|path| (path.clone(), Source::Files)).collect::<Vec<_>>()),
    }
}

/// Whether the index has what a commit has.
fn is_as(repository: &Repository, commit: &str) -> Result<bool, Stop> {
    let found = repository.differences(&Side::Revision(commit.to_owned()), &Side::Staged, &names_only(Vec::new()))?;
    Ok(found.is_empty())
}

/// The files of a commit, none of which may be there.
fn absent(repository: &Repository, commit: &str) -> Result<Vec<Entry>, Stop> {
    let entries = repository.entries(&Side::Revision(commit.to_owned()))?;
    let there = |entry: &&Entry| std::fs::symlink_metadata(repository.file(&entry.path)).is_ok();
    let there: Vec<_> = entries.iter().filter(there).map(|entry| String::from_utf8_lossy(&entry.path)).collect();
    if there.is_empty() {
        return Ok(entries);
    }
    let lines: String = there.iter().map(|path| format!("{path} already exists, no checkout\n")).collect();
    Err(Stop { code: 1, message: format!("{lines}error: could not restore untracked files from stash") })
}

fn drop_one(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let quiet = arguments.iter().any(|word| word == "-q" || word == "--quiet");
    let word = arguments.iter().find(|word| !word.starts_with('-'));
    repository.must_be_writable()?;
    forget(repository, &named(repository, word)?, quiet)?;
    Ok(0)
}

fn forget(repository: &Repository, stash: &Stash, quiet: bool) -> Result<(), Stop> {
    repository.set_reference(&format!("{REFERENCES}{}", stash.number), None)?;
    say(quiet, &format!("Dropped {} ({})", stash.label, stash.commit));
    Ok(())
}

fn clear(repository: &Repository) -> Result<i32, Stop> {
    repository.must_be_writable()?;
    for (number, _) in stashes(repository)? {
        repository.set_reference(&format!("{REFERENCES}{number}"), None)?;
    }
    Ok(0)
}
