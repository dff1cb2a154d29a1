//! `git blame`: which commit each line of a file is of.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write as _;

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::date::Moment;
use crate::pretty::{subject, when};
use crate::quote::{Style, quoted};
use crate::repository::{Commit, Comparison, Repository, Side, Walk, names_only, walk};

#[derive(Default)]
struct Options {
    porcelain: bool,
    /// Whether each line has all that is told of its commit.
    line_porcelain: bool,
    email: bool,
    short: bool,
    whole_ids: bool,
    root: bool,
    spaces: &'static str,
    date: String,
    ranges: Vec<String>,
    words: Vec<String>,
    paths: Vec<String>,
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options { date: "iso".to_owned(), ..Options::default() };
    let mut arguments = Arguments::new(arguments, "L");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) => options.words.push(word),
            Argument::Path(path) => options.paths.push(path),
            Argument::Option(option) => match option.as_str() {
                "-L" => options.ranges.push(arguments.value(&option)?),
                "-p" | "--porcelain" => options.porcelain = true,
                "--line-porcelain" => (options.porcelain, options.line_porcelain) = (true, true),
                "-e" | "--show-email" => options.email = true,
                "-s" => options.short = true,
                "-l" => options.whole_ids = true,
                "--root" => options.root = true,
                "-w" => options.spaces = "all",
                "--date=" => options.date = arguments.value(&option)?,
                "--no-progress" | "--progress" => {}
                "-M" | "-C" => {
                    return Err(Stop::fatal(
                        "lines that were moved or copied are not followed here: leave -M and -C out",
                    ));
                }
                _ => return Err(unknown(&option)),
            },
        }
    }
    Ok(options)
}

/// A line of the file as it is, on its way back through the history.
#[derive(Clone, Copy)]
struct Wanted {
    /// Its number in the file as it is, and in the file of the commit that it has come to.
    now: usize,
    then: usize,
}

/// The commit that a line is of, and where it was there.
struct Blamed {
    commit: Option<usize>,
    path: Vec<u8>,
    then: usize,
}

pub(crate) fn blame(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let mut options = read(arguments)?;
    if options.paths.is_empty() {
        options.paths.extend(options.words.pop());
    }
    let [written] = &options.paths[..] else {
        return Err(Stop::usage("usage: git blame [<options>] [<rev-opts>] [<rev>] [--] <file>"));
    };
    let path = repository.path(written)?;
    let start = options.words.first().map_or("HEAD", String::as_str);
    let Some(head) = repository.commit_id(start) else { return Err(Stop::fatal(format!("bad revision '{start}'"))) };
    let content = content(repository, &options, &head, &path, written)?;
    let lines: Vec<_> = content.split_inclusive(|byte| *byte == b'\n').collect();
    let wanted = ranges(&options, &lines, written)?;
    let mut search = Search::new(repository, &options, &head, &path)?;
    if options.words.is_empty() {
        search.from_files(wanted)?;
    } else {
        search.wait(0, &path, wanted);
    }
    search.run()?;
    let Search { commits, blamed, .. } = search;
    print(repository, &options, &commits, &blamed, &lines)
}

/// The file as it is to be told: of the work tree, unless a revision is named.
fn content(
    repository: &Repository,
    options: &Options,
    head: &str,
    path: &[u8],
    written: &str,
) -> Result<Vec<u8>, Stop> {
    let in_head = repository.content(&Side::Revision(head.to_owned()), path);
    if !options.words.is_empty() {
        return in_head.map_err(|_| Stop::fatal(format!("no such path {written} in {}", options.words[0])));
    }
    let known =
        repository.resolve(&format!(":{}", String::from_utf8_lossy(path))).is_some_and(|(_, kind)| kind == "blob");
    let file = repository.file(path);
    match std::fs::symlink_metadata(&file) {
        _ if !known && in_head.is_err() => Err(Stop::fatal(format!("no such path '{written}' in HEAD"))),
        Err(error) => Err(Stop::fatal(format!("Cannot lstat '{written}': {}", posix::reason(&error)))),
        Ok(metadata) if metadata.is_symlink() => Ok(std::fs::read_link(file)?.into_os_string().into_encoded_bytes()),
        Ok(_) => Ok(std::fs::read(file)?),
    }
}

