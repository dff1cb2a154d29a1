//! What a jq command line asks for.

use jaq_all::json::{Map, Val, read};
use lexopt::{Arg, Parser, ValueExt};

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) filter: String,
    pub(crate) files: Vec<String>,
    pub(crate) variables: Vec<(String, Val)>,
    pub(crate) null_input: bool,
    pub(crate) raw_input: bool,
    pub(crate) slurp: bool,
    pub(crate) raw_output: bool,
    pub(crate) ascii: bool,
    pub(crate) sort_keys: bool,
    pub(crate) colors: bool,
    pub(crate) exit_status: bool,
    /// None: all on one line.
    pub(crate) indent: Option<String>,
    /// What follows each value.
    pub(crate) end: &'static str,
}

/// Why nothing is filtered.
#[derive(Debug)]
pub(crate) enum Stop {
    Said(String),
    Problem(String),
    BadFilter(String),
}

impl From<lexopt::Error> for Stop {
    fn from(problem: lexopt::Error) -> Self {
        Self::Problem(problem.to_string())
    }
}

const HELP: &str = "\
Usage: jq [OPTION]... FILTER [FILE]...
-n null input        -R raw input        -s slurp
-r raw output        -j raw, no newlines -a ASCII        -c compact   -S sorted keys   -C colours
--tab  --indent N    -e exit status of the last value
--arg NAME TEXT  --argjson NAME JSON  --slurpfile NAME FILE  --rawfile NAME FILE
-f FILE              the filter is in FILE
--args, --jsonargs   what follows is $ARGS.positional
";

/// What the words after the filter are.
#[derive(Clone, Copy)]
enum Rest {
    Files,
    Texts,
    Values,
}

struct Reading {
    options: Options,
    filter: Option<String>,
    filter_file: Option<String>,
    named: Map,
    positional: Vec<Val>,
    rest: Rest,
}

pub(crate) fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut parser = Parser::from_iter(arguments);
    let mut reading = Reading {
        options: Options::new(),
        filter: None,
        filter_file: None,
        named: Map::default(),
        positional: Vec::new(),
        rest: Rest::Files,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) => reading.operand(value.string()?)?,
            Arg::Short(letter) => reading.short(letter, &mut parser)?,
            Arg::Long(name) => {
                let name = name.to_owned();
                reading.long(&name, &mut parser)?;
            }
        }
    }
    reading.finish()
}

fn json(text: &str, of: &str) -> Result<Val, Stop> {
    let invalid = |problem| Stop::Problem(format!("invalid JSON text passed to --{of}: {problem}"));
    read::parse_single(text.as_bytes()).map_err(invalid)
}

