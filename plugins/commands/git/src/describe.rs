//! `git describe`: a commit by the tag that is nearest to it.

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::change;
use crate::repository::{Repository, Walk, walk};

/// As many tags as git looks at.
const CANDIDATES: usize = 10;

#[derive(Default)]
struct Options {
    always: bool,
    long: bool,
    exact: bool,
    length: Option<usize>,
    dirty: Option<String>,
    pattern: Option<regex_lite::Regex>,
    revision: Option<String>,
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options::default();
    let mut arguments = Arguments::new(arguments, "");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) | Argument::Path(word) => options.revision = Some(word),
            Argument::Option(option) => match option.as_str() {
                // Which tags have a message of their own is not told here, so each counts.
                "--tags" | "--all" | "--no-long" => {}
                "--always" => options.always = true,
                "--long" => options.long = true,
                "--exact-match" => options.exact = true,
                "--abbrev=" => options.length = Some(arguments.number(&option)? as usize),
                "--dirty" => options.dirty = Some("-dirty".to_owned()),
                "--dirty=" => options.dirty = Some(arguments.value(&option)?),
                "--match=" | "--match" => {
                    let pattern = posix::glob::to_regex(&arguments.value(&option)?, false, true);
                    options.pattern = regex_lite::Regex::new(&pattern).ok();
                }
                _ => return Err(unknown(&option)),
            },
        }
    }
    Ok(options)
}

pub(crate) fn describe(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let options = read(arguments)?;
    let revision = options.revision.as_deref().unwrap_or("HEAD");
    let id =
        repository.commit_id(revision).ok_or_else(|| Stop::fatal(format!("Not a valid object name {revision}")))?;
    let short = match options.length {
        Some(length) if length > 0 => id[..length.clamp(4, id.len())].to_owned(),
        _ => repository.short(&id),
    };
    let name = match nearest(repository, &options, &id)? {
        Ok((tag, 0)) if !options.long => tag,
        Ok((tag, _)) if options.length == Some(0) => tag,
        Ok((tag, distance)) => format!("{tag}-{distance}-g{short}"),
        Err(_) if options.always => short,
        Err(reason) => return Err(Stop::fatal(reason)),
    };
    let dirty = options.dirty.as_ref().filter(|_| options.revision.is_none());
    let dirty = match dirty {
        Some(mark) if !change::unsaved(repository)?.is_empty() => mark.as_str(),
        _ => "",
    };
    println!("{name}{dirty}");
    Ok(0)
}

/// The tag with the fewest commits after it, and how many they are; or why there is none.
fn nearest(repository: &Repository, options: &Options, id: &str) -> Result<Result<(String, usize), String>, Stop> {
    let mut tags = repository.references("refs/tags/")?;
    tags.retain(|(tag, _)| options.pattern.as_ref().is_none_or(|pattern| pattern.is_match(tag)));
    if let Some((tag, _)) = tags.iter().find(|(_, commit)| commit == id) {
        return Ok(Ok((tag.clone(), 0)));
    }
    if options.exact {
        return Ok(Err(format!("no tag exactly matches '{id}'")));
    }
    if tags.is_empty() {
        return Ok(Err("No names found, cannot describe anything.".to_owned()));
    }
    let mut nearest: Option<(String, usize)> = None;
    let commits = repository.commits(&Walk { start: vec![id.to_owned()], ..walk() })?;
    let tagged = commits.iter().filter_map(|commit| tags.iter().find(|(_, tagged)| *tagged == commit.id));
    for (tag, commit) in tagged.take(CANDIDATES) {
        let range = Walk { start: vec![id.to_owned()], without: vec![commit.clone()], ..walk() };
        let distance = repository.commits(&range)?.len();
        if nearest.as_ref().is_none_or(|(_, least)| distance < *least) {
            nearest = Some((tag.clone(), distance));
        }
    }
    Ok(nearest.ok_or_else(|| format!("No tags can describe '{id}'.\nTry --always, or create some tags.")))
}
