//! Where records come from: the files of the command line, other files, and commands.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use place::{Child, Output as ChildOutput, Start};

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
}

impl Input {
    pub(super) fn skip_file(&mut self) {
        self.current = None;
    }

    /// The code of a command or of a file; nothing if it was not open.
    pub(super) fn close(&mut self, name: &str) -> Option<i32> {
        let stream = self.others.remove(name)?;
        Some(match stream.reader.into_inner() {
            From::Command(child) => child.0.wait().code,
            From::File(_) | From::Standard(_) => 0,
        })
    }
}

enum From {
    Standard(io::Stdin),
    File(File),
    Command(Reading),
}

/// A command's output, as far as it was read.
struct Reading(Child, Vec<u8>);

impl Read for From {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Standard(input) => input.read(into),
            Self::File(file) => file.read(into),
            Self::Command(Reading(child, left)) => {
                if left.is_empty() {
                    *left = child.read()?;
                }
                let count = left.len().min(into.len());
                into[..count].copy_from_slice(&left[..count]);
                left.drain(..count);
                Ok(count)
            }
        }
    }
}

struct Stream {
    reader: BufReader<From>,
    /// What is left of a text that is separated by an expression.
    rest: Option<String>,
}

impl Stream {
    fn new(from: From) -> Self {
        Self { reader: BufReader::with_capacity(64 * 1024, from), rest: None }
    }

    fn open(path: &str) -> io::Result<Self> {
        Ok(Self::new(match path {
            "-" | "/dev/stdin" => From::Standard(io::stdin()),
            path => From::File(File::open(path)?),
        }))
    }

    /// Puts what comes before the next `end` in place of `record`; false if there is nothing more.
    fn until(&mut self, end: u8, record: &mut String) -> io::Result<bool> {
        let mut bytes = std::mem::take(record).into_bytes();
        bytes.clear();
        if self.reader.read_until(end, &mut bytes)? == 0 {
            return Ok(false);
        }
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
        *record = String::from_utf8(bytes).unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into());
        Ok(true)
    }

    /// Lines up to an empty one.
    fn paragraph(&mut self, record: &mut String) -> io::Result<bool> {
        let (mut line, mut any) = (String::new(), false);
        record.clear();
        while self.until(b'\n', &mut line)? {
            match (line.is_empty(), any) {
                (true, true) => break,
                (true, false) => {}
                (false, _) => {
                    record.push_str(if any { "\n" } else { "" });
                    record.push_str(&line);
                    any = true;
                }
            }
        }
        Ok(any)
    }

    fn until_match(&mut self, end: &regex::Regex, record: &mut String) -> io::Result<bool> {
        if self.rest.is_none() {
            let mut bytes = Vec::new();
            self.reader.read_to_end(&mut bytes)?;
            self.rest = Some(String::from_utf8_lossy(&bytes).into_owned());
        }
        let rest = self.rest.take().unwrap_or_default();
        if rest.is_empty() {
            self.rest = Some(rest);
            return Ok(false);
        }
        let found = end.find(&rest).filter(|found| !found.is_empty());
        let (before, after) = match found {
            Some(found) => (rest[..found.start()].to_owned(), rest[found.end()..].to_owned()),
            // The end of the last line ends the last record too.
            None => (rest.strip_suffix('\n').unwrap_or(&rest).to_owned(), String::new()),
        };
        self.rest = Some(after);
        *record = before;
        Ok(true)
    }
}

impl Run {
    /// Puts the stream's next record in place of `record`; false if there is none.
    fn read_from(&mut self, stream: &mut Stream, record: &mut String) -> Result<bool, String> {
        let separator = self.special_text(Special::Rs);
        let mut characters = separator.chars();
        let read = match (characters.next(), characters.next()) {
            (None, _) => stream.paragraph(record),
            (Some(one), None) if one.is_ascii() => stream.until(one as u8, record),
            _ => stream.until_match(&*self.regex(&separator)?, record),
        };
        read.map_err(|problem| posix::reason(&problem))
    }

    /// Puts the next record of the files of the command line in place of `record`; false if there is none.
    pub(super) fn next_record(&mut self, record: &mut String) -> Result<bool, String> {
        loop {
            if self.input.current.is_none() && !self.next_file()? {
                return Ok(false);
            }
            let Some(mut stream) = self.input.current.take() else { return Ok(false) };
            if self.read_from(&mut stream, record)? {
                self.input.current = Some(stream);
                self.count(Special::Nr);
                self.count(Special::Fnr);
                return Ok(true);
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
                self.set_special(Special::Fnr, Value::Number(0.0));
                true
            }
            Err(problem) => {
                eprintln!("awk: cannot open \"{path}\" ({})", posix::reason(&problem));
                self.code = crate::TROUBLE;
                false
            }
        }
    }

    /// The same of another file or of a command; nothing if it cannot be read.
    pub(super) fn other_record(&mut self, name: &str, is_command: bool, record: &mut String) -> Option<bool> {
        let mut stream = match self.input.others.remove(name) {
            Some(stream) => stream,
            None if is_command => self.open_command(name)?,
            None => Stream::open(name).ok()?,
        };
        let read = self.read_from(&mut stream, record);
        self.input.others.insert(name.to_owned(), stream);
        read.ok()
    }

    fn open_command(&mut self, command: &str) -> Option<Stream> {
        self.output.flush().ok()?;
        let words = ["sh", "-c", command].map(str::to_owned).to_vec();
        let child = Start { output: ChildOutput::Pipe, ..Start::new(words) }.start().ok()?;
        Some(Stream::new(From::Command(Reading(child, Vec::new()))))
    }
}