/// The lines, from 0, that are asked for by `-L`.
fn ranges(options: &Options, lines: &[&[u8]], written: &str) -> Result<Vec<Wanted>, Stop> {
    let mut wanted = vec![options.ranges.is_empty(); lines.len()];
    for range in &options.ranges {
        let (first, last) = range.split_once(',').unwrap_or((range, ""));
        let invalid = || Stop::usage(format!("-L invalid line range: {range}"));
        let first = if first.is_empty() { 1 } else { place(first, 1, lines).ok_or_else(invalid)? };
        if first > lines.len() {
            let (count, s) = (lines.len(), if lines.len() == 1 { "" } else { "s" });
            return Err(Stop::fatal(format!("file {written} has only {count} line{s}")));
        }
        let last = match last {
            "" => lines.len(),
            count if count.starts_with('+') => {
                first + count[1..].parse::<usize>().ok().filter(|count| *count > 0).ok_or_else(invalid)? - 1
            }
            last => place(last, first + 1, lines).ok_or_else(invalid)?,
        };
        let (first, last) = (first.min(last).max(1), first.max(last).min(lines.len()));
        wanted[first - 1..last].fill(true);
    }
    let wanted = wanted.iter().enumerate().filter(|(_, wanted)| **wanted);
    Ok(wanted.map(|(at, _)| Wanted { now: at, then: at }).collect())
}

/// A line's number: as it is written, or of the first line from `from` on that a pattern is found in.
fn place(text: &str, from: usize, lines: &[&[u8]]) -> Option<usize> {
    let Some(pattern) = text.strip_prefix('/') else { return text.parse().ok() };
    let pattern = regex_lite::Regex::new(pattern.strip_suffix('/').unwrap_or(pattern)).ok()?;
    let fits = |at: &usize| pattern.is_match(&String::from_utf8_lossy(lines[*at - 1]));
    (from..=lines.len()).find(fits)
}

/// Lines wait at commits, the newest of which is looked at first.
struct Search<'a> {
    repository: &'a Repository,
    spaces: &'static str,
    /// Those that the file may be from, the newest first, so that a commit comes before its parents.
    commits: Vec<Commit>,
    numbers: HashMap<String, usize>,
    /// Paths at commits that touched the file, or may have.
    touching: HashMap<Vec<u8>, HashSet<String>>,
    waiting: BTreeMap<usize, Vec<(Vec<u8>, Vec<Wanted>)>>,
    blamed: BTreeMap<usize, Blamed>,
    head: String,
    path: Vec<u8>,
}

impl<'a> Search<'a> {
    fn new(repository: &'a Repository, options: &Options, head: &str, path: &[u8]) -> Result<Self, Stop> {
        let commits = repository.commits(&Walk { start: vec![head.to_owned()], ..walk() })?;
        let commits = parents_last(commits);
        let numbers = commits.iter().enumerate().map(|(at, commit)| (commit.id.clone(), at)).collect();
        Ok(Self {
            repository,
            spaces: options.spaces,
            commits,
            numbers,
            touching: HashMap::new(),
            waiting: BTreeMap::new(),
            blamed: BTreeMap::new(),
            head: head.to_owned(),
            path: path.to_vec(),
        })
    }

    fn wait(&mut self, commit: usize, path: &[u8], lines: Vec<Wanted>) {
        if !lines.is_empty() {
            self.waiting.entry(commit).or_default().push((path.to_vec(), lines));
        }
    }

    fn blame(&mut self, commit: Option<usize>, path: &[u8], lines: Vec<Wanted>) {
        for Wanted { now, then } in lines {
            self.blamed.insert(now, Blamed { commit, path: path.to_vec(), then });
        }
    }

