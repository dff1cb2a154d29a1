//! git, as far as a run needs it. The git data stands outside of the workspace and is asked for through the host; files are
//! written here, like those of every other command. Nothing is configured, filtered, hooked, aliased or paged.

mod add;
mod apply;
mod arguments;
mod blame;
mod branch;
mod carry;
mod change;
mod checkout;
mod commit;
mod commits;
mod config;
mod date;
mod describe;
mod diff;
mod files;
mod grep;
mod init;
mod list;
mod log;
mod merge;
mod object;
mod pick;
mod pretty;
mod quote;
mod refused;
mod repository;
mod reset;
mod restore;
mod revision;
mod show;
mod stash;
mod stat;
mod status;
mod tree;

mod bindings {
    wit_bindgen::generate!({ world: "versioned-command", path: "../../../guest-sdk/wit/command", generate_all });
}

use arguments::Global;
use repository::Repository;

type Command = fn(&Repository, &[String]) -> Result<i32, Stop>;

/// Why a command does not go on.
#[derive(Debug)]
pub(crate) struct Stop {
    code: i32,
    /// Whole lines for standard error, or nothing.
    message: String,
}

impl Stop {
    /// What git calls fatal.
    fn fatal(message: impl std::fmt::Display) -> Self {
        Self { code: 128, message: format!("fatal: {message}") }
    }

    /// What git calls an error.
    fn error(message: impl std::fmt::Display) -> Self {
        Self { code: 1, message: format!("error: {message}") }
    }

    fn usage(message: impl std::fmt::Display) -> Self {
        Self { code: 129, message: format!("error: {message}") }
    }
}

impl From<bindings::skep::command::process::Failure> for Stop {
    fn from(failure: bindings::skep::command::process::Failure) -> Self {
        Self::fatal(failure.message)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::fatal(error)
    }
}

const TABLE: &[(&str, Command)] = &[
    ("add", add::add),
    ("annotate", blame::blame),
    ("apply", apply::apply),
    ("blame", blame::blame),
    ("branch", branch::branch),
    ("cat-file", object::cat_file),
    ("checkout", checkout::checkout),
    ("cherry-pick", pick::cherry_pick),
    ("commit", commit::commit),
    ("config", config::config),
    ("describe", describe::describe),
    ("diff", diff::diff),
    ("grep", grep::grep),
    ("log", log::log),
    ("ls-files", list::ls_files),
    ("ls-tree", tree::ls_tree),
    ("merge", merge::merge),
    ("mv", files::mv),
    ("remote", config::remote),
    ("reset", reset::reset),
    ("restore", restore::restore),
    ("rev-list", commits::rev_list),
    ("rev-parse", revision::rev_parse),
    ("revert", pick::revert),
    ("rm", files::rm),
    ("shortlog", commits::shortlog),
    ("show", show::show),
    ("stage", add::add),
    ("stash", stash::stash),
    ("status", status::status),
    ("switch", checkout::switch),
    ("tag", branch::tag),
];

fn main() {
    place::run(|arguments| match run(&arguments[1..]) {
        Ok(code) => code,
        Err(Stop { code, message }) => {
            if !message.is_empty() {
                eprintln!("{message}");
            }
            code
        }
    })
}

fn run(arguments: &[String]) -> Result<i32, Stop> {
    let (global, arguments) = Global::read(arguments)?;
    let Some((name, arguments)) = arguments.split_first() else {
        println!("usage: git [-C <path>] [-c <name>=<value>] <command> [<args>]");
        return Ok(1);
    };
    match name.as_str() {
        "--version" | "version" => {
            println!("git version 2.39.5");
            return Ok(0);
        }
        "--help" | "help" => {
            println!(
                "git here has: {}",
                TABLE.iter().map(|(name, _)| *name).chain(["init"]).collect::<Vec<_>>().join(", ")
            );
            return Ok(0);
        }
        _ => {}
    }
    if let Some(instead) = refused::instead(name) {
        return Err(Stop::fatal(instead));
    }
    if name == "init" {
        return init::init(global, arguments);
    }
    let Some((_, command)) = TABLE.iter().find(|(known, _)| known == name) else {
        return Err(Stop { code: 1, message: format!("git: '{name}' is not a git command. See 'git --help'.") });
    };
    let repository = Repository::find(global).map_err(|stop| refused::outside(name).unwrap_or(stop))?;
    command(&repository, arguments)
}
