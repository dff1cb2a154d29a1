//! Commands that run another with something changed: `env`, `nice`, `nohup`, `time`, `timeout`.

use std::time::{Duration, Instant};

use lexopt::{Arg, Parser, ValueExt};
use place::Start;

use crate::Stop;

/// What these end with when they fail themselves.
const OWN_FAILURE: i32 = 125;

fn failed(problem: impl ToString) -> Stop {
    Stop::Failed(OWN_FAILURE, problem.to_string())
}

/// The code of the command, which ends as this one does.
fn finish(start: &Start) -> Result<i32, Stop> {
    let name = start.arguments.first().cloned().unwrap_or_default();
    match start.finish() {
        Ok(ending) => Ok(ending.code),
        Err(failure) => Err(Stop::Failed(failure.code, format!("'{name}': {}", failure.message))),
    }
}

/// A first word of a command, and everything after it.
fn command(first: std::ffi::OsString, parser: &mut Parser) -> Result<Vec<String>, Stop> {
    let mut words = vec![first.string()?];
    for word in parser.raw_args()? {
        words.push(word.string()?);
    }
    Ok(words)
}

#[derive(Debug, PartialEq, Eq)]
struct Environment {
    variables: Vec<(String, String)>,
    directory: Option<String>,
    end: char,
    command: Vec<String>,
}

pub(crate) fn env(arguments: &[String]) -> Result<i32, Stop> {
    let wanted = environment(arguments, std::env::vars().collect())?;
    if wanted.command.is_empty() {
        wanted.variables.iter().for_each(|(name, value)| print!("{name}={value}{}", wanted.end));
        return Ok(0);
    }
    let mut start = Start { variables: wanted.variables, ..Start::new(wanted.command) };
    if let Some(directory) = wanted.directory {
        let directory = std::path::Path::new(&start.directory).join(directory).to_string_lossy().into_owned();
        set(&mut start.variables, "PWD", &directory);
        start.directory = directory;
    }
    finish(&start)
}

fn set(variables: &mut Vec<(String, String)>, name: &str, value: &str) {
    variables.retain(|(known, _)| known != name);
    variables.push((name.into(), value.into()));
}

fn environment(arguments: &[String], variables: Vec<(String, String)>) -> Result<Environment, Stop> {
    let mut wanted = Environment { variables, directory: None, end: '\n', command: Vec::new() };
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next().map_err(failed)? {
        match argument {
            Arg::Short('i') | Arg::Long("ignore-environment") => wanted.variables.clear(),
            Arg::Short('u') | Arg::Long("unset") => {
                let name = parser.value()?.string()?;
                wanted.variables.retain(|(known, _)| *known != name);
            }
            Arg::Short('C') | Arg::Long("chdir") => wanted.directory = Some(parser.value()?.string()?),
            Arg::Short('0') | Arg::Long("null") => wanted.end = '\0',
            Arg::Short('S') | Arg::Long("split-string") => {
                let words = parser.value()?.string()?;
                wanted.take_words(words.split_whitespace().map(str::to_owned).collect());
            }
            Arg::Short('v') | Arg::Long("debug") => {}
            Arg::Value(value) if value == "-" => wanted.variables.clear(),
            Arg::Value(value) => {
                let words = command(value, &mut parser)?;
                wanted.take_words(words);
            }
            other => return Err(failed(other.unexpected())),
        }
    }
    Ok(wanted)
}

impl Environment {
    /// Assignments as long as there are some, and then a command.
    fn take_words(&mut self, words: Vec<String>) {
        for word in words {
            match word.split_once('=') {
                Some((name, value)) if self.command.is_empty() => set(&mut self.variables, name, value),
                _ => self.command.push(word),
            }
        }
    }
}

