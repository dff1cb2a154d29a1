//! Runs a script over its files.

mod actions;

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader};
use std::rc::Rc;

use fancy_regex::Regex;

use crate::UNREADABLE;
use crate::input::Input;
use crate::options::Options;
use crate::output::Output;
use crate::script::{Action, Address, Addresses, Command, End, Script};

/// Why the commands do not go on one after the other.
enum Stop {
    /// The next cycle, with or without printing first.
    Cycle {
        prints: bool,
    },
    /// The same, without a new line being read.
    Again,
    Quit(i32),
    Failed(String),
}

impl From<io::Error> for Stop {
    fn from(problem: io::Error) -> Self {
        match problem.kind() {
            io::ErrorKind::BrokenPipe => Self::Quit(141),
            _ => Self::Failed(posix::reason(&problem)),
        }
    }
}

struct Run<'a> {
    script: &'a Script,
    options: &'a Options,
    input: Input,
    output: Output,
    pattern: String,
    hold: String,
    /// The line that the pattern space came from had an end.
    ended: bool,
    replaced: bool,
    /// What is put out at the end of the cycle.
    queue: Vec<Queued>,
    /// Up to which line each range goes, if it has begun.
    ranges: HashMap<usize, RangeEnd>,
    last_regex: Option<Rc<Regex>>,
    lines_of: HashMap<String, BufReader<std::fs::File>>,
}

#[derive(Debug, Clone, Copy)]
enum RangeEnd {
    /// Until the end's own address holds.
    Open,
    Line(usize),
}

enum Queued {
    Text(String),
    File(String),
}

pub(crate) fn run(script: &Script, options: &Options) -> i32 {
    let mut run = Run {
        script,
        options,
        input: Input::empty(options.end),
        output: Output::new(options.end),
        pattern: String::new(),
        hold: String::new(),
        ended: true,
        replaced: false,
        queue: Vec::new(),
        ranges: HashMap::new(),
        last_regex: None,
        lines_of: HashMap::new(),
    };
    match run.files() {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("sed: {problem}");
            UNREADABLE
        }
    }
}

