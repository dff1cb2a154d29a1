//! `unzip`: lists, tests and unpacks an archive. Nothing is written outside the folder that is unpacked in.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use lexopt::{Arg, Parser, ValueExt};
use posix::date::Date;
use regex_lite::Regex;

use super::format::{self, Member};
use crate::{Stop, inside};

const HELP: &str = "\
Usage: unzip [OPTION]... ARCHIVE [MEMBER]... [-x MEMBER...] [-d DIR]
-l list   -t test   -p to standard output   -o overwrite   -n never overwrite   -j without folders   -q silent
";

/// What unzip ends with when a member or an archive is bad.
const BAD: i32 = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Unpack,
    List,
    Test,
    Print,
}

struct Options {
    mode: Mode,
    keeps_old: bool,
    without_folders: bool,
    silent: bool,
    folder: PathBuf,
    archive: String,
    wanted: Vec<Regex>,
    unwanted: Vec<Regex>,
}

pub(crate) fn main(arguments: &[String]) -> i32 {
    match read(arguments).and_then(|options| run(&options)) {
        Ok(clean) => {
            if clean {
                0
            } else {
                BAD
            }
        }
        Err(Stop::Said(text)) => {
            print!("{text}");
            0
        }
        Err(Stop::Problem(problem)) => {
            eprintln!("unzip: {problem}");
            BAD
        }
    }
}

fn pattern(text: &str) -> Result<Regex, Stop> {
    Regex::new(&posix::glob::to_regex(text, false, false)).map_err(|problem| Stop::Problem(problem.to_string()))
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options {
        mode: Mode::Unpack,
        keeps_old: false,
        without_folders: false,
        silent: false,
        folder: ".".into(),
        archive: String::new(),
        wanted: Vec::new(),
        unwanted: Vec::new(),
    };
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('l' | 'v' | 'Z') => options.mode = Mode::List,
            Arg::Short('t') => options.mode = Mode::Test,
            Arg::Short('p' | 'c') => options.mode = Mode::Print,
            Arg::Short('n') => options.keeps_old = true,
            Arg::Short('o') => options.keeps_old = false,
            Arg::Short('j') => options.without_folders = true,
            Arg::Short('q') => options.silent = true,
            Arg::Short('d') => options.folder = parser.value()?.into(),
            Arg::Short('x') => {
                for name in parser.values()? {
                    options.unwanted.push(pattern(&name.string()?)?);
                }
            }
            Arg::Short('h') | Arg::Long("help") => return Err(Stop::Said(HELP.into())),
            Arg::Value(value) if options.archive.is_empty() => options.archive = value.string()?,
            Arg::Value(value) => options.wanted.push(pattern(&value.string()?)?),
            other => return Err(other.unexpected().into()),
        }
    }
    if options.archive.is_empty() { Err(Stop::Said(HELP.into())) } else { Ok(options) }
}

/// Whether every member was good.
fn run(options: &Options) -> Result<bool, Stop> {
    let bytes = fs::read(&options.archive).map_err(|problem| {
        Stop::Problem(format!("cannot find or open {}: {}", options.archive, posix::reason(&problem)))
    })?;
    let members =
        format::members(&bytes).map_err(|problem| Stop::Problem(format!("{}: {problem}", options.archive)))?;
    let matches = |patterns: &[Regex], name: &str| patterns.iter().any(|pattern| pattern.is_match(name));
    let wanted = |member: &&Member| {
        (options.wanted.is_empty() || matches(&options.wanted, &member.name))
            && !matches(&options.unwanted, &member.name)
    };
    let members: Vec<&Member> = members.iter().filter(wanted).collect();
    if options.mode == Mode::List {
        list(options, &members);
        return Ok(true);
    }
    let mut clean = true;
    for member in members {
        if let Err(problem) = take(options, member, &bytes) {
            eprintln!("unzip: {}: {problem}", member.name);
            clean = false;
        }
    }
    Ok(clean)
}

fn list(options: &Options, members: &[&Member]) {
    println!("Archive:  {}\n  Length      Date    Time    Name\n---------  ---------- -----   ----", options.archive);
    for member in members {
        let date = Date::of_seconds(member.written).format("%Y-%m-%d %H:%M");
        println!("{:>9}  {date}   {}", member.size, member.name);
    }
    let bytes: u64 = members.iter().map(|member| member.size).sum();
    let plural = if members.len() == 1 { "" } else { "s" };
    println!("---------                     -------\n{bytes:>9}                     {} file{plural}", members.len());
}

fn take(options: &Options, member: &Member, bytes: &[u8]) -> Result<(), String> {
    let content = member.content(bytes)?;
    match options.mode {
        Mode::Test => {
            say(options, &format!("    testing: {}   OK", member.name));
            Ok(())
        }
        Mode::Print => std::io::stdout().write_all(&content).map_err(|problem| posix::reason(&problem)),
        Mode::Unpack | Mode::List => unpack(options, member, &content),
    }
}

fn say(options: &Options, text: &str) {
    if !options.silent {
        println!("{text}");
    }
}

fn unpack(options: &Options, member: &Member, content: &[u8]) -> Result<(), String> {
    let said = |problem: std::io::Error| posix::reason(&problem);
    let inside = inside::relative(Path::new(&member.name)).ok_or("its name leads out with '..'; it is left out")?;
    let inside = match (options.without_folders, inside.file_name()) {
        (true, Some(last)) => PathBuf::from(last),
        _ => inside,
    };
    if member.is_link() {
        return Err("it is a link, which is left out".into());
    }
    if inside::passes_link(&options.folder, &inside) {
        return Err("a link stands in its way; it is left out".into());
    }
    let path = options.folder.join(&inside);
    if member.is_folder() {
        return if options.without_folders { Ok(()) } else { fs::create_dir_all(&path).map_err(said) };
    }
    if fs::symlink_metadata(&path).is_ok_and(|metadata| !metadata.is_dir()) {
        if options.keeps_old {
            return Ok(());
        }
        fs::remove_file(&path).map_err(said)?;
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(said)?;
    }
    say(options, &format!("  inflating: {}", path.display()));
    fs::write(&path, content).map_err(said)
}