    /// What is not committed is nobody's yet.
    fn from_files(&mut self, wanted: Vec<Wanted>) -> Result<(), Stop> {
        let (path, old) = (self.path.clone(), Side::Revision(self.head.clone()));
        let (same, changed) = match self.compared(&old, &Side::Files, &path)? {
            None => (wanted, Vec::new()),
            Some(hunks) => passed(&hunks, wanted),
        };
        self.blame(None, &path, changed);
        self.wait(0, &path, same);
        Ok(())
    }

    fn run(&mut self) -> Result<(), Stop> {
        while let Some((number, files)) = self.waiting.pop_first() {
            for (path, lines) in files {
                self.one(number, &path, lines)?;
            }
        }
        Ok(())
    }

    /// Lines that a parent has too go on to it; the others are of this commit.
    fn one(&mut self, number: usize, path: &[u8], mut lines: Vec<Wanted>) -> Result<(), Stop> {
        let (id, parents) = (self.commits[number].id.clone(), self.commits[number].parents.clone());
        let parents: Vec<_> =
            parents.iter().filter_map(|parent| Some((parent.clone(), *self.numbers.get(parent)?))).collect();
        if !self.touches(&id, path)?
            && let [(_, parent)] = parents[..]
        {
            self.wait(parent, path, lines);
            return Ok(());
        }
        for (parent, at) in parents {
            let (old, new) = (Side::Revision(parent.clone()), Side::Revision(id.clone()));
            let Some((before, hunks)) = self.origin((&old, &parent), &new, path)? else { continue };
            let (same, changed) = passed(&hunks, lines);
            self.wait(at, &before, same);
            lines = changed;
        }
        self.blame(Some(number), path, lines);
        Ok(())
    }

    fn touches(&mut self, id: &str, path: &[u8]) -> Result<bool, Stop> {
        if !self.touching.contains_key(path) {
            let start = vec![self.head.clone()];
            let found = self.repository.commits(&Walk { start, paths: vec![path.to_vec()], ..walk() })?;
            self.touching.insert(path.to_vec(), found.into_iter().map(|commit| commit.id).collect());
        }
        Ok(self.touching.get(path).is_some_and(|commits| commits.contains(id)))
    }

    /// Where the file was in a parent, and how it differs from there; none if it was not there.
    fn origin(
        &self,
        (old, parent): (&Side, &str),
        new: &Side,
        path: &[u8],
    ) -> Result<Option<(Vec<u8>, Vec<Hunk>)>, Stop> {
        let there = self.repository.resolve(&format!("{parent}:{}", String::from_utf8_lossy(path)));
        if there.is_some_and(|(_, kind)| kind == "blob") {
            return Ok(Some((path.to_vec(), self.compared(old, new, path)?.unwrap_or_default())));
        }
        let how = Comparison {
            renames: true,
            patch: true,
            context: 0,
            spaces: self.spaces.to_owned(),
            ..names_only(Vec::new())
        };
        let found = self.repository.differences(old, new, &how)?.into_iter();
        let renamed = found.into_iter().find(|difference| difference.kind == "R" && difference.new_path == path);
        Ok(renamed.map(|difference| (difference.old_path, hunks(&difference.patch))))
    }

    /// How a file differs; none if it doesn't.
    fn compared(&self, old: &Side, new: &Side, path: &[u8]) -> Result<Option<Vec<Hunk>>, Stop> {
        let how =
            Comparison { patch: true, context: 0, spaces: self.spaces.to_owned(), ..names_only(vec![path.to_vec()]) };
        let found = self.repository.differences(old, new, &how)?;
        Ok(found.iter().find(|difference| difference.new_path == path).map(|difference| {
            match difference.kind.as_str() {
                "A" => vec![Hunk { old: 0..0, new: 0..usize::MAX }],
                _ => hunks(&difference.patch),
            }
        }))
    }
}

