//! What `declare -p`, `export -p`, `declare -f` and the like print.

use super::super::Declared;
use crate::expand::quote;
use crate::state::Shell;
use crate::stop::Run;
use crate::vars::{Value, Variable};

fn line(name: &str, variable: &Variable) -> String {
    let letters = variable.letters();
    let letters = if letters.is_empty() { "-" } else { &letters };
    match &variable.value {
        Value::Unset => format!("declare -{letters} {name}\n"),
        Value::Scalar(text) => format!("declare -{letters} {name}={}\n", quote::double(text)),
        value => format!("declare -{letters} {name}={}\n", crate::expand::array_literal(value)),
    }
}

fn names(arguments: &[Declared]) -> Vec<String> {
    arguments
        .iter()
        .map(|argument| match argument {
            Declared::Text(text) => text.split('=').next().unwrap_or_default().to_owned(),
            Declared::Assignment(assignment) => assignment.name.clone(),
        })
        .collect()
}

pub(super) fn variables(shell: &mut Shell, command: &str, letters: &str, arguments: &[Declared]) -> Run {
    let mut text = String::new();
    let mut missing = Vec::new();
    if arguments.is_empty() {
        let wanted: Vec<char> = letters.chars().filter(|letter| "aAilnrtux".contains(*letter)).collect();
        let listed: Vec<String> = match command {
            "local" => {
                let mut names = shell.state.vars.local_names();
                names.sort();
                names
            }
            _ => shell.state.vars.names().into_iter().map(str::to_owned).collect(),
        };
        let long = !(letters.is_empty() && matches!(command, "declare" | "typeset"));
        for name in listed {
            let Some(variable) = shell.state.vars.own(&name) else { continue };
            let has = variable.letters();
            if !wanted.iter().all(|letter| has.contains(*letter)) {
                continue;
            }
            text.push_str(&if long { line(&name, variable) } else { bare(&name, variable) });
        }
    }
    for name in names(arguments) {
        match shell.state.vars.own(&name) {
            Some(variable) => text.push_str(&line(&name, variable)),
            None => missing.push(name),
        }
    }
    shell.print(&text)?;
    for name in &missing {
        shell.complain(&format!("{command}: {name}: not found"));
    }
    Ok(i32::from(!missing.is_empty()))
}

/// As `set` shows a variable; nothing for one without a value.
pub(in crate::builtin) fn bare(name: &str, variable: &Variable) -> String {
    match &variable.value {
        Value::Unset => String::new(),
        Value::Scalar(text) => format!("{name}={}\n", quote::plain(text)),
        value => format!("{name}={}\n", crate::expand::array_literal(value)),
    }
}

pub(super) fn functions(shell: &mut Shell, names_only: bool, arguments: &[Declared]) -> Run {
    let mut status = 0;
    let mut text = String::new();
    let all: Vec<String> = match arguments {
        [] => shell.state.functions.keys().cloned().collect(),
        _ => names(arguments),
    };
    for name in all {
        match shell.state.functions.get(&name) {
            None => status = 1,
            Some(_) if names_only && arguments.is_empty() => text.push_str(&format!("declare -f {name}\n")),
            Some(_) if names_only => text.push_str(&format!("{name}\n")),
            Some(function) => text.push_str(&format!("{}\n", function.text)),
        }
    }
    shell.print(&text)?;
    Ok(status)
}
