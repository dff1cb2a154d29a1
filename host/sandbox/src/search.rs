//! What a tool may look for over many files at once, done by the host on the tool's behalf.

use std::fs::File;
use std::io::{self, Read};

use grep_matcher::LineTerminator;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkFinish, SinkMatch};
use rustix::fs::FileType;

use crate::walk::{Go, Stopping, Visit, walk};
use crate::workspace::Workspace;

/// Entries that one answer may hold, whatever was asked for.
const MOST: u32 = 200_000;
/// The most characters of one matching line.
const LINE_CHARS: usize = 500;
/// The largest compiled pattern, in bytes.
const PATTERN_BYTES: usize = 4 << 20;

/// Why a walk has no answer; the kinds are in the contract.
pub(crate) struct Failure {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
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
    stopping: &Stopping,
) -> Result<(Vec<Entry>, bool), Failure> {
    let limit = limit.min(MOST) as usize;
    let mut found = Vec::new();
    let whole = walk(workspace, wanted, stopping, &mut |visit: &Visit<'_>| {
        if found.len() == limit {
            return Ok(Go::Stop);
        }
        let size = if visit.kind == FileType::RegularFile { visit.size() } else { 0 };
        found.push(Entry { path: visit.shown(), kind: visit.kind_name(), size });
        Ok(Go::On)
    })?;
    Ok((found, !whole))
}

/// Lines that match, in the order of file names and line numbers.
pub(crate) fn grep(
    workspace: &Workspace,
    wanted: &Selection,
    query: &Query,
    stopping: &Stopping,
) -> Result<Found, Failure> {
    let matcher = matcher(query)?;
    let context = query.context.min(20) as usize;
    let mut searcher = SearcherBuilder::new();
    searcher
        .binary_detection(BinaryDetection::quit(0))
        .before_context(context)
        .after_context(context)
        .line_number(true);
    let mut searcher = searcher.build();
    let mut found = Found::default();
    let limit = query.limit.min(MOST) as usize;
    let per_file = query.limit_per_file as usize;
    let whole = walk(workspace, wanted, stopping, &mut |visit: &Visit<'_>| {
        let Some(file) = visit.open_file() else { return Ok(Go::On) };
        found.files_searched += 1;
        let mut sink = Lines { path: visit.shown(), found: &mut found, limit, per_file, here: 0 };
        searcher.search_file(&matcher, &file, &mut sink).map_err(|error| fault(&error))?;
        Ok(if found.truncated && found.matched >= limit { Go::Stop } else { Go::On })
    })?;
    found.truncated |= !whole;
    Ok(found)
}

/// Line counts of files, in the order of their names.
pub(crate) fn count(
    workspace: &Workspace,
    wanted: &Selection,
    limit: u32,
    stopping: &Stopping,
) -> Result<(Vec<Count>, bool), Failure> {
    let limit = limit.min(MOST) as usize;
    let mut files = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let whole = walk(workspace, wanted, stopping, &mut |visit: &Visit<'_>| {
        let Some(mut file) = visit.open_file() else { return Ok(Go::On) };
        if files.len() == limit {
            return Ok(Go::Stop);
        }
        let (size, lines, binary) = measure(&mut file, &mut buffer).map_err(|error| fault(&error))?;
        files.push(Count { path: visit.shown(), size, lines, binary });
        Ok(Go::On)
    })?;
    Ok((files, !whole))
}

/// Size, lines and whether there is a NUL in the first 8 KiB, which is what git calls binary.
fn measure(file: &mut File, buffer: &mut [u8]) -> io::Result<(u64, u64, bool)> {
    let (mut size, mut lines, mut binary, mut last) = (0u64, 0u64, false, b'\n');
    loop {
        let read = file.read(buffer)?;
        let Some(end) = buffer[..read].last() else { break };
        if size == 0 {
            binary = buffer[..read.min(8 * 1024)].contains(&0);
        }
        size += read as u64;
        if !binary {
            lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
        }
        last = *end;
    }
    if !binary && last != b'\n' {
        lines += 1;
    }
    Ok((size, lines, binary))
}

fn matcher(query: &Query) -> Result<RegexMatcher, Failure> {
    RegexMatcherBuilder::new()
        .case_insensitive(query.case_insensitive)
        .line_terminator(Some(b'\n'))
        .size_limit(PATTERN_BYTES)
        .dfa_size_limit(PATTERN_BYTES)
        .build(&query.pattern)
        .map_err(|error| Failure { kind: "invalid-pattern", message: error.to_string() })
}

/// Collects matches of one file into the answer.
struct Lines<'a> {
    path: String,
    found: &'a mut Found,
    limit: usize,
    per_file: usize,
    here: usize,
}

impl Lines<'_> {
    fn push(&mut self, number: Option<u64>, matched: bool, bytes: &[u8]) {
        let text = String::from_utf8_lossy(LineTerminator::byte(b'\n').as_byte_trimmed(bytes)).into_owned();
        let text = match text.char_indices().nth(LINE_CHARS) {
            Some((cut, _)) => format!("{} … (line cut)", &text[..cut]),
            None => text,
        };
        self.found.lines.push(Line { path: self.path.clone(), number: number.unwrap_or(0), matched, text });
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
        self.push(found.line_number(), true, found.bytes());
        Ok(true)
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        self.push(context.line_number(), false, context.bytes());
        Ok(true)
    }

    fn finish(&mut self, _: &Searcher, finish: &SinkFinish) -> io::Result<()> {
        self.found.binary_skipped += u64::from(finish.binary_byte_offset().is_some());
        Ok(())
    }
}

fn fault(error: &io::Error) -> Failure {
    Failure { kind: "host-fault", message: error.to_string() }
}
