//! What a grep command line asks for.

use std::str::FromStr;

use globset::{Glob, GlobSet, GlobSetBuilder};
use lexopt::{Parser, ValueExt};

use crate::words;

use crate::pattern::{Case, Extent, Matching, Syntax};

mod long;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Lines,
    Count,
    FilesWith,
    FilesWithout,
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    /// Said to match, and not shown.
    Named,
    Text,
    Skipped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Directories {
    Read,
    Skip,
    Recurse { follow_links: bool },
}

#[derive(Debug)]
pub(super) struct Options {
    pub(super) patterns: Vec<String>,
    pub(super) matching: Matching,
    pub(super) files: Vec<String>,
    /// The current folder is searched because none was named.
    pub(super) implied_folder: bool,
    pub(super) shown: Shown,
    pub(super) binary: Binary,
    pub(super) directories: Directories,
    pub(super) included: GlobSet,
    pub(super) excluded: GlobSet,
    pub(super) excluded_folders: GlobSet,
    pub(super) names: bool,
    pub(super) line_numbers: bool,
    pub(super) byte_offsets: bool,
    pub(super) only_matching: bool,
    pub(super) inverted: bool,
    pub(super) silent: bool,
    pub(super) null_data: bool,
    pub(super) null_after_name: bool,
    pub(super) colors: bool,
    pub(super) most: Option<u64>,
    pub(super) before: usize,
    pub(super) after: usize,
    pub(super) group_separator: Option<String>,
    pub(super) label: String,
}

/// Why nothing is searched.
#[derive(Debug)]
pub(super) enum Stop {
    /// Help or version was asked for and printed.
    Said,
    Problem(String),
}

impl From<lexopt::Error> for Stop {
    fn from(problem: lexopt::Error) -> Self {
        Self::Problem(problem.to_string())
    }
}

const HELP: &str = "\
Usage: grep [OPTION]... PATTERNS [FILE]...
Patterns: -E extended, -F fixed, -G basic, -P Perl-like, -e PATTERN, -f FILE, -i, -w, -x, -v, -z
Output:   -n, -H, -h, -o, -c, -l, -L, -q, -s, -b, -m NUM, -A NUM, -B NUM, -C NUM, -Z, --color[=WHEN], --label=NAME
Files:    -r, -R, --include=GLOB, --exclude=GLOB, --exclude-dir=GLOB, --exclude-from=FILE, -a, -I, -d ACTION
";

/// The options as they are read, before their order no longer matters.
struct Reading {
    options: Options,
    patterns: Vec<String>,
    given: bool,
    names: Option<bool>,
    included: GlobSetBuilder,
    excluded: GlobSetBuilder,
    excluded_folders: GlobSetBuilder,
    operands: Vec<String>,
    context: String,
}

pub(super) fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut reading = Reading::new(crate::grep::options::syntax_of(place::name_of(arguments)));
    words::read(&mut reading, arguments)?;
    reading.finish()
}

fn syntax_of(name: &str) -> Syntax {
    match name {
        "egrep" => Syntax::Extended,
        "fgrep" => Syntax::Fixed,
        _ => Syntax::Basic,
    }
}

fn number<T: FromStr>(parser: &mut Parser, what: &str) -> Result<T, Stop> {
    let text = parser.value()?.string()?;
    text.parse().map_err(|_| Stop::Problem(format!("{text}: invalid {what}")))
}

fn glob(text: &str) -> Result<Glob, Stop> {
    Glob::new(text.trim_end_matches('/')).map_err(|problem| Stop::Problem(problem.to_string()))
}

impl words::Reading for Reading {
    type Stop = Stop;

    fn operand(&mut self, word: String) {
        self.operands.push(word);
    }

    fn short(&mut self, letter: char, parser: &mut Parser) -> Result<(), Stop> {
        let options = &mut self.options;
        match letter {
            'E' => options.matching.syntax = Syntax::Extended,
            'F' => options.matching.syntax = Syntax::Fixed,
            'G' => options.matching.syntax = Syntax::Basic,
            'P' => options.matching.syntax = Syntax::Modern { looks_around: true },
            'e' => self.pattern(&parser.value()?.string()?),
            'f' => self.patterns_from(&parser.value()?.string()?)?,
            'i' | 'y' => options.matching.case = Case::Insensitive,
            'w' => options.matching.extent = Extent::Word,
            'x' => options.matching.extent = Extent::Line,
            'v' => options.inverted = true,
            'z' => (options.null_data, options.matching.line_end) = (true, Some(0)),
            'n' => options.line_numbers = true,
            'b' => options.byte_offsets = true,
            'o' => options.only_matching = true,
            'c' => options.show(Shown::Count),
            'l' => options.show(Shown::FilesWith),
            'L' => options.show(Shown::FilesWithout),
            'q' => options.shown = Shown::Nothing,
            's' => options.silent = true,
            'H' => self.names = Some(true),
            'h' => self.names = Some(false),
            'Z' => options.null_after_name = true,
            'a' => options.binary = Binary::Text,
            'I' => options.binary = Binary::Skipped,
            'r' => options.directories = Directories::Recurse { follow_links: false },
            'R' => options.directories = Directories::Recurse { follow_links: true },
            'd' => options.directories = directories(&parser.value()?.string()?)?,
            'm' => options.most = Some(number(parser, "max count")?),
            'A' => options.after = number(parser, "context length argument")?,
            'B' => options.before = number(parser, "context length argument")?,
            'C' => self.context = parser.value()?.string()?,
            digit @ '0'..='9' => self.context.push(digit),
            // Line buffering, alignment and line ends of other systems make no difference here.
            'u' | 'T' | 'U' => {}
            'D' => drop(parser.value()?),
            'V' => return Err(version()),
            other => return Err(Stop::Problem(format!("invalid option -- '{other}'\n{HELP}"))),
        }
        Ok(())
    }

