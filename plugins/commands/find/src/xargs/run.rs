//! Runs the commands, several at once if asked, and makes one code of theirs.

use std::io::BufRead;

use place::{Child, Input, Start};

use super::options::Options;

/// As many as run at once where no number is given.
const MOST: usize = 16;

pub(super) fn all(commands: Vec<Vec<String>>, options: &Options) -> i32 {
    let at_once = if options.parallel == 0 { MOST } else { options.parallel };
    let mut run = Run { code: 0, stops: false, children: Vec::new() };
    for command in commands {
        if run.stops {
            break;
        }
        if options.traces {
            eprintln!("{}", command.join(" "));
        }
        if options.asks && !confirmed() {
            continue;
        }
        run.start(command);
        while run.children.len() >= at_once {
            run.wait();
        }
    }
    while !run.children.is_empty() {
        run.wait();
    }
    run.code
}

fn confirmed() -> bool {
    eprint!("?...");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).is_ok() && answer.starts_with(['y', 'Y'])
}

struct Run {
    code: i32,
    stops: bool,
    children: Vec<(String, Child)>,
}

impl Run {
    fn start(&mut self, command: Vec<String>) {
        let name = command.first().cloned().unwrap_or_default();
        match (Start { input: Input::Nothing, ..Start::new(command) }).start() {
            Ok(child) => self.children.push((name, child)),
            Err(failure) => {
                eprintln!("xargs: {name}: {}", failure.message);
                self.note(&name, failure.code);
            }
        }
    }

    fn wait(&mut self) {
        let children: Vec<&Child> = self.children.iter().map(|(_, child)| child).collect();
        let ended = place::wait_any(&children);
        let (name, child) = self.children.remove(ended);
        self.note(&name, child.wait().code);
    }

    /// What all end with, from what one ended with.
    fn note(&mut self, name: &str, code: i32) {
        match code {
            0 => {}
            126 | 127 => (self.code, self.stops) = (code, true),
            255 => {
                eprintln!("xargs: {name}: exited with status 255; aborting");
                (self.code, self.stops) = (124, true);
            }
            signal if signal > 128 => (self.code, self.stops) = (125, true),
            _ if self.stops => {}
            _ => self.code = 123,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xargs::options;

    fn code(parallel: &str, scripts: &[&str]) -> i32 {
        let options = options::read(&["xargs".into(), parallel.into()]).unwrap();
        let command = |script: &&str| ["sh", "-c", script].map(str::to_owned).to_vec();
        all(scripts.iter().map(command).collect(), &options)
    }

    #[test]
    fn one_that_fails_makes_123_of_all() {
        assert_eq!(code("-P1", &["true", "true"]), 0);
        assert_eq!(code("-P1", &["exit 7", "true"]), 123);
        assert_eq!(code("-P3", &["exit 7", "true", "true", "true"]), 123);
    }

    #[test]
    fn status_255_and_a_signal_stop_everything() {
        assert_eq!(code("-P1", &["exit 255", "exit 1"]), 124);
        assert_eq!(code("-P1", &["kill -9 $$", "exit 1"]), 125);
    }

    #[test]
    fn a_command_that_is_not_there_is_127() {
        let options = options::read(&["xargs".into()]).unwrap();
        assert_eq!(all(vec![vec!["no-such-command".into()]], &options), 127);
    }
}
