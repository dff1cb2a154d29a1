//! `git diff`, and how differences are printed wherever they are.

use std::io::Write as _;

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::quote::{Style, quoted};
use crate::repository::{Comparison, Difference, Repository, Side};
use crate::stat;

/// What is printed of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Patch,
    Stat,
    ShortStat,
    NumStat,
    NameOnly,
    NameStatus,
    Summary,
}

/// Which differences, and how.
#[derive(Debug, Clone, Default)]
pub(crate) struct Show {
    pub(crate) forms: Vec<Form>,
    context: Option<u32>,
    binary: bool,
    no_renames: bool,
    spaces: &'static str,
    zero: bool,
    /// `-s`.
    pub(crate) nothing: bool,
    filter: Option<String>,
    pub(crate) exit_code: bool,
    quiet: bool,
}

impl Show {
    /// Takes an option if it is about this.
    pub(crate) fn take(&mut self, option: &str, arguments: &mut Arguments) -> Result<bool, Stop> {
        match option {
            "-p" | "-u" | "--patch" => self.forms.push(Form::Patch),
            "--stat" => self.forms.push(Form::Stat),
            "--stat=" => {
                arguments.value(option)?;
                self.forms.push(Form::Stat);
            }
            "--shortstat" => self.forms.push(Form::ShortStat),
            "--numstat" => self.forms.push(Form::NumStat),
            "--name-only" => self.forms.push(Form::NameOnly),
            "--name-status" => self.forms.push(Form::NameStatus),
            "--summary" => self.forms.push(Form::Summary),
            "--patch-with-stat" => self.forms.extend([Form::Stat, Form::Patch]),
            "-U" | "--unified=" => {
                self.context = Some(arguments.number(option)?);
                self.forms.push(Form::Patch);
            }
            "--binary" => self.binary = true,
            "--full-index" => self.binary = true,
            "--no-renames" => self.no_renames = true,
            "-M" | "--find-renames" | "--no-color" | "--no-ext-diff" | "--no-textconv" | "--minimal" | "--text"
            | "-a" => {}
            "--color=" | "--find-renames=" | "--diff-algorithm=" => drop(arguments.value(option)?),
            "-w" | "--ignore-all-space" => self.spaces = "all",
            "-b" | "--ignore-space-change" => self.spaces = "change",
            "--ignore-space-at-eol" => self.spaces = "end",
            "-z" => self.zero = true,
            "-s" | "--no-patch" => self.nothing = true,
            "--exit-code" => self.exit_code = true,
            "--quiet" => (self.quiet, self.exit_code) = (true, true),
            "--diff-filter=" => self.filter = Some(arguments.value(option)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(crate) fn differences(
        &self,
        repository: &Repository,
        (old, new): (&Side, &Side),
        paths: &[Vec<u8>],
    ) -> Result<Vec<Difference>, Stop> {
        let how = Comparison {
            paths: paths.to_vec(),
            untracked: false,
            renames: !self.no_renames,
            patch: self.forms.contains(&Form::Patch),
            binary: self.binary,
            context: self.context.unwrap_or(3),
            spaces: self.spaces.to_owned(),
        };
        let mut found = repository.differences(old, new, &how)?;
        if let Some(filter) = &self.filter {
            let wanted = |kind: &str| match filter.chars().any(|letter| letter.is_ascii_uppercase()) {
                true => filter.contains(kind),
                false => !filter.contains(&kind.to_lowercase()),
            };
            found.retain(|difference| wanted(&difference.kind));
        }
        Ok(found)
    }

    /// Prints them in each of the forms, with an empty line before a patch that follows another form.
    pub(crate) fn print(&self, differences: &[Difference]) -> Result<(), Stop> {
        if self.quiet || self.nothing || differences.is_empty() {
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        let counted = self.counted(differences);
        for form in [Form::NumStat, Form::Stat, Form::ShortStat, Form::Summary] {
            if self.forms.contains(&form) {
                out.write_all(text(form, &counted).as_bytes())?;
            }
        }
        for form in [Form::NameOnly, Form::NameStatus] {
            if self.forms.contains(&form) {
                out.write_all(&self.names(form, differences))?;
            }
        }
        if self.forms.contains(&Form::Patch) {
            if self.forms.len() > 1 {
                out.write_all(b"\n")?;
            }
            for difference in differences {
                out.write_all(&difference.patch)?;
            }
        }
        Ok(())
    }

    /// Where white space makes no difference, a file with nothing else has no numbers.
    fn counted(&self, differences: &[Difference]) -> Vec<Difference> {
        let same = |difference: &&Difference| {
            difference.lines == Some((0, 0)) && difference.kind == "M" && difference.old_mode == difference.new_mode
        };
        differences.iter().filter(|difference| self.spaces.is_empty() || !same(difference)).cloned().collect()
    }

    fn names(&self, form: Form, differences: &[Difference]) -> Vec<u8> {
        let mut text = Vec::new();
        let (between, end) = if self.zero { (0, 0) } else { (b'\t', b'\n') };
        let shown = |path: &[u8]| if self.zero { path.to_vec() } else { quoted(path, Style::Plain).into_bytes() };
        for difference in differences {
            if form == Form::NameStatus {
                text.extend_from_slice(difference.kind.as_bytes());
                if difference.kind == "R" {
                    text.extend_from_slice(format!("{:03}", difference.similarity).as_bytes());
                    text.push(between);
                    text.extend(shown(&difference.old_path));
                }
                text.push(between);
            }
            text.extend(shown(&difference.new_path));
            text.push(end);
        }
        text
    }
}

fn text(form: Form, differences: &[Difference]) -> String {
    match form {
        Form::Stat => stat::table(differences),
        Form::ShortStat => stat::summary(differences),
        Form::NumStat => stat::numbers(differences),
        Form::Summary => stat::modes(differences),
        Form::Patch | Form::NameOnly | Form::NameStatus => String::new(),
    }
}

/// What is on the command line.
#[derive(Default)]
struct Request {
    show: Show,
    cached: bool,
    revisions: Vec<String>,
    paths: Vec<String>,
}

pub(crate) fn diff(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let mut request = Request::default();
    let mut arguments = Arguments::new(arguments, "UO");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Path(path) => request.paths.push(path),
            Argument::Word(word) => sort_out(repository, word, &mut request)?,
            Argument::Option(option) => match option.as_str() {
                "--cached" | "--staged" => request.cached = true,
                "--no-index" => return Err(Stop::fatal("use the command diff, which needs no repository")),
                _ if request.show.take(&option, &mut arguments)? => {}
                _ => return Err(unknown(&option)),
            },
        }
    }
    if request.show.forms.is_empty() {
        request.show.forms.push(Form::Patch);
    }
    let (old, new) = sides(repository, &request)?;
    let paths = repository.paths(&request.paths)?;
    let found = request.show.differences(repository, (&old, &new), &paths)?;
    request.show.print(&found)?;
    Ok(i32::from(request.show.exit_code && !found.is_empty()))
}

/// A word is a revision as long as no path came before it, and a path otherwise.
fn sort_out(repository: &Repository, word: String, request: &mut Request) -> Result<(), Stop> {
    if request.paths.is_empty() && is_revision(repository, &word) {
        request.revisions.push(word);
        return Ok(());
    }
    must_be_path(repository, &word)?;
    request.paths.push(word);
    Ok(())
}

pub(crate) fn is_revision(repository: &Repository, word: &str) -> bool {
    match word.split_once("..") {
        Some((from, to)) => {
            let to = to.strip_prefix('.').unwrap_or(to);
            [from, to].iter().all(|side| side.is_empty() || repository.resolve(side).is_some())
        }
        None => repository.resolve(word.strip_prefix('^').unwrap_or(word)).is_some(),
    }
}

/// A word that is neither a revision nor a file was meant to be one of them.
pub(crate) fn must_be_path(repository: &Repository, word: &str) -> Result<(), Stop> {
    let path = repository.path(word)?;
    if std::fs::symlink_metadata(repository.file(&path)).is_ok() {
        return Ok(());
    }
    Err(Stop::fatal(format!(
        "ambiguous argument '{word}': unknown revision or path not in the working tree.\n\
         Use '--' to separate paths from revisions, like this:\n'git <command> [<revision>...] -- [<file>...]'"
    )))
}

fn sides(repository: &Repository, request: &Request) -> Result<(Side, Side), Stop> {
    let revision = |text: &str| Side::Revision(if text.is_empty() { "HEAD".to_owned() } else { text.to_owned() });
    match &request.revisions[..] {
        [] if request.cached => Ok((repository.head_side()?, Side::Staged)),
        [] => Ok((Side::Staged, Side::Files)),
        [range] if range.contains("..") => {
            let (old, new) = range.split_once("..").unwrap_or_default();
            if let Some(new) = new.strip_prefix('.') {
                return Ok((revision(&base(repository, old, new)?), revision(new)));
            }
            Ok((revision(old), revision(new)))
        }
        [one] if request.cached => Ok((revision(one), Side::Staged)),
        [one] => Ok((revision(one), Side::Files)),
        [old, new] => Ok((revision(old), revision(new))),
        _ => Err(Stop::fatal("more than two revisions can't be compared here")),
    }
}

/// The newest commit that both lead to.
fn base(repository: &Repository, one: &str, other: &str) -> Result<String, Stop> {
    let walk = |start: &str| crate::repository::Walk { start: vec![start.to_owned()], ..crate::repository::walk() };
    let or_head = |text: &str| if text.is_empty() { "HEAD".to_owned() } else { text.to_owned() };
    let known: std::collections::HashSet<_> =
        repository.commits(&walk(&or_head(one)))?.into_iter().map(|commit| commit.id).collect();
    let common = repository.commits(&walk(&or_head(other)))?.into_iter().find(|commit| known.contains(&commit.id));
    common.map(|commit| commit.id).ok_or_else(|| Stop::fatal(format!("{one}...{other}: no merge base")))
}
