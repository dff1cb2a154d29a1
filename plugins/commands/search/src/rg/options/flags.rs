//! The flags of rg, read one by one.

use std::str::FromStr;

use grep_printer::SummaryKind;
use ignore::types::TypesBuilder;
use lexopt::{Parser, ValueExt};

use crate::words;

use super::{Case, Extent, Options, Order, Shown, Stop, Syntax, Task};

const HELP: &str = "\
Usage: rg [OPTIONS] PATTERN [PATH ...]
       rg --files [PATH ...]
Pattern: -e PATTERN, -f FILE, -F, -P, -i, -s, -S, -w, -x, -v, -U, --multiline-dotall
Output:  -n, -N, -l, --files-without-match, -c, --count-matches, -o, -q, -m NUM, -A/-B/-C NUM, -r TEXT, -b, --column,
         --vimgrep, --heading, --no-heading, -H, -I, -0, -M NUM, --trim, --json, --color WHEN, --passthru
Files:   -g GLOB, --iglob GLOB, -t TYPE, -T TYPE, --type-list, -., -u, --no-ignore, -L, -d NUM, --max-filesize SIZE,
         -a, --binary, --sort BY, --sortr BY, --files
";

/// The flags as they are read, before their order no longer matters.
struct Reading {
    options: Options,
    types: TypesBuilder,
    given: bool,
    names: Option<bool>,
    line_numbers: Option<bool>,
    unrestricted: u8,
    operands: Vec<String>,
}

pub(crate) fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut reading = Reading {
        options: Options::new(),
        types: super::types(),
        given: false,
        names: None,
        line_numbers: None,
        unrestricted: 0,
        operands: Vec::new(),
    };
    words::read(&mut reading, arguments)?;
    reading.finish()
}

fn number<T: FromStr>(parser: &mut Parser) -> Result<T, Stop> {
    let text = parser.value()?.string()?;
    text.parse().map_err(|_| Stop::Problem(format!("value is not a valid number: {text}")))
}

/// A number of bytes, as in 10, 10K, 10M or 10G.
fn size(text: &str) -> Result<u64, Stop> {
    let (digits, scale) = match text.chars().last() {
        Some('K') => (&text[..text.len() - 1], 1 << 10),
        Some('M') => (&text[..text.len() - 1], 1 << 20),
        Some('G') => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(scale));
    number.ok_or_else(|| Stop::Problem(format!("invalid size: {text}")))
}

impl words::Reading for Reading {
    type Stop = Stop;

    fn operand(&mut self, word: String) {
        self.operands.push(word);
    }

    fn short(&mut self, letter: char, parser: &mut Parser) -> Result<(), Stop> {
        let options = &mut self.options;
        match letter {
            'e' => self.pattern(parser.value()?.string()?),
            'f' => self.patterns_from(&parser.value()?.string()?)?,
            'F' => options.matching.syntax = Syntax::Fixed,
            'P' => options.matching.syntax = Syntax::Modern { looks_around: true },
            'i' => options.matching.case = Case::Insensitive,
            's' => options.matching.case = Case::Sensitive,
            'S' => options.matching.case = Case::Smart,
            'w' => options.matching.extent = Extent::Word,
            'x' => options.matching.extent = Extent::Line,
            'v' => options.inverted = true,
            'U' => options.multi_line = true,
            'n' => self.line_numbers = Some(true),
            'N' => self.line_numbers = Some(false),
            'l' => options.shown = Shown::Summary(SummaryKind::PathWithMatch),
            'c' => options.shown = Shown::Summary(SummaryKind::Count),
            'o' => options.only_matching = true,
            'q' => options.quiet = true,
            'm' => options.most = Some(number(parser)?),
            'A' => options.after = number(parser)?,
            'B' => options.before = number(parser)?,
            'C' => options.before = number(parser)?,
            'r' => options.replacement = Some(parser.value()?.string()?),
            'b' => options.byte_offsets = true,
            'p' => (options.heading, self.line_numbers) = (true, Some(true)),
            'H' => self.names = Some(true),
            'I' => self.names = Some(false),
            '0' => options.null_after_name = true,
            'M' => options.most_columns = Some(number(parser)?).filter(|most| *most > 0),
            'g' => options.globs.push((parser.value()?.string()?, false)),
            't' => {
                self.types.select(&parser.value()?.string()?);
            }
            'T' => {
                self.types.negate(&parser.value()?.string()?);
            }
            '.' => options.hidden = true,
            'u' => self.unrestricted += 1,
            'L' => options.follows_links = true,
            'd' => options.most_depth = Some(number(parser)?),
            'a' => options.binary_as_text = true,
            'z' => return Err(Stop::Problem("searching compressed files (-z) is not built in".into())),
            'j' | 'E' => drop(parser.value()?),
            'h' => return Err(help()),
            'V' => return Err(version()),
            other => return Err(Stop::Problem(format!("unrecognized flag -{other}"))),
        }
        if letter == 'C' {
            self.options.after = self.options.before;
        }
        Ok(())
    }

