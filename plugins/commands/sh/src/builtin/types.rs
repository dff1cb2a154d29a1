//! What a name is: `type`, `command -v`, `which`, `hash`, `caller`.

use crate::expand::quote;
use crate::run::program::Program;
use crate::state::Shell;
use crate::stop::Run;

const KEYWORDS: &[&str] = &[
    "!", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
    "select", "then", "time", "until", "while", "{", "}",
];

/// One meaning of a name.
enum Kind {
    Alias(String),
    Keyword,
    Function(String),
    Builtin,
    File(String),
}

impl Kind {
    fn word(&self) -> &'static str {
        match self {
            Kind::Alias(_) => "alias",
            Kind::Keyword => "keyword",
            Kind::Function(_) => "function",
            Kind::Builtin => "builtin",
            Kind::File(_) => "file",
        }
    }

    fn sentence(&self, name: &str) -> String {
        match self {
            Kind::Alias(text) => format!("{name} is aliased to `{text}'\n"),
            Kind::Keyword => format!("{name} is a shell keyword\n"),
            Kind::Function(text) => format!("{name} is a function\n{text}\n"),
            Kind::Builtin => format!("{name} is a shell builtin\n"),
            Kind::File(path) => format!("{name} is {path}\n"),
        }
    }
}

fn path_of(shell: &mut Shell, name: &str) -> Option<String> {
    match shell.program(name) {
        _ if name.contains('/') => match shell.program(name) {
            Program::Missing | Program::Directory | Program::NotExecutable => None,
            _ => Some(name.to_owned()),
        },
        Program::Image(name) => Some(format!("{}/{name}", shell.standard_folder())),
        Program::File(path) | Program::Script(path) => Some(path),
        _ => None,
    }
}

fn kinds(shell: &mut Shell, name: &str) -> Vec<Kind> {
    let mut kinds = Vec::new();
    if shell.shopt(crate::options::Shopt::ExpandAliases) {
        kinds.extend(shell.state.aliases.get(name).cloned().map(Kind::Alias));
    }
    if KEYWORDS.contains(&name) {
        kinds.push(Kind::Keyword);
    }
    kinds.extend(shell.state.functions.get(name).map(|function| Kind::Function(function.text.clone())));
    if super::find(name).is_some() {
        kinds.push(Kind::Builtin);
    }
    kinds.extend(path_of(shell, name).map(Kind::File));
    kinds
}

pub(super) fn type_of(shell: &mut Shell, words: &[String]) -> Run {
    let given = match super::options::read(&words[1..], "aftpP") {
        Ok(given) => given,
        Err(problem) => return super::misuse(shell, "type", &problem),
    };
    let mut status = 0;
    for name in &given.operands {
        let mut found = kinds(shell, name);
        if given.has('f') {
            found.retain(|kind| !matches!(kind, Kind::Function(_)));
        }
        if given.has('P') {
            found.retain(|kind| matches!(kind, Kind::File(_)));
        }
        if found.is_empty() {
            status = 1;
            if !given.has('t') && !given.has('p') && !given.has('P') {
                shell.complain(&format!("type: {name}: not found"));
            }
        }
        let most = if given.has('a') { found.len() } else { 1 };
        for kind in found.iter().take(most) {
            let text = match kind {
                _ if given.has('t') => format!("{}\n", kind.word()),
                Kind::File(path) if given.has('p') || given.has('P') => format!("{path}\n"),
                _ if given.has('p') => String::new(),
                _ => kind.sentence(name),
            };
            shell.print(&text)?;
        }
    }
    Ok(status)
}

/// `command -v` and `command -V`.
pub(super) fn describe_all(shell: &mut Shell, names: &[String], long: bool) -> Run {
    let mut status = 1;
    for name in names {
        let Some(kind) = kinds(shell, name).into_iter().next() else {
            if long {
                shell.complain(&format!("command: {name}: not found"));
            }
            continue;
        };
        status = 0;
        let text = match &kind {
            _ if long => kind.sentence(name),
            Kind::Alias(text) => format!("alias {name}={}\n", quote::always(text)),
            Kind::File(path) => format!("{path}\n"),
            _ => format!("{name}\n"),
        };
        shell.print(&text)?;
    }
    Ok(status)
}

/// There is nothing to remember, but asking for a name says whether it is there.
pub(super) fn hash(shell: &mut Shell, words: &[String]) -> Run {
    let mut status = 0;
    for name in words[1..].iter().filter(|word| !word.starts_with('-')) {
        if kinds(shell, name).is_empty() {
            shell.complain(&format!("hash: {name}: not found"));
            status = 1;
        }
    }
    Ok(status)
}

pub(super) fn caller(shell: &mut Shell, words: &[String]) -> Run {
    let depth = words.get(1).and_then(|word| word.parse::<usize>().ok());
    let calls = &shell.state.calls;
    let Some(at) = calls.len().checked_sub(1 + depth.unwrap_or(0)) else { return Ok(1) };
    let line = calls[at].line;
    let (function, source) = match at.checked_sub(1) {
        Some(outer) => (calls[outer].function.clone(), calls[outer].source.clone()),
        None => ("main".into(), if shell.state.script.is_empty() { "NULL".into() } else { shell.state.script.clone() }),
    };
    let text = match depth {
        None => format!("{line} {source}\n"),
        Some(_) => format!("{line} {function} {source}\n"),
    };
    shell.print(&text)?;
    Ok(0)
}
