//! What a tar command line asks for.

use lexopt::{Arg, Parser, ValueExt};
use regex_lite::Regex;

use crate::Stop;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Create,
    Extract,
    List,
}

#[derive(Debug)]
pub(super) struct Options {
    pub(super) mode: Mode,
    pub(super) archive: Option<String>,
    pub(super) compresses: bool,
    pub(super) verbose: bool,
    pub(super) to_output: bool,
    pub(super) keeps_old: bool,
    pub(super) follows_links: bool,
    pub(super) strip: usize,
    pub(super) excluded: Vec<Regex>,
    /// Each with the folder that was named before it.
    pub(super) members: Vec<(Option<String>, String)>,
    pub(super) folder: Option<String>,
}

const HELP: &str = "\
Usage: tar -c|-x|-t [OPTION]... [FILE]...
-f ARCHIVE   -z gzip   -v verbose   -C DIR   -O to standard output   -k keep old files   -h follow links   -T FILE names
--exclude=PATTERN   --strip-components=N   -a compress by the archive's name
";

pub(super) fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut reading = Reading::default();
    let words = with_dash(arguments);
    let mut parser = Parser::from_iter(&words);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) => reading.member(value.string()?),
            Arg::Short(letter) => reading.option(letter, &mut parser)?,
            Arg::Long(name) => {
                let name = name.to_owned();
                reading.long(&name, &mut parser)?;
            }
        }
    }
    reading.finish()
}

/// The first word may be letters without a dash, whose arguments then follow in their order.
fn with_dash(arguments: &[String]) -> Vec<String> {
    let Some(first) = arguments.get(1).filter(|first| !first.starts_with('-') && first.starts_with(['c', 'x', 't']))
    else {
        return arguments.to_vec();
    };
    let mut words = vec![arguments[0].clone()];
    let mut rest = arguments[2..].iter();
    for letter in first.chars() {
        words.push(format!("-{letter}"));
        words.extend(rest.next_if_takes(letter));
    }
    words.extend(rest.cloned());
    words
}

trait TakesArgument {
    fn next_if_takes(&mut self, letter: char) -> Option<String>;
}

impl<'a, I: Iterator<Item = &'a String>> TakesArgument for I {
    fn next_if_takes(&mut self, letter: char) -> Option<String> {
        if "fCTX".contains(letter) { self.next().cloned() } else { None }
    }
}

#[derive(Default)]
struct Reading {
    mode: Option<Mode>,
    archive: Option<String>,
    compresses: bool,
    by_name: bool,
    verbose: bool,
    to_output: bool,
    keeps_old: bool,
    follows_links: bool,
    strip: usize,
    excluded: Vec<Regex>,
    members: Vec<(Option<String>, String)>,
    folder: Option<String>,
}

impl Reading {
    fn member(&mut self, name: String) {
        self.members.push((self.folder.clone(), name));
    }

    fn option(&mut self, letter: char, parser: &mut Parser) -> Result<(), Stop> {
        match letter {
            'c' => self.mode = Some(Mode::Create),
            'x' => self.mode = Some(Mode::Extract),
            't' => self.mode = Some(Mode::List),
            'f' => self.archive = Some(parser.value()?.string()?),
            'z' => self.compresses = true,
            'a' => self.by_name = true,
            'v' => self.verbose = true,
            'O' => self.to_output = true,
            'k' => self.keeps_old = true,
            'h' => self.follows_links = true,
            'C' => self.enter(&parser.value()?.string()?),
            'T' => {
                let path = parser.value()?.string()?;
                let text =
                    if path == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
                text?.lines().for_each(|line| self.member(line.to_owned()));
            }
            'X' => {
                let text = std::fs::read_to_string(parser.value()?)?;
                text.lines().try_for_each(|line| self.exclude(line))?;
            }
            'j' | 'J' => return Err(Stop::Problem("only gzip is built in: use -z".into())),
            'r' | 'u' | 'A' | 'd' => {
                return Err(Stop::Problem(format!("-{letter} is not built in; make a new archive")));
            }
            // Modes, owners and absolute names, of which there is nothing to keep.
            'p' | 'm' | 'o' | 'P' | 'S' | 'w' | 'l' | 'B' => {}
            other => return Err(Stop::Problem(format!("invalid option -- '{other}'\n{HELP}"))),
        }
        Ok(())
    }

