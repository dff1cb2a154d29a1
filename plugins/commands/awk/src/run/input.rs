//! Where records come from: the files of the command line, other files, and commands.

use std::collections::HashMap;
use std::io;

use place::{Output as ChildOutput, Start};

use super::excerpt::Excerpt;
use super::stream::{End, From, Reading, Stream};
use super::{Cell, Run};
use crate::ast::Special;
use crate::options;
use crate::value::Value;

#[derive(Default)]
pub(super) struct Input {
    current: Option<Stream>,
    /// The operand that is looked at next.
    next: usize,
    /// A file was named, so that standard input is not read.
    named: bool,
    ended: bool,
    others: HashMap<String, Stream>,
    /// Of all files, and of the one that is read.
    pub(super) records: f64,
    pub(super) records_of_file: f64,
    /// What ends a record.
    pub(super) end: End,
}

impl Input {
    pub(super) fn skip_file(&mut self) {
        self.current = None;
    }

    /// The code of a command or of a file; nothing if it was not open.
    pub(super) fn close(&mut self, name: &str) -> Option<i32> {
        self.others.remove(name).map(Stream::close)
    }
}

/// A file or a command that there are no records of.
pub(super) struct Unreadable;

impl Run {
    /// The next record of the files of the command line.
    pub(super) fn next_record(&mut self) -> Result<Option<Excerpt>, String> {
        loop {
            let input = &mut self.input;
            if let Some(stream) = &mut input.current {
                let record = stream.record(&input.end).map_err(|problem| posix::reason(&problem))?;
                if record.is_some() {
                    input.records += 1.0;
                    input.records_of_file += 1.0;
                    return Ok(record);
                }
                input.current = None;
            }
            if !self.next_file()? {
                return Ok(None);
            }
        }
    }

    fn operand(&self, at: usize) -> Option<String> {
        if at as f64 >= self.special(Special::Argc).number() {
            return None;
        }
        match &self.globals[Special::Argv as usize] {
            Cell::Array(arguments) => {
                let word = arguments.borrow().get(&at.to_string()).map(|word| word.text("%.6g").to_string());
                Some(word.unwrap_or_default())
            }
            Cell::Scalar(_) => None,
        }
    }

    fn next_file(&mut self) -> Result<bool, String> {
        if self.input.ended {
            return Ok(false);
        }
        loop {
            self.input.next += 1;
            let Some(word) = self.operand(self.input.next) else { break };
            if word.is_empty() {
                continue;
            }
            if let Some((name, value)) = options::assignment(&word) {
                self.assign_operand(name, value)?;
                continue;
            }
            self.input.named = true;
            if self.open_operand(&word) {
                return Ok(true);
            }
        }
        self.input.ended = true;
        if self.input.named {
            return Ok(false);
        }
        self.input.current = Some(Stream::new(From::Standard(io::stdin())));
        Ok(true)
    }

    /// A file that cannot be read is reported, and the others are read.
    fn open_operand(&mut self, path: &str) -> bool {
        let opened = Stream::open(path).and_then(|stream| match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            _ => Ok(stream),
        });
        match opened {
            Ok(stream) => {
                self.input.current = Some(stream);
                self.set_special(Special::Filename, Value::input(path));
                self.input.records_of_file = 0.0;
                true
            }
            Err(problem) => {
                eprintln!("awk: cannot open \"{path}\" ({})", posix::reason(&problem));
                self.code = crate::TROUBLE;
                false
            }
        }
    }

    /// The next record of another file or of a command; an error if it cannot be read.
    pub(super) fn other_record(&mut self, name: &str, is_command: bool) -> Result<Option<Excerpt>, Unreadable> {
        if !self.input.others.contains_key(name) {
            let opened = if is_command { self.open_command(name) } else { Stream::open(name).ok() };
            self.input.others.insert(name.to_owned(), opened.ok_or(Unreadable)?);
        }
        let stream = self.input.others.get_mut(name).ok_or(Unreadable)?;
        stream.record(&self.input.end).map_err(|_| Unreadable)
    }

    fn open_command(&mut self, command: &str) -> Option<Stream> {
        self.output.flush().ok()?;
        let words = ["sh", "-c", command].map(str::to_owned).to_vec();
        let child = Start { output: ChildOutput::Pipe, ..Start::new(words) }.start().ok()?;
        Some(Stream::new(From::Command(Reading(child, Vec::new()))))
    }
}
