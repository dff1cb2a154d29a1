//! Open ends: TODO and its kin.

use serde::Serialize;

/// What the host searches for.
pub(crate) const PATTERN: &str = r"\b(?:TODO|FIXME|XXX|HACK)\b";

const WORDS: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];
/// The most of a line that the report repeats, in characters.
const SHOWN: usize = 160;

/// The first marker of a line, at a word's border on both sides.
pub(crate) fn first(line: &str) -> Option<&'static str> {
    let found = WORDS.iter().filter_map(|&word| Some((position(line, word)?, word)));
    found.min().map(|(_, word)| word)
}

fn position(line: &str, word: &str) -> Option<usize> {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let bytes = line.as_bytes();
    let stands_alone = |&(start, _): &(usize, &str)| {
        !is_word(start.checked_sub(1).and_then(|before| bytes.get(before))) && !is_word(bytes.get(start + word.len()))
    };
    line.match_indices(word).find(stands_alone).map(|(start, _)| start)
}

/// A line as the report shows it.
pub(crate) fn shown(line: &str) -> String {
    let line = line.trim();
    match line.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{} …", &line[..cut]),
        None => line.to_owned(),
    }
}

/// How often each word was found.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    #[serde(rename = "TODO")]
    pub(crate) todo: u64,
    #[serde(rename = "FIXME")]
    pub(crate) fixme: u64,
    #[serde(rename = "XXX")]
    pub(crate) xxx: u64,
    #[serde(rename = "HACK")]
    pub(crate) hack: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, word: &str) {
        match word {
            "TODO" => self.todo += 1,
            "FIXME" => self.fixme += 1,
            "XXX" => self.xxx += 1,
            _ => self.hack += 1,
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.todo + self.fixme + self.xxx + self.hack
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_marker_that_stands_alone_counts() {
        assert_eq!(first("// FIXME before TODO"), Some("FIXME"));
        assert_eq!(first("TODOS and a_TODO, then HACK(me)"), Some("HACK"));
        assert_eq!(first("XXXX"), None);
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        assert_eq!(shown(&"é".repeat(200)), format!("{} …", "é".repeat(160)));
        assert_eq!(shown("  # TODO  "), "# TODO");
    }
}
