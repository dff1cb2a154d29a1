//! `id`, `whoami`, `groups`, `hostname`, `chown`, `chgrp`: WASI knows no users, so there is one, who owns everything.

use posix::{OWNER, OWNER_NUMBER};

use crate::Stop;

/// The machine's name, where the environment has none.
const HOST: &str = "skep";

fn user() -> String {
    std::env::var("USER").unwrap_or_else(|_| OWNER.into())
}

pub(crate) fn whoami(_arguments: &[String]) -> Result<i32, Stop> {
    println!("{}", user());
    Ok(0)
}

pub(crate) fn groups(_arguments: &[String]) -> Result<i32, Stop> {
    println!("{}", user());
    Ok(0)
}

pub(crate) fn hostname(_arguments: &[String]) -> Result<i32, Stop> {
    println!("{}", std::env::var("HOSTNAME").unwrap_or_else(|_| HOST.into()));
    Ok(0)
}

pub(crate) fn id(arguments: &[String]) -> Result<i32, Stop> {
    let letters: String = arguments[1..].iter().filter_map(|word| word.strip_prefix('-')).collect();
    let (name, number) = (user(), OWNER_NUMBER);
    let long = ["-user", "-group", "-groups"].iter().any(|long| letters.contains(long));
    if letters.contains(['u', 'g', 'G']) || long {
        println!("{}", if letters.contains('n') { name } else { number.to_string() });
    } else {
        println!("uid={number}({name}) gid={number}({name}) groups={number}({name})");
    }
    Ok(0)
}

/// Files that are there are owned by whom they are to be owned by, as far as anybody can see.
pub(crate) fn change(arguments: &[String]) -> Result<i32, Stop> {
    let name = place::name_of(arguments);
    let words: Vec<&String> = arguments[1..].iter().filter(|word| !word.starts_with('-')).collect();
    if words.len() < 2 {
        return Err(Stop::Problem("missing operand".into()));
    }
    let missing: Vec<_> = words[1..].iter().filter(|file| !std::path::Path::new(file).exists()).collect();
    for file in &missing {
        eprintln!("{name}: cannot access '{file}': No such file or directory");
    }
    Ok(i32::from(!missing.is_empty()))
}
