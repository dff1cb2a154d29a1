//! `set` and `shopt`.

use crate::options::{Opt, Shopt};
use crate::state::Shell;
use crate::stop::Run;

pub(super) fn set(shell: &mut Shell, words: &[String]) -> Run {
    if words.len() == 1 {
        let names: Vec<String> = shell.state.vars.names().into_iter().map(str::to_owned).collect();
        let shown = names.iter().filter_map(|name| Some(super::declare::show::bare(name, shell.state.vars.own(name)?)));
        let text: String = shown.collect();
        shell.print(&text)?;
        return Ok(0);
    }
    let mut at = 1;
    while let Some(word) = words.get(at) {
        match word.as_str() {
            "--" => {
                shell.state.positional = words[at + 1..].to_vec();
                return Ok(0);
            }
            "-" => {
                shell.state.options.set(Opt::Xtrace, false);
                shell.state.options.set(Opt::Verbose, false);
                if words.len() > at + 1 {
                    shell.state.positional = words[at + 1..].to_vec();
                }
                return Ok(0);
            }
            "+" => {}
            "-o" | "+o" => {
                let on = word == "-o";
                match words.get(at + 1) {
                    None => return list(shell, on),
                    Some(name) if !set_named(shell, name, on) => return Ok(2),
                    Some(_) => at += 1,
                }
            }
            _ if word.len() > 1 && word.starts_with(['-', '+']) => {
                let on = word.starts_with('-');
                for letter in word[1..].chars() {
                    if letter == 'o' {
                        at += 1;
                        let name = words.get(at).cloned().unwrap_or_default();
                        if !set_named(shell, &name, on) {
                            return Ok(2);
                        }
                        continue;
                    }
                    let Some(option) = Opt::lettered(letter).filter(|_| letter != ' ') else {
                        return super::misuse(shell, "set", &format!("{}{letter}: invalid option", &word[..1]));
                    };
                    shell.state.options.set(option, on);
                }
            }
            _ => {
                shell.state.positional = words[at..].to_vec();
                return Ok(0);
            }
        }
        at += 1;
    }
    Ok(0)
}

fn set_named(shell: &mut Shell, name: &str, on: bool) -> bool {
    match Opt::named(name) {
        Some(option) => {
            shell.state.options.set(option, on);
            true
        }
        None => {
            shell.complain(&format!("set: {name}: invalid option name"));
            false
        }
    }
}

/// `set -o` and, to be read again, `set +o`.
fn list(shell: &mut Shell, readable: bool) -> Run {
    let mut text = String::new();
    for (option, name, ..) in Opt::ALL {
        let on = shell.on(*option);
        text.push_str(&match readable {
            true => format!("{name:<15}\t{}\n", if on { "on" } else { "off" }),
            false => format!("set {}o {name}\n", if on { "-" } else { "+" }),
        });
    }
    shell.print(&text)?;
    Ok(0)
}

pub(super) fn shopt(shell: &mut Shell, words: &[String]) -> Run {
    let given = match super::options::read(&words[1..], "supqo") {
        Ok(given) => given,
        Err(problem) => return super::misuse(shell, "shopt", &problem),
    };
    if given.has('o') {
        return set_options(shell, &given);
    }
    let mut status = 0;
    let mut text = String::new();
    let names: Vec<String> = match given.operands.as_slice() {
        [] => Shopt::ALL.iter().map(|(_, name, ..)| (*name).to_owned()).collect(),
        named => named.to_vec(),
    };
    for name in &names {
        let Some(option) = Shopt::named(name) else {
            shell.complain(&format!("shopt: {name}: invalid shell option name"));
            status = 1;
            continue;
        };
        if (given.has('s') || given.has('u')) && !given.operands.is_empty() {
            shell.state.options.set_shopt(option, given.has('s'));
            continue;
        }
        let on = shell.shopt(option);
        if given.operands.is_empty() && ((given.has('s') && !on) || (given.has('u') && on)) {
            continue;
        }
        if !given.operands.is_empty() && !on {
            status = 1;
        }
        text.push_str(&match given.has('p') {
            true => format!("shopt {} {name}\n", if on { "-s" } else { "-u" }),
            false => format!("{name:<15}\t{}\n", if on { "on" } else { "off" }),
        });
    }
    if !given.has('q') {
        shell.print(&text)?;
    }
    Ok(status)
}

/// `shopt -o`: the options of `set`.
fn set_options(shell: &mut Shell, given: &super::options::Given) -> Run {
    let mut status = 0;
    for name in &given.operands {
        let Some(option) = Opt::named(name) else {
            shell.complain(&format!("shopt: {name}: invalid option name"));
            status = 1;
            continue;
        };
        if given.has('s') || given.has('u') {
            shell.state.options.set(option, given.has('s'));
        } else {
            let on = shell.on(option);
            status |= i32::from(!on);
            if !given.has('q') {
                let text = match given.has('p') {
                    true => format!("set {}o {name}\n", if on { "-" } else { "+" }),
                    false => format!("{name:<15}\t{}\n", if on { "on" } else { "off" }),
                };
                shell.print(&text)?;
            }
        }
    }
    if given.operands.is_empty() { list(shell, !given.has('p')) } else { Ok(status) }
}
