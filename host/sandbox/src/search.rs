//! What a tool may look for over many files at once, done by the host on the tool's behalf.

use std::io::{self, Read};

use grep_matcher::LineTerminator;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkFinish, SinkMatch};
use rustix::fs::FileType;

use crate::pace::{Halt, Pace};
use crate::walk::{Go, Visit, walk};
use crate::workspace::Workspace;

/// Entries that one answer may hold, whatever was asked for.
const MOST: u32 = 200_000;
/// The most characters of one matching line.
const LINE_CHARS: usize = 500;
/// The longest pattern, in bytes. What reads it takes many times that, before the size of the compiled one is known.
const PATTERN_BYTES: usize = 4 * 1024;
/// The largest compiled pattern, in bytes: with its size grows the time that a single byte can take.
const COMPILED_BYTES: usize = 4 << 20;
/// The longest line that is searched, about, in bytes: a line is matched in one step, which nothing interrupts.
const SEARCHED_LINE_BYTES: usize = 256 << 10;
/// How far a file is looked at for a NUL byte, which makes it binary as it does for git.
const BINARY_BYTES: usize = 8 * 1024;
/// The most that an answer holds, in bytes.
const ANSWER_BYTES: usize = 8 << 20;
/// What an item of an answer takes beside its texts, about.
const ITEM_BYTES: usize = 64;

/// What a walk has for itself.
pub(crate) struct Bounds {
    pub(crate) pace: Pace,
    pub(crate) room: Room,
}

/// Room for an answer.
pub(crate) struct Room {
    left: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { left: ANSWER_BYTES }
    }
}

impl Room {
    /// Whether there is room for an item with so much text. When there is not, there is none for others either.
    fn take(&mut self, text: usize) -> bool {
        let left = self.left.checked_sub(text + ITEM_BYTES);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// How much the answer takes.
    pub(crate) const fn taken(&self) -> usize {
        ANSWER_BYTES - self.left
    }
}

pub(crate) struct Selection {
    pub(crate) path: String,
    pub(crate) globs: Vec<String>,
    pub(crate) hidden: bool,
    pub(crate) respect_ignore: bool,
}

pub(crate) struct Query {
    pub(crate) pattern: String,
    pub(crate) case_insensitive: bool,
    pub(crate) limit: u32,
    pub(crate) limit_per_file: u32,
    pub(crate) context: u32,
}

pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) kind: &'static str,
    pub(crate) size: u64,
}

pub(crate) struct Line {
    pub(crate) path: String,
    pub(crate) number: u64,
    pub(crate) matched: bool,
    pub(crate) text: String,
}

#[derive(Default)]
pub(crate) struct Found {
    pub(crate) lines: Vec<Line>,
    pub(crate) truncated: bool,
    pub(crate) files_searched: u64,
    pub(crate) binary_skipped: u64,
    /// Lines that match, without those of context.
    matched: usize,
}

pub(crate) struct Count {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) lines: u64,
    pub(crate) binary: bool,
}

/// Files and folders, in the order of their names.
pub(crate) fn glob(
    workspace: &Workspace,
    wanted: &Selection,
    limit: u32,
    bounds: &mut Bounds,
) -> Result<(Vec<Entry>, bool), Halt> {
    let limit = limit.min(MOST) as usize;
    let Bounds { pace, room } = bounds;
    let mut found = Vec::new();
    let whole = walk(workspace, wanted, pace, &mut |visit: &Visit<'_>, _: &mut Pace| {
        let path = visit.shown();
        if found.len() == limit || !room.take(path.len()) {
            return Ok(Go::Stop);
        }
        let size = if visit.kind == FileType::RegularFile { visit.size() } else { 0 };
        found.push(Entry { path, kind: visit.kind_name(), size });
        Ok(Go::On)
    })?;
    Ok((found, !whole))
}

/// Lines that match, in the order of file names and line numbers.
pub(crate) fn grep(
    workspace: &Workspace,
    wanted: &Selection,
    query: &Query,
    bounds: &mut Bounds,
) -> Result<Found, Halt> {
    let matcher = matcher(query)?;
    let context = query.context.min(20) as usize;
    let mut searcher = SearcherBuilder::new();
    searcher
        .binary_detection(BinaryDetection::quit(0))
        .before_context(context)
        .after_context(context)
        .line_number(true)
        .heap_limit(Some(SEARCHED_LINE_BYTES));
    let mut searcher = searcher.build();
    let Bounds { pace, room } = bounds;
    let mut found = Found::default();
    let limit = query.limit.min(MOST) as usize;
    let per_file = query.limit_per_file as usize;
    let whole = walk(workspace, wanted, pace, &mut |visit: &Visit<'_>, pace: &mut Pace| {
        let Some(file) = visit.open_file() else { return Ok(Go::On) };
        found.files_searched += 1;
        let mut sink = Lines { path: visit.shown(), found: &mut found, room, limit, per_file, here: 0 };
        match searcher.search_reader(&matcher, pace.reader(&file), &mut sink) {
            Ok(()) => {}
            Err(error) if is_long_line(&error) => found.truncated = true,
            Err(error) => return Err(error.into()),
        }
        let full = found.matched >= limit || room.left == 0;
        Ok(if found.truncated && full { Go::Stop } else { Go::On })
    })?;
    found.truncated |= !whole;
    Ok(found)
}

