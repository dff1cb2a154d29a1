//! `git ls-files`.

use std::collections::BTreeSet;
use std::io::Write as _;

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::quote::{Style, quoted};
use crate::repository::{Comparison, Repository, Side, matches, names_only};

#[derive(Default)]
struct Options {
    cached: bool,
    others: bool,
    modified: bool,
    deleted: bool,
    stage: bool,
    zero: bool,
    whole_names: bool,
    must_match: bool,
    paths: Vec<String>,
}

pub(crate) fn ls_files(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let options = read(arguments)?;
    let mut paths = repository.paths(&options.paths)?;
    if paths.is_empty() && !repository.prefix.is_empty() {
        paths.push(repository.path(".")?);
    }
    let mut out = std::io::stdout().lock();
    let end = if options.zero { b"\0" } else { b"\n" };
    let found = found(repository, &options, &paths)?;
    for (label, path) in &found {
        let shown = match (options.zero, options.whole_names) {
            (true, _) => repository.relative(path),
            (false, true) => quoted(path, Style::Plain).into_bytes(),
            (false, false) => repository.shown(path, Style::Plain).into_bytes(),
        };
        out.write_all(&[label.as_bytes(), &shown, &end[..]].concat())?;
    }
    if options.must_match && found.is_empty() {
        let path = options.paths.first().map_or("", String::as_str);
        return Err(Stop::error(format!(
            "pathspec '{path}' did not match any file(s) known to git\nDid you forget to 'git add'?"
        )));
    }
    Ok(0)
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options::default();
    let mut arguments = Arguments::new(arguments, "x");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(path) | Argument::Path(path) => options.paths.push(path),
            Argument::Option(option) => match option.as_str() {
                "-c" | "--cached" => options.cached = true,
                "-o" | "--others" => options.others = true,
                "-m" | "--modified" => options.modified = true,
                "-d" | "--deleted" => options.deleted = true,
                "-s" | "--stage" => options.stage = true,
                "-z" => options.zero = true,
                "--full-name" => options.whole_names = true,
                "--error-unmatch" => options.must_match = true,
                "--exclude-standard" => {}
                _ => return Err(unknown(&option)),
            },
        }
    }
    options.cached |= !(options.others || options.modified || options.deleted);
    Ok(options)
}

/// What is printed before each path, and the path.
fn found(repository: &Repository, options: &Options, paths: &[Vec<u8>]) -> Result<Vec<(String, Vec<u8>)>, Stop> {
    let mut found = BTreeSet::new();
    if options.others || options.modified || options.deleted {
        let how = Comparison { untracked: options.others, ..names_only(paths.to_vec()) };
        for difference in repository.differences(&Side::Staged, &Side::Files, &how)? {
            let wanted = match difference.kind.as_str() {
                "A" => options.others,
                "D" => options.deleted || options.modified,
                _ => options.modified,
            };
            if wanted {
                found.insert((difference.new_path, String::new()));
            }
        }
    }
    if options.cached {
        for entry in repository.entries(&Side::Staged)? {
            let label = if options.stage { format!("{:06o} {} 0\t", entry.mode, entry.id) } else { String::new() };
            if matches(paths, &entry.path) {
                found.insert((entry.path, label));
            }
        }
    }
    Ok(found.into_iter().map(|(path, label)| (label, path)).collect())
}
