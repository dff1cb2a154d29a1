//! `command`, `builtin`, `enable`.

use crate::state::Shell;
use crate::stop::Run;

pub(super) fn command(shell: &mut Shell, words: &[String]) -> Run {
    let given = match super::options::read(&words[1..], "pvV") {
        Ok(given) => given,
        Err(problem) => return super::misuse(shell, "command", &problem),
    };
    if given.has('v') || given.has('V') {
        return super::types::describe_all(shell, &given.operands, given.has('V'));
    }
    if given.operands.is_empty() {
        return Ok(0);
    }
    shell.dispatch_without_functions(given.operands)
}

pub(super) fn builtin(shell: &mut Shell, words: &[String]) -> Run {
    let operands = if words.get(1).is_some_and(|word| word == "--") { &words[2..] } else { &words[1..] };
    let Some(name) = operands.first() else { return Ok(0) };
    match super::find(name) {
        Some(run) => run(shell, operands),
        None => super::misuse(shell, "builtin", &format!("{name}: not a shell builtin")).map(|_| 1),
    }
}

pub(super) fn enable(shell: &mut Shell, words: &[String]) -> Run {
    let given = match super::options::read(&words[1..], "anps") {
        Ok(given) => given,
        Err(problem) => return super::misuse(shell, "enable", &problem),
    };
    if given.operands.is_empty() {
        let text: String = super::names().map(|name| format!("enable {name}\n")).collect();
        shell.print(&text)?;
        return Ok(0);
    }
    for name in given.operands.clone() {
        if super::find(&name).is_none() {
            return super::misuse(shell, "enable", &format!("{name}: not a shell builtin")).map(|_| 1);
        }
        shell.state.disabled_builtins.retain(|disabled| *disabled != name);
        if given.has('n') {
            shell.state.disabled_builtins.push(name);
        }
    }
    Ok(0)
}
