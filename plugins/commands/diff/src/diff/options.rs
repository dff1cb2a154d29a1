//! What a diff command line asks for.

use lexopt::{Arg, Parser, ValueExt};
use regex_lite::Regex;

use crate::Stop;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Normal,
    /// With so many lines around each change.
    Unified(usize),
    Context(usize),
    /// The files beside each other.
    Side,
}

/// What makes two lines the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sameness {
    pub(super) any_case: bool,
    /// White space does not count at all, in its amount, or at the end.
    pub(super) no_space: bool,
    pub(super) any_amount_of_space: bool,
    pub(super) no_trailing_space: bool,
    pub(super) no_carriage_return: bool,
}

#[derive(Debug)]
pub(super) struct Options {
    pub(super) format: Format,
    /// Of files beside each other.
    pub(super) width: usize,
    pub(super) hides_same: bool,
    pub(super) sameness: Sameness,
    pub(super) ignores_blank_lines: bool,
    pub(super) ignored_lines: Option<Regex>,
    pub(super) brief: bool,
    pub(super) reports_identical: bool,
    pub(super) recursive: bool,
    pub(super) absent_is_empty: bool,
    pub(super) as_text: bool,
    pub(super) shows_function: bool,
    pub(super) excluded: Vec<Regex>,
    pub(super) labels: Vec<String>,
    pub(super) files: [String; 2],
    /// As they were given, for the lines that say which files follow.
    pub(super) words: Vec<String>,
}

const HELP: &str = "\
Usage: diff [OPTION]... FILES
Format:  -u -U NUM unified, -c -C NUM context, -y -W NUM beside each other, -q brief, -s identical files too, -p function, --label NAME
Files:   -r recursive, -N absent files are empty, -x PATTERN excluded, -a as text
Lines:   -i case, -w all space, -b amount of space, -Z trailing space, -B blank lines, -I REGEX lines,
         --strip-trailing-cr
";

impl Options {
    fn new() -> Self {
        Self {
            format: Format::Normal,
            width: 130,
            hides_same: false,
            sameness: Sameness::default(),
            ignores_blank_lines: false,
            ignored_lines: None,
            brief: false,
            reports_identical: false,
            recursive: false,
            absent_is_empty: false,
            as_text: false,
            shows_function: false,
            excluded: Vec::new(),
            labels: Vec::new(),
            files: [String::new(), String::new()],
            words: Vec::new(),
        }
    }
}

pub(super) fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut parser = Parser::from_iter(arguments);
    let mut options = Options::new();
    let mut files = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) => files.push(value.string()?),
            Arg::Short(letter) => short(&mut options, letter, &mut parser)?,
            Arg::Long(name) => {
                let name = name.to_owned();
                long(&mut options, &name, &mut parser)?;
            }
        }
    }
    options.words = arguments.iter().skip(1).filter(|word| !files.contains(word)).cloned().collect();
    options.files = files.try_into().map_err(|files: Vec<String>| match files.last() {
        Some(last) if files.len() > 2 => Stop::Problem(format!("extra operand '{last}'")),
        Some(last) => Stop::Problem(format!("missing operand after '{last}'")),
        None => Stop::Problem(format!("missing operand\n{HELP}")),
    })?;
    Ok(options)
}

