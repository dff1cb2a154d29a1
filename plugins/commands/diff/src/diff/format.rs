//! How differences are written.

use std::io::{self, Write};
use std::ops::Range;

use super::changes::{self, Change, Hunk};
use super::options::{Format, Options};

/// Two files with the names that their differences are written under.
pub(super) struct Pair<'a> {
    pub(super) old: &'a [u8],
    pub(super) new: &'a [u8],
    pub(super) names: [String; 2],
}

/// What is written of two files, and whether they differ in anything that counts.
pub(super) fn written(pair: &Pair<'_>, options: &Options) -> io::Result<(Vec<u8>, bool)> {
    let (old, new) = (changes::lines(pair.old), changes::lines(pair.new));
    let changes = changes::between(&old, &new, options);
    let mut text = Vec::new();
    if options.format == Format::Side {
        super::side::write(&mut text, [&old, &new], &changes, options);
    }
    if changes.is_empty() {
        return Ok((text, false));
    }
    let writer = Writer { old: &old, new: &new, function: options.shows_function };
    match options.format {
        Format::Side => {}
        Format::Normal => changes.iter().try_for_each(|change| writer.normal(&mut text, change))?,
        Format::Unified(around) => {
            write!(text, "--- {}\n+++ {}\n", pair.names[0], pair.names[1])?;
            let hunks = changes::hunks(changes, around, old.len(), new.len());
            hunks.iter().try_for_each(|hunk| writer.unified(&mut text, hunk))?;
        }
        Format::Context(around) => {
            write!(text, "*** {}\n--- {}\n", pair.names[0], pair.names[1])?;
            let hunks = changes::hunks(changes, around, old.len(), new.len());
            hunks.iter().try_for_each(|hunk| writer.context(&mut text, hunk))?;
        }
    }
    Ok((text, true))
}

struct Writer<'a> {
    old: &'a [&'a [u8]],
    new: &'a [&'a [u8]],
    /// The function that a hunk is in is written behind its place.
    function: bool,
}

fn line(text: &mut Vec<u8>, mark: &str, line: &[u8]) -> io::Result<()> {
    text.extend(mark.as_bytes());
    text.extend(line);
    if line.ends_with(b"\n") { Ok(()) } else { text.write_all(b"\n\\ No newline at end of file\n") }
}

/// From 1, with its end if there is more than one: `3` or `3,5`.
fn first_last(range: &Range<usize>) -> String {
    match range.len() {
        0 => range.start.to_string(),
        1 => (range.start + 1).to_string(),
        _ => format!("{},{}", range.start + 1, range.end),
    }
}

/// From 1, with how many there are if not one: `3` or `3,2`.
fn first_count(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => (range.start + 1).to_string(),
        count => format!("{},{count}", range.start + 1),
    }
}

impl Writer<'_> {
    fn normal(&self, text: &mut Vec<u8>, change: &Change) -> io::Result<()> {
        let letter = match (change.old.is_empty(), change.new.is_empty()) {
            (true, _) => 'a',
            (_, true) => 'd',
            _ => 'c',
        };
        writeln!(text, "{}{letter}{}", first_last(&change.old), first_last(&change.new))?;
        self.old[change.old.clone()].iter().try_for_each(|old| line(text, "< ", old))?;
        if letter == 'c' {
            text.write_all(b"---\n")?;
        }
        self.new[change.new.clone()].iter().try_for_each(|new| line(text, "> ", new))
    }

    fn unified(&self, text: &mut Vec<u8>, hunk: &Hunk) -> io::Result<()> {
        let place = format!("@@ -{} +{} @@", first_count(&hunk.old), first_count(&hunk.new));
        writeln!(text, "{place}{}", self.function_of(hunk))?;
        let mut at = hunk.old.start;
        for change in &hunk.changes {
            self.old[at..change.old.start].iter().try_for_each(|same| line(text, " ", same))?;
            self.old[change.old.clone()].iter().try_for_each(|old| line(text, "-", old))?;
            self.new[change.new.clone()].iter().try_for_each(|new| line(text, "+", new))?;
            at = change.old.end;
        }
        self.old[at..hunk.old.end].iter().try_for_each(|same| line(text, " ", same))
    }

    fn context(&self, text: &mut Vec<u8>, hunk: &Hunk) -> io::Result<()> {
        writeln!(text, "***************{}", self.function_of(hunk))?;
        writeln!(text, "*** {} ****", first_last(&hunk.old))?;
        if hunk.changes.iter().any(|change| !change.old.is_empty()) {
            let side = hunk.changes.iter().map(|change| (&change.old, !change.new.is_empty()));
            Self::side(text, self.old, &hunk.old, "- ", side)?;
        }
        writeln!(text, "--- {} ----", first_last(&hunk.new))?;
        if hunk.changes.iter().any(|change| !change.new.is_empty()) {
            let side = hunk.changes.iter().map(|change| (&change.new, !change.old.is_empty()));
            Self::side(text, self.new, &hunk.new, "+ ", side)?;
        }
        Ok(())
    }

    /// One file's lines; those that the other has others for are marked with `!`.
    fn side<'a>(
        text: &mut Vec<u8>,
        lines: &[&[u8]],
        whole: &Range<usize>,
        mark: &str,
        changes: impl Iterator<Item = (&'a Range<usize>, bool)>,
    ) -> io::Result<()> {
        let mut at = whole.start;
        for (change, replaced) in changes {
            lines[at..change.start].iter().try_for_each(|same| line(text, "  ", same))?;
            let mark = if replaced { "! " } else { mark };
            lines[change.clone()].iter().try_for_each(|changed| line(text, mark, changed))?;
            at = change.end;
        }
        lines[at..whole.end].iter().try_for_each(|same| line(text, "  ", same))
    }

    /// The last line before the hunk that begins as a function's first does.
    fn function_of(&self, hunk: &Hunk) -> String {
        let begins =
            |line: &&&[u8]| line.first().is_some_and(|byte| byte.is_ascii_alphabetic() || b"$_".contains(byte));
        let found = self.old[..hunk.old.start].iter().rev().find(begins).filter(|_| self.function);
        found.map_or(String::new(), |line| {
            let text: String = String::from_utf8_lossy(line).trim_end().chars().take(40).collect();
            format!(" {text}")
        })
    }
}
