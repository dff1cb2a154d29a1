//! `git blame`: which commit each line of a file is of.

mod print;
mod search;

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::repository::{Repository, Side};

use search::{Search, Wanted};

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
        search.look_at_files(wanted)?;
    } else {
        search.wait(0, &path, wanted);
    }
    search.run()?;
    let Search { commits, blamed, .. } = search;
    print::lines(repository, &options, &commits, &blamed, &lines)
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
