//! Records of a file, of standard input or of a command, which are read in large blocks.

use std::fs::File;
use std::io::{self, Read};
use std::rc::Rc;

use place::Child;
use regex::Regex;

use super::excerpt::Excerpt;
use crate::bytes::position;

const BLOCK: usize = 64 * 1024;

/// What ends a record.
#[derive(Debug, Clone)]
pub(super) enum End {
    Byte(u8),
    EmptyLine,
    Match(Rc<Regex>),
}

impl Default for End {
    fn default() -> Self {
        Self::Byte(b'\n')
    }
}

pub(super) enum From {
    Standard(io::Stdin),
    File(File),
    Command(Reading),
}

/// A command's output, as far as it was read.
pub(super) struct Reading(pub(super) Child, pub(super) Vec<u8>);

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

pub(super) struct Stream {
    from: From,
    /// What was read last, and how far it is given away. The records are parts of it.
    text: Rc<str>,
    at: usize,
    /// The beginning of a character whose end is in the next block.
    part: Vec<u8>,
    ended: bool,
}

impl Stream {
    pub(super) fn new(from: From) -> Self {
        Self { from, text: Rc::default(), at: 0, part: Vec::new(), ended: false }
    }

    pub(super) fn open(path: &str) -> io::Result<Self> {
        Ok(Self::new(match path {
            "-" | "/dev/stdin" => From::Standard(io::stdin()),
            path => From::File(File::open(path)?),
        }))
    }

    /// The code of a command or of a file.
    pub(super) fn close(self) -> i32 {
        match self.from {
            From::Command(Reading(child, _)) => child.wait().code,
            From::File(_) | From::Standard(_) => 0,
        }
    }

    pub(super) fn record(&mut self, end: &End) -> io::Result<Option<Excerpt>> {
        match end {
            End::Byte(end) => self.until(*end),
            End::EmptyLine => self.paragraph(),
            End::Match(end) => self.until_match(end),
        }
    }

    fn until(&mut self, end: u8) -> io::Result<Option<Excerpt>> {
        let found = match position(&self.text.as_bytes()[self.at..], end) {
            None => self.gather(|block| position(block.as_bytes(), end))?,
            found => found,
        };
        let start = self.at;
        let stop = found.map_or(self.text.len(), |length| start + length);
        self.at = stop + usize::from(found.is_some());
        Ok((start < self.at).then(|| Excerpt::new(&self.text, start..stop)))
    }

    /// Lines up to an empty one.
    fn paragraph(&mut self) -> io::Result<Option<Excerpt>> {
        let (mut text, mut any) = (String::new(), false);
        while let Some(line) = self.until(b'\n')? {
            match (line.is_empty(), any) {
                (true, true) => break,
                (true, false) => {}
                (false, _) => {
                    text.push_str(if any { "\n" } else { "" });
                    text.push_str(&line);
                    any = true;
                }
            }
        }
        Ok(any.then(|| Rc::<str>::from(text).into()))
    }

    /// What matches may be of any length, so everything is read first.
    fn until_match(&mut self, end: &Regex) -> io::Result<Option<Excerpt>> {
        self.gather(|_| None)?;
        let (start, rest) = (self.at, &self.text[self.at..]);
        if rest.is_empty() {
            return Ok(None);
        }
        let found = end.find(rest).filter(|found| !found.is_empty());
        // The end of the last line ends the last record too.
        let whole = rest.strip_suffix('\n').unwrap_or(rest).len();
        let (length, next) = found.map_or((whole, rest.len()), |found| (found.start(), found.end()));
        self.at += next;
        Ok(Some(Excerpt::new(&self.text, start..start + length)))
    }

    /// Reads blocks until `found` says where in the last of them something is; that place is counted from `at` on.
    fn gather(&mut self, found: impl Fn(&str) -> Option<usize>) -> io::Result<Option<usize>> {
        if self.ended {
            return Ok(None);
        }
        let (mut text, mut place) = (self.text[self.at..].to_owned(), None);
        while place.is_none() && !self.ended {
            let block = self.block()?;
            place = found(&block).map(|at| text.len() + at);
            text.push_str(&block);
        }
        (self.text, self.at) = (text.into(), 0);
        Ok(place)
    }

    /// What is not UTF-8 has replacements.
    fn block(&mut self) -> io::Result<String> {
        let mut bytes = std::mem::take(&mut self.part);
        let before = bytes.len();
        bytes.resize(before + BLOCK, 0);
        let count = self.from.read(&mut bytes[before..])?;
        bytes.truncate(before + count);
        self.ended = count == 0;
        if !self.ended {
            self.part = bytes.split_off(whole_characters(&bytes));
        }
        Ok(String::from_utf8(bytes).unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into_owned()))
    }
}

/// How many bytes there are before a character whose end is missing.
fn whole_characters(bytes: &[u8]) -> usize {
    let is_inside = |byte: &u8| (0x80..0xC0).contains(byte);
    let inside = bytes.iter().rev().take(3).take_while(|byte| is_inside(byte)).count();
    let before = bytes.len() - inside;
    let length = match before.checked_sub(1).map(|first| bytes[first]) {
        Some(0xC2..=0xDF) => 2,
        Some(0xE0..=0xEF) => 3,
        Some(0xF0..=0xF4) => 4,
        _ => 1,
    };
    if length > inside + 1 { before - 1 } else { bytes.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_cut_off_only_if_its_end_is_missing() {
        for (text, whole) in [("ab", 2), ("aß", 3), ("a€", 4), ("a😀", 5)] {
            assert_eq!(whole_characters(text.as_bytes()), whole);
            assert_eq!(whole_characters(&text.as_bytes()[..text.len() - 1]), 1);
        }
        assert_eq!((whole_characters(b""), whole_characters(b"a\x80\x80"), whole_characters(b"\xff")), (0, 3, 1));
    }
}
