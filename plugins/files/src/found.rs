//! Shapes what the host found into an answer of bounded size.

use serde::Serialize;
use skep::search;

/// The most that paths and lines of one answer take, in bytes. Well below what a tool may answer, since JSON adds to it.
const ANSWER_BYTES: usize = 3 << 20;
/// What the other fields of an item take in JSON, about.
const ITEM_BYTES: usize = 50;

/// The first items that fit into an answer, and whether these are all.
pub(crate) fn within<T>(mut items: Vec<T>, text_bytes: impl Fn(&T) -> usize) -> (Vec<T>, bool) {
    let mut room = ANSWER_BYTES;
    let fits = |item: &T| {
        let size = text_bytes(item) + ITEM_BYTES;
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    };
    let kept = items.iter().map(fits).take_while(|&fits| fits).count();
    let all = kept == items.len();
    items.truncate(kept);
    (items, all)
}

/// A file with lines that match.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct File {
    path: String,
    lines: Vec<Line>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Line {
    number: u64,
    text: String,
    /// A line around one that matches.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    context: bool,
}

/// Lines under their files, each of which is named once.
pub(crate) fn by_file(lines: Vec<search::Line>) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    for search::Line { path, number, matched, text } in lines {
        if files.last().is_none_or(|file| file.path != path) {
            files.push(File { path, lines: Vec::new() });
        }
        if let Some(file) = files.last_mut() {
            file.lines.push(Line { number, text, context: !matched });
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str, number: u64, matched: bool) -> search::Line {
        search::Line { path: path.to_owned(), number, matched, text: String::new() }
    }

    #[test]
    fn lines_of_a_file_are_gathered_under_its_name() {
        let files = by_file(vec![line("a", 1, false), line("a", 2, true), line("b", 1, true)]);
        let shape: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.lines.len())).collect();
        assert_eq!(shape, [("a", 2), ("b", 1)]);
        assert!(files[0].lines[0].context && !files[0].lines[1].context);
    }

    #[test]
    fn an_answer_keeps_what_fits_and_says_when_it_is_not_all() {
        let (kept, all) = within(vec![1_000_000; 5], |&size| size);
        assert_eq!((kept.len(), all), (3, false));
        let (kept, all) = within(vec![10; 5], |&size| size);
        assert_eq!((kept.len(), all), (5, true));
    }
}
