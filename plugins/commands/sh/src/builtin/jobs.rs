//! `jobs`, `wait`, `kill`, `disown`, `fg`, `bg`.

use crate::state::Shell;
use crate::stop::Run;
use crate::trap::{SIGNALS, name_of, number_of};

pub(super) fn jobs(shell: &mut Shell, words: &[String]) -> Run {
    let given = match super::options::read(&words[1..], "lnprs") {
        Ok(given) => given,
        Err(problem) => return super::misuse(shell, "jobs", &problem),
    };
    let mut text = String::new();
    let last = shell.jobs.running.len();
    for (at, job) in shell.jobs.running.iter_mut().enumerate() {
        let ended = job.child.ended();
        if given.has('r') && ended.is_some() {
            continue;
        }
        if given.has('p') {
            text.push_str(&format!("{}\n", job.number));
            continue;
        }
        let mark = if at + 1 == last {
            '+'
        } else if at + 2 == last {
            '-'
        } else {
            ' '
        };
        let state = match &ended {
            None => "Running".to_owned(),
            Some(ending) if ending.code == 0 => "Done".to_owned(),
            Some(ending) => format!("Exit {}", ending.code),
        };
        let number = if given.has('l') { format!("{} ", job.number) } else { String::new() };
        let tail = if ended.is_none() { " &" } else { "" };
        text.push_str(&format!("[{}]{mark}  {number}{state:<24}{}{tail}\n", job.id, job.text));
        job.reported = ended.is_some();
    }
    shell.print(&text)?;
    let jobs = &mut shell.jobs;
    for job in jobs.running.extract_if(.., |job| job.reported) {
        jobs.past.push((job.number, job.child.wait().code as i32));
    }
    Ok(0)
}

pub(super) fn wait(shell: &mut Shell, words: &[String]) -> Run {
    let given = match super::options::read(&words[1..], "fnp:") {
        Ok(given) => given,
        Err(problem) => return super::misuse(shell, "wait", &problem),
    };
    if given.has('n') {
        return wait_next(shell, &given);
    }
    if given.operands.is_empty() {
        while !shell.jobs.running.is_empty() {
            let (_, ending) = shell.jobs.wait_for(0);
            shell.explain_ending("background job", &ending);
        }
        return Ok(0);
    }
    let mut status = 0;
    for name in &given.operands {
        status = wait_for(shell, name)?;
    }
    Ok(status)
}

fn wait_for(shell: &mut Shell, name: &str) -> Run {
    if let Some(position) = shell.jobs.position(name) {
        let (_, ending) = shell.jobs.wait_for(position);
        shell.explain_ending("background job", &ending);
        return Ok(ending.code as i32);
    }
    let number = name.parse::<u32>().ok();
    if let Some((_, status)) = shell.jobs.past.iter().rev().find(|(past, _)| Some(*past) == number) {
        return Ok(*status);
    }
    match (number, name.starts_with('%')) {
        (Some(number), _) => shell.complain(&format!("wait: pid {number} is not a child of this shell")),
        (_, true) => shell.complain(&format!("wait: {name}: no such job")),
        _ => {
            shell.complain(&format!("wait: `{name}': not a pid or valid job spec"));
            return Ok(1);
        }
    }
    Ok(127)
}

fn wait_next(shell: &mut Shell, given: &super::options::Given) -> Run {
    let positions: Vec<usize> = match given.operands.as_slice() {
        [] => (0..shell.jobs.running.len()).collect(),
        names => names.iter().filter_map(|name| shell.jobs.position(name)).collect(),
    };
    if positions.is_empty() {
        return Ok(127);
    }
    let position = shell.jobs.wait_any(&positions);
    let (number, ending) = shell.jobs.wait_for(position);
    if let Some(name) = given.value('p') {
        shell.assign(name, None, number.to_string(), false)?;
    }
    Ok(ending.code as i32)
}

