//! `git log`.

use std::io::Write as _;

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::date::Moment;
use crate::diff::{Form, Show, is_revision, must_be_path};
use crate::pretty::{Pretty, Printer, decorations};
use crate::repository::{Commit, MOST, Repository, Side, Walk, walk};

/// What is on the command line.
pub(crate) struct Request {
    pub(crate) show: Show,
    pub(crate) pretty: Pretty,
    pub(crate) abbreviate: bool,
    pub(crate) date: String,
    pub(crate) decorate: bool,
    pub(crate) walk: Walk,
    pub(crate) paths: Vec<String>,
    reverse: bool,
    /// None for all, and otherwise only merges or only others.
    merges: Option<bool>,
    author: Vec<String>,
    message: Vec<String>,
    ignore_case: bool,
    since: Option<i64>,
    until: Option<i64>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            show: Show::default(),
            pretty: Pretty::Medium,
            abbreviate: false,
            date: String::new(),
            decorate: false,
            walk: walk(),
            paths: Vec::new(),
            reverse: false,
            merges: None,
            author: Vec::new(),
            message: Vec::new(),
            ignore_case: false,
            since: None,
            until: None,
        }
    }
}

impl Request {
    /// Takes an option that both `log` and `show` have.
    pub(crate) fn take(&mut self, option: &str, arguments: &mut Arguments) -> Result<bool, Stop> {
        match option {
            "--oneline" => (self.pretty, self.abbreviate) = (Pretty::Oneline, true),
            "--format=" if arguments.peek().is_some_and(str::is_empty) => {
                arguments.value(option)?;
                self.pretty = Pretty::Nothing;
            }
            "--pretty=" | "--format=" => self.pretty = Pretty::parse(&arguments.value(option)?)?,
            "--abbrev-commit" => self.abbreviate = true,
            "--no-abbrev-commit" => self.abbreviate = false,
            "--abbrev=" => drop(arguments.value(option)?),
            "--date=" => self.date = arguments.value(option)?,
            "--decorate" => self.decorate = true,
            "--decorate=" => self.decorate = arguments.value(option)? != "no",
            "--no-decorate" => self.decorate = false,
            _ => return self.show.take(option, arguments),
        }
        Ok(true)
    }

    pub(crate) fn take_of_log(
        &mut self,
        repository: &Repository,
        option: &str,
        arguments: &mut Arguments,
    ) -> Result<(), Stop> {
        match option {
            "-n" | "--max-count=" => self.walk.most = arguments.number(option)?.min(MOST),
            "--skip=" => self.walk.skip = arguments.number(option)?,
            "--reverse" => self.reverse = true,
            "--no-merges" => self.merges = Some(false),
            "--merges" => self.merges = Some(true),
            "--all" => {
                let branches = repository.branches()?.into_iter().map(|(_, commit)| commit);
                self.walk.start.extend(branches);
                self.walk.start.extend(repository.head()?.commit);
            }
            "--author=" => self.author.push(arguments.value(option)?),
            "--grep=" => self.message.push(arguments.value(option)?),
            "-i" | "--regexp-ignore-case" => self.ignore_case = true,
            "-E" | "--first-parent" | "--follow" | "--date-order" | "--topo-order" => {}
            "--since=" | "--after=" => self.since = Some(moment(&arguments.value(option)?)?),
            "--until=" | "--before=" => self.until = Some(moment(&arguments.value(option)?)?),
            _ if self.take(option, arguments)? => {}
            "--graph" => return Err(Stop::fatal("--graph is not drawn here; --oneline and %P show the parents")),
            _ => return Err(unknown(option)),
        }
        Ok(())
    }

    pub(crate) fn word(&mut self, repository: &Repository, word: String) -> Result<(), Stop> {
        if !self.paths.is_empty() || !is_revision(repository, &word) {
            must_be_path(repository, &word)?;
            self.paths.push(word);
            return Ok(());
        }
        let or_head = |text: &str| if text.is_empty() { "HEAD".to_owned() } else { text.to_owned() };
        match (word.split_once(".."), word.strip_prefix('^')) {
            (Some((without, start)), _) if !start.starts_with('.') => {
                self.walk.without.push(or_head(without));
                self.walk.start.push(or_head(start));
            }
            (Some(_), _) => return Err(Stop::fatal("A...B is not walked here; use A..B and B..A")),
            (_, Some(without)) => self.walk.without.push(without.to_owned()),
            _ => self.walk.start.push(word),
        }
        Ok(())
    }

    fn wants(&self, commit: &Commit) -> bool {
        let fold = |text: &str| if self.ignore_case { text.to_lowercase() } else { text.to_owned() };
        let holds = |wanted: &[String], text: String| {
            wanted.is_empty() || wanted.iter().any(|wanted| is_in(&fold(wanted), &fold(&text)))
        };
        let author = format!("{} <{}>", commit.author.name, commit.author.email);
        self.merges.is_none_or(|merges| merges == (commit.parents.len() > 1))
            && holds(&self.author, author)
            && holds(&self.message, String::from_utf8_lossy(&commit.message).into_owned())
            && self.since.is_none_or(|since| commit.committer.seconds >= since)
            && self.until.is_none_or(|until| commit.committer.seconds <= until)
    }