fn content(path: &str) -> Result<String, Stop> {
    let bytes = std::fs::read(path).map_err(|problem| Stop::Problem(format!("{path}: {}", posix::reason(&problem))))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Reading {
    fn short(&mut self, letter: char, parser: &mut Parser) -> Result<(), Stop> {
        let options = &mut self.options;
        match letter {
            'n' => options.null_input = true,
            'R' => options.raw_input = true,
            's' => options.slurp = true,
            'r' => options.raw_output = true,
            'j' => (options.raw_output, options.end) = (true, ""),
            'a' => options.ascii = true,
            'c' => options.indent = None,
            'S' => options.sort_keys = true,
            'C' => options.colors = true,
            'M' => options.colors = false,
            'e' => options.exit_status = true,
            'f' => self.filter_file = Some(parser.value()?.string()?),
            'L' => drop(parser.value()?),
            'h' => return Err(Stop::Said(HELP.into())),
            'V' => return Err(Stop::Said(format!("jq-1.7 (skep {}, over jaq)\n", env!("CARGO_PKG_VERSION")))),
            other => return Err(Stop::Problem(format!("Unknown option: -{other}\n{HELP}"))),
        }
        Ok(())
    }

    fn long(&mut self, name: &str, parser: &mut Parser) -> Result<(), Stop> {
        if let Some((_, letter)) = LONG.iter().find(|(long, _)| *long == name) {
            return self.short(*letter, parser);
        }
        match name {
            "tab" => self.options.indent = Some("\t".into()),
            "indent" => self.indent(&parser.value()?.string()?)?,
            "raw-output0" => (self.options.raw_output, self.options.end) = (true, "\0"),
            "arg" | "argjson" | "slurpfile" | "rawfile" => {
                let (variable, text) = (parser.value()?.string()?, parser.value()?.string()?);
                let value = match name {
                    "arg" => Val::from(text),
                    "argjson" => json(&text, name)?,
                    "rawfile" => Val::from(content(&text)?),
                    _ => slurped(&text)?,
                };
                self.named.insert(Val::from(variable), value);
            }
            "args" => self.rest = Rest::Texts,
            "jsonargs" => self.rest = Rest::Values,
            // Output is never held back for a reader that is still there, and never asked for in another way.
            "unbuffered" | "no-color" => {}
            other => return Err(Stop::Problem(format!("Unknown option: --{other}\n{HELP}"))),
        }
        Ok(())
    }

    fn indent(&mut self, text: &str) -> Result<(), Stop> {
        let width = text.parse().ok().filter(|width| *width <= 7);
        let width: usize = width.ok_or_else(|| Stop::Problem("Cannot indent more than 7 characters".into()))?;
        self.options.indent = (width > 0).then(|| " ".repeat(width));
        Ok(())
    }

    fn operand(&mut self, text: String) -> Result<(), Stop> {
        match self.rest {
            _ if self.filter.is_none() && self.filter_file.is_none() => self.filter = Some(text),
            Rest::Files => self.options.files.push(text),
            Rest::Texts => self.positional.push(Val::from(text)),
            Rest::Values => self.positional.push(json(&text, "jsonargs")?),
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Options, Stop> {
        let filter = match (self.filter_file, self.filter) {
            (Some(path), operand) => {
                // Read before -f was seen, it was a file after all.
                self.options.files.splice(0..0, operand);
                content(&path)?
            }
            (None, Some(filter)) => filter,
            (None, None) => return Err(Stop::Problem(format!("a filter is needed\n{HELP}"))),
        };
        let mut options = self.options;
        options.filter = filter;
        let name = |name: &Val| match name {
            Val::TStr(text) => String::from_utf8_lossy(text).into_owned(),
            other => other.to_string(),
        };
        options.variables = self.named.iter().map(|(key, value)| (name(key), value.clone())).collect();
        options.variables.push(("ENV".into(), environment()));
        let positional: Val = self.positional.into_iter().collect();
        let parts = [("positional", positional), ("named", Val::obj(self.named))];
        let parts = parts.into_iter().map(|(key, value)| (Val::from(key.to_owned()), value));
        options.variables.push(("ARGS".into(), Val::obj(parts.collect())));
        Ok(options)
    }
}

fn slurped(path: &str) -> Result<Val, Stop> {
    let text = content(path)?;
    let values: Result<Val, _> = read::parse_many(text.as_bytes()).collect();
    values.map_err(|problem| Stop::Problem(format!("Bad JSON in --slurpfile {path}: {problem}")))
}

fn environment() -> Val {
    Val::obj(std::env::vars().map(|(name, value)| (Val::from(name), Val::from(value))).collect())
}

impl Options {
    fn new() -> Self {
        Self {
            filter: String::new(),
            files: Vec::new(),
            variables: Vec::new(),
            null_input: false,
            raw_input: false,
            slurp: false,
            raw_output: false,
            ascii: false,
            sort_keys: false,
            colors: false,
            exit_status: false,
            indent: Some("  ".into()),
            end: "\n",
        }
    }
}

const LONG: &[(&str, char)] = &[
    ("null-input", 'n'),
    ("raw-input", 'R'),
    ("slurp", 's'),
    ("raw-output", 'r'),
    ("join-output", 'j'),
    ("ascii-output", 'a'),
    ("compact-output", 'c'),
    ("sort-keys", 'S'),
    ("color-output", 'C'),
    ("monochrome-output", 'M'),
    ("exit-status", 'e'),
    ("from-file", 'f'),
    ("library-path", 'L'),
    ("help", 'h'),
    ("version", 'V'),
];
