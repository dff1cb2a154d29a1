//! A range of lines out of a file of any size: memory is bounded by what is answered, not by the file.

use std::io::{self, BufRead};

/// The most of one line that is answered, in bytes.
const LINE_BYTES: usize = 4_000;
/// The most text of one answer, in bytes.
const PAGE_BYTES: usize = 256 * 1024;
/// The most lines of one answer unless a number is asked for.
const PAGE_LINES: u64 = 2_000;
/// How far a file is read for the sake of its total number of lines, in bytes.
const COUNTED_BYTES: u64 = 64 << 20;

/// Which lines are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    /// The first, counted from 1.
    pub(crate) from: u64,
    /// How many; all to the end when `None`.
    pub(crate) lines: Option<u64>,
}

/// The lines of a range, as far as they fit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) lines: Vec<Line>,
    /// Fewer lines than asked for, because of the bounds of an answer.
    pub(crate) truncated: bool,
    /// `None` when the file is too long to be counted through.
    pub(crate) total_lines: Option<u64>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) bytes: Vec<u8>,
    /// The line is longer than what is here.
    pub(crate) cut: bool,
}

impl Page {
    pub(crate) fn read(reader: &mut impl BufRead, range: Range) -> io::Result<Self> {
        let mut page = Self::default();
        let (mut number, mut passed, mut kept_bytes) = (0, 0, 0);
        loop {
            let wanted = number + 1 >= range.from && range.lines.is_none_or(|lines| (page.lines.len() as u64) < lines);
            let has_room = kept_bytes < PAGE_BYTES && (range.lines.is_some() || (page.lines.len() as u64) < PAGE_LINES);
            let keep = if wanted && has_room { LINE_BYTES } else { 0 };
            let Some((line, length)) = next_line(reader, keep)? else { break };
            number += 1;
            passed += length;
            if keep > 0 {
                kept_bytes += line.bytes.len();
                page.lines.push(line);
            } else if wanted {
                page.truncated = true;
            }
            if keep == 0 && number >= range.from && passed > COUNTED_BYTES {
                return Ok(page);
            }
        }
        page.total_lines = Some(number);
        Ok(page)
    }
}

/// The next line without its end, of which at most `keep` bytes are kept, and how many bytes it took in the file.
fn next_line(reader: &mut impl BufRead, keep: usize) -> io::Result<Option<(Line, u64)>> {
    let (mut bytes, mut length, mut cut) = (Vec::new(), 0, false);
    loop {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let piece = &buffer[..end.unwrap_or(buffer.len())];
        let room = keep - bytes.len();
        cut |= piece.len() > room;
        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        let used = piece.len() + usize::from(end.is_some());
        reader.consume(used);
        length += used as u64;
        if end.is_some() || used == 0 {
            trim_end(&mut bytes, cut);
            return Ok((length > 0).then_some((Line { bytes, cut }, length)));
        }
    }
}

/// Takes away the carriage return of a whole line, or half a character at the end of a cut one.
fn trim_end(bytes: &mut Vec<u8>, cut: bool) {
    if !cut && bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    if let Err(error) = std::str::from_utf8(bytes)
        && cut
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str, from: u64, lines: Option<u64>) -> Page {
        // A small buffer, so that lines cross its end.
        let mut reader = io::BufReader::with_capacity(7, text.as_bytes());
        Page::read(&mut reader, Range { from, lines }).expect("bytes in memory can be read")
    }

    fn texts(page: &Page) -> Vec<String> {
        page.lines
            .iter()
            .map(|line| String::from_utf8(line.bytes.clone()).expect("the tests' lines are UTF-8"))
            .collect()
    }

    #[test]
    fn a_range_is_cut_out_and_the_file_counted_to_its_end() {
        let page = page("one\ntwo\nthree\r\nfour\nfive", 2, Some(3));
        assert_eq!(texts(&page), ["two", "three", "four"]);
        assert_eq!((page.total_lines, page.truncated), (Some(5), false));
    }

    #[test]
    fn an_end_of_line_at_the_end_of_the_file_begins_no_line() {
        assert_eq!(texts(&page("one\ntwo\n", 1, None)), ["one", "two"]);
        assert_eq!(texts(&page("one\n\n", 1, None)), ["one", ""]);
        assert_eq!(page("", 1, None), Page { total_lines: Some(0), ..Page::default() });
    }

    #[test]
    fn a_range_behind_the_end_is_empty() {
        let page = page("one\ntwo\n", 9, None);
        assert_eq!((texts(&page).len(), page.total_lines), (0, Some(2)));
    }

    #[test]
    fn too_many_lines_are_truncated() {
        let page = page(&"x\n".repeat(2_001), 1, None);
        assert_eq!((page.lines.len(), page.truncated, page.total_lines), (2_000, true, Some(2_001)));
        let whole = self::page(&"x\n".repeat(2_000), 1, None);
        assert_eq!((whole.lines.len(), whole.truncated), (2_000, false));
    }

    #[test]
    fn too_many_bytes_are_truncated_even_when_a_number_of_lines_is_asked_for() {
        let page = page(&format!("{}\n", "y".repeat(1_023)).repeat(300), 1, Some(300));
        assert!(page.truncated);
        assert_eq!(page.lines.len(), PAGE_BYTES / 1_023 + 1);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let page = page(&format!("a{}\nnext", "é".repeat(3_000)), 1, None);
        assert!(page.lines[0].cut);
        assert_eq!(texts(&page), [format!("a{}", "é".repeat(1_999)), "next".to_owned()]);
    }
}