/// Line counts of files, in the order of their names.
pub(crate) fn count(
    workspace: &Workspace,
    wanted: &Selection,
    limit: u32,
    bounds: &mut Bounds,
) -> Result<(Vec<Count>, bool), Halt> {
    let limit = limit.min(MOST) as usize;
    let Bounds { pace, room } = bounds;
    let mut files = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let whole = walk(workspace, wanted, pace, &mut |visit: &Visit<'_>, pace: &mut Pace| {
        let Some(file) = visit.open_file() else { return Ok(Go::On) };
        let path = visit.shown();
        if files.len() == limit || !room.take(path.len()) {
            return Ok(Go::Stop);
        }
        let size = file.metadata()?.len();
        let lines = count_lines(&mut pace.reader(&file), &mut buffer)?;
        files.push(Count { path, size, lines: lines.unwrap_or(0), binary: lines.is_none() });
        Ok(Go::On)
    })?;
    Ok((files, !whole))
}

/// How many lines there are; nothing when it is binary.
fn count_lines(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<Option<u64>> {
    let (mut read, mut lines, mut last) = (0, 0u64, b'\n');
    loop {
        let length = file.read(buffer)?;
        let piece = &buffer[..length];
        let Some(end) = piece.last() else { break };
        if piece[..length.min(BINARY_BYTES.saturating_sub(read))].contains(&0) {
            return Ok(None);
        }
        read += length;
        lines += piece.iter().filter(|byte| **byte == b'\n').count() as u64;
        last = *end;
    }
    Ok(Some(lines + u64::from(last != b'\n')))
}

fn matcher(query: &Query) -> Result<RegexMatcher, Halt> {
    if query.pattern.len() > PATTERN_BYTES {
        let message = format!("the pattern has {} bytes; at most {PATTERN_BYTES} are taken", query.pattern.len());
        return Err(Halt::failed("invalid-pattern", message));
    }
    RegexMatcherBuilder::new()
        .case_insensitive(query.case_insensitive)
        .line_terminator(Some(b'\n'))
        .size_limit(COMPILED_BYTES)
        .dfa_size_limit(COMPILED_BYTES)
        .build(&query.pattern)
        .map_err(|error| Halt::failed("invalid-pattern", error.to_string()))
}

/// Of all errors, those of the searcher itself are neither the system's nor ours: a line is longer than what is searched.
fn is_long_line(error: &io::Error) -> bool {
    error.raw_os_error().is_none() && !error.get_ref().is_some_and(|inner| inner.is::<Halt>())
}

/// Collects matches of one file into the answer.
struct Lines<'a> {
    path: String,
    found: &'a mut Found,
    room: &'a mut Room,
    limit: usize,
    per_file: usize,
    here: usize,
}

impl Lines<'_> {
    /// False when there is no room for the line.
    fn push(&mut self, number: Option<u64>, matched: bool, bytes: &[u8]) -> bool {
        let text = shown(LineTerminator::byte(b'\n').as_byte_trimmed(bytes));
        if !self.room.take(self.path.len() + text.len()) {
            self.found.truncated = true;
            return false;
        }
        self.found.lines.push(Line { path: self.path.clone(), number: number.unwrap_or(0), matched, text });
        true
    }
}

fn shown(line: &[u8]) -> String {
    // So many bytes are more characters than are shown, whatever they are.
    let head = &line[..line.len().min(4 * (LINE_CHARS + 1))];
    let text = String::from_utf8_lossy(head);
    match text.char_indices().nth(LINE_CHARS) {
        Some((cut, _)) => format!("{} … (line cut)", &text[..cut]),
        None => text.into_owned(),
    }
}

/// A line without its end.
trait Trimmed {
    fn as_byte_trimmed<'a>(&self, bytes: &'a [u8]) -> &'a [u8];
}

impl Trimmed for LineTerminator {
    fn as_byte_trimmed<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let bytes = bytes.strip_suffix(&[self.as_byte()]).unwrap_or(bytes);
        bytes.strip_suffix(b"\r").unwrap_or(bytes)
    }
}

impl Sink for Lines<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        if self.found.matched >= self.limit || self.here >= self.per_file {
            self.found.truncated = true;
            return Ok(false);
        }
        self.here += 1;
        self.found.matched += 1;
        Ok(self.push(found.line_number(), true, found.bytes()))
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        Ok(self.push(context.line_number(), false, context.bytes()))
    }

    fn finish(&mut self, _: &Searcher, finish: &SinkFinish) -> io::Result<()> {
        self.found.binary_skipped += u64::from(finish.binary_byte_offset().is_some());
        Ok(())
    }
}
