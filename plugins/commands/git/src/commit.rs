//! `git commit`.

use std::io::Read as _;

use crate::Stop;
use crate::add;
use crate::arguments::{Argument, Arguments, unknown};
use crate::date::Moment;
use crate::pretty::{subject, when};
use crate::repository::{Comparison, NewCommit, Person, Repository, Side, names_only};
use crate::stat;
use crate::status::{Status, Untracked, long};

/// Who commits where nobody is named.
const NAME: &str = "agent";
const EMAIL: &str = "agent@localhost";

#[derive(Default)]
struct Options {
    messages: Vec<String>,
    all: bool,
    amend: bool,
    keep_message: bool,
    allow_empty: bool,
    allow_no_message: bool,
    quiet: bool,
    author: Option<String>,
    date: Option<String>,
    reset_author: bool,
    paths: Vec<String>,
}

pub(crate) fn commit(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let options = read(arguments)?;
    repository.must_be_writable()?;
    let old = if options.amend { Some(amended(repository)?) } else { None };
    let paths = repository.paths(&options.paths)?;
    if options.all {
        add::update(repository)?;
    }
    if !paths.is_empty() {
        only(repository, &paths)?;
    }
    let base = match &old {
        Some(old) if old.parents.is_empty() => Side::Nothing,
        Some(_) => Side::Revision("HEAD^".to_owned()),
        None => repository.head_side()?,
    };
    let how = Comparison { renames: true, ..names_only(Vec::new()) };
    let changes = repository.differences(&base, &Side::Staged, &how)?;
    if changes.is_empty() && !options.allow_empty && !options.amend {
        let status = Status::read(repository, &[], Untracked::Folders)?;
        print!("{}", long(repository, &status)?);
        return Ok(1);
    }
    let message = message(&options, old.as_ref().map(|old| &old.message[..]))?;
    let committer = person(repository, "COMMITTER", None)?;
    let author = match &old {
        Some(old) if !options.reset_author && options.author.is_none() => dated(old.author.clone(), &options)?,
        _ => author(repository, &options)?,
    };
    let first = matches!(base, Side::Nothing);
    let new = NewCommit { message, author, committer, amend: options.amend };
    let id = repository.make_commit(&new)?;
    if !options.quiet {
        print!("{}", report(repository, &new, &id, (first, options.amend || options.date.is_some()))?);
        print!("{}{}", stat::summary(&changes), stat::modes(&changes));
    }
    Ok(0)
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options::default();
    let mut arguments = Arguments::new(arguments, "mFCc");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(path) | Argument::Path(path) => options.paths.push(path),
            Argument::Option(option) => match option.as_str() {
                "-m" | "--message=" | "--message" => options.messages.push(arguments.value(&option)?),
                "-F" | "--file=" | "--file" => options.messages.push(file(&arguments.value(&option)?)?),
                "-a" | "--all" => options.all = true,
                "--amend" => options.amend = true,
                "--no-edit" => options.keep_message = true,
                "--allow-empty" => options.allow_empty = true,
                "--allow-empty-message" => options.allow_no_message = true,
                "-q" | "--quiet" => options.quiet = true,
                "--author=" | "--author" => options.author = Some(arguments.value(&option)?),
                "--date=" | "--date" => options.date = Some(arguments.value(&option)?),
                "--reset-author" => options.reset_author = true,
                "-n" | "--no-verify" | "--no-gpg-sign" | "--no-status" | "--no-post-rewrite" => {}
                "--cleanup=" => drop(arguments.value(&option)?),
                "-s" | "--signoff" | "-S" | "--gpg-sign" | "-p" | "--patch" | "--fixup=" | "-C" | "-c" => {
                    return Err(Stop::fatal(format!("git commit {option} is not known here")));
                }
                _ => return Err(unknown(&option)),
            },
        }
    }
    Ok(options)
}

