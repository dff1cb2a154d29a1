//! `du` and `df`: how much room things take.

use std::fs;
use std::path::Path;

use lexopt::{Arg, Parser, ValueExt};
use regex_lite::Regex;

use crate::{Stop, complain};

/// WASI tells lengths and not blocks, so these are taken for what nearly all file systems have.
const BLOCK: u64 = 4096;

struct Options {
    all: bool,
    total: bool,
    apparent: bool,
    most_depth: usize,
    excluded: Vec<Regex>,
    size: Size,
    end: char,
}

#[derive(Clone, Copy)]
enum Size {
    In(u64),
    /// With a letter, in powers of 1024 or of 1000.
    Human(u64),
}

pub(crate) fn du(arguments: &[String]) -> Result<i32, Stop> {
    let mut options = Options {
        all: false,
        total: false,
        apparent: false,
        most_depth: usize::MAX,
        excluded: Vec::new(),
        size: Size::In(1024),
        end: '\n',
    };
    let mut paths = Vec::new();
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('a') | Arg::Long("all") => options.all = true,
            Arg::Short('s') | Arg::Long("summarize") => options.most_depth = 0,
            Arg::Short('c') | Arg::Long("total") => options.total = true,
            Arg::Short('d') | Arg::Long("max-depth") => options.most_depth = parser.value()?.parse()?,
            Arg::Short('h') | Arg::Long("human-readable") => options.size = Size::Human(1024),
            Arg::Long("si") => options.size = Size::Human(1000),
            Arg::Short('k') => options.size = Size::In(1024),
            Arg::Short('m') => options.size = Size::In(1 << 20),
            Arg::Short('b') | Arg::Long("bytes") => (options.apparent, options.size) = (true, Size::In(1)),
            Arg::Long("apparent-size") => options.apparent = true,
            Arg::Short('0') | Arg::Long("null") => options.end = '\0',
            Arg::Long("exclude") => {
                let pattern = posix::glob::to_regex(&parser.value()?.string()?, false, false);
                options.excluded.push(Regex::new(&pattern).map_err(|problem| Stop::Problem(problem.to_string()))?);
            }
            Arg::Short('B') | Arg::Long("block-size") => options.size = block(&parser.value()?.string()?)?,
            // One file system, and links are never followed.
            Arg::Short('x' | 'P' | 'l' | 'S' | 'L' | 'D' | 'H') | Arg::Long("one-file-system" | "count-links") => {}
            Arg::Value(value) => paths.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if paths.is_empty() {
        paths.push(".".into());
    }
    let mut sum = Sum { options: &options, code: 0 };
    let total: u64 = paths.iter().map(|path| sum.of(path, 0)).sum();
    if options.total {
        print!("{}\ttotal{}", written(total, options.size), options.end);
    }
    Ok(sum.code)
}

fn block(text: &str) -> Result<Size, Stop> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text[digits.len()..].chars().next() {
        Some('K' | 'k') => 1 << 10,
        Some('M') => 1 << 20,
        Some('G') => 1 << 30,
        _ => 1,
    };
    let number: u64 = if digits.is_empty() { Ok(1) } else { digits.parse() }.unwrap_or(0);
    if number == 0 { Err(Stop::Problem(format!("invalid block size '{text}'"))) } else { Ok(Size::In(number * unit)) }
}

struct Sum<'a> {
    options: &'a Options,
    code: i32,
}

impl Sum<'_> {
    fn of(&mut self, path: &str, depth: usize) -> u64 {
        let name = path.rsplit('/').next().unwrap_or(path);
        if self.options.excluded.iter().any(|pattern| pattern.is_match(name) || pattern.is_match(path)) {
            return 0;
        }
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(problem) => {
                self.code = complain("du", &format!("cannot access '{path}'"), &problem);
                return 0;
            }
        };
        let own = match (self.options.apparent, metadata.is_dir()) {
            (_, true) => BLOCK,
            (true, false) => metadata.len(),
            (false, false) => metadata.len().div_ceil(BLOCK) * BLOCK,
        };
        let below = if metadata.is_dir() { self.below(path, depth) } else { 0 };
        let shown = metadata.is_dir() || self.options.all || depth == 0;
        if shown && depth <= self.options.most_depth {
            print!("{}\t{path}{}", written(own + below, self.options.size), self.options.end);
        }
        own + below
    }

    fn below(&mut self, path: &str, depth: usize) -> u64 {
        match place::entries(Path::new(path)) {
            Ok(entries) => {
                let path = path.trim_end_matches('/');
                entries.iter().map(|entry| self.of(&format!("{path}/{}", entry.name), depth + 1)).sum()
            }
            Err(problem) => {
                self.code = complain("du", &format!("cannot read directory '{path}'"), &problem);
                0
            }
        }
    }
}

fn written(bytes: u64, size: Size) -> String {
    match size {
        Size::In(unit) => bytes.div_ceil(unit).to_string(),
        Size::Human(step) => posix::size::human(bytes, step),
    }
}

/// Nobody tells a guest how large the disk is; scripts that only look whether there is one get their line.
pub(crate) fn df(arguments: &[String]) -> Result<i32, Stop> {
    let missing = |path: &&String| !path.starts_with('-') && !Path::new(path).exists();
    if let Some(path) = arguments[1..].iter().find(missing) {
        return Err(Stop::Problem(format!("{path}: No such file or directory")));
    }
    println!("Filesystem      Size  Used Avail Use% Mounted on\nsandbox            -     -     -    - /");
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_take_what_is_in_them() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x"), "12345").unwrap();
        let options = Options {
            all: false,
            total: false,
            apparent: false,
            most_depth: 0,
            excluded: Vec::new(),
            size: Size::In(1024),
            end: '\n',
        };
        let mut sum = Sum { options: &options, code: 0 };
        assert_eq!((sum.of(&folder.path().to_string_lossy(), 0), sum.code), (2 * BLOCK, 0));
    }
}
