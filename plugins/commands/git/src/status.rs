//! `git status`.

use std::collections::{BTreeMap, BTreeSet};

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::quote::{Style, quoted};
use crate::repository::{Comparison, Difference, Repository, Side, matches, names_only};

/// What there is to tell.
pub(crate) struct Status {
    pub(crate) staged: Vec<Difference>,
    pub(crate) changed: Vec<Difference>,
    pub(crate) untracked: Vec<Vec<u8>>,
}

/// How untracked files are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Untracked {
    No,
    Folders,
    All,
}

#[derive(Default)]
struct Options {
    short: bool,
    porcelain: bool,
    branch: bool,
    zero: bool,
    untracked: Option<Untracked>,
    paths: Vec<String>,
}

pub(crate) fn status(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let options = read(arguments)?;
    let paths = repository.paths(&options.paths)?;
    let status = Status::read(repository, &paths, options.untracked.unwrap_or(Untracked::Folders))?;
    match options.short || options.porcelain || options.zero {
        true => short(repository, &status, &options)?,
        false => print!("{}", long(repository, &status)?),
    }
    Ok(0)
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options::default();
    let mut arguments = Arguments::new(arguments, "u");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(path) | Argument::Path(path) => options.paths.push(path),
            Argument::Option(option) => match option.as_str() {
                "-s" | "--short" => options.short = true,
                "-b" | "--branch" => options.branch = true,
                "--porcelain" => options.porcelain = true,
                "--porcelain=" => {
                    options.porcelain = true;
                    if !matches!(arguments.value(&option)?.as_str(), "v1" | "1") {
                        return Err(Stop::fatal("only --porcelain=v1 is known here"));
                    }
                }
                "-z" | "--null" => options.zero = true,
                "--long" | "--ahead-behind" | "--no-ahead-behind" | "--no-renames" | "--no-column" => {}
                "-v" => {}
                "-u" | "--untracked-files=" => {
                    options.untracked = Some(match arguments.value(&option)?.as_str() {
                        "no" => Untracked::No,
                        "normal" => Untracked::Folders,
                        _ => Untracked::All,
                    });
                }
                "--untracked-files" => options.untracked = Some(Untracked::All),
                _ => return Err(unknown(&option)),
            },
        }
    }
    Ok(options)
}

impl Status {
    pub(crate) fn read(repository: &Repository, paths: &[Vec<u8>], untracked: Untracked) -> Result<Self, Stop> {
        let renames = Comparison { renames: true, ..names_only(paths.to_vec()) };
        let staged = repository.differences(&repository.head_side()?, &Side::Staged, &renames)?;
        let with_untracked = Comparison { untracked: untracked != Untracked::No, ..names_only(paths.to_vec()) };
        let found = repository.differences(&Side::Staged, &Side::Files, &with_untracked)?;
        let (new, changed): (Vec<_>, Vec<_>) = found.into_iter().partition(|difference| difference.kind == "A");
        let new: Vec<_> = new.into_iter().map(|difference| difference.new_path).collect();
        let untracked = if untracked == Untracked::Folders { folded(repository, new)? } else { new };
        Ok(Self { staged, changed, untracked })
    }

    fn is_clean(&self) -> bool {
        self.staged.is_empty() && self.changed.is_empty()
    }
}

/// A folder in which nothing is tracked stands for all that is in it.
fn folded(repository: &Repository, new: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Stop> {
    if !new.iter().any(|path| path.contains(&b'/')) {
        return Ok(new);
    }
    let mut tracked = BTreeSet::new();
    for entry in repository.entries(&Side::Staged)? {
        let slashes = entry.path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        tracked.extend(slashes.map(|(at, _)| entry.path[..=at].to_vec()));
    }
    let mut folded = BTreeSet::new();
    for path in new {
        let mut slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        let folder = slashes.find(|(at, _)| !tracked.contains(&path[..=*at])).map(|(at, _)| path[..=at].to_vec());
        folded.insert(folder.unwrap_or(path));
    }
    Ok(folded.into_iter().collect())
}

/// What is staged, what is changed, and the path before a rename.
type Line<'a> = (char, char, Option<&'a [u8]>);

