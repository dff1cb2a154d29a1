//! What a sed command line asks for.

use lexopt::{Arg, Parser, ValueExt};

use crate::text;

pub(crate) struct Options {
    pub(crate) script: String,
    pub(crate) files: Vec<String>,
    pub(crate) quiet: bool,
    pub(crate) extended: bool,
    /// Each file is one of its own: its last line is `$`.
    pub(crate) separate: bool,
    /// Files are replaced by what comes out; the suffix is that of a backup, and empty without one.
    pub(crate) in_place: Option<String>,
    /// What ends a line.
    pub(crate) end: u8,
}

pub(crate) enum Wanted {
    Text(String),
    Script(Options),
}

const HELP: &str = "\
Usage: sed [OPTION]... {script} [input-file]...
-n quiet   -e SCRIPT   -f FILE   -E -r extended expressions   -i[SUFFIX] in place   -s files separately   -z lines end with zero
";

pub(crate) fn read(arguments: &[String]) -> Result<Wanted, String> {
    let mut options = Options {
        script: String::new(),
        files: Vec::new(),
        quiet: false,
        extended: false,
        separate: false,
        in_place: None,
        end: b'\n',
    };
    let mut pieces: Vec<String> = Vec::new();
    let mut parser = Parser::from_iter(arguments);
    let said = |problem: lexopt::Error| format!("{problem}\n{HELP}");
    while let Some(argument) = parser.next().map_err(said)? {
        match argument {
            Arg::Short('n') | Arg::Long("quiet" | "silent") => options.quiet = true,
            Arg::Short('E' | 'r') | Arg::Long("regexp-extended") => options.extended = true,
            Arg::Short('s') | Arg::Long("separate") => options.separate = true,
            Arg::Short('z') | Arg::Long("null-data" | "zero-terminated") => options.end = 0,
            Arg::Short('i') | Arg::Long("in-place") => {
                let suffix = parser.optional_value().unwrap_or_default();
                (options.in_place, options.separate) = (Some(suffix.string().map_err(said)?), true);
            }
            Arg::Short('e') | Arg::Long("expression") => {
                pieces.push(parser.value().map_err(said)?.string().map_err(said)?)
            }
            Arg::Short('f') | Arg::Long("file") => {
                let path = parser.value().map_err(said)?.string().map_err(said)?;
                pieces.push(content(&path)?);
            }
            Arg::Short('l') | Arg::Long("line-length") => drop(parser.value().map_err(said)?),
            // Output is never held back for long, links are followed, and everything is portable here.
            Arg::Short('u' | 'b')
            | Arg::Long("unbuffered" | "binary" | "posix" | "debug" | "sandbox" | "follow-symlinks") => {}
            Arg::Short('h') | Arg::Long("help") => return Ok(Wanted::Text(HELP.into())),
            Arg::Long("version") => return Ok(Wanted::Text(format!("sed (skep {})\n", env!("CARGO_PKG_VERSION")))),
            Arg::Value(value) => options.files.push(value.string().map_err(said)?),
            other => return Err(said(other.unexpected())),
        }
    }
    if pieces.is_empty() {
        if options.files.is_empty() {
            return Err(format!("a script is needed\n{HELP}"));
        }
        pieces.push(options.files.remove(0));
    }
    options.script = pieces.join("\n");
    Ok(Wanted::Script(options))
}

fn content(path: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = match path {
        "-" => std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(drop),
        path => std::fs::read(path).map(|content| bytes = content),
    };
    read.map_err(|problem| format!("couldn't open file {path}: {}", posix::reason(&problem)))?;
    let script = text::decoded(bytes);
    Ok(script.strip_suffix('\n').unwrap_or(&script).to_owned())
}