    /// Each folder is seen from the one before.
    fn enter(&mut self, folder: &str) {
        let before = self.folder.take().unwrap_or_default();
        self.folder = Some(std::path::Path::new(&before).join(folder).to_string_lossy().into_owned());
    }

    fn exclude(&mut self, pattern: &str) -> Result<(), Stop> {
        let regex = Regex::new(&posix::glob::to_regex(pattern.trim_end_matches('/'), false, false));
        self.excluded.push(regex.map_err(|problem| Stop::Problem(problem.to_string()))?);
        Ok(())
    }

    fn long(&mut self, name: &str, parser: &mut Parser) -> Result<(), Stop> {
        match name {
            "exclude" => {
                let pattern = parser.value()?.string()?;
                self.exclude(&pattern)?;
            }
            "strip-components" | "strip" => self.strip = parser.value()?.parse()?,
            "exclude-vcs" => [".git", ".hg", ".svn", ".gitignore"].iter().try_for_each(|name| self.exclude(name))?,
            "help" => return Err(Stop::Said(HELP.into())),
            "version" => return Err(Stop::Said(format!("tar (skep {})\n", env!("CARGO_PKG_VERSION")))),
            "mode" | "owner" | "group" | "mtime" | "format" | "sort" | "warning" => drop(parser.value()?),
            "no-same-owner"
            | "same-owner"
            | "no-same-permissions"
            | "numeric-owner"
            | "wildcards"
            | "overwrite"
            | "anchored"
            | "no-anchored"
            | "no-recursion"
            | "totals"
            | "delay-directory-restore"
            | "no-overwrite-dir" => {}
            other => {
                let letter = LONG.iter().find(|(long, _)| *long == other).map(|(_, letter)| *letter);
                let letter = letter.ok_or_else(|| Stop::Problem(format!("unrecognized option '--{other}'\n{HELP}")))?;
                self.option(letter, parser)?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Options, Stop> {
        let mode = self.mode.ok_or_else(|| Stop::Problem(format!("one of -c, -x and -t is needed\n{HELP}")))?;
        if mode == Mode::Create && self.members.is_empty() {
            return Err(Stop::Problem("cowardly refusing to create an empty archive".into()));
        }
        let name = self.archive.as_deref().unwrap_or_default();
        let compresses = self.compresses || (self.by_name && (name.ends_with(".gz") || name.ends_with(".tgz")));
        Ok(Options {
            mode,
            archive: self.archive,
            compresses,
            verbose: self.verbose,
            to_output: self.to_output,
            keeps_old: self.keeps_old,
            follows_links: self.follows_links,
            strip: self.strip,
            excluded: self.excluded,
            members: self.members,
            folder: self.folder,
        })
    }
}

impl Options {
    /// A pattern is held against the whole name and against each end of it.
    pub(super) fn excludes(&self, name: &str) -> bool {
        let name = name.trim_end_matches('/');
        let ends = name.match_indices('/').map(|(at, _)| &name[at + 1..]);
        let mut names = std::iter::once(name).chain(ends);
        names.any(|name| self.excluded.iter().any(|pattern| pattern.is_match(name)))
    }
}

const LONG: &[(&str, char)] = &[
    ("create", 'c'),
    ("extract", 'x'),
    ("get", 'x'),
    ("list", 't'),
    ("file", 'f'),
    ("gzip", 'z'),
    ("gunzip", 'z'),
    ("auto-compress", 'a'),
    ("verbose", 'v'),
    ("to-stdout", 'O'),
    ("keep-old-files", 'k'),
    ("skip-old-files", 'k'),
    ("dereference", 'h'),
    ("directory", 'C'),
    ("files-from", 'T'),
    ("exclude-from", 'X'),
    ("bzip2", 'j'),
    ("xz", 'J'),
    ("append", 'r'),
    ("preserve-permissions", 'p'),
    ("absolute-names", 'P'),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn letters_without_a_dash_take_their_arguments_in_order() {
        assert_eq!(with_dash(&words("tar xzfC a.tgz dir b")), words("tar -x -z -f a.tgz -C dir b"));
        assert_eq!(with_dash(&words("tar -xf a")), words("tar -xf a"));
    }

    #[test]
    fn a_pattern_excludes_what_is_below_it_by_its_name() {
        let options = read(&words("tar -cf - --exclude node_modules --exclude *.o x")).unwrap();
        assert!(options.excludes("a/node_modules") && options.excludes("a/b.o") && !options.excludes("a/b.c"));
    }
}
