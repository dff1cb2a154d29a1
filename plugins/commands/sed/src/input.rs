//! The lines of all files, one read ahead so that the last one is known.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use crate::text;

pub(crate) struct Line {
    pub(crate) text: String,
    /// It is followed by a line's end.
    pub(crate) ended: bool,
}

pub(crate) struct Input {
    files: VecDeque<String>,
    reader: Option<BufReader<Box<dyn Read>>>,
    ahead: Option<Line>,
    end: u8,
    /// The file of the line that was read last, and of the one ahead.
    name: String,
    pub(crate) number: usize,
    pub(crate) failed: bool,
}

impl Input {
    /// Without a line.
    pub(crate) fn empty(end: u8) -> Self {
        Self { files: VecDeque::new(), reader: None, ahead: None, end, name: "-".into(), number: 0, failed: false }
    }

    /// Those of these files, counted from 1; of standard input, if there are none.
    pub(crate) fn go_on_with(&mut self, files: &[String]) {
        self.files = if files.is_empty() { VecDeque::from(["-".to_owned()]) } else { files.iter().cloned().collect() };
        (self.reader, self.number, self.failed) = (None, 0, false);
        self.ahead = self.read();
    }

    pub(crate) fn next(&mut self) -> Option<Line> {
        let line = self.ahead.take()?;
        self.number += 1;
        self.ahead = self.read();
        Some(line)
    }

    pub(crate) fn is_last(&self) -> bool {
        self.ahead.is_none()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn read(&mut self) -> Option<Line> {
        loop {
            if self.reader.is_none() {
                let file = self.files.pop_front()?;
                self.open(file);
            }
            let Some(reader) = &mut self.reader else { continue };
            let mut bytes = Vec::new();
            match reader.read_until(self.end, &mut bytes) {
                Ok(0) => self.reader = None,
                Ok(_) => {
                    let ended = bytes.last() == Some(&self.end);
                    bytes.truncate(bytes.len() - usize::from(ended));
                    return Some(Line { text: text::decoded(bytes), ended });
                }
                Err(problem) => {
                    self.complain(&posix::reason(&problem));
                    self.reader = None;
                }
            }
        }
    }

    fn open(&mut self, file: String) {
        self.name = file;
        if self.name == "-" {
            self.reader = Some(BufReader::new(Box::new(io::stdin())));
            return;
        }
        match std::fs::metadata(&self.name) {
            Ok(metadata) if metadata.is_dir() => self.complain("read error: Is a directory"),
            _ => match File::open(&self.name) {
                Ok(file) => self.reader = Some(BufReader::with_capacity(64 * 1024, Box::new(file))),
                Err(problem) => self.complain(&posix::reason(&problem)),
            },
        }
    }

    fn complain(&mut self, problem: &str) {
        self.failed = true;
        eprintln!("sed: can't read {}: {problem}", self.name);
    }
}