/// All commands have the same right to the processor here.
pub(crate) fn nice(arguments: &[String]) -> Result<i32, Stop> {
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next().map_err(failed)? {
        match argument {
            Arg::Short('n') | Arg::Long("adjustment") => drop(parser.value()?),
            Arg::Short('0'..='9') => {}
            Arg::Value(value) => return finish(&Start::new(command(value, &mut parser)?)),
            other => return Err(failed(other.unexpected())),
        }
    }
    println!("0");
    Ok(0)
}

/// Nobody hangs up.
pub(crate) fn nohup(arguments: &[String]) -> Result<i32, Stop> {
    let words = arguments[1..].iter().skip_while(|word| *word == "--").cloned().collect::<Vec<_>>();
    if words.is_empty() {
        return Err(failed("missing operand"));
    }
    finish(&Start::new(words))
}

pub(crate) fn time(arguments: &[String]) -> Result<i32, Stop> {
    let words: Vec<String> =
        arguments[1..].iter().skip_while(|word| ["-p", "-v", "--"].contains(&word.as_str())).cloned().collect();
    if words.is_empty() {
        return Err(failed("missing operand"));
    }
    let begun = Instant::now();
    let code = finish(&Start::new(words));
    // How long the processor worked is the host's to know.
    eprintln!("real {:.2}\nuser 0.00\nsys 0.00", begun.elapsed().as_secs_f64());
    code
}

pub(crate) fn timeout(arguments: &[String]) -> Result<i32, Stop> {
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next().map_err(failed)? {
        match argument {
            // Whatever the signal, what runs too long is ended at once.
            Arg::Short('s' | 'k') | Arg::Long("signal" | "kill-after") => drop(parser.value()?),
            Arg::Short('v' | 'p' | 'f') | Arg::Long("verbose" | "preserve-status" | "foreground") => {}
            Arg::Value(value) => {
                let text = value.string()?;
                let limit = duration(&text).ok_or_else(|| failed(format!("invalid time interval '{text}'")))?;
                let first = parser.value().map_err(|_| failed("missing operand"))?;
                let words = command(first, &mut parser)?;
                // 0 is no limit.
                let time_limit = (!limit.is_zero()).then_some(limit);
                return finish(&Start { time_limit, ..Start::new(words) });
            }
            other => return Err(failed(other.unexpected())),
        }
    }
    Err(failed("missing operand"))
}

/// Seconds, or minutes, hours and days with a letter.
fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = match text.chars().last()? {
        's' => (&text[..text.len() - 1], 1.0),
        'm' => (&text[..text.len() - 1], 60.0),
        'h' => (&text[..text.len() - 1], 3600.0),
        'd' => (&text[..text.len() - 1], 86_400.0),
        _ => (text, 1.0),
    };
    Duration::try_from_secs_f64(digits.parse::<f64>().ok()? * unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn assignments_come_before_the_command() {
        let variables = vec![("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())];
        let wanted = environment(&words(&["env", "-u", "A", "C=3", "cmd", "-x", "D=4"]), variables).unwrap();
        assert_eq!(wanted.variables, [("B".to_owned(), "2".to_owned()), ("C".to_owned(), "3".to_owned())]);
        assert_eq!(wanted.command, ["cmd", "-x", "D=4"]);
        let none = environment(&words(&["env", "-i"]), vec![("A".into(), "1".into())]).unwrap();
        assert!(none.variables.is_empty() && none.command.is_empty());
    }

    #[test]
    fn a_command_that_runs_too_long_is_ended_with_124() {
        assert_eq!(timeout(&words(&["timeout", "0.05", "sleep", "5"])).unwrap(), 124);
        assert_eq!(timeout(&words(&["timeout", "-k", "1", "5s", "sh", "-c", "exit 3"])).unwrap(), 3);
        assert!(matches!(timeout(&words(&["timeout", "x", "true"])), Err(Stop::Failed(125, _))));
    }

    #[test]
    fn a_command_that_is_not_there_is_127() {
        assert!(matches!(nohup(&words(&["nohup", "no-such-command"])), Err(Stop::Failed(127, _))));
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("1.5m"), Some(Duration::from_secs(90)));
        assert_eq!(duration("x"), None);
    }
}
