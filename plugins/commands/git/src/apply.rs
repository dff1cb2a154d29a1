//! `git apply`: patches are read, all are checked against the files, and only when all fit is anything written.

mod binary;
mod check;
mod header;
mod names;
mod patch;
mod place;
mod read;
mod spaces;
mod tell;
mod write;

use std::io::Read as _;

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::repository::Repository;

use check::{Checker, Target, shown};
use patch::Patch;
use place::Search;
use read::Reading;
use spaces::Action;

pub(crate) struct Options {
    reading: Reading,
    target: Target,
    search: Search,
    reverse: bool,
    verbose: bool,
    quiet: bool,
    check: bool,
    stat: bool,
    numbers: bool,
    summary: bool,
    apply: bool,
    zero: bool,
    allow_empty: bool,
    spaces: Option<Action>,
    /// Patterns of paths, and whether what they match is wanted.
    wanted: Vec<(bool, regex_lite::Regex)>,
    files: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reading: Reading::default(),
            target: Target::Files,
            search: Search { context: usize::MAX, without_context: false, ignore_spaces: false },
            reverse: false,
            verbose: false,
            quiet: false,
            check: false,
            stat: false,
            numbers: false,
            summary: false,
            apply: false,
            zero: false,
            allow_empty: false,
            spaces: None,
            wanted: Vec::new(),
            files: Vec::new(),
        }
    }
}

impl Options {
    /// Whoever asks for numbers only wants to know.
    fn writes(&self) -> bool {
        self.apply || !(self.check || self.stat || self.numbers || self.summary)
    }

    fn checks(&self) -> bool {
        self.check || self.writes()
    }

    fn spaces(&self) -> Action {
        self.spaces.unwrap_or(if self.writes() { Action::Warn } else { Action::Nothing })
    }

    /// Paths beside the folder in which the command began are none of its business.
    fn wants(&self, path: &[u8], prefix: &[u8]) -> bool {
        let Some(below) = path.strip_prefix(prefix).filter(|below| !below.is_empty()) else { return false };
        let name = String::from_utf8_lossy(if prefix.is_empty() { path } else { below });
        let found = self.wanted.iter().find(|(_, pattern)| pattern.is_match(&name));
        found.map_or(!self.wanted.iter().any(|(included, _)| *included), |(included, _)| *included)
    }
}

pub(crate) fn apply(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let mut options = read(arguments)?;
    options.reading.names.prefix = repository.prefix.clone().into_bytes();
    options.reading.strict = options.checks();
    if options.writes() {
        repository.must_be_writable()?;
    }
    let mut seen = 0;
    for file in &options.files {
        seen = one(repository, &options, file, seen)?;
    }
    spaces::conclude(options.spaces(), seen, options.writes())?;
    Ok(0)
}

/// Applies the patches of one file, and counts the lines with white space that is not liked.
fn one(repository: &Repository, options: &Options, file: &str, seen: usize) -> Result<usize, Stop> {
    let (label, text) = input(file)?;
    let mut reading = options.reading.clone();
    let (mut patches, mut seen, mut skipped) = (Vec::new(), seen, 0);
    for patch in read::all(&text, &mut reading)? {
        let mut patch = if options.reverse { patch.reversed() } else { patch };
        if !options.wants(patch.final_name(), &reading.names.prefix) {
            skipped += 1;
            say(options.verbose, &format!("Skipped patch '{}'.", shown(&patch)));
            continue;
        }
        if options.spaces() != Action::Nothing {
            seen = spaces::look(&label, &mut patch, options.spaces(), seen);
        }
        patches.push(patch);
    }
    if options.reverse {
        patches.reverse();
    }
    if patches.is_empty() && skipped == 0 && !options.allow_empty {
        return Err(read::unreadable("No valid patches in input (allow with \"--allow-empty\")"));
    }
    if matches!(options.spaces(), Action::Refuse { .. }) {
        spaces::conclude(options.spaces(), seen, false)?;
    }
    let patches = if options.checks() { check_and_write(repository, options, patches)? } else { patches };
    tell(options, &patches)?;
    Ok(seen)
}

fn check_and_write(repository: &Repository, options: &Options, patches: Vec<Patch>) -> Result<Vec<Patch>, Stop> {
    let how = (options.target, options.search);
    let checker = Checker::new(repository, how, (options.verbose, options.reverse), &patches)?;
    let fitting = checker.all(patches)?;
    if options.writes() {
        write::all(repository, options.target, &fitting)?;
        for fitting in &fitting {
            say(options.verbose, &format!("Applied patch {} cleanly.", shown(&fitting.patch)));
        }
    }
    Ok(fitting.into_iter().map(|fitting| fitting.patch).collect())
}