impl Run<'_> {
    fn files(&mut self) -> Result<i32, String> {
        let failed = |problem: io::Error| posix::reason(&problem);
        let mut code = 0;
        let groups: Vec<Vec<String>> = match self.options.separate {
            true if !self.options.files.is_empty() => {
                self.options.files.iter().map(|file| vec![file.clone()]).collect()
            }
            _ => vec![self.options.files.clone()],
        };
        for files in groups {
            if self.options.in_place.is_some() {
                self.output.keep().map_err(failed)?;
            }
            self.input.go_on_with(&files);
            let quit = self.lines()?;
            if self.input.failed {
                code = UNREADABLE;
            } else if let (Some(suffix), [file]) = (&self.options.in_place, files.as_slice()) {
                self.replace(file, suffix).map_err(failed)?;
            }
            if let Some(quit) = quit {
                code = quit;
                break;
            }
        }
        self.output.flush().map_err(failed)?;
        Ok(code)
    }

    /// After a quit, the lines that were not read are gone, as everywhere.
    fn replace(&mut self, file: &str, suffix: &str) -> io::Result<()> {
        if !suffix.is_empty() {
            let backup = if suffix.contains('*') { suffix.replace('*', file) } else { format!("{file}{suffix}") };
            std::fs::copy(file, backup)?;
        }
        std::fs::write(file, self.output.kept())
    }

    /// The code to quit with, if the script says so.
    fn lines(&mut self) -> Result<Option<i32>, String> {
        let mut fresh = true;
        loop {
            if fresh {
                let Some(line) = self.input.next() else { return Ok(None) };
                (self.pattern, self.ended, self.replaced) = (line.text, line.ended, false);
            }
            let stop = match self.cycle() {
                Ok(()) => Stop::Cycle { prints: true },
                Err(stop) => stop,
            };
            match self.end_of_cycle(stop) {
                Ok(again) => fresh = !again,
                Err(Stop::Quit(code)) => return Ok(Some(code)),
                Err(Stop::Failed(problem)) => return Err(problem),
                Err(Stop::Cycle { .. } | Stop::Again) => fresh = true,
            }
        }
    }

    /// Whether the next cycle begins with what is left.
    fn end_of_cycle(&mut self, stop: Stop) -> Result<bool, Stop> {
        match stop {
            Stop::Cycle { prints: true } => self.print_pattern()?,
            Stop::Cycle { prints: false } | Stop::Again => {}
            other => {
                self.put_queue()?;
                return Err(other);
            }
        }
        self.put_queue()?;
        Ok(matches!(stop, Stop::Again))
    }

    fn print_pattern(&mut self) -> io::Result<()> {
        if self.options.quiet {
            return Ok(());
        }
        self.output.line(&self.pattern, self.ended)
    }

    fn put_queue(&mut self) -> io::Result<()> {
        for queued in std::mem::take(&mut self.queue) {
            match queued {
                Queued::Text(text) => self.output.text(&text)?,
                // A file that is not there is as if it were empty.
                Queued::File(path) => {
                    let content = std::fs::read(path).unwrap_or_default();
                    let text = crate::text::decoded(content);
                    match text.strip_suffix('\n') {
                        Some(lines) => self.output.line(lines, true)?,
                        None if text.is_empty() => {}
                        None => self.output.line(&text, false)?,
                    }
                }
            }
        }
        Ok(())
    }

    /// All commands over one pattern space.
    fn cycle(&mut self) -> Result<(), Stop> {
        let script = self.script;
        let mut at = 0;
        while let Some(command) = script.commands.get(at) {
            at += 1;
            let chosen = self.chooses(command)? != command.negated;
            match (&command.action, chosen) {
                (Action::Block(end), false) => at = *end,
                (Action::Branch(to), true) => at = to.unwrap_or(script.commands.len()),
                (Action::BranchIfReplaced(to), true) if std::mem::take(&mut self.replaced) => {
                    at = to.unwrap_or(script.commands.len());
                }
                (Action::BranchUnlessReplaced(to), true) if !std::mem::take(&mut self.replaced) => {
                    at = to.unwrap_or(script.commands.len());
                }
                (action, true) => self.act(action, command)?,
                (_, false) => {}
            }
        }
        Ok(())
    }

    fn chooses(&mut self, command: &Command) -> Result<bool, Stop> {
        match &command.addresses {
            Addresses::Every => Ok(true),
            Addresses::One(address) => self.holds(address),
            Addresses::Range(first, end, range) => self.in_range(first, end, *range),
        }
    }

    fn in_range(&mut self, first: &Address, end: &End, range: usize) -> Result<bool, Stop> {
        let number = self.input.number;
        // `0,/x/` has begun before the first line.
        let from_nothing = matches!(first, Address::Line(0)) && number == 1 && !self.ranges.contains_key(&range);
        match self.ranges.get(&range).copied() {
            Some(RangeEnd::Line(last)) => {
                if number >= last {
                    self.ranges.remove(&range);
                }
                return Ok(number <= last);
            }
            Some(RangeEnd::Open) => {}
            None if from_nothing => drop(self.ranges.insert(range, RangeEnd::Open)),
            None => {
                let begins = self.holds(first)?;
                if begins {
                    self.begin_range(end, range);
                }
                return Ok(begins);
            }
        }
        if let End::Address(address) = end
            && self.holds(address)?
        {
            // It ends here; a number that has passed does not begin it again.
            self.ranges.remove(&range);
            if from_nothing {
                self.ranges.insert(range, RangeEnd::Line(0));
            }
        }
        Ok(true)
    }

    fn begin_range(&mut self, end: &End, range: usize) {
        let number = self.input.number;
        let last = match end {
            End::Address(Address::Line(last)) => Some(*last),
            End::More(more) => Some(number + more),
            End::Multiple(0) => Some(number),
            End::Multiple(of) => Some(number.div_ceil(*of) * of),
            End::Address(_) => None,
        };
        match last {
            Some(last) if last <= number => {}
            Some(last) => drop(self.ranges.insert(range, RangeEnd::Line(last))),
            None if matches!(end, End::Address(Address::Last)) && self.input.is_last() => {}
            None => drop(self.ranges.insert(range, RangeEnd::Open)),
        }
    }

    fn holds(&mut self, address: &Address) -> Result<bool, Stop> {
        let number = self.input.number;
        Ok(match address {
            Address::Line(line) => number == *line,
            Address::Last => self.input.is_last(),
            Address::Step(first, 0) => number == *first,
            Address::Step(first, step) => number >= *first && (number - first).is_multiple_of(*step),
            Address::Matching(pattern) => {
                let regex = self.regex(pattern)?;
                regex.is_match(&self.pattern).map_err(|problem| Stop::Failed(problem.to_string()))?
            }
        })
    }

    fn regex(&mut self, pattern: &Option<Rc<Regex>>) -> Result<Rc<Regex>, Stop> {
        if pattern.is_some() {
            self.last_regex.clone_from(pattern);
        }
        self.last_regex.clone().ok_or_else(|| Stop::Failed("no previous regular expression".into()))
    }

    /// The next line of a file that is read a line at a time.
    fn line_of(&mut self, path: &str) -> Option<String> {
        if !self.lines_of.contains_key(path) {
            let file = std::fs::File::open(path).ok()?;
            self.lines_of.insert(path.to_owned(), BufReader::new(file));
        }
        let mut bytes = Vec::new();
        self.lines_of.get_mut(path)?.read_until(b'\n', &mut bytes).ok().filter(|count| *count > 0)?;
        let text = crate::text::decoded(bytes);
        Some(text.strip_suffix('\n').unwrap_or(&text).to_owned() + "\n")
    }
}