pub(super) fn kill(shell: &mut Shell, words: &[String]) -> Run {
    let mut signal = "TERM".to_owned();
    let mut operands = &words[1..];
    match operands.first().map(String::as_str) {
        Some("-l" | "-L") => return list(shell, &operands[1..]),
        Some("-s" | "-n") => {
            let Some(name) = operands.get(1).and_then(|name| name_of(name)) else {
                return super::misuse(shell, "kill", "invalid signal specification").map(|_| 1);
            };
            signal = name;
            operands = &operands[2..];
        }
        Some("--") => operands = &operands[1..],
        Some(option) if option.len() > 1 && option.starts_with('-') => {
            let Some(name) = name_of(&option[1..]) else {
                return super::misuse(shell, "kill", &format!("{}: invalid signal specification", &option[1..]))
                    .map(|_| 1);
            };
            signal = name;
            operands = &operands[1..];
        }
        _ => {}
    }
    if operands.is_empty() {
        shell.print_error(
            "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n",
        );
        return Ok(2);
    }
    let mut status = 0;
    for name in operands {
        status |= send(shell, &signal, name)?;
    }
    Ok(status)
}

fn send(shell: &mut Shell, signal: &str, name: &str) -> Run {
    let own = crate::process::numbers().0;
    if name
        .parse::<u32>()
        .is_ok_and(|number| number == own || (number == shell.state.number && shell.state.subshells == 0))
    {
        if signal != "EXIT" {
            shell.receive(signal)?;
        }
        return Ok(0);
    }
    if let Some(position) = shell.jobs.position(name) {
        let child = &shell.jobs.running[position].child;
        if signal == "EXIT" {
            return Ok(i32::from(child.ended().is_some()));
        }
        if !["CHLD", "CONT", "URG", "WINCH", "STOP", "TSTP"].contains(&signal) {
            child.kill(128 + number_of(signal).unwrap_or(15) as u32);
        }
        return Ok(0);
    }
    match name.parse::<i64>() {
        Ok(number) => shell.complain(&format!("kill: ({number}) - No such process")),
        Err(_) if name.starts_with('%') => shell.complain(&format!("kill: {name}: no such job")),
        Err(_) => shell.complain(&format!("kill: {name}: arguments must be process or job IDs")),
    }
    Ok(1)
}

fn list(shell: &mut Shell, names: &[String]) -> Run {
    let mut text = String::new();
    if names.is_empty() {
        let shown: Vec<String> = SIGNALS.iter().map(|(number, name)| format!("{number:2}) SIG{name}")).collect();
        text = shown.chunks(5).map(|row| row.join("\t") + "\n").collect();
    }
    for name in names {
        let number = name.parse::<i32>().ok().map(|number| if number > 128 { number - 128 } else { number });
        let found =
            SIGNALS.iter().find(|(code, known)| Some(*code) == number || name_of(name).as_deref() == Some(*known));
        match (found, number) {
            (Some((_, name)), Some(_)) => text.push_str(&format!("{name}\n")),
            (Some((number, _)), None) => text.push_str(&format!("{number}\n")),
            (None, _) => {
                shell.complain(&format!("kill: {name}: invalid signal specification"));
                return Ok(1);
            }
        }
    }
    shell.print(&text)?;
    Ok(0)
}

pub(super) fn disown(shell: &mut Shell, words: &[String]) -> Run {
    match words.iter().skip(1).find(|word| !word.starts_with('-')) {
        None => shell.jobs.running.clear(),
        Some(name) => match shell.jobs.position(name) {
            Some(position) => {
                shell.jobs.running.remove(position);
            }
            None => return super::misuse(shell, "disown", &format!("{name}: no such job")).map(|_| 1),
        },
    }
    Ok(0)
}

pub(super) fn fg(shell: &mut Shell, _: &[String]) -> Run {
    super::misuse(shell, "fg", "no job control").map(|_| 1)
}

pub(super) fn bg(shell: &mut Shell, _: &[String]) -> Run {
    super::misuse(shell, "bg", "no job control").map(|_| 1)
}
