//! Where commands come from: a text that is there already, or lines that arrive one by one.

use crate::options::Opt;
use crate::parse;
use crate::state::Shell;
use crate::stop::{Run, Stop};

/// Gives a script's lines, each with its line end. A person at a terminal will be another one.
pub(crate) trait Lines {
    fn next_line(&mut self, shell: &mut Shell) -> Option<String>;
}

/// Standard input, read no further than the end of each line, so that commands find the rest.
pub(crate) struct StandardInput;

impl Lines for StandardInput {
    fn next_line(&mut self, shell: &mut Shell) -> Option<String> {
        let line = shell.read_line_raw(0)?;
        if shell.on(Opt::Verbose) {
            shell.print_error(&line);
        }
        Some(line)
    }
}

/// A text, line by line.
struct TextLines<'a>(std::str::SplitInclusive<'a, char>);

impl Lines for TextLines<'_> {
    fn next_line(&mut self, _: &mut Shell) -> Option<String> {
        self.0.next().map(str::to_owned)
    }
}

impl Shell {
    /// Runs a text whose first line has this number.
    pub(crate) fn run_text(&mut self, text: &str, first_line: u32) -> Run {
        if self.on(Opt::Verbose) && first_line == 1 {
            self.print_error(text);
        }
        match self.parse(text, first_line) {
            Ok(_) if self.on(Opt::Noexec) => Ok(0),
            Ok(script) if script.is_empty() => Ok(0),
            Ok(script) => self.run_script(&script),
            // What stands before the mistake is run.
            Err(_) => self.run_lines(&mut TextLines(text.split_inclusive('\n')), first_line),
        }
    }

    /// Runs commands as their lines come in.
    pub(crate) fn run_lines(&mut self, lines: &mut dyn Lines, first_line: u32) -> Run {
        let mut pending = String::new();
        let mut line_number = first_line;
        let mut start = first_line;
        loop {
            let next = lines.next_line(self);
            let at_end = next.is_none();
            pending.push_str(&next.unwrap_or_default());
            line_number += 1;
            if pending.trim().is_empty() || (!at_end && continues(&pending)) {
                if at_end {
                    return Ok(self.state.status);
                }
                continue;
            }
            match self.parse(&pending, start) {
                Err(error) if error.incomplete && !at_end => {}
                Err(error) => return self.not_understood(&error),
                Ok(script) => {
                    if !self.on(Opt::Noexec) {
                        self.run_script(&script)?;
                    }
                    pending.clear();
                    start = line_number;
                }
            }
            if at_end {
                return Ok(self.state.status);
            }
        }
    }

    pub(crate) fn not_understood(&mut self, error: &parse::SyntaxError) -> Run {
        self.state.line = error.line;
        self.complain(&error.message);
        self.state.status = 2;
        Err(Stop::Exit(2))
    }
}

/// A line that ends in a backslash goes on.
fn continues(text: &str) -> bool {
    let text = text.strip_suffix('\n').unwrap_or(text);
    (text.len() - text.trim_end_matches('\\').len()) % 2 == 1
}
