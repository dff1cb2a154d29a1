//! What a patch command line asks for.

use lexopt::{Arg, Parser, ValueExt};

use crate::Stop;

#[derive(Debug, Clone)]
pub(super) struct Options {
    /// How many folders are taken from the front of names; none: whatever leads to a file.
    pub(super) strip: Option<usize>,
    pub(super) reverse: bool,
    /// What seems to be applied already is left out without a word.
    pub(super) forward: bool,
    pub(super) dry_run: bool,
    pub(super) silent: bool,
    pub(super) backup: bool,
    /// A file that a hunk did not fit exactly is kept too.
    pub(super) keeps_mismatched: bool,
    pub(super) suffix: String,
    pub(super) removes_empty: bool,
    pub(super) ignores_space: bool,
    /// How many lines of context may be left out of account.
    pub(super) fuzz: usize,
    pub(super) folder: Option<String>,
    pub(super) input: Option<String>,
    pub(super) output: Option<String>,
    pub(super) rejects: Option<String>,
    /// The file to patch, whatever the patch says.
    pub(super) file: Option<String>,
}

const HELP: &str = "\
Usage: patch [OPTION]... [ORIGFILE [PATCHFILE]]
-p NUM folders are stripped   -R reverse   -N forward   -i FILE patch   -d DIR   -o FILE output   -r FILE rejects
-F NUM fuzz   -l white space is the same   -b -z SUFFIX backups   -E empty files are removed   -s silent   --dry-run
";

impl Options {
    fn new() -> Self {
        Self {
            strip: None,
            reverse: false,
            forward: false,
            dry_run: false,
            silent: false,
            backup: false,
            keeps_mismatched: true,
            suffix: ".orig".into(),
            removes_empty: false,
            ignores_space: false,
            fuzz: 2,
            folder: None,
            input: None,
            output: None,
            rejects: None,
            file: None,
        }
    }
}

pub(super) fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut parser = Parser::from_iter(arguments);
    let mut options = Options::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) if options.file.is_none() => options.file = Some(value.string()?),
            Arg::Value(value) if options.input.is_none() => options.input = Some(value.string()?),
            Arg::Value(value) => return Err(Stop::Problem(format!("extra operand '{}'", value.to_string_lossy()))),
            Arg::Short('p') | Arg::Long("strip") => options.strip = Some(parser.value()?.parse()?),
            Arg::Short('R') | Arg::Long("reverse") => options.reverse = true,
            Arg::Short('N') | Arg::Long("forward") => options.forward = true,
            Arg::Long("dry-run") => options.dry_run = true,
            Arg::Short('s') | Arg::Long("silent" | "quiet") => options.silent = true,
            Arg::Short('b') | Arg::Long("backup") => options.backup = true,
            Arg::Short('z') | Arg::Long("suffix") => options.suffix = parser.value()?.string()?,
            Arg::Short('E') | Arg::Long("remove-empty-files") => options.removes_empty = true,
            Arg::Short('l') | Arg::Long("ignore-whitespace") => options.ignores_space = true,
            Arg::Short('F') | Arg::Long("fuzz") => options.fuzz = parser.value()?.parse()?,
            Arg::Short('d') | Arg::Long("directory") => options.folder = Some(parser.value()?.string()?),
            Arg::Short('i') | Arg::Long("input") => options.input = Some(parser.value()?.string()?),
            Arg::Short('o') | Arg::Long("output") => options.output = Some(parser.value()?.string()?),
            Arg::Short('r') | Arg::Long("reject-file") => options.rejects = Some(parser.value()?.string()?),
            // Nobody is asked anything here, names are never quoted, and a patch is always in the unified format.
            Arg::Short('f' | 't' | 'u' | 'c' | 'T' | 'Z' | 'g')
            | Arg::Long("force" | "batch" | "unified" | "binary" | "verbose") => {}
            Arg::Long("posix" | "no-backup-if-mismatch") => options.keeps_mismatched = false,
            Arg::Long("help") => return Err(Stop::Said(HELP.into())),
            Arg::Short('v') | Arg::Long("version") => {
                return Err(Stop::Said(format!("patch (skep {})\n", env!("CARGO_PKG_VERSION"))));
            }
            other => return Err(Stop::Problem(other.unexpected().to_string())),
        }
    }
    Ok(options)
}
