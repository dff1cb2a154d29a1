//! `git show`: a commit with what it changed, or a file or folder as a revision has it.

use std::io::Write as _;

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::diff::{Form, is_revision, must_be_path};
use crate::log::{Request, with_differences};
use crate::pretty::Pretty;
use crate::repository::{Repository, Side};

pub(crate) fn show(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let (mut request, mut revisions, mut paths) = (Request::default(), Vec::new(), Vec::new());
    let mut arguments = Arguments::new(arguments, "U");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Path(path) => paths.push(path),
            Argument::Word(word) if paths.is_empty() && is_revision(repository, &word) => revisions.push(word),
            Argument::Word(word) => {
                if let Some((revision, path)) =
                    word.split_once(':').filter(|(revision, _)| repository.resolve(revision).is_some())
                {
                    return Err(Stop::fatal(format!("path '{path}' does not exist in '{revision}'")));
                }
                must_be_path(repository, &word)?;
                paths.push(word);
            }
            Argument::Option(option) if request.take(&option, &mut arguments)? => {}
            Argument::Option(option) => return Err(unknown(&option)),
        }
    }
    if request.show.forms.is_empty() {
        request.show.forms.push(Form::Patch);
    }
    if revisions.is_empty() {
        revisions.push("HEAD".to_owned());
    }
    let paths = repository.paths(&paths)?;
    for (number, revision) in revisions.iter().enumerate() {
        one(repository, &request, revision, &paths, number > 0)?;
    }
    Ok(0)
}

fn one(repository: &Repository, request: &Request, revision: &str, paths: &[Vec<u8>], again: bool) -> Result<(), Stop> {
    let unknown = || Stop::fatal(format!("bad revision '{revision}'"));
    let (id, kind) = repository.resolve(revision).ok_or_else(unknown)?;
    match kind.as_str() {
        "blob" => {
            let (base, path) = revision.split_once(':').unwrap_or((revision, ""));
            let side = if base.is_empty() { Side::Staged } else { Side::Revision(base.to_owned()) };
            std::io::stdout().write_all(&repository.content(&side, path.as_bytes())?)?;
        }
        "tree" => print!("tree {revision}\n\n{}", folder(repository, revision)?),
        _ => {
            let commit = repository.commit(&id)?;
            if again && !matches!(request.pretty, Pretty::Nothing | Pretty::Oneline | Pretty::Format(_, true)) {
                println!();
            }
            print!("{}", request.printer(repository)?.text(&commit));
            if matches!(request.pretty, Pretty::Oneline | Pretty::Format(_, _)) {
                println!();
            }
            if !request.show.nothing && commit.parents.len() < 2 {
                with_differences(repository, request, &commit, paths)?;
            }
        }
    }
    Ok(())
}

/// The names in a folder of a revision, those of folders with a slash.
fn folder(repository: &Repository, revision: &str) -> Result<String, Stop> {
    let (base, path) = revision.split_once(':').unwrap_or((revision, ""));
    let base = base.trim_end_matches("^{tree}");
    let path = path.trim_matches('/');
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut names: Vec<String> = Vec::new();
    for entry in repository.entries(&Side::Revision(base.to_owned()))? {
        let entry = String::from_utf8_lossy(&entry.path).into_owned();
        let Some(below) = entry.strip_prefix(&prefix) else { continue };
        let name = below.find('/').map_or(below, |slash| &below[..=slash]);
        if names.last().is_none_or(|last| last != name) {
            names.push(name.to_owned());
        }
    }
    Ok(names.iter().map(|name| format!("{name}\n")).collect())
}
