//! `git grep`: lines of tracked files, or of those of a revision.

use std::fs;
use std::io::Write as _;

use regex_lite::{Regex, RegexBuilder};

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::quote::Style;
use crate::repository::{LINK, Repository, SUBMODULE, Side, matches};

#[derive(Default)]
struct Options {
    number: bool,
    fold: bool,
    names: bool,
    without: bool,
    count: bool,
    word: bool,
    invert: bool,
    fixed: bool,
    extended: bool,
    no_name: bool,
    patterns: Vec<String>,
    words: Vec<String>,
    paths: Vec<String>,
}

pub(crate) fn grep(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let mut options = read(arguments)?;
    if options.patterns.is_empty() {
        if options.words.is_empty() {
            return Err(Stop::fatal("no pattern given"));
        }
        options.patterns.push(options.words.remove(0));
    }
    let mut revision = None;
    for word in std::mem::take(&mut options.words) {
        match repository.commit_id(&word) {
            Some(_) if revision.is_none() && options.paths.is_empty() => revision = Some(word),
            _ => options.paths.push(word),
        }
    }
    let pattern = pattern(&options)?;
    let mut paths = repository.paths(&options.paths)?;
    if paths.is_empty() && !repository.prefix.is_empty() {
        paths.push(repository.path(".")?);
    }
    let side = revision.as_ref().map_or(Side::Staged, |revision| Side::Revision(revision.clone()));
    let mut found = false;
    for entry in repository.entries(&side)? {
        if !matches(&paths, &entry.path) || matches!(entry.mode, LINK | SUBMODULE) {
            continue;
        }
        let content = match &revision {
            Some(_) => repository.content(&side, &entry.path)?,
            None => fs::read(repository.file(&entry.path)).unwrap_or_default(),
        };
        let label = revision.as_ref().map(|revision| format!("{revision}:")).unwrap_or_default();
        let name = format!("{label}{}", repository.shown(&entry.path, Style::Plain));
        found |= file(&options, &pattern, &name, &content)?;
    }
    Ok(i32::from(!found))
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options::default();
    let mut arguments = Arguments::new(arguments, "e");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) => options.words.push(word),
            Argument::Path(path) => options.paths.push(path),
            Argument::Option(option) => match option.as_str() {
                "-n" | "--line-number" => options.number = true,
                "-i" | "--ignore-case" => options.fold = true,
                "-l" | "--files-with-matches" | "--name-only" => options.names = true,
                "-L" | "--files-without-match" => options.without = true,
                "-c" | "--count" => options.count = true,
                "-w" | "--word-regexp" => options.word = true,
                "-v" | "--invert-match" => options.invert = true,
                "-F" | "--fixed-strings" => options.fixed = true,
                "-E" | "--extended-regexp" | "-P" | "--perl-regexp" => options.extended = true,
                "-h" => options.no_name = true,
                "-e" => options.patterns.push(arguments.value(&option)?),
                "-G" | "-I" | "-H" | "--no-color" | "-r" | "--cached" => {}
                _ => return Err(unknown(&option)),
            },
        }
    }
    Ok(options)
}

fn pattern(options: &Options) -> Result<Regex, Stop> {
    let one = |pattern: &String| match (options.fixed, options.extended) {
        (true, _) => regex_lite::escape(pattern),
        (_, true) => pattern.clone(),
        _ => extended(pattern),
    };
    let all: Vec<_> = options.patterns.iter().map(|pattern| format!("(?:{})", one(pattern))).collect();
    let all = all.join("|");
    let whole = if options.word { format!(r"\b(?:{all})\b") } else { all };
    let built = RegexBuilder::new(&whole).case_insensitive(options.fold).build();
    built.map_err(|error| Stop::fatal(format!("command line, '{}': {error}", options.patterns.join(" "))))
}

/// A basic expression as an extended one: there the backslash makes a sign of what is plain here.
fn extended(basic: &str) -> String {
    let mut extended = String::new();
    let mut letters = basic.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(sign @ ('+' | '?' | '|' | '(' | ')' | '{' | '}')) => extended.push(sign),
                Some(other) => extended.extend(['\\', other]),
                None => extended.push('\\'),
            },
            '+' | '?' | '|' | '(' | ')' | '{' | '}' => extended.extend(['\\', letter]),
            letter => extended.push(letter),
        }
    }
    extended
}

fn file(options: &Options, pattern: &Regex, name: &str, content: &[u8]) -> Result<bool, Stop> {
    let mut out = std::io::stdout().lock();
    let text = String::from_utf8_lossy(content);
    let lines = text.split_terminator('\n').enumerate();
    let found: Vec<_> = lines.filter(|(_, line)| pattern.is_match(line) != options.invert).collect();
    if options.without {
        if found.is_empty() {
            writeln!(out, "{name}")?;
        }
        return Ok(found.is_empty());
    }
    if found.is_empty() {
        return Ok(false);
    }
    let label = if options.no_name { String::new() } else { format!("{name}:") };
    if options.names {
        writeln!(out, "{name}")?;
    } else if options.count {
        writeln!(out, "{label}{}", found.len())?;
    } else if content.iter().take(8_000).any(|byte| *byte == 0) {
        writeln!(out, "Binary file {name} matches")?;
    } else {
        for (number, line) in found {
            let number = if options.number { format!("{}:", number + 1) } else { String::new() };
            writeln!(out, "{label}{number}{line}")?;
        }
    }
    Ok(true)
}
