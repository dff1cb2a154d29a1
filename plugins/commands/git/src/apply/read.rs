//! Reads patches as `git apply` does: git's own and other unified ones, with any text around them.

use crate::Stop;

use super::binary;
use super::header::{self, Header};
use super::names::Names;
use super::patch::{Content, Hunk, Kind, Line, Patch};

/// The lines of a patch, of which the current one is looked at before it is taken.
pub(crate) struct Lines<'a> {
    lines: Vec<&'a [u8]>,
    at: usize,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { lines: text.split_inclusive(|byte| *byte == b'\n').collect(), at: 0 }
    }

    /// The current line's number, from 1.
    pub(crate) fn number(&self) -> usize {
        self.at + 1
    }

    /// A line without its end; none behind the last.
    pub(crate) fn peek(&self, ahead: usize) -> Option<&'a [u8]> {
        self.lines.get(self.at + ahead).map(|line| line.strip_suffix(b"\n").unwrap_or(line))
    }

    /// The current line, if it has an end.
    pub(crate) fn whole(&self) -> Option<&'a [u8]> {
        self.lines.get(self.at)?.strip_suffix(b"\n")
    }

    pub(crate) fn skip(&mut self, count: usize) {
        self.at += count;
    }
}

/// What is wrong with a patch that can't be read.
pub(crate) fn unreadable(message: impl std::fmt::Display) -> Stop {
    Stop { code: 128, message: format!("error: {message}") }
}

/// How patches are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    pub(crate) names: Names,
    /// Whether the numbers of lines in the hunks' heads are not believed.
    pub(crate) recount: bool,
    /// Whether patches that do nothing are an error.
    pub(crate) strict: bool,
}

/// All patches of a text, in order.
pub(crate) fn all(text: &[u8], reading: &mut Reading) -> Result<Vec<Patch>, Stop> {
    let (mut lines, mut patches) = (Lines::new(text), Vec::new());
    while let Some(Header { mut patch }) = header::find(&mut lines, &mut reading.names)? {
        if !patch.from_top {
            for name in [&mut patch.old, &mut patch.new].into_iter().flatten() {
                *name = [&reading.names.prefix[..], name].concat();
            }
        }
        let hunks = hunks(&mut lines, reading.recount)?;
        if hunks.is_empty() {
            without_hunks(&mut lines, &mut patch, reading.strict)?;
        } else {
            with_hunks(&mut patch, hunks)?;
        }
        patches.push(patch);
    }
    Ok(patches)
}

/// What removes something can't make a file, and what adds something can't remove one.
fn with_hunks(patch: &mut Patch, hunks: Vec<Hunk>) -> Result<(), Stop> {
    let count = |kind| hunks.iter().map(|hunk| hunk.count(kind)).sum::<usize>();
    let same = count(Kind::Same);
    let (old, new) = (same + count(Kind::Removed), same + count(Kind::Added));
    let shown = |name: &Option<Vec<u8>>| String::from_utf8_lossy(name.as_deref().unwrap_or_default()).into_owned();
    if patch.is_new.is_none() && (old > 0 || hunks.len() > 1) {
        patch.is_new = Some(false);
    }
    if patch.is_delete.is_none() && (new > 0 || hunks.len() > 1) {
        patch.is_delete = Some(false);
    }
    if patch.creates() && old > 0 {
        return Err(unreadable(format!("new file {} depends on old contents", shown(&patch.new))));
    }
    if patch.deletes() && new > 0 {
        return Err(unreadable(format!("deleted file {} still has contents", shown(&patch.old))));
    }
    patch.content = Content::Text(hunks);
    Ok(())
}

fn without_hunks(lines: &mut Lines<'_>, patch: &mut Patch, strict: bool) -> Result<(), Stop> {
    match lines.whole() {
        Some(b"GIT binary patch") => {
            lines.skip(1);
            let (there, back) = binary::read(lines)?;
            patch.content = Content::Binary(Some(there), back);
        }
        Some(line)
            if line.ends_with(b" differ") && (line.starts_with(b"Binary files ") || line.starts_with(b"Files ")) =>
        {
            lines.skip(1);
            patch.content = Content::Binary(None, None);
        }
        _ if strict && !patch.changes_more_than_lines() => {
            return Err(unreadable(format!("patch with only garbage at line {}", lines.number())));
        }
        _ => {}
    }
    Ok(())
}

