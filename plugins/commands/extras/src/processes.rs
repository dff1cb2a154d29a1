//! `ps` and `kill`, as far as a command knows others: itself and the one that started it. The shell's own `kill` knows its jobs.

use crate::Stop;

const SIGNALS: &[&str] = &[
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
];

pub(crate) fn ps(_arguments: &[String]) -> Result<i32, Stop> {
    let (own, parent) = place::numbers();
    println!("    PID TTY          TIME CMD");
    if parent > 0 {
        println!("{parent:>7} ?        00:00:00 sh");
    }
    println!("{own:>7} ?        00:00:00 ps");
    Ok(0)
}

pub(crate) fn kill(arguments: &[String]) -> Result<i32, Stop> {
    let words = &arguments[1..];
    if words.iter().any(|word| word == "-l" || word == "-L") {
        let named = SIGNALS.iter().enumerate().map(|(at, name)| format!("{}) SIG{name}", at + 1));
        println!("{}", named.collect::<Vec<_>>().join(" "));
        return Ok(0);
    }
    let numbers: Vec<&String> = words.iter().filter(|word| !word.starts_with('-')).collect();
    if numbers.is_empty() {
        return Err(Stop::Problem("not enough arguments".into()));
    }
    for number in numbers {
        eprintln!("kill: ({number}) - No such process among those that this command started");
    }
    Ok(1)
}
