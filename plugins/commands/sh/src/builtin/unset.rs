//! `unset`.

use crate::parse::parameter;
use crate::state::Shell;
use crate::stop::Run;

pub(super) fn unset(shell: &mut Shell, words: &[String]) -> Run {
    let given = match super::options::read(&words[1..], "fvn") {
        Ok(given) => given,
        Err(problem) => return super::misuse(shell, "unset", &problem),
    };
    let mut status = 0;
    for name in &given.operands {
        if given.has('f') {
            shell.state.functions.remove(name);
        } else if !unset_one(shell, name, given.has('n'), given.has('v'))? {
            status = 1;
        }
    }
    Ok(status)
}

fn unset_one(shell: &mut Shell, name: &str, reference: bool, only_variable: bool) -> Run<bool> {
    if let Some((array, subscript)) = name.split_once('[') {
        let subscript = subscript.strip_suffix(']').unwrap_or(subscript);
        let target = shell.state.vars.target(array);
        if shell.state.vars.get(&target).is_none() {
            return Ok(true);
        }
        if !cannot(shell, &target) {
            return shell.unset_element(&target, subscript);
        }
        return Ok(false);
    }
    if !parameter::is_identifier(name) {
        if !only_variable {
            shell.state.functions.remove(name);
            return Ok(true);
        }
        shell.complain(&format!("unset: `{name}': not a valid identifier"));
        return Ok(false);
    }
    let target = if reference { name.to_owned() } else { shell.state.vars.target(name) };
    if cannot(shell, &target) {
        return Ok(false);
    }
    if shell.state.vars.own(&target).is_some() {
        shell.state.vars.remove(&target);
    } else if !only_variable {
        shell.state.functions.remove(name);
    }
    Ok(true)
}

fn cannot(shell: &mut Shell, name: &str) -> bool {
    let readonly = shell.state.vars.own(name).is_some_and(|variable| variable.attributes.readonly);
    if readonly {
        shell.complain(&format!("unset: {name}: cannot unset: readonly variable"));
    }
    readonly
}