fn short(options: &mut Options, letter: char, parser: &mut Parser) -> Result<(), Stop> {
    match letter {
        'u' => options.format = Format::Unified(lines(options.format).unwrap_or(3)),
        'c' => options.format = Format::Context(lines(options.format).unwrap_or(3)),
        'U' => options.format = Format::Unified(parser.value()?.parse()?),
        'C' => options.format = Format::Context(parser.value()?.parse()?),
        digit @ '0'..='9' => {
            options.format = Format::Unified(digit.to_digit(10).unwrap_or_default() as usize);
        }
        'q' => options.brief = true,
        's' => options.reports_identical = true,
        'r' => options.recursive = true,
        'N' => options.absent_is_empty = true,
        'a' => options.as_text = true,
        'p' => {
            options.shows_function = true;
            if options.format == Format::Normal {
                options.format = Format::Context(3);
            }
        }
        'i' => options.sameness.any_case = true,
        'w' => options.sameness.no_space = true,
        'b' => options.sameness.any_amount_of_space = true,
        'Z' => options.sameness.no_trailing_space = true,
        'B' => options.ignores_blank_lines = true,
        'I' => options.ignored_lines = Some(regex(&parser.value()?.string()?)?),
        'L' => options.labels.push(parser.value()?.string()?),
        'x' => {
            let pattern = posix::glob::to_regex(&parser.value()?.string()?, false, false);
            options.excluded.push(Regex::new(&pattern).map_err(|problem| Stop::Problem(problem.to_string()))?);
        }
        // Effort, tabs, and how lines end on other systems.
        'd' | 't' | 'T' | 'l' | 'H' => {}
        'y' => options.format = Format::Side,
        'W' => options.width = parser.value()?.parse()?,
        'e' | 'n' | 'D' => return Err(Stop::Problem(format!("the format of -{letter} is not built in; use -u"))),
        'v' => return Err(version()),
        other => return Err(Stop::Problem(format!("invalid option -- '{other}'\n{HELP}"))),
    }
    Ok(())
}

/// A number that was given before the format was.
fn lines(format: Format) -> Option<usize> {
    match format {
        Format::Normal | Format::Side => None,
        Format::Unified(lines) | Format::Context(lines) => Some(lines),
    }
}

fn regex(pattern: &str) -> Result<Regex, Stop> {
    let translated = posix::regex::translate(pattern, false).pattern;
    Regex::new(&translated).map_err(|problem| Stop::Problem(problem.to_string()))
}

fn long(options: &mut Options, name: &str, parser: &mut Parser) -> Result<(), Stop> {
    match name {
        "unified" | "context" => {
            let given = parser.optional_value().and_then(|value| value.to_str()?.parse().ok());
            let lines = given.or(lines(options.format)).unwrap_or(3);
            options.format = if name == "unified" { Format::Unified(lines) } else { Format::Context(lines) };
        }
        "normal" => options.format = Format::Normal,
        "strip-trailing-cr" => options.sameness.no_carriage_return = true,
        "color" | "colour" => drop(parser.optional_value()),
        "no-dereference" | "minimal" | "speed-large-files" => {}
        "suppress-common-lines" => options.hides_same = true,
        "exclude-from" => {
            let path = parser.value()?.string()?;
            let text = std::fs::read_to_string(&path);
            let text = text.map_err(|problem| Stop::Problem(format!("{path}: {}", posix::reason(&problem))))?;
            let patterns = text.lines().map(|line| Regex::new(&posix::glob::to_regex(line, false, false)));
            options.excluded.extend(patterns.filter_map(Result::ok));
        }
        "help" => return Err(Stop::Said(HELP.into())),
        "version" => return Err(version()),
        other => {
            let known = LONG.iter().find(|(long, _)| *long == other).map(|(_, letter)| *letter);
            let letter = known.ok_or_else(|| Stop::Problem(format!("unrecognized option '--{other}'\n{HELP}")))?;
            short(options, letter, parser)?;
        }
    }
    Ok(())
}

fn version() -> Stop {
    Stop::Said(format!("diff (skep {})\n", env!("CARGO_PKG_VERSION")))
}

const LONG: &[(&str, char)] = &[
    ("brief", 'q'),
    ("side-by-side", 'y'),
    ("width", 'W'),
    ("report-identical-files", 's'),
    ("recursive", 'r'),
    ("new-file", 'N'),
    ("text", 'a'),
    ("show-c-function", 'p'),
    ("ignore-case", 'i'),
    ("ignore-all-space", 'w'),
    ("ignore-space-change", 'b'),
    ("ignore-trailing-space", 'Z'),
    ("ignore-blank-lines", 'B'),
    ("ignore-matching-lines", 'I'),
    ("label", 'L'),
    ("exclude", 'x'),
    ("side-by-side", 'y'),
    ("ed", 'e'),
    ("rcs", 'n'),
];
