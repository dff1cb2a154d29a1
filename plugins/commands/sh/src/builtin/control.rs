//! What changes where the shell goes on: `exit`, `return`, `break`, `continue`; and `true`, `false`, `let`.

use crate::state::Shell;
use crate::stop::{Run, Stop};

pub(super) fn nothing(_: &mut Shell, _: &[String]) -> Run {
    Ok(0)
}

pub(super) fn no(_: &mut Shell, _: &[String]) -> Run {
    Ok(1)
}

/// The status that a word names, or the last one.
fn status(shell: &mut Shell, words: &[String]) -> Run {
    let operand = words.get(1).filter(|word| *word != "--").or(words.get(2));
    match operand {
        None => Ok(shell.state.status),
        Some(text) => match text.trim().parse::<i64>() {
            Ok(number) => Ok((number & 0xff) as i32),
            Err(_) => {
                shell.complain(&format!("{}: {text}: numeric argument required", words[0]));
                Ok(2)
            }
        },
    }
}

pub(super) fn exit(shell: &mut Shell, words: &[String]) -> Run {
    if words.len() > 2 && words[1] != "--" {
        return super::misuse(shell, "exit", "too many arguments").map(|_| 1);
    }
    match shell.before_trap {
        Some(status) if words.len() < 2 => Err(Stop::Exit(status)),
        _ => Err(Stop::Exit(status(shell, words)?)),
    }
}

pub(super) fn return_from(shell: &mut Shell, words: &[String]) -> Run {
    let status = status(shell, words)?;
    if shell.state.calls.is_empty() && !shell.in_trap {
        shell.complain("return: can only `return' from a function or sourced script");
        return Ok(2);
    }
    Err(Stop::Return(status))
}

fn levels(shell: &mut Shell, words: &[String]) -> Run<Option<u32>> {
    if shell.state.loops == 0 {
        shell.complain(&format!("{}: only meaningful in a `for', `while', or `until' loop", words[0]));
        return Ok(None);
    }
    let Some(text) = words.get(1) else { return Ok(Some(1)) };
    match text.parse::<i64>() {
        Ok(count) if count > 0 => Ok(Some((count as u32).min(shell.state.loops))),
        Ok(_) => {
            shell.complain(&format!("{}: {text}: loop count out of range", words[0]));
            Err(Stop::Break(shell.state.loops))
        }
        Err(_) => {
            shell.complain(&format!("{}: {text}: numeric argument required", words[0]));
            Err(Stop::Exit(128))
        }
    }
}

pub(super) fn break_loop(shell: &mut Shell, words: &[String]) -> Run {
    match levels(shell, words)? {
        Some(levels) => {
            shell.state.status = 0;
            Err(Stop::Break(levels))
        }
        None => Ok(0),
    }
}

pub(super) fn continue_loop(shell: &mut Shell, words: &[String]) -> Run {
    match levels(shell, words)? {
        Some(levels) => {
            shell.state.status = 0;
            Err(Stop::Continue(levels))
        }
        None => Ok(0),
    }
}

/// `let`
pub(super) fn evaluate(shell: &mut Shell, words: &[String]) -> Run {
    if words.len() < 2 {
        return super::misuse(shell, "let", "expression expected").map(|_| 1);
    }
    let mut value = 0;
    for expression in &words[1..] {
        value = match shell.arithmetic(expression) {
            Err(Stop::Discard(status)) => return Ok(status),
            other => other?,
        };
    }
    Ok(i32::from(value == 0))
}