    fn long(&mut self, name: &str, parser: &mut Parser) -> Result<(), Stop> {
        let options = &mut self.options;
        match name {
            "help" => {
                print!("{HELP}");
                return Err(Stop::Said);
            }
            "include" => {
                self.included.add(glob(&parser.value()?.string()?)?);
            }
            "exclude" => {
                self.excluded.add(glob(&parser.value()?.string()?)?);
            }
            "exclude-dir" => {
                self.excluded_folders.add(glob(&parser.value()?.string()?)?);
            }
            "exclude-from" => {
                for line in lines_of(&parser.value()?.string()?)?.lines() {
                    self.excluded.add(glob(line)?);
                }
            }
            "color" | "colour" => options.colors = parser.optional_value().is_some_and(|when| when == "always"),
            "label" => options.label = parser.value()?.string()?,
            "binary-files" => options.binary = binary(&parser.value()?.string()?)?,
            "no-ignore-case" => options.matching.case = Case::Sensitive,
            "group-separator" => options.group_separator = Some(parser.value()?.string()?),
            "no-group-separator" => options.group_separator = None,
            other => return self.short(long::short_of(other)?, parser),
        }
        Ok(())
    }
}

impl Reading {
    fn new(syntax: Syntax) -> Self {
        let matching = Matching {
            syntax,
            case: Case::Sensitive,
            extent: Extent::Anywhere,
            line_end: Some(b'\n'),
            dot_matches_line_end: false,
        };
        Self {
            options: Options::new(matching),
            patterns: Vec::new(),
            given: false,
            names: None,
            included: GlobSetBuilder::new(),
            excluded: GlobSetBuilder::new(),
            excluded_folders: GlobSetBuilder::new(),
            operands: Vec::new(),
            context: String::new(),
        }
    }

    /// Each line is a pattern of its own.
    fn pattern(&mut self, text: &str) {
        self.given = true;
        self.patterns.extend(text.split('\n').map(str::to_owned));
    }

    fn patterns_from(&mut self, path: &str) -> Result<(), Stop> {
        self.given = true;
        self.patterns.extend(lines_of(path)?.lines().map(str::to_owned));
        Ok(())
    }

    fn finish(mut self) -> Result<Options, Stop> {
        if !self.given {
            if self.operands.is_empty() {
                return Err(Stop::Problem(format!("no pattern was given\n{HELP}")));
            }
            let pattern = self.operands.remove(0);
            self.pattern(&pattern);
        }
        if !self.context.is_empty() {
            let invalid = || Stop::Problem(format!("{}: invalid context length argument", self.context));
            let lines = self.context.parse().map_err(|_| invalid())?;
            (self.options.before, self.options.after) = (self.options.before.max(lines), self.options.after.max(lines));
        }
        let recursive = matches!(self.options.directories, Directories::Recurse { .. });
        let mut options = self.options;
        options.names = self.names.unwrap_or(recursive || self.operands.len() > 1);
        options.implied_folder = recursive && self.operands.is_empty();
        options.files = match self.operands {
            none if none.is_empty() => vec![if recursive { "." } else { "-" }.to_owned()],
            some => some,
        };
        options.patterns = self.patterns;
        let problem = |problem: globset::Error| Stop::Problem(problem.to_string());
        options.included = self.included.build().map_err(problem)?;
        options.excluded = self.excluded.build().map_err(problem)?;
        options.excluded_folders = self.excluded_folders.build().map_err(problem)?;
        Ok(options)
    }
}

impl Options {
    fn new(matching: Matching) -> Self {
        Self {
            patterns: Vec::new(),
            matching,
            files: Vec::new(),
            implied_folder: false,
            shown: Shown::Lines,
            binary: Binary::Named,
            directories: Directories::Read,
            included: GlobSet::empty(),
            excluded: GlobSet::empty(),
            excluded_folders: GlobSet::empty(),
            names: false,
            line_numbers: false,
            byte_offsets: false,
            only_matching: false,
            inverted: false,
            silent: false,
            null_data: false,
            null_after_name: false,
            colors: false,
            most: None,
            before: 0,
            after: 0,
            group_separator: Some("--".into()),
            label: "(standard input)".into(),
        }
    }

    /// `-q` goes before all others, and names before counts.
    fn show(&mut self, shown: Shown) {
        let named = matches!(self.shown, Shown::FilesWith | Shown::FilesWithout);
        if self.shown != Shown::Nothing && !(named && shown == Shown::Count) {
            self.shown = shown;
        }
    }
}

fn directories(action: &str) -> Result<Directories, Stop> {
    match action {
        "read" => Ok(Directories::Read),
        "skip" => Ok(Directories::Skip),
        "recurse" => Ok(Directories::Recurse { follow_links: false }),
        other => Err(Stop::Problem(format!("invalid argument '{other}' for '--directories'"))),
    }
}

fn binary(kind: &str) -> Result<Binary, Stop> {
    match kind {
        "binary" => Ok(Binary::Named),
        "text" => Ok(Binary::Text),
        "without-match" => Ok(Binary::Skipped),
        other => Err(Stop::Problem(format!("invalid argument '{other}' for '--binary-files'"))),
    }
}

fn lines_of(path: &str) -> Result<String, Stop> {
    let text = if path == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    text.map_err(|problem| Stop::Problem(format!("{path}: {}", posix::reason(&problem))))
}

fn version() -> Stop {
    println!("grep (skep {}), over ripgrep's libraries", env!("CARGO_PKG_VERSION"));
    Stop::Said
}