fn file(path: &str) -> Result<String, Stop> {
    let mut text = Vec::new();
    let read = match path {
        "-" => std::io::stdin().lock().read_to_end(&mut text).map(drop),
        path => std::fs::read(path).map(|bytes| text = bytes),
    };
    read.map_err(|error| Stop::fatal(format!("could not read log file '{path}': {error}")))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn amended(repository: &Repository) -> Result<crate::repository::Commit, Stop> {
    if repository.head()?.commit.is_none() {
        return Err(Stop::fatal("You have nothing to amend."));
    }
    repository.commit("HEAD")
}

/// With paths, the commit has these and nothing else that is staged.
fn only(repository: &Repository, paths: &[Vec<u8>]) -> Result<(), Stop> {
    let head = repository.head_side()?;
    let staged = repository.differences(&head, &Side::Staged, &names_only(Vec::new()))?;
    if staged.iter().any(|difference| !crate::repository::matches(paths, &difference.new_path)) {
        return Err(Stop::fatal("other files are staged; unstage them with `git reset`, or commit without paths"));
    }
    add::take(repository, paths)
}

fn message(options: &Options, old: Option<&[u8]>) -> Result<String, Stop> {
    let text = match (&options.messages[..], old) {
        ([], Some(old)) if options.keep_message => String::from_utf8_lossy(old).into_owned(),
        ([], _) => {
            let problem = "Terminal is dumb, but EDITOR unset\nPlease supply the message using either -m or -F option.";
            return Err(Stop::error(problem));
        }
        (messages, _) => messages.join("\n\n"),
    };
    let text = cleaned(&text);
    if text.is_empty() && !options.allow_no_message {
        return Err(Stop { code: 1, message: "Aborting commit due to empty commit message.".to_owned() });
    }
    Ok(text)
}

/// Without white space at the ends of lines, without empty lines at both ends, and never two in a row.
pub(crate) fn cleaned(text: &str) -> String {
    let mut cleaned = String::new();
    let mut empty = false;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            empty = !cleaned.is_empty();
            continue;
        }
        if std::mem::take(&mut empty) {
            cleaned.push('\n');
        }
        cleaned.push_str(line);
        cleaned.push('\n');
    }
    cleaned
}

fn author(repository: &Repository, options: &Options) -> Result<Person, Stop> {
    dated(person(repository, "AUTHOR", options.author.as_deref())?, options)
}

fn dated(mut person: Person, options: &Options) -> Result<Person, Stop> {
    if let Some(date) = &options.date {
        let moment = Moment::parse(date).ok_or_else(|| Stop::fatal(format!("invalid date format: {date}")))?;
        (person.seconds, person.offset) = (moment.seconds, moment.offset);
    }
    Ok(person)
}

/// From `NAME <ADDRESS>`, the environment, `-c`, the repository's configuration, or what stands for nobody.
pub(crate) fn person(repository: &Repository, role: &str, given: Option<&str>) -> Result<Person, Stop> {
    let variable = |what: &str| std::env::var(format!("GIT_{role}_{what}")).ok().filter(|value| !value.is_empty());
    let given = given.map(|given| {
        let (name, email) = given.split_once('<').unwrap_or((given, ""));
        (name.trim().to_owned(), email.trim_end_matches('>').trim().to_owned())
    });
    let (name, email) = match given {
        Some((name, email)) => (Some(name), Some(email)),
        None => (variable("NAME"), variable("EMAIL")),
    };
    let setting = |key: &str| repository.setting(key).map(|value| value.filter(|value| !value.is_empty()));
    let name = name.or(setting("user.name")?).unwrap_or_else(|| NAME.to_owned());
    let email = email.or(setting("user.email")?).unwrap_or_else(|| EMAIL.to_owned());
    let moment = variable("DATE").and_then(|date| Moment::parse(&date)).unwrap_or_else(Moment::now);
    Ok(Person { name, email, seconds: moment.seconds, offset: moment.offset })
}

pub(crate) fn report(
    repository: &Repository,
    new: &NewCommit,
    id: &str,
    (first, dated): (bool, bool),
) -> Result<String, Stop> {
    let branch = repository.head()?.branch.unwrap_or_else(|| "detached HEAD".to_owned());
    let root = if first { " (root-commit)" } else { "" };
    let mut text = format!("[{branch}{root} {}] {}\n", repository.short(id), subject(new.message.as_bytes()));
    let (author, committer) = (&new.author, &new.committer);
    if (&author.name, &author.email) != (&committer.name, &committer.email) {
        text.push_str(&format!(" Author: {} <{}>\n", author.name, author.email));
    }
    if dated {
        text.push_str(&format!(" Date: {}\n", when(author).shown("")));
    }
    Ok(text)
}