fn hunks(lines: &mut Lines<'_>, recount: bool) -> Result<Vec<Hunk>, Stop> {
    let mut hunks = Vec::new();
    while let Some(line) = lines.peek(0).filter(|line| line.starts_with(b"@@ -")) {
        let corrupt = |lines: &Lines<'_>| unreadable(format!("corrupt patch at line {}", lines.number()));
        let Some(mut place) = Place::parse(line) else { return Err(corrupt(lines)) };
        lines.skip(1);
        if recount {
            place.recount(lines);
        }
        hunks.push(hunk(lines, place).ok_or_else(|| corrupt(lines))?);
    }
    Ok(hunks)
}

/// The head of a hunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    old_start: usize,
    old_lines: usize,
    new_start: usize,
    new_lines: usize,
}

impl Place {
    /// Reads `@@ -1,2 +1,3 @@`.
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(line);
        let (old, rest) = text.strip_prefix("@@ -")?.split_once(" +")?;
        let new = &rest[..rest.find(" @@")?];
        let range = |text: &str| {
            let (start, count) = text.split_once(',').unwrap_or((text, "1"));
            Some((start.parse().ok()?, count.parse().ok()?))
        };
        let ((old_start, old_lines), (new_start, new_lines)) = (range(old)?, range(new)?);
        Some(Self { old_start, old_lines, new_start, new_lines })
    }

    /// Counts the lines that there are instead.
    fn recount(&mut self, lines: &Lines<'_>) {
        (self.old_lines, self.new_lines) = (0, 0);
        let mut ahead = 0;
        while let Some(line) = lines.peek(ahead) {
            match line.first() {
                None | Some(b' ') => (self.old_lines, self.new_lines) = (self.old_lines + 1, self.new_lines + 1),
                Some(b'-') => self.old_lines += 1,
                Some(b'+') => self.new_lines += 1,
                Some(b'\\') => {}
                Some(_) => break,
            }
            ahead += 1;
        }
    }
}

/// The lines of a hunk; none if there is another one than its head says, which is the current one then.
fn hunk(lines: &mut Lines<'_>, place: Place) -> Option<Hunk> {
    let mut hunk = Hunk { old_start: place.old_start, new_start: place.new_start, lines: Vec::new() };
    let (mut old, mut new) = (place.old_lines, place.new_lines);
    while old > 0 || new > 0 {
        let line = lines.whole()?;
        let (kind, text) = match line.split_first() {
            // The space of an empty line is often lost.
            None => (Kind::Same, line),
            Some((b' ', text)) => (Kind::Same, text),
            Some((b'-', text)) => (Kind::Removed, text),
            Some((b'+', text)) => (Kind::Added, text),
            Some((b'\\', _)) if says_no_end(line) => {
                hunk.lines.last_mut().map(|line| line.text.pop());
                lines.skip(1);
                continue;
            }
            Some(_) => return None,
        };
        // A line too many is only told where the hunk ends, as git does.
        old = old.wrapping_sub(usize::from(kind != Kind::Added));
        new = new.wrapping_sub(usize::from(kind != Kind::Removed));
        hunk.lines.push(Line { kind, text: [text, b"\n"].concat(), number: lines.number() });
        lines.skip(1);
    }
    if lines.peek(0).is_some_and(says_no_end) {
        hunk.lines.last_mut().map(|line| line.text.pop());
        lines.skip(1);
    }
    let changes = hunk.count(Kind::Added) + hunk.count(Kind::Removed);
    (changes > 0).then_some(hunk)
}

/// `\ No newline at end of file`, in whatever language.
fn says_no_end(line: &[u8]) -> bool {
    line.starts_with(b"\\ ") && line.len() >= 11
}
