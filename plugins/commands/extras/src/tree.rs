//! `tree`: a folder and everything below it, drawn.

use std::fs;
use std::io::Write;
use std::path::Path;

use lexopt::{Arg, Parser, ValueExt};
use place::Kind;
use regex_lite::Regex;

use crate::Stop;

#[derive(Default)]
struct Options {
    hidden: bool,
    folders_only: bool,
    folders_first: bool,
    whole_paths: bool,
    without_lines: bool,
    sizes: bool,
    human: bool,
    marks_kinds: bool,
    without_report: bool,
    most_depth: Option<usize>,
    wanted: Vec<Regex>,
    unwanted: Vec<Regex>,
}

pub(crate) fn tree(arguments: &[String]) -> Result<i32, Stop> {
    let (options, roots) = read(arguments)?;
    let mut drawing = Drawing { options: &options, out: Vec::new(), folders: 0, files: 0, failed: false };
    for root in &roots {
        drawing.root(root)?;
    }
    if !options.without_report {
        let plural = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let folders = plural(drawing.folders, "directory", "directories");
        let files = format!(", {}", plural(drawing.files, "file", "files"));
        writeln!(drawing.out, "\n{folders}{}", if options.folders_only { "" } else { &files })?;
    }
    std::io::stdout().write_all(&drawing.out)?;
    Ok(if drawing.failed { 2 } else { 0 })
}

fn read(arguments: &[String]) -> Result<(Options, Vec<String>), Stop> {
    let (mut options, mut roots) = (Options::default(), Vec::new());
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('a') => options.hidden = true,
            Arg::Short('d') => options.folders_only = true,
            Arg::Short('f') => options.whole_paths = true,
            Arg::Short('i') => options.without_lines = true,
            Arg::Short('s') => options.sizes = true,
            Arg::Short('h') => (options.sizes, options.human) = (true, true),
            Arg::Short('F') => options.marks_kinds = true,
            Arg::Short('L') => options.most_depth = Some(parser.value()?.parse()?),
            Arg::Short('I') => options.unwanted.extend(patterns(&parser.value()?.string()?)?),
            Arg::Short('P') => options.wanted.extend(patterns(&parser.value()?.string()?)?),
            Arg::Long("dirsfirst") => options.folders_first = true,
            Arg::Long("noreport") => options.without_report = true,
            Arg::Short('C' | 'n' | 'N' | 'q' | 'r' | 'A' | 'l' | 'x' | 'v') | Arg::Long("gitignore" | "prune") => {}
            Arg::Long("charset" | "sort") => drop(parser.value()?),
            Arg::Value(value) => roots.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if roots.is_empty() {
        roots.push(".".into());
    }
    Ok((options, roots))
}

/// Several are separated by `|`.
fn patterns(text: &str) -> Result<Vec<Regex>, Stop> {
    let regex = |pattern: &str| Regex::new(&posix::glob::to_regex(pattern.trim_end_matches('/'), false, false));
    let all: Result<Vec<Regex>, _> = text.split('|').map(regex).collect();
    all.map_err(|problem| Stop::Problem(problem.to_string()))
}

struct Drawing<'a> {
    options: &'a Options,
    out: Vec<u8>,
    folders: usize,
    files: usize,
    failed: bool,
}

impl Drawing<'_> {
    fn root(&mut self, root: &str) -> std::io::Result<()> {
        if !fs::metadata(root).is_ok_and(|metadata| metadata.is_dir()) {
            self.failed = true;
            return writeln!(self.out, "{root}  [error opening dir]");
        }
        writeln!(self.out, "{root}")?;
        self.folders += 1;
        self.below(root.trim_end_matches('/'), "", 1)
    }

    fn below(&mut self, folder: &str, lines: &str, depth: usize) -> std::io::Result<()> {
        if self.options.most_depth.is_some_and(|most| depth > most) {
            return Ok(());
        }
        let entries = self.entries(folder);
        let last = entries.len().saturating_sub(1);
        for (at, (name, is_folder)) in entries.iter().enumerate() {
            let (branch, goes_on) =
                if at == last { ("└── ", "    ") } else { ("├── ", "│\u{a0}\u{a0} ") };
            let path = format!("{folder}/{name}");
            let lines_here = if self.options.without_lines { String::new() } else { format!("{lines}{branch}") };
            let shown = self.shown(&path, name, *is_folder);
            writeln!(self.out, "{lines_here}{shown}")?;
            if *is_folder {
                self.folders += 1;
                self.below(&path, &format!("{lines}{goes_on}"), depth + 1)?;
            } else {
                self.files += 1;
            }
        }
        Ok(())
    }

    fn shown(&self, path: &str, name: &str, is_folder: bool) -> String {
        let name = if self.options.whole_paths { path } else { name };
        let target = fs::read_link(path).map(|target| format!(" -> {}", target.display())).unwrap_or_default();
        let mark = if self.options.marks_kinds && is_folder { "/" } else { "" };
        let bytes = fs::symlink_metadata(path).map_or(0, |metadata| metadata.len());
        let size = match (self.options.sizes, self.options.human) {
            (false, _) => String::new(),
            (true, false) => format!("[{bytes:>11}]  "),
            (true, true) => format!("[{:>4}]  ", posix::size::human(bytes, 1024)),
        };
        format!("{size}{name}{mark}{target}")
    }

    /// By name, and whether each is a folder.
    fn entries(&mut self, folder: &str) -> Vec<(String, bool)> {
        let Ok(entries) = place::entries(Path::new(if folder.is_empty() { "/" } else { folder })) else {
            self.failed = true;
            return Vec::new();
        };
        let entries = entries.into_iter().map(|entry| (entry.name, entry.kind == Kind::Folder));
        let mut entries: Vec<_> = entries.filter(|(name, folder)| self.wants(name, *folder)).collect();
        if self.options.folders_first {
            entries.sort_by_key(|(_, is_folder)| !is_folder);
        }
        entries
    }

    fn wants(&self, name: &str, is_folder: bool) -> bool {
        let any = |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(name));
        let visible = self.options.hidden || !name.starts_with('.');
        let kind =
            is_folder || (!self.options.folders_only && (self.options.wanted.is_empty() || any(&self.options.wanted)));
        visible && kind && !any(&self.options.unwanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(words: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("b/c")).unwrap();
        for name in ["a.txt", ".hidden", "b/c/d.rs"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let root = folder.path().to_string_lossy().into_owned();
        let words: Vec<String> = std::iter::once("tree").chain(words.iter().copied()).map(str::to_owned).collect();
        let (options, _) = read(&words).unwrap();
        let mut drawing = Drawing { options: &options, out: Vec::new(), folders: 0, files: 0, failed: false };
        drawing.root(&root).unwrap();
        String::from_utf8(drawing.out).unwrap().replace(&root, ".")
    }

    #[test]
    fn folders_are_drawn_with_what_is_below_them() {
        assert_eq!(drawn(&[]), ".\n├── a.txt\n└── b\n    └── c\n        └── d.rs\n");
        assert_eq!(drawn(&["-L", "1", "--dirsfirst"]), ".\n├── b\n└── a.txt\n");
        assert_eq!(drawn(&["-d"]), ".\n└── b\n    └── c\n");
        assert_eq!(drawn(&["-a", "-I", "b|*.txt"]), ".\n└── .hidden\n");
        assert_eq!(drawn(&["-fi", "-P", "*.rs"]), ".\n./b\n./b/c\n./b/c/d.rs\n");
    }
}