    fn long(&mut self, name: &str, parser: &mut Parser) -> Result<(), Stop> {
        if let Some((_, short)) = LONG.iter().find(|(long, _)| *long == name) {
            return self.short(*short, parser);
        }
        let options = &mut self.options;
        match name {
            "files" => options.task = Task::ListFiles,
            "type-list" => options.task = Task::ListTypes,
            "json" => options.shown = Shown::Json,
            "files-without-match" => options.shown = Shown::Summary(SummaryKind::PathWithoutMatch),
            "count-matches" => options.shown = Shown::Summary(SummaryKind::CountMatches),
            "include-zero" => options.includes_zero = true,
            "multiline-dotall" => options.matching.dot_matches_line_end = true,
            "column" => (options.columns, self.line_numbers) = (true, Some(true)),
            "no-column" => options.columns = false,
            "vimgrep" => {
                (options.vimgrep, options.columns, self.line_numbers, self.names) =
                    (true, true, Some(true), Some(true));
            }
            "heading" => options.heading = true,
            "no-heading" => options.heading = false,
            "trim" => options.trims = true,
            "max-columns-preview" => options.previews_long_lines = true,
            "passthru" | "passthrough" => options.passes_through = true,
            "stop-on-nonmatch" => options.stops_on_nonmatch = true,
            "null-data" => (options.null_data, options.matching.line_end) = (true, Some(0)),
            "crlf" => options.crlf = true,
            "binary" => options.searches_binary = true,
            "no-messages" => options.silent = true,
            "context-separator" => options.context_separator = Some(parser.value()?.string()?),
            "no-context-separator" => options.context_separator = None,
            "color" => options.colors = ["always", "ansi"].contains(&parser.value()?.string()?.as_str()),
            _ => return self.long_of_files(name, parser),
        }
        Ok(())
    }
}

impl Reading {
    fn long_of_files(&mut self, name: &str, parser: &mut Parser) -> Result<(), Stop> {
        let options = &mut self.options;
        match name {
            "iglob" => options.globs.push((parser.value()?.string()?, true)),
            "glob-case-insensitive" => options.globs_fold_case = true,
            "no-hidden" => options.hidden = false,
            "no-ignore" => options.respects_ignore_files = false,
            "no-ignore-vcs" => options.respects_git = false,
            "no-ignore-parent" => options.respects_parents = false,
            "no-require-git" => options.requires_git = false,
            "ignore-file" => options.ignore_files.push(parser.value()?.string()?),
            "max-filesize" => options.most_bytes = Some(size(&parser.value()?.string()?)?),
            "type-add" => self.types.add_def(&parser.value()?.string()?)?,
            "type-clear" => {
                self.types.clear(&parser.value()?.string()?);
            }
            "sort" => options.order = order(&parser.value()?.string()?, false)?,
            "sortr" => options.order = order(&parser.value()?.string()?, true)?,
            // Of another engine, of threads, of a terminal, or of a configuration file: nothing to choose here.
            "colors" | "engine" | "dfa-size-limit" | "regex-size-limit" | "path-separator" | "hyperlink-format" => {
                parser.value()?;
            }
            "no-config" | "no-mmap" | "mmap" | "no-unicode" | "line-buffered" | "block-buffered"
            | "no-ignore-global" | "no-ignore-dot" | "no-ignore-exclude" | "no-ignore-files" | "no-ignore-messages"
            | "one-file-system" | "stats" | "debug" | "trace" | "auto-hybrid-regex" | "no-follow" | "no-json"
            | "no-multiline" => {}
            other => return Err(Stop::Problem(format!("unrecognized flag --{other}"))),
        }
        Ok(())
    }

