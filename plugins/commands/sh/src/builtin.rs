//! The commands that are part of the shell.

mod alias;
mod cd;
mod command;
mod control;
pub(crate) mod declare;
mod echo;
mod eval;
mod getopts;
mod jobs;
mod limits;
mod mapfile;
mod options;
mod positional;
mod printf;
mod read;
mod set;
pub(crate) mod test;
mod trap;
mod types;
mod unset;

use crate::ast::Assignment;
use crate::state::Shell;
use crate::stop::Run;

/// A builtin gets its words, its own name first.
pub(crate) type Builtin = fn(&mut Shell, &[String]) -> Run;

/// An argument of a declaration.
#[derive(Clone, Debug)]
pub(crate) enum Declared {
    Text(String),
    Assignment(Assignment),
}

const TABLE: &[(&str, Builtin)] = &[
    (".", eval::source),
    (":", control::nothing),
    ("[", test::bracket),
    ("alias", alias::alias),
    ("bg", jobs::bg),
    ("break", control::break_loop),
    ("builtin", command::builtin),
    ("caller", types::caller),
    ("cd", cd::cd),
    ("command", command::command),
    ("continue", control::continue_loop),
    ("declare", declare::plain),
    ("dirs", cd::dirs),
    ("disown", jobs::disown),
    ("echo", echo::echo),
    ("enable", command::enable),
    ("eval", eval::eval),
    ("exec", eval::exec),
    ("exit", control::exit),
    ("export", declare::plain),
    ("false", control::no),
    ("fg", jobs::fg),
    ("getopts", getopts::getopts),
    ("hash", types::hash),
    ("help", control::nothing),
    ("history", control::nothing),
    ("jobs", jobs::jobs),
    ("kill", jobs::kill),
    ("let", control::evaluate),
    ("local", declare::plain),
    ("logout", control::exit),
    ("mapfile", mapfile::mapfile),
    ("popd", cd::popd),
    ("printf", printf::printf),
    ("pushd", cd::pushd),
    ("pwd", cd::pwd),
    ("read", read::read),
    ("readarray", mapfile::mapfile),
    ("readonly", declare::plain),
    ("return", control::return_from),
    ("set", set::set),
    ("shift", positional::shift),
    ("shopt", set::shopt),
    ("source", eval::source),
    ("suspend", control::nothing),
    ("test", test::test),
    ("times", limits::times),
    ("trap", trap::trap),
    ("true", control::nothing),
    ("type", types::type_of),
    ("typeset", declare::plain),
    ("ulimit", limits::ulimit),
    ("umask", limits::umask),
    ("unalias", alias::unalias),
    ("unset", unset::unset),
    ("wait", jobs::wait),
];

pub(crate) fn find(name: &str) -> Option<Builtin> {
    TABLE.binary_search_by(|(known, _)| known.cmp(&name)).ok().map(|at| TABLE[at].1)
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

/// Whether a command's `x=(…)` arguments are assignments.
pub(crate) fn declares(name: &str) -> bool {
    ["declare", "typeset", "local", "export", "readonly"].contains(&name)
}

/// Says what is wrong with how a builtin was called; its status is 2.
pub(crate) fn misuse(shell: &mut Shell, name: &str, problem: &str) -> Run {
    shell.complain(&format!("{name}: {problem}"));
    Ok(2)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::TABLE.is_sorted_by(|left, right| left.0 < right.0));
    }
}
