//! What uutils' coreutils lack on WASI (those that ask about files, users and processes, and those that start others), and small
//! commands that a person expects beside them. One file a family, one table of names.

mod column;
mod dump;
mod environment;
mod file;
mod identifier;
mod input;
mod install;
mod mode;
mod output;
mod owner;
mod processes;
mod reverse;
mod space;
mod start;
mod stat;
mod strings;
mod tee;
mod tree;
mod which;

type Command = fn(&[String]) -> Result<i32, Stop>;

/// Why a command does not go on.
#[derive(Debug)]
enum Stop {
    /// Said under the command's name, which then ends with 1.
    Problem(String),
    /// The same with another code.
    Failed(i32, String),
}

impl From<lexopt::Error> for Stop {
    fn from(problem: lexopt::Error) -> Self {
        Self::Problem(problem.to_string())
    }
}

impl From<std::io::Error> for Stop {
    fn from(problem: std::io::Error) -> Self {
        Self::Problem(posix::reason(&problem))
    }
}

const TABLE: &[(&str, Command)] = &[
    ("chgrp", owner::change),
    ("chmod", mode::chmod),
    ("chown", owner::change),
    ("clear", output::clear),
    ("column", column::column),
    ("df", space::df),
    ("du", space::du),
    ("env", start::env),
    ("envsubst", environment::envsubst),
    ("file", file::file),
    ("groups", owner::groups),
    ("hd", dump::hexdump),
    ("hexdump", dump::hexdump),
    ("hostname", owner::hostname),
    ("id", owner::id),
    ("install", install::install),
    ("kill", processes::kill),
    ("less", output::page),
    ("logname", owner::whoami),
    ("more", output::page),
    ("nice", start::nice),
    ("nohup", start::nohup),
    ("ps", processes::ps),
    ("rev", reverse::rev),
    ("stat", stat::stat),
    ("strings", strings::strings),
    ("sync", output::sync),
    ("tac", reverse::tac),
    ("tee", tee::tee),
    ("time", start::time),
    ("timeout", start::timeout),
    ("tree", tree::tree),
    ("uuidgen", identifier::uuidgen),
    ("watch", output::watch),
    ("which", which::which),
    ("whoami", owner::whoami),
    ("xxd", dump::xxd),
];

/// Those whose words are files that they read, of which `-` is their input.
const READERS: &[&str] = &["column", "hd", "hexdump", "less", "more", "rev", "strings", "tac", "xxd"];

fn main() {
    place::run(|mut arguments| {
        if READERS.contains(&place::name_of(&arguments)) {
            place::name_standard_input(&mut arguments);
        }
        let name = place::name_of(&arguments);
        match TABLE.iter().find(|(known, _)| *known == name) {
            Some((_, command)) => ended(name, command(&arguments)),
            None => ended(name, Err(Stop::Failed(127, "no such command in this component".into()))),
        }
    })
}

fn ended(name: &str, result: Result<i32, Stop>) -> i32 {
    let (code, problem) = match result {
        Ok(code) => return code,
        Err(Stop::Problem(problem)) => (1, problem),
        Err(Stop::Failed(code, problem)) => (code, problem),
    };
    eprintln!("{name}: {problem}");
    code
}

/// Reports what went wrong with one of several files; the code that it makes.
fn complain(name: &str, path: &str, problem: &std::io::Error) -> i32 {
    eprintln!("{name}: {path}: {}", posix::reason(problem));
    1
}
