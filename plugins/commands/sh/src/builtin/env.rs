//! Commands that start another one in some other way: `env`, `nice`, `nohup`, `time`, `timeout`.

use crate::state::Shell;
use crate::stop::{Run, Stop};

/// Runs a program as these commands do: never a function, and a builtin only where it needs no program.
pub(super) fn run_program(shell: &mut Shell, words: Vec<String>) -> Run {
    let name = words[0].clone();
    let simple = ["echo", "printf", "test", "[", "true", "false", "pwd", "kill"].contains(&name.as_str());
    if super::stands_for_program(&name) || (simple && !shell.is_in_image(&name)) || name == "echo" {
        return shell.dispatch_without_functions(words);
    }
    shell.run_external(words)
}

pub(super) fn env(shell: &mut Shell, words: &[String]) -> Run {
    let mut at = 1;
    let mut plan = Plan::default();
    while let Some(word) = words.get(at).map(String::as_str) {
        let value = || words.get(at + 1).cloned().unwrap_or_default();
        match word {
            "-i" | "-" | "--ignore-environment" => plan.empty = true,
            "-0" | "--null" => plan.null = true,
            "-u" | "--unset" => {
                plan.unset.push(value());
                at += 1;
            }
            "-C" | "--chdir" => {
                plan.directory = Some(value());
                at += 1;
            }
            "-S" | "--split-string" => {
                let mut split: Vec<String> = value().split_whitespace().map(str::to_owned).collect();
                split.splice(0..0, [words[0].clone()]);
                split.extend_from_slice(&words[(at + 2).min(words.len())..]);
                return env(shell, &split);
            }
            "--" => {
                at += 1;
                break;
            }
            _ => {
                match word.strip_prefix("--unset=").or_else(|| word.strip_prefix("-u").filter(|name| !name.is_empty()))
                {
                    Some(name) => plan.unset.push(name.to_owned()),
                    None if word.starts_with('-') => {
                        shell.print_error(&format!("env: invalid option -- '{}'\n", word.trim_start_matches('-')));
                        return Ok(125);
                    }
                    None => break,
                }
            }
        }
        at += 1;
    }
    while let Some((name, value)) = words.get(at).and_then(|word| word.split_once('=')) {
        plan.set.push((name.to_owned(), value.to_owned()));
        at += 1;
    }
    carry_out(shell, plan, words[at.min(words.len())..].to_vec())
}

/// What `env` is to change.
#[derive(Default)]
struct Plan {
    empty: bool,
    null: bool,
    unset: Vec<String>,
    directory: Option<String>,
    set: Vec<(String, String)>,
}

fn carry_out(shell: &mut Shell, plan: Plan, command: Vec<String>) -> Run {
    let vars = shell.state.vars.clone();
    let directory = shell.state.directory.clone();
    if let Some(path) = &plan.directory {
        let path = shell.absolute(path);
        if !std::path::Path::new(&path).is_dir() {
            shell.print_error(&format!("env: cannot change directory to '{path}': No such file or directory\n"));
            return Ok(125);
        }
        shell.state.directory = path;
    }
    if plan.empty {
        for (name, _) in vars.exported() {
            shell.state.vars.own_mut(&name).attributes.exported = false;
        }
    }
    for name in &plan.unset {
        shell.state.vars.remove(name);
    }
    for (name, value) in &plan.set {
        shell.state.vars.put(name, value.clone());
        shell.state.vars.own_mut(name).attributes.exported = true;
    }
    let result = if command.is_empty() {
        let end = if plan.null { '\0' } else { '\n' };
        let pairs = shell.state.vars.exported();
        let text: String = pairs.iter().map(|(name, value)| format!("{name}={value}{end}")).collect();
        shell.print(&text).map(|()| 0)
    } else {
        run_program(shell, command)
    };
    shell.state.vars = vars;
    shell.state.directory = directory;
    result
}

/// There are no priorities here.
pub(super) fn nice(shell: &mut Shell, words: &[String]) -> Run {
    let mut at = 1;
    match words.get(1).map(String::as_str) {
        Some("-n" | "--adjustment") => at = 3,
        Some(option) if option.starts_with('-') => at = 2,
        _ => {}
    }
    if at >= words.len() {
        shell.print("0\n")?;
        return Ok(0);
    }
    run_program(shell, words[at..].to_vec())
}

/// Nothing hangs up here.
pub(super) fn nohup(shell: &mut Shell, words: &[String]) -> Run {
    if words.len() < 2 {
        shell.print_error("nohup: missing operand\n");
        return Ok(125);
    }
    run_program(shell, words[1..].to_vec())
}

/// `time` where it is no keyword: behind `command`, `env` and the like.
pub(super) fn time(shell: &mut Shell, words: &[String]) -> Run {
    let command = if words.get(1).is_some_and(|word| word == "-p") { &words[2..] } else { &words[1..] };
    if command.is_empty() {
        return Ok(0);
    }
    let start = std::time::Instant::now();
    let result = run_program(shell, command.to_vec());
    let seconds = start.elapsed().as_secs_f64();
    shell.print_error(&format!("real {seconds:.2}\nuser 0.00\nsys 0.00\n"));
    result
}

pub(super) fn timeout(shell: &mut Shell, words: &[String]) -> Run {
    let mut at = 1;
    let mut keeps_status = false;
    let mut kills = false;
    while let Some(word) = words.get(at).filter(|word| word.starts_with('-')) {
        match word.as_str() {
            "-k" | "--kill-after" => at += 1,
            "-s" | "--signal" => {
                kills |= words.get(at + 1).is_some_and(|name| name == "KILL" || name == "9" || name == "SIGKILL");
                at += 1;
            }
            "-9" => kills = true,
            "--preserve-status" => keeps_status = true,
            _ => {}
        }
        at += 1;
    }
    let (Some(limit), true) = (words.get(at), words.len() > at + 1) else {
        shell.print_error("timeout: missing operand\n");
        return Ok(125);
    };
    let Some(milliseconds) = duration_ms(limit) else {
        shell.print_error(&format!("timeout: invalid time interval '{limit}'\n"));
        return Ok(125);
    };
    let command = words[at + 1..].to_vec();
    if milliseconds == 0 || super::stands_for_program(&command[0]) {
        return run_program(shell, command);
    }
    let started = shell.start_limited(&command, Some(milliseconds));
    match shell.finished(started) {
        124 if kills || keeps_status => Ok(137),
        status => Ok(status),
    }
}

/// `1.5`, `10s`, `2m`, `1h`, `1d`.
fn duration_ms(text: &str) -> Option<u64> {
    let (number, factor) = match text.chars().last()? {
        's' => (&text[..text.len() - 1], 1.0),
        'm' => (&text[..text.len() - 1], 60.0),
        'h' => (&text[..text.len() - 1], 3600.0),
        'd' => (&text[..text.len() - 1], 86_400.0),
        _ => (text, 1.0),
    };
    let seconds = number.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0)? * factor;
    Some((seconds * 1000.0) as u64)
}

/// For those who run many commands: an exit of the shell is theirs to pass on.
pub(super) fn status_of(result: Run) -> Run {
    match result {
        Err(Stop::Discard(status)) => Ok(status),
        other => other,
    }
}
