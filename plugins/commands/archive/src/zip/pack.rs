//! `zip`: makes an archive. One that is there is replaced, and not added to.

use std::fs;
use std::path::Path;

use lexopt::{Arg, Parser, ValueExt};
use regex_lite::Regex;

use super::format::Writer;
use crate::{Stop, inside};

const HELP: &str = "\
Usage: zip [OPTION]... ARCHIVE FILE...
-r folders with what is in them   -j without folders   -x PATTERN... excluded   -q silent
";

#[derive(Default)]
struct Options {
    recursive: bool,
    without_folders: bool,
    silent: bool,
    excluded: Vec<Regex>,
    operands: Vec<String>,
}

pub(crate) fn main(arguments: &[String]) -> i32 {
    match read(arguments).and_then(|options| pack(&options)) {
        Ok(clean) => {
            if clean {
                0
            } else {
                18
            }
        }
        Err(Stop::Said(text)) => {
            print!("{text}");
            0
        }
        Err(Stop::Problem(problem)) => {
            eprintln!("zip error: {problem}");
            16
        }
    }
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options::default();
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('r') | Arg::Long("recurse-paths") => options.recursive = true,
            Arg::Short('j') | Arg::Long("junk-paths") => options.without_folders = true,
            Arg::Short('q') | Arg::Long("quiet") => options.silent = true,
            Arg::Short('x') | Arg::Long("exclude") => {
                for pattern in parser.values()? {
                    let regex = Regex::new(&posix::glob::to_regex(&pattern.string()?, false, false));
                    options.excluded.push(regex.map_err(|problem| Stop::Problem(problem.to_string()))?);
                }
            }
            Arg::Short('0'..='9' | 'v' | 'X' | 'D' | 'y' | 'o') => {}
            Arg::Short('h') | Arg::Long("help") => return Err(Stop::Said(HELP.into())),
            Arg::Value(value) => options.operands.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(options)
}

fn pack(options: &Options) -> Result<bool, Stop> {
    let Some((archive, files)) = options.operands.split_first().filter(|(_, files)| !files.is_empty()) else {
        return Err(Stop::Problem(format!("nothing to do\n{HELP}")));
    };
    let archive = if Path::new(archive).extension().is_some() { archive.clone() } else { format!("{archive}.zip") };
    let mut packing = Packing { options, archive: &archive, writer: Writer::default(), clean: true };
    files.iter().try_for_each(|file| packing.add(file))?;
    let clean = packing.clean;
    let bytes = packing.writer.finish();
    fs::write(&archive, bytes)?;
    Ok(clean)
}

struct Packing<'a> {
    options: &'a Options,
    archive: &'a str,
    writer: Writer,
    clean: bool,
}

impl Packing<'_> {
    fn add(&mut self, path: &str) -> Result<(), Stop> {
        if path == self.archive || self.options.excluded.iter().any(|pattern| pattern.is_match(path)) {
            return Ok(());
        }
        let Ok(metadata) = fs::metadata(path) else {
            eprintln!("zip warning: name not matched: {path}");
            self.clean = false;
            return Ok(());
        };
        let inside = inside::relative(Path::new(path));
        let inside = inside.ok_or_else(|| Stop::Problem(format!("{path}: a name may not lead out with '..'")))?;
        let name = match (self.options.without_folders, inside.file_name()) {
            (true, Some(last)) => last.to_string_lossy().into_owned(),
            _ => inside.to_string_lossy().into_owned(),
        };
        let written = metadata.modified().map_or(0, |time| posix::date::since_epoch(time).0);
        let mode = posix::mode::of(Path::new(path), &metadata);
        if metadata.is_dir() {
            if !self.options.without_folders && !name.is_empty() {
                self.put(&format!("{name}/"), &[], written, mode);
            }
            return if self.options.recursive { self.below(path) } else { Ok(()) };
        }
        self.put(&name, &fs::read(path)?, written, mode);
        Ok(())
    }

    fn put(&mut self, name: &str, content: &[u8], written: i64, mode: u32) {
        if !self.options.silent {
            println!("  adding: {name}");
        }
        self.writer.add(name, content, written, mode);
    }

    fn below(&mut self, folder: &str) -> Result<(), Stop> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        names.iter().try_for_each(|name| self.add(&format!("{}/{name}", folder.trim_end_matches('/'))))
    }
}
