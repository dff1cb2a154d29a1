//! `git config`, of which a run has its name and address only, and `git remote`, of which it has none.

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::repository::Repository;

const KNOWN: [&str; 2] = ["user.name", "user.email"];

pub(crate) fn config(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let (mut words, mut list, mut unset) = (Vec::new(), false, false);
    let mut arguments = Arguments::new(arguments, "");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) | Argument::Path(word) => words.push(word),
            Argument::Option(option) => match option.as_str() {
                "--get" | "--global" | "--local" | "--system" | "--add" | "--replace-all" | "--bool" | "--null" => {}
                "-l" | "--list" => list = true,
                "--unset" | "--unset-all" => unset = true,
                _ => return Err(unknown(&option)),
            },
        }
    }
    match words.first().map(String::as_str) {
        Some("get" | "set") if words.len() > 1 => drop(words.remove(0)),
        Some("list") => list = true,
        Some("unset") => (unset, _) = (true, words.remove(0)),
        _ => {}
    }
    if list {
        for key in KNOWN {
            if let Some(value) = repository.setting(key)? {
                println!("{key}={value}");
            }
        }
        return Ok(0);
    }
    let key = words.first().map(|key| key.to_lowercase()).ok_or_else(|| Stop::usage("no action specified"))?;
    match (words.get(1), unset) {
        (None, false) => get(repository, &key),
        (value, _) => {
            if !KNOWN.contains(&key.as_str()) {
                return Err(Stop::fatal(format!(
                    "{key} can't be set: only {} are, and nothing else has an effect here",
                    KNOWN.join(" and ")
                )));
            }
            repository.must_be_writable()?;
            repository.set_setting(&key, value.filter(|_| !unset).map(String::as_str)).map(|()| 0)
        }
    }
}

fn get(repository: &Repository, key: &str) -> Result<i32, Stop> {
    Ok(match repository.setting(key)? {
        Some(value) => {
            println!("{value}");
            0
        }
        None => 1,
    })
}

pub(crate) fn remote(_: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    match arguments.first().map(String::as_str) {
        None | Some("-v" | "--verbose" | "show") if arguments.len() < 2 => Ok(0),
        Some("get-url" | "show") => Err(Stop {
            code: 2,
            message: format!("error: No such remote '{}'", arguments.last().map_or("", String::as_str)),
        }),
        _ => Err(Stop::fatal(
            "git remote: there is no network here: the host brings repositories in and takes commits out",
        )),
    }
}
