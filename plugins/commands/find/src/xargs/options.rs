//! What the options ask for.

use std::str::FromStr;

use lexopt::{Arg, Parser, ValueExt};
use posix::stop::Stop;

use super::items::Splitting;

#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) splitting: Splitting,
    /// At most so many arguments, or lines of them, a command.
    pub(super) most_arguments: Option<usize>,
    pub(super) most_lines: Option<usize>,
    pub(super) most_bytes: usize,
    /// A command that would be longer is an error, and nothing more is run.
    pub(super) exits_if_long: bool,
    /// Replaced by one line of input each.
    pub(super) replaced: Option<String>,
    /// 0: as many as may be.
    pub(super) parallel: usize,
    pub(super) skips_empty: bool,
    pub(super) traces: bool,
    pub(super) asks: bool,
    pub(super) file: Option<String>,
    pub(super) command: Vec<String>,
}

const HELP: &str = "\
Usage: xargs [OPTION]... COMMAND [INITIAL-ARGS]...
-0 -d CHAR          items end with a zero byte, or with CHAR
-a FILE             items are read from FILE
-n N  -L N  -s N    at most N arguments, lines, or bytes a command
-I TEXT  -i[TEXT]   TEXT in the arguments is replaced by one line of input
-P N                N commands at once
-r -t -p -x         not without items; print; ask; give up if too long
-E TEXT             TEXT ends the input
";

impl Options {
    fn new() -> Self {
        Self {
            splitting: Splitting::default(),
            most_arguments: None,
            most_lines: None,
            most_bytes: 128 * 1024,
            exits_if_long: false,
            replaced: None,
            parallel: 1,
            skips_empty: false,
            traces: false,
            asks: false,
            file: None,
            command: Vec::new(),
        }
    }

    /// Of these three the last one counts.
    fn group(&mut self, arguments: Option<usize>, lines: Option<usize>, replaced: Option<String>) {
        self.splitting.by_line = replaced.is_some();
        self.splitting.keeps_lines = lines.is_some();
        (self.most_arguments, self.most_lines, self.replaced) = (arguments, lines, replaced);
    }
}

pub(super) fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut parser = Parser::from_iter(arguments);
    let mut options = Options::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) => {
                options.command.push(value.string()?);
                // From here on it is the command's.
                for word in parser.raw_args()? {
                    options.command.push(word.string()?);
                }
            }
            Arg::Short(letter) => option(&mut options, letter, &mut parser)?,
            Arg::Long(name) => {
                let letter = LONG.iter().find(|(long, _)| *long == name).map(|(_, letter)| *letter);
                let letter = letter.ok_or_else(|| Stop::Problem(format!("unrecognized option '--{name}'\n{HELP}")))?;
                option(&mut options, letter, &mut parser)?;
            }
        }
    }
    if options.command.is_empty() {
        options.command.push("echo".into());
    }
    Ok(options)
}

fn option(options: &mut Options, letter: char, parser: &mut Parser) -> Result<(), Stop> {
    match letter {
        '0' => options.splitting.delimiter = Some('\0'),
        'd' => options.splitting.delimiter = Some(delimiter(&parser.value()?.string()?)?),
        'a' => options.file = Some(parser.value()?.string()?),
        'n' => options.group(Some(number(parser, letter)?), None, None),
        'L' => options.group(None, Some(number(parser, letter)?), None),
        'l' => {
            let lines = parser.optional_value().and_then(|text| text.to_str()?.parse().ok());
            options.group(None, Some(lines.unwrap_or(1)), None);
        }
        'I' => options.group(None, None, Some(parser.value()?.string()?)),
        'i' => {
            let text = parser.optional_value().map(|text| text.to_string_lossy().into_owned());
            options.group(None, None, Some(text.unwrap_or_else(|| "{}".into())));
        }
        's' => options.most_bytes = number(parser, letter)?,
        'P' => options.parallel = number(parser, letter)?,
        'E' => options.splitting.end = Some(parser.value()?.string()?).filter(|end| !end.is_empty()),
        'e' => options.splitting.end = parser.optional_value().map(|end| end.to_string_lossy().into_owned()),
        'r' => options.skips_empty = true,
        't' => options.traces = true,
        'p' => (options.asks, options.traces) = (true, true),
        'x' => options.exits_if_long = true,
        // Children never read this command's input here, so there is no terminal to open for them.
        'o' => {}
        'h' => return Err(Stop::Said(HELP.into())),
        'V' => return Err(Stop::Said(format!("xargs (skep {})\n", env!("CARGO_PKG_VERSION")))),
        other => return Err(Stop::Problem(format!("invalid option -- '{other}'\n{HELP}"))),
    }
    Ok(())
}

fn number<T: FromStr>(parser: &mut Parser, letter: char) -> Result<T, Stop> {
    let text = parser.value()?.string()?;
    text.parse().map_err(|_| Stop::Problem(format!("invalid number \"{text}\" for -{letter} option")))
}

fn delimiter(text: &str) -> Result<char, Stop> {
    let mut characters = text.chars();
    match (characters.next(), characters.next(), characters.next()) {
        (Some(character), None, None) => Ok(character),
        (Some('\\'), Some('n'), None) => Ok('\n'),
        (Some('\\'), Some('t'), None) => Ok('\t'),
        (Some('\\'), Some('0'), None) => Ok('\0'),
        (Some('\\'), Some('r'), None) => Ok('\r'),
        (Some('\\'), Some('\\'), None) => Ok('\\'),
        _ => Err(Stop::Problem(format!("invalid input delimiter specification {text}: one character is needed"))),
    }
}

const LONG: &[(&str, char)] = &[
    ("null", '0'),
    ("delimiter", 'd'),
    ("arg-file", 'a'),
    ("max-args", 'n'),
    ("max-lines", 'l'),
    ("replace", 'i'),
    ("max-chars", 's'),
    ("max-procs", 'P'),
    ("eof", 'e'),
    ("no-run-if-empty", 'r'),
    ("verbose", 't'),
    ("interactive", 'p'),
    ("exit", 'x'),
    ("open-tty", 'o'),
    ("help", 'h'),
    ("version", 'V'),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Options {
        let words: Vec<String> = std::iter::once("xargs").chain(words.iter().copied()).map(str::to_owned).collect();
        read(&words).unwrap()
    }

    #[test]
    fn what_follows_the_command_is_its_own() {
        let options = options(&["-0", "-n1", "rm", "-rf", "--", "x"]);
        assert_eq!(options.command, ["rm", "-rf", "--", "x"]);
        assert_eq!((options.splitting.delimiter, options.most_arguments), (Some('\0'), Some(1)));
    }

    #[test]
    fn the_last_way_of_grouping_counts() {
        assert_eq!(options(&["-I{}", "-n", "2", "c"]).replaced, None);
        assert_eq!(options(&["-n", "2", "-I", "%", "c"]).replaced, Some("%".into()));
        assert_eq!(options(&[]).command, ["echo"]);
    }
}