/// Each commit stands before its parents, and else where it stood.
fn parents_last(commits: Vec<Commit>) -> Vec<Commit> {
    let mut children: HashMap<&str, usize> = HashMap::new();
    for parent in commits.iter().flat_map(|commit| &commit.parents) {
        *children.entry(parent).or_default() += 1;
    }
    let places: HashMap<&str, usize> =
        commits.iter().enumerate().map(|(at, commit)| (commit.id.as_str(), at)).collect();
    let mut ready: std::collections::BTreeSet<usize> =
        places.iter().filter(|(id, _)| !children.contains_key(*id)).map(|(_, at)| *at).collect();
    let mut order = Vec::new();
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for parent in &commits[at].parents {
            let left = children.get_mut(parent.as_str()).map_or(0, |left| {
                *left -= 1;
                *left
            });
            ready.extend(places.get(parent.as_str()).filter(|_| left == 0));
        }
    }
    order.into_iter().map(|at| commits[at].clone()).collect()
}

/// Lines, from 0, that were replaced.
#[derive(Debug, PartialEq, Eq)]
struct Hunk {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

/// The hunks of a patch without lines around them.
fn hunks(patch: &[u8]) -> Vec<Hunk> {
    let range = |text: &str| {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        let (start, count): (usize, usize) = (start.parse().ok()?, count.parse().ok()?);
        // What is empty comes after the line that is named.
        let start = if count == 0 { start } else { start.checked_sub(1)? };
        Some(start..start + count)
    };
    let hunk = |line: &[u8]| {
        let text = String::from_utf8_lossy(line.strip_prefix(b"@@ -")?).into_owned();
        let (old, rest) = text.split_once(" +")?;
        Some(Hunk { old: range(old)?, new: range(rest.split(' ').next()?)? })
    };
    patch.split(|byte| *byte == b'\n').filter_map(hunk).collect()
}

/// The lines that were there before, where they were, and those that were not.
fn passed(hunks: &[Hunk], lines: Vec<Wanted>) -> (Vec<Wanted>, Vec<Wanted>) {
    let (mut same, mut changed) = (Vec::new(), Vec::new());
    for line in lines {
        let before = hunks.iter().take_while(|hunk| hunk.new.start <= line.then && hunk.new.end <= line.then).last();
        match hunks.iter().any(|hunk| hunk.new.contains(&line.then)) {
            true => changed.push(line),
            false => {
                let (new, old) = before.map_or((0, 0), |hunk| (hunk.new.end, hunk.old.end));
                same.push(Wanted { then: line.then - new + old, ..line });
            }
        }
    }
    (same, changed)
}

/// What is told of a line's commit.
struct Told {
    id: String,
    author: String,
    date: String,
}

fn print(
    repository: &Repository,
    options: &Options,
    commits: &[Commit],
    blamed: &BTreeMap<usize, Blamed>,
    lines: &[&[u8]],
) -> Result<i32, Stop> {
    let mut out = std::io::stdout().lock();
    if options.porcelain {
        return porcelain(options, commits, blamed, lines, &mut out);
    }
    let told: Vec<_> = blamed.values().map(|blamed| told(repository, options, commits, blamed)).collect();
    let authors = told.iter().map(|told| told.author.chars().count()).max().unwrap_or(0);
    let ids = told.iter().map(|told| told.id.len()).max().unwrap_or(0);
    let digits = blamed.last_key_value().map_or(1, |(now, _)| (now + 1).to_string().len());
    let paths: HashSet<_> = blamed.values().map(|blamed| &blamed.path).collect();
    let width = blamed.values().map(|blamed| quoted(&blamed.path, Style::Plain).chars().count()).max().unwrap_or(0);
    for ((now, blamed), Told { id, author, date }) in blamed.iter().zip(told) {
        write!(out, "{id:<ids$}")?;
        if paths.len() > 1 {
            write!(out, " {:<width$}", quoted(&blamed.path, Style::Plain))?;
        }
        match options.short {
            true => write!(out, " {:>digits$}) ", now + 1)?,
            false => write!(out, " ({author:<authors$} {date} {:>digits$}) ", now + 1)?,
        }
        write_line(&mut out, lines[*now])?;
    }
    Ok(0)
}

fn write_line(out: &mut impl std::io::Write, line: &[u8]) -> Result<(), Stop> {
    out.write_all(line)?;
    if !line.ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn told(repository: &Repository, options: &Options, commits: &[Commit], blamed: &Blamed) -> Told {
    let Some(commit) = blamed.commit.map(|number| &commits[number]) else {
        let author = if options.email { "<not.committed.yet>" } else { "Not Committed Yet" };
        let id = "0".repeat(if options.whole_ids { 40 } else { 8 });
        return Told { id, author: author.to_owned(), date: Moment::now().shown(&options.date) };
    };
    let length = if options.whole_ids { 40 } else { repository.short(&commit.id).len() + 1 };
    let id = match commit.parents.is_empty() && !options.root {
        true => format!("^{}", &commit.id[..length - 1]),
        false => commit.id[..length].to_owned(),
    };
    let author = if options.email { format!("<{}>", commit.author.email) } else { commit.author.name.clone() };
    Told { id, author, date: when(&commit.author).shown(&options.date) }
}

fn porcelain(
    options: &Options,
    commits: &[Commit],
    blamed: &BTreeMap<usize, Blamed>,
    lines: &[&[u8]],
    out: &mut impl std::io::Write,
) -> Result<i32, Stop> {
    let (mut seen, mut left) = (HashSet::new(), 0);
    for (now, line) in blamed {
        let id = line.commit.map_or("0".repeat(40), |number| commits[number].id.clone());
        let follows = |at: usize| {
            let (next, steps) = (blamed.get(&(now + at)), at);
            next.is_some_and(|next| {
                next.commit == line.commit && next.path == line.path && next.then == line.then + steps
            })
        };
        write!(out, "{id} {} {}", line.then + 1, now + 1)?;
        if left == 0 {
            left = (1..).take_while(|at| follows(*at)).count() + 1;
            write!(out, " {left}")?;
        }
        left -= 1;
        writeln!(out)?;
        if seen.insert(id) || options.line_porcelain {
            out.write_all(details(options, line.commit.map(|number| &commits[number])).as_bytes())?;
            writeln!(out, "filename {}", quoted(&line.path, Style::Plain))?;
        }
        out.write_all(b"\t")?;
        write_line(out, lines[*now])?;
    }
    Ok(0)
}

fn details(options: &Options, commit: Option<&Commit>) -> String {
    let Some(commit) = commit else {
        let now = Moment::now().seconds;
        let nobody = |role: &str| {
            format!("{role} Not Committed Yet\n{role}-mail <not.committed.yet>\n{role}-time {now}\n{role}-tz +0000\n")
        };
        return format!("{}{}summary uncommitted changes\n", nobody("author"), nobody("committer"));
    };
    let mut text = String::new();
    for (role, person) in [("author", &commit.author), ("committer", &commit.committer)] {
        let raw = when(person).shown("raw");
        let (seconds, zone) = raw.split_once(' ').unwrap_or((&raw, ""));
        text.push_str(&format!(
            "{role} {}\n{role}-mail <{}>\n{role}-time {seconds}\n{role}-tz {zone}\n",
            person.name, person.email
        ));
    }
    text.push_str(&format!("summary {}\n", subject(&commit.message)));
    if commit.parents.is_empty() && !options.root {
        text.push_str("boundary\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_were_there_before_are_where_they_were() {
        let hunks = hunks(b"@@ -2,0 +3,2 @@\n+a\n+b\n@@ -5 +7,0 @@\n-c\n");
        assert_eq!(hunks, [Hunk { old: 2..2, new: 2..4 }, Hunk { old: 4..5, new: 7..7 }]);
        let lines = (0..9).map(|at| Wanted { now: at, then: at }).collect();
        let (same, changed) = passed(&hunks, lines);
        let places: Vec<_> = same.iter().map(|line| (line.now, line.then)).collect();
        assert_eq!(places, [(0, 0), (1, 1), (4, 2), (5, 3), (6, 4), (7, 6 - 1), (8, 6)]);
        assert_eq!(changed.iter().map(|line| line.now).collect::<Vec<_>>(), [2, 3]);
    }
}