    fn pattern(&mut self, text: String) {
        self.given = true;
        self.options.patterns.push(text);
    }

    fn patterns_from(&mut self, path: &str) -> Result<(), Stop> {
        let text = if path == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
        let text = text.map_err(|problem| Stop::Problem(format!("{path}: {problem}")))?;
        self.given = true;
        self.options.patterns.extend(text.lines().map(str::to_owned));
        Ok(())
    }

    fn finish(mut self) -> Result<Options, Stop> {
        if self.options.task == Task::Search && !self.given {
            if self.operands.is_empty() {
                return Err(Stop::Problem(format!("a pattern is needed\n{HELP}")));
            }
            let pattern = self.operands.remove(0);
            self.options.patterns.push(pattern);
        }
        let mut options = self.options;
        options.respects_ignore_files &= self.unrestricted == 0;
        options.hidden |= self.unrestricted > 1;
        options.searches_binary |= self.unrestricted > 2;
        options.types = if options.task == Task::ListTypes { super::types().build()? } else { self.types.build()? };
        if options.multi_line {
            options.matching.line_end = None;
        }
        options.implied_folder = self.operands.is_empty();
        let folders = self.operands.iter().any(|path| std::path::Path::new(path).is_dir());
        let input = self.operands == ["-"] || (options.implied_folder && input_is_searched(options.task));
        options.names = self.names.unwrap_or(!input && (options.implied_folder || folders || self.operands.len() > 1));
        options.line_numbers = self.line_numbers.unwrap_or(false);
        options.paths = match (input, self.operands) {
            (true, _) => vec!["-".into()],
            (false, none) if none.is_empty() => vec!["./".into()],
            (false, some) => some,
        };
        Ok(options)
    }
}

/// Without a path, what comes through a pipe is searched; the current folder if nothing does.
fn input_is_searched(task: Task) -> bool {
    use std::io::{BufRead, IsTerminal};
    let mut input = std::io::stdin().lock();
    task == Task::Search && !input.is_terminal() && input.fill_buf().is_ok_and(|bytes| !bytes.is_empty())
}

fn order(by: &str, reversed: bool) -> Result<Order, Stop> {
    match by {
        "none" | "path" => Ok(Order { by_time: false, reversed }),
        "modified" | "accessed" | "created" => Ok(Order { by_time: true, reversed }),
        other => Err(Stop::Problem(format!("choice '{other}' is unrecognized for sorting"))),
    }
}

fn help() -> Stop {
    print!("{HELP}");
    Stop::Said
}

fn version() -> Stop {
    println!("rg (skep {}), over ripgrep's libraries", env!("CARGO_PKG_VERSION"));
    Stop::Said
}

const LONG: &[(&str, char)] = &[
    ("regexp", 'e'),
    ("file", 'f'),
    ("fixed-strings", 'F'),
    ("pcre2", 'P'),
    ("ignore-case", 'i'),
    ("case-sensitive", 's'),
    ("smart-case", 'S'),
    ("word-regexp", 'w'),
    ("line-regexp", 'x'),
    ("invert-match", 'v'),
    ("multiline", 'U'),
    ("line-number", 'n'),
    ("no-line-number", 'N'),
    ("files-with-matches", 'l'),
    ("count", 'c'),
    ("only-matching", 'o'),
    ("quiet", 'q'),
    ("max-count", 'm'),
    ("after-context", 'A'),
    ("before-context", 'B'),
    ("context", 'C'),
    ("replace", 'r'),
    ("byte-offset", 'b'),
    ("pretty", 'p'),
    ("with-filename", 'H'),
    ("no-filename", 'I'),
    ("null", '0'),
    ("max-columns", 'M'),
    ("glob", 'g'),
    ("type", 't'),
    ("type-not", 'T'),
    ("hidden", '.'),
    ("unrestricted", 'u'),
    ("follow", 'L'),
    ("max-depth", 'd'),
    ("maxdepth", 'd'),
    ("text", 'a'),
    ("search-zip", 'z'),
    ("threads", 'j'),
    ("encoding", 'E'),
    ("help", 'h'),
    ("version", 'V'),
];