fn say(aloud: bool, line: &str) {
    if aloud {
        eprintln!("{line}");
    }
}

fn tell(options: &Options, patches: &[Patch]) -> Result<(), Stop> {
    if options.stat {
        print!("{}", tell::table(patches));
    }
    if options.numbers {
        tell::numbers(patches, options.zero)?;
    }
    if options.summary {
        print!("{}", tell::summary(patches));
    }
    Ok(())
}

fn input(file: &str) -> Result<(String, Vec<u8>), Stop> {
    let mut text = Vec::new();
    if file == "-" {
        std::io::stdin().lock().read_to_end(&mut text)?;
        return Ok(("<stdin>".to_owned(), text));
    }
    let failed = |error| read::unreadable(format!("can't open patch '{file}': {}", posix::reason(&error)));
    Ok((file.to_owned(), std::fs::read(file).map_err(failed)?))
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options::default();
    let mut arguments = Arguments::new(arguments, "pC");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(file) | Argument::Path(file) => options.files.push(file),
            Argument::Option(option) => take(&mut options, &option, &mut arguments)?,
        }
    }
    if options.files.is_empty() {
        options.files.push("-".to_owned());
    }
    options.verbose &= !options.quiet;
    Ok(options)
}

fn take(options: &mut Options, option: &str, arguments: &mut Arguments) -> Result<(), Stop> {
    match option {
        "-p" => options.reading.names.strip = Some(arguments.number(option)? as usize),
        "-C" => options.search.context = arguments.number(option)? as usize,
        "-R" | "--reverse" => options.reverse = true,
        "-v" | "--verbose" => options.verbose = true,
        "-q" | "--quiet" => options.quiet = true,
        "-z" => options.zero = true,
        "--check" => options.check = true,
        "--stat" => options.stat = true,
        "--numstat" => options.numbers = true,
        "--summary" => options.summary = true,
        "--apply" => options.apply = true,
        "--index" if options.target == Target::Files => options.target = Target::FilesAndIndex,
        "--index" => {}
        "--cached" => options.target = Target::Index,
        "--recount" => options.reading.recount = true,
        "--unidiff-zero" => options.search.without_context = true,
        "--ignore-whitespace" | "--ignore-space-change" => options.search.ignore_spaces = true,
        "--allow-empty" => options.allow_empty = true,
        "--whitespace=" | "--whitespace" => options.spaces = Some(Action::parse(&arguments.value(option)?)?),
        "--directory=" | "--directory" => options.reading.names.root = root(&arguments.value(option)?),
        "--include=" | "--include" => options.wanted.push((true, pattern(&arguments.value(option)?)?)),
        "--exclude=" | "--exclude" => options.wanted.push((false, pattern(&arguments.value(option)?)?)),
        "--binary" | "--allow-binary-replacement" | "--no-3way" => {}
        "-3" | "--3way" => {
            return Err(Stop::fatal(
                "histories are not joined here: without --3way a patch applies wherever its lines are",
            ));
        }
        "--reject" => {
            return Err(Stop::fatal(
                "a patch is applied whole or not at all; `patch -p1` keeps the hunks that fail in .rej files",
            ));
        }
        "-N"
        | "--intent-to-add"
        | "--build-fake-ancestor="
        | "--no-add"
        | "--unsafe-paths"
        | "--allow-overlap"
        | "--inaccurate-eof" => return Err(Stop::fatal(format!("git apply {option} is not known here"))),
        _ => return Err(unknown(option)),
    }
    Ok(())
}

fn root(folder: &str) -> Vec<u8> {
    let folder = folder.trim_start_matches("./").trim_end_matches('/');
    if folder.is_empty() { Vec::new() } else { format!("{folder}/").into_bytes() }
}

fn pattern(text: &str) -> Result<regex_lite::Regex, Stop> {
    let regex = posix::glob::to_regex(text, false, false);
    regex_lite::Regex::new(&regex).map_err(|error| Stop::fatal(format!("'{text}': {error}")))
}

/// The content with a patch of one text file put into it, if each of its hunks has one place there.
pub(crate) fn joined(patch: &[u8], content: &[u8]) -> Result<Option<Vec<u8>>, Stop> {
    let search = Options::default().search;
    let mut image = place::Image::new(content);
    for patch in read::all(patch, &mut Reading::default())? {
        let patch::Content::Text(hunks) = &patch.content else { return Ok(None) };
        if !hunks.iter().all(|hunk| image.apply(hunk, search).is_some()) {
            return Ok(None);
        }
    }
    Ok(Some(image.content()))
}