    /// Whether commits are left out after they were found.
    fn is_picky(&self) -> bool {
        self.merges.is_some()
            || !self.author.is_empty()
            || !self.message.is_empty()
            || self.since.is_some()
            || self.until.is_some()
    }

    pub(crate) fn printer<'a>(&self, repository: &'a Repository) -> Result<Printer<'a>, Stop> {
        let decorations = if self.decorate { Some(decorations(repository)?) } else { None };
        Ok(Printer {
            repository,
            pretty: self.pretty.clone(),
            abbreviate: self.abbreviate,
            date: self.date.clone(),
            decorations,
        })
    }
}

fn is_in(pattern: &str, text: &str) -> bool {
    match regex_lite::Regex::new(pattern) {
        Ok(pattern) => pattern.is_match(text),
        Err(_) => text.contains(pattern),
    }
}

fn moment(text: &str) -> Result<i64, Stop> {
    let ago = || {
        let words: Vec<_> = text.split([' ', '.']).collect();
        let count: i64 = words.first()?.parse().ok()?;
        let unit = match words.get(1)?.trim_end_matches('s') {
            "second" => 1,
            "minute" => 60,
            "hour" => 3_600,
            "day" => 86_400,
            "week" => 604_800,
            "month" => 2_629_746,
            "year" => 31_556_952,
            _ => return None,
        };
        Some(Moment::now().seconds - count * unit)
    };
    let found = Moment::parse(text).map(|moment| moment.seconds).or_else(ago);
    found.ok_or_else(|| {
        Stop::fatal(format!("the time {text:?} is not understood; write it like 2026-01-31 or \"3 days ago\""))
    })
}

pub(crate) fn log(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let mut request = Request::default();
    let mut arguments = Arguments::new(arguments, "nUSG");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Path(path) => request.paths.push(path),
            Argument::Word(word) => request.word(repository, word)?,
            Argument::Option(option) => request.take_of_log(repository, &option, &mut arguments)?,
        }
    }
    if request.walk.start.is_empty() {
        if repository.head()?.commit.is_none() {
            let branch = repository.head()?.branch.unwrap_or_default();
            return Err(Stop::fatal(format!("your current branch '{branch}' does not have any commits yet")));
        }
        request.walk.start.push("HEAD".to_owned());
    }
    let paths = repository.paths(&request.paths)?;
    request.walk.paths = paths.clone();
    let commits = wanted(repository, &request)?;
    print(repository, &request, &commits, &paths)
}

/// The commits that a request is about, in its order.
pub(crate) fn wanted(repository: &Repository, request: &Request) -> Result<Vec<Commit>, Stop> {
    let walk = &request.walk;
    let mut commits = if request.is_picky() {
        let all = repository.commits(&Walk { skip: 0, most: MOST, ..walk.clone() })?.into_iter();
        all.filter(|commit| request.wants(commit)).skip(walk.skip as usize).take(walk.most as usize).collect()
    } else {
        repository.commits(walk)?
    };
    if request.reverse {
        commits.reverse();
    }
    Ok(commits)
}

fn print(repository: &Repository, request: &Request, commits: &[Commit], paths: &[Vec<u8>]) -> Result<i32, Stop> {
    let printer = request.printer(repository)?;
    for (number, commit) in commits.iter().enumerate() {
        let separate = match &request.pretty {
            Pretty::Nothing | Pretty::Oneline | Pretty::Format(_, true) => false,
            Pretty::Format(_, false) | Pretty::Short | Pretty::Medium | Pretty::Full | Pretty::Fuller => number > 0,
        };
        if separate {
            writeln!(std::io::stdout())?;
        }
        write!(std::io::stdout(), "{}", printer.text(commit))?;
        let ends = matches!(request.pretty, Pretty::Oneline | Pretty::Format(_, true));
        if ends {
            writeln!(std::io::stdout())?;
        }
        let merge = commit.parents.len() > 1;
        if !request.show.forms.is_empty() && !request.show.nothing && !merge {
            with_differences(repository, request, commit, paths)?;
        }
    }
    Ok(0)
}

/// What a commit changed, after what is printed of it.
pub(crate) fn with_differences(
    repository: &Repository,
    request: &Request,
    commit: &Commit,
    paths: &[Vec<u8>],
) -> Result<(), Stop> {
    let old = if commit.parents.is_empty() { Side::Nothing } else { Side::Revision(format!("{}^", commit.id)) };
    let found = request.show.differences(repository, (&old, &Side::Revision(commit.id.clone())), paths)?;
    if found.is_empty() {
        return Ok(());
    }
    match &request.pretty {
        Pretty::Nothing | Pretty::Oneline => {}
        Pretty::Format(_, false) => write!(std::io::stdout(), "\n\n").map(|()| ())?,
        _ if request.show.forms.len() > 1 && request.show.forms.contains(&Form::Patch) => {
            writeln!(std::io::stdout(), "---")?
        }
        _ => writeln!(std::io::stdout())?,
    }
    request.show.print(&found)
}