fn short(repository: &Repository, status: &Status, options: &Options) -> Result<(), Stop> {
    let end = if options.zero { '\0' } else { '\n' };
    if options.branch {
        print!("## {}{end}", branch(repository)?);
    }
    let mut lines: BTreeMap<&[u8], Line<'_>> = BTreeMap::new();
    for difference in &status.staged {
        let old = (difference.kind == "R").then_some(&difference.old_path[..]);
        lines.insert(&difference.new_path, (letter(difference), ' ', old));
    }
    for difference in &status.changed {
        lines.entry(&difference.new_path).or_insert((' ', ' ', None)).1 = letter(difference);
    }
    let shown = |path: &[u8]| match (options.porcelain, options.zero) {
        (_, true) => String::from_utf8_lossy(path).into_owned(),
        (true, _) => quoted(path, Style::Spaces),
        (false, _) => repository.shown(path, Style::Spaces),
    };
    for (path, (staged, changed, old)) in lines {
        match old {
            Some(old) if options.zero => print!("{staged}{changed} {}\0{}\0", shown(path), shown(old)),
            Some(old) => print!("{staged}{changed} {} -> {}{end}", shown(old), shown(path)),
            None => print!("{staged}{changed} {}{end}", shown(path)),
        }
    }
    for path in &status.untracked {
        print!("?? {}{end}", shown(path));
    }
    Ok(())
}

fn branch(repository: &Repository) -> Result<String, Stop> {
    let head = repository.head()?;
    Ok(match (head.branch, head.commit) {
        (Some(branch), Some(_)) => branch,
        (Some(branch), None) => format!("No commits yet on {branch}"),
        (None, _) => "HEAD (no branch)".to_owned(),
    })
}

fn letter(difference: &Difference) -> char {
    difference.kind.chars().next().unwrap_or('M')
}

/// The whole text of `git status`.
pub(crate) fn long(repository: &Repository, status: &Status) -> Result<String, Stop> {
    let head = repository.head()?;
    let mut text = match (&head.branch, &head.commit) {
        (Some(branch), _) => format!("On branch {branch}\n"),
        (None, Some(commit)) => format!("HEAD detached at {}\n", repository.short(commit)),
        (None, None) => "Not currently on any branch.\n".to_owned(),
    };
    let initial = head.commit.is_none();
    if initial {
        text.push_str("\nNo commits yet\n\n");
    }
    let unstage = if initial { "git rm --cached <file>..." } else { "git restore --staged <file>..." };
    if !status.staged.is_empty() {
        text.push_str(&format!("Changes to be committed:\n  (use \"{unstage}\" to unstage)\n"));
        text.extend(status.staged.iter().map(|difference| line(repository, difference)));
        text.push('\n');
    }
    if !status.changed.is_empty() {
        let or_remove = if status.changed.iter().any(|difference| difference.kind == "D") { "/rm" } else { "" };
        text.push_str(&format!(
            "Changes not staged for commit:\n  (use \"git add{or_remove} <file>...\" to update what will be committed)\n  \
             (use \"git restore <file>...\" to discard changes in working directory)\n"
        ));
        text.extend(status.changed.iter().map(|difference| line(repository, difference)));
        text.push('\n');
    }
    if !status.untracked.is_empty() {
        text.push_str("Untracked files:\n  (use \"git add <file>...\" to include in what will be committed)\n");
        text.extend(status.untracked.iter().map(|path| format!("\t{}\n", repository.shown(path, Style::Plain))));
        text.push('\n');
    }
    text.push_str(last(status, initial));
    Ok(text)
}

fn last(status: &Status, initial: bool) -> &'static str {
    if !status.staged.is_empty() {
        return "";
    }
    match (status.is_clean(), status.untracked.is_empty()) {
        (false, _) => "no changes added to commit (use \"git add\" and/or \"git commit -a\")\n",
        (true, false) => "nothing added to commit but untracked files present (use \"git add\" to track)\n",
        (true, true) if initial => "nothing to commit (create/copy files and use \"git add\" to track)\n",
        (true, true) => "nothing to commit, working tree clean\n",
    }
}

fn line(repository: &Repository, difference: &Difference) -> String {
    let label = match difference.kind.as_str() {
        "A" => "new file:   ",
        "D" => "deleted:    ",
        "R" => "renamed:    ",
        "T" => "typechange: ",
        _ => "modified:   ",
    };
    let path = repository.shown(&difference.new_path, Style::Plain);
    match difference.kind.as_str() {
        "R" => format!("\t{label}{} -> {path}\n", repository.shown(&difference.old_path, Style::Plain)),
        _ => format!("\t{label}{path}\n"),
    }
}

/// What differs between the index and the work tree, a letter and a path each.
pub(crate) fn unstaged(repository: &Repository, paths: &[Vec<u8>]) -> Result<Vec<String>, Stop> {
    let found = repository.differences(&Side::Staged, &Side::Files, &names_only(paths.to_vec()))?;
    let found = found.iter().filter(|difference| matches(paths, &difference.new_path));
    Ok(found
        .map(|difference| format!("{}\t{}", difference.kind, repository.shown(&difference.new_path, Style::Plain)))
        .collect())
}
