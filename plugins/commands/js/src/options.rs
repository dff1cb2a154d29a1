//! What a command line asks for.

use lexopt::{Arg, Parser, ValueExt};
use posix::stop::Stop;

pub(crate) struct Options {
    pub(crate) program: Program,
    /// The result is printed.
    pub(crate) print: bool,
    /// It is a module, whatever it looks like.
    pub(crate) module: bool,
    /// What follows the program.
    pub(crate) arguments: Vec<String>,
}

pub(crate) enum Program {
    Text(String),
    File(String),
    /// Standard input.
    Input,
}

const HELP: &str = "\
Usage: js [OPTION]... [FILE | -] [ARGUMENT]...
-e CODE    run this                     -p CODE    run this and print its result
-m         it is an ES module           -v         print the version
QuickJS with parts of Node: fs, path, process, os, util, events, assert, url, timers, readline, buffer and child_process.
There are no packages, threads, sockets or add-ons; a folder `node_modules` with plain JavaScript in it is found.
";

/// The version of Node whose modules these are like, which programs ask for.
pub(crate) const NODE_VERSION: &str = "v20.0.0";

const VERSION: &str = concat!("js ", env!("CARGO_PKG_VERSION"), " (QuickJS)\n");

pub(crate) fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut parser = Parser::from_args(arguments.iter().skip(1));
    let mut options = Options { program: Program::Input, print: false, module: false, arguments: Vec::new() };
    let mut text = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('e') | Arg::Long("eval") => text = Some(parser.value()?.string()?),
            Arg::Short('p') | Arg::Long("print") => {
                options.print = true;
                text = Some(printed(&mut parser)?);
            }
            Arg::Short('m') | Arg::Long("module") => options.module = true,
            Arg::Long("input-type") => options.module = parser.value()?.string()? == "module",
            Arg::Long("no-warnings" | "trace-warnings" | "enable-source-maps") => {}
            Arg::Short('h') | Arg::Long("help") => return Err(Stop::Said(HELP.into())),
            Arg::Short('v') | Arg::Long("version") => return Err(Stop::Said(version(place::name_of(arguments)))),
            Arg::Value(first) => {
                operands(&mut options, text.is_some(), first.string()?, &mut parser)?;
                break;
            }
            other => return Err(Stop::Problem(format!("bad option: {}", spelled(&other)))),
        }
    }
    if let Some(text) = text {
        options.program = Program::Text(text);
    }
    Ok(options)
}

/// `-pe CODE` is one option of two letters.
fn printed(parser: &mut Parser) -> Result<String, Stop> {
    match parser.optional_value() {
        Some(letters) if letters == "e" => Ok(parser.value()?.string()?),
        Some(value) => Ok(value.string()?),
        None => Ok(parser.value()?.string()?),
    }
}

/// After `-e CODE` there is no file: all words are the program's.
fn operands(options: &mut Options, has_text: bool, first: String, parser: &mut Parser) -> Result<(), Stop> {
    if has_text {
        options.arguments.push(first);
    } else if first != "-" {
        options.program = Program::File(first);
    }
    for word in parser.raw_args()? {
        options.arguments.push(word.string()?);
    }
    Ok(())
}

fn version(name: &str) -> String {
    if name == "node" { format!("{NODE_VERSION}\n") } else { VERSION.to_owned() }
}

fn spelled(argument: &Arg<'_>) -> String {
    match argument {
        Arg::Short(letter) => format!("-{letter}"),
        Arg::Long(name) => format!("--{name}"),
        Arg::Value(value) => value.to_string_lossy().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Options {
        let words: Vec<_> = ["js"].iter().chain(words).map(|word| (*word).to_owned()).collect();
        read(&words).ok().unwrap()
    }

    #[test]
    fn what_follows_the_program_is_its_own() {
        let options = options(&["-m", "a.mjs", "-e", "--x"]);
        assert!(options.module && matches!(options.program, Program::File(path) if path == "a.mjs"));
        assert_eq!(options.arguments, ["-e", "--x"]);
    }

    #[test]
    fn code_may_be_given_and_printed() {
        for words in [&["-p", "1+1", "x"][..], &["-pe", "1+1", "x"]] {
            let options = options(words);
            assert!(options.print && matches!(options.program, Program::Text(text) if text == "1+1"));
            assert_eq!(options.arguments, ["x"]);
        }
        assert!(matches!(options(&["-"]).program, Program::Input));
    }

    #[test]
    fn an_unknown_option_is_named() {
        let problem = read(&["js".into(), "--inspect".into()]).err().unwrap();
        assert!(matches!(problem, Stop::Problem(text) if text == "bad option: --inspect"));
    }
}
