//! Reading one file.

use std::fs::File;
use std::io::{BufRead, BufReader};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::page::{Line, Page, Range};
use crate::path::Inside;

/// What is read at once, and searched for a NUL byte, which makes a file binary as it does for git.
const BUFFER: usize = 8 * 1024;
/// How much of a binary file is shown, in bytes.
const HEAD: usize = 64;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadArguments {
    /// A file, relative to the workspace.
    path: String,
    /// The first line to read, counted from 1.
    #[serde(default = "first_line")]
    from_line: u64,
    /// How many lines to read; to the end of the file when left out, as far as they fit into an answer.
    lines: Option<u64>,
    /// Put its number before each line.
    #[serde(default)]
    numbers: bool,
    /// Read a binary or not UTF-8 file as text all the same, with U+FFFD for what is none.
    #[serde(default)]
    lossy: bool,
}

const fn first_line() -> u64 {
    1
}

#[derive(Serialize)]
pub(crate) struct ReadAnswer {
    path: String,
    size: u64,
    #[serde(flatten)]
    content: Content,
}

#[derive(Serialize)]
#[serde(tag = "content", rename_all = "kebab-case")]
enum Content {
    Text(Text),
    Binary(Opaque),
    #[serde(rename = "not-utf-8")]
    NotUtf8(Opaque),
}

#[derive(Debug, Serialize)]
struct Text {
    text: String,
    from_line: u64,
    /// The last line that is here; `from_line - 1` when there is none.
    to_line: u64,
    /// Absent for a very long file.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_lines: Option<u64>,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
struct Opaque {
    head_hex: String,
    note: &'static str,
}

pub(crate) fn read(arguments: &ReadArguments) -> skep::Result<ReadAnswer> {
    let path = Inside::parse(&arguments.path)?;
    let failed = |error| path.failed(&error);
    let file = File::open(path.on_disk()).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(path.failed(&std::io::ErrorKind::IsADirectory.into()));
    }
    let mut reader = BufReader::with_capacity(BUFFER, file);
    let head = reader.fill_buf().map_err(failed)?.to_vec();
    let content = if head.contains(&0) && !arguments.lossy {
        Content::Binary(Opaque::new(&head))
    } else {
        let page = Page::read(&mut reader, range(arguments)).map_err(failed)?;
        read_page(page, arguments, &head)
    };
    Ok(ReadAnswer { path: path.as_str().to_owned(), size: metadata.len(), content })
}

fn range(arguments: &ReadArguments) -> Range {
    Range { from: arguments.from_line.max(1), lines: arguments.lines }
}

fn read_page(page: Page, arguments: &ReadArguments, head: &[u8]) -> Content {
    if !arguments.lossy && page.lines.iter().any(|line| std::str::from_utf8(&line.bytes).is_err()) {
        return Content::NotUtf8(Opaque::new(head));
    }
    let from_line = range(arguments).from;
    let to_line = from_line + page.lines.len() as u64 - 1;
    let note = note(&page, from_line, to_line);
    let mut text = String::new();
    for (number, line) in (from_line..).zip(&page.lines) {
        push_line(&mut text, line, arguments.numbers.then_some(number));
    }
    Content::Text(Text { text, from_line, to_line, total_lines: page.total_lines, truncated: page.truncated, note })
}

fn push_line(text: &mut String, line: &Line, number: Option<u64>) {
    if let Some(number) = number {
        text.push_str(&format!("{number:>6}\t"));
    }
    text.push_str(&String::from_utf8_lossy(&line.bytes));
    text.push_str(if line.cut { " … (line cut)\n" } else { "\n" });
}

fn note(page: &Page, from_line: u64, to_line: u64) -> Option<String> {
    match page.total_lines {
        Some(total) if from_line > total && from_line > 1 => Some(format!("the file has only {total} lines")),
        _ if page.truncated => Some(format!("truncated; read on with from_line: {}", to_line + 1)),
        _ => None,
    }
}

impl Opaque {
    fn new(head: &[u8]) -> Self {
        let head_hex = head.iter().take(HEAD).map(|byte| format!("{byte:02x}")).collect();
        Self { head_hex, note: "not shown as text; pass lossy: true to read it as text all the same" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(from_line: u64, numbers: bool, lossy: bool) -> ReadArguments {
        ReadArguments { path: String::new(), from_line, lines: None, numbers, lossy }
    }

    fn content(bytes: &[u8], arguments: &ReadArguments) -> Content {
        let page = Page::read(&mut BufReader::new(bytes), range(arguments)).expect("bytes in memory can be read");
        read_page(page, arguments, bytes)
    }

    fn text(bytes: &[u8], arguments: &ReadArguments) -> Text {
        match content(bytes, arguments) {
            Content::Text(text) => text,
            Content::Binary(_) | Content::NotUtf8(_) => panic!("not text"),
        }
    }

    #[test]
    fn lines_carry_numbers_when_asked() {
        assert_eq!(text(b"a\nb\nc", &arguments(2, true, false)).text, "     2\tb\n     3\tc\n");
        assert_eq!(text(b"a\nb\nc", &arguments(2, false, false)).text, "b\nc\n");
    }

    #[test]
    fn a_truncated_answer_says_how_to_go_on() {
        let long = text("line\n".repeat(3_000).as_bytes(), &arguments(1, false, false));
        assert_eq!((long.to_line, long.total_lines, long.truncated), (2_000, Some(3_000), true));
        assert_eq!(long.note.as_deref(), Some("truncated; read on with from_line: 2001"));
    }

    #[test]
    fn a_start_behind_the_end_is_explained() {
        let none = text(b"a\n", &arguments(5, false, false));
        assert_eq!((none.to_line, none.note.as_deref()), (4, Some("the file has only 1 lines")));
        assert_eq!(text(b"", &arguments(1, false, false)).note, None);
    }

    #[test]
    fn what_is_not_utf8_is_shown_as_bytes_or_lossily() {
        let Content::NotUtf8(opaque) = content(b"caf\xe9\n", &arguments(1, false, false)) else {
            panic!("it is not UTF-8")
        };
        assert_eq!(opaque.head_hex, "636166e90a");
        assert_eq!(text(b"caf\xe9\n", &arguments(1, false, true)).text, "caf\u{fffd}\n");
    }
}
