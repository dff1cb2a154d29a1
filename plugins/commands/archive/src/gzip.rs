//! `gzip`, `gunzip`, `zcat`.

use std::fs;
use std::io::{self, BufReader, Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use lexopt::{Arg, Parser, ValueExt};

use crate::Stop;

const HELP: &str = "\
Usage: gzip [OPTION]... [FILE]...
-d decompress   -c to standard output   -k keep the files   -f overwrite   -t test   -r folders   -1..-9   -S SUFFIX   -q   -v
";

struct Options {
    decompresses: bool,
    to_output: bool,
    keeps: bool,
    overwrites: bool,
    tests: bool,
    recursive: bool,
    level: Compression,
    suffix: String,
    files: Vec<String>,
}

pub(crate) fn main(arguments: &[String]) -> i32 {
    let name = place::name_of(arguments);
    let options = match read(name, arguments) {
        Ok(options) => options,
        Err(Stop::Said(text)) => {
            print!("{text}");
            return 0;
        }
        Err(Stop::Problem(problem)) => {
            eprintln!("{name}: {problem}");
            return 1;
        }
    };
    let mut code = 0;
    for file in &options.files {
        if let Err(Stop::Problem(problem) | Stop::Said(problem)) = one(file, &options) {
            eprintln!("{name}: {file}: {problem}");
            code = 1;
        }
    }
    code
}

fn read(name: &str, arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options {
        decompresses: name != "gzip",
        to_output: name == "zcat",
        keeps: false,
        overwrites: false,
        tests: false,
        recursive: false,
        level: Compression::default(),
        suffix: ".gz".into(),
        files: Vec::new(),
    };
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('d') | Arg::Long("decompress" | "uncompress") => options.decompresses = true,
            Arg::Short('c') | Arg::Long("stdout" | "to-stdout") => options.to_output = true,
            Arg::Short('k') | Arg::Long("keep") => options.keeps = true,
            Arg::Short('f') | Arg::Long("force") => options.overwrites = true,
            Arg::Short('t') | Arg::Long("test") => (options.tests, options.decompresses) = (true, true),
            Arg::Short('r') | Arg::Long("recursive") => options.recursive = true,
            Arg::Short('S') | Arg::Long("suffix") => options.suffix = parser.value()?.string()?,
            Arg::Short(level @ '1'..='9') => options.level = Compression::new(level.to_digit(10).unwrap_or(6)),
            Arg::Long("fast") => options.level = Compression::fast(),
            Arg::Long("best") => options.level = Compression::best(),
            // Names and times are not stored, and nothing is said that is not asked for.
            Arg::Short('n' | 'N' | 'q' | 'v') | Arg::Long("no-name" | "name" | "quiet" | "verbose" | "rsyncable") => {}
            Arg::Short('h') | Arg::Long("help") => return Err(Stop::Said(HELP.into())),
            Arg::Value(value) => options.files.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if options.files.is_empty() {
        options.files.push("-".into());
    }
    Ok(options)
}

fn one(file: &str, options: &Options) -> Result<(), Stop> {
    if file == "-" {
        return convert(io::stdin().lock(), io::stdout().lock(), options);
    }
    if fs::metadata(file)?.is_dir() {
        return if options.recursive {
            folder(file, options)
        } else {
            Err(Stop::Problem("is a directory -- ignored".into()))
        };
    }
    let source = fs::File::open(file)?;
    if options.tests {
        return convert(source, io::sink(), options);
    }
    if options.to_output {
        return convert(source, io::stdout().lock(), options);
    }
    let target = target(file, options)?;
    if !options.overwrites && fs::exists(&target)? {
        return Err(Stop::Problem(format!("{target} already exists; not overwritten")));
    }
    convert(source, fs::File::create(&target)?, options)
        .inspect_err(|_| fs::remove_file(&target).unwrap_or_default())?;
    if !options.keeps {
        fs::remove_file(file)?;
    }
    Ok(())
}

fn folder(path: &str, options: &Options) -> Result<(), Stop> {
    let mut entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    entries.iter().try_for_each(|entry| one(&entry.path().to_string_lossy(), options))
}

fn target(file: &str, options: &Options) -> Result<String, Stop> {
    if !options.decompresses {
        let done = file.ends_with(&options.suffix);
        return if done {
            Err(Stop::Problem(format!("already has {} suffix", options.suffix)))
        } else {
            Ok(format!("{file}{}", options.suffix))
        };
    }
    if let Some(stem) = file.strip_suffix(".tgz") {
        return Ok(format!("{stem}.tar"));
    }
    let stem = file.strip_suffix(&options.suffix).or_else(|| file.strip_suffix(".z"));
    stem.map(str::to_owned).ok_or_else(|| Stop::Problem("unknown suffix -- ignored".into()))
}

fn convert(from: impl Read, mut to: impl Write, options: &Options) -> Result<(), Stop> {
    let mut from = BufReader::with_capacity(64 * 1024, from);
    if options.decompresses {
        io::copy(&mut MultiGzDecoder::new(from), &mut to).map_err(|problem| Stop::Problem(problem.to_string()))?;
    } else {
        let mut encoder = GzEncoder::new(&mut to, options.level);
        io::copy(&mut from, &mut encoder)?;
        encoder.finish()?;
    }
    Ok(to.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(name: &str, words: &[&str]) -> i32 {
        let words: Vec<String> = std::iter::once(name).chain(words.iter().copied()).map(str::to_owned).collect();
        main(&words)
    }

    #[test]
    fn a_file_is_replaced_by_its_compressed_self_and_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x").to_string_lossy().into_owned();
        let packed = format!("{path}.gz");
        fs::write(&path, "text".repeat(100)).unwrap();
        assert_eq!(gzip("gzip", &["-9", &path]), 0);
        assert!(!fs::exists(&path).unwrap() && fs::metadata(&packed).unwrap().len() < 100);
        assert_eq!(gzip("gunzip", &["-k", &packed]), 0);
        assert_eq!(fs::read_to_string(&path).unwrap(), "text".repeat(100));
        assert_eq!(gzip("gunzip", &[&packed]), 1);
        assert_eq!(gzip("gzip", &["-t", &path]), 1);
    }
}
