//! Exact replacement in one file, with errors that help to get the next try right.

use std::fs;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::Inside;

/// The largest file that is edited, in bytes.
const LARGEST: u64 = 16 << 20;
/// How many lines are compared for the closest one.
const COMPARED: usize = 20_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditArguments {
    /// A file, relative to the workspace.
    path: String,
    /// The exact piece to replace, with its white space; it may span lines.
    old: String,
    /// What stands there afterwards.
    new: String,
    /// Replace each occurrence instead of the only one.
    #[serde(default)]
    replace_all: bool,
}

#[derive(Serialize)]
pub(crate) struct EditAnswer {
    path: String,
    replacements: usize,
    /// Where the pieces stood, the first hundred.
    lines: Vec<usize>,
}

pub(crate) fn edit(arguments: &EditArguments) -> skep::Result<EditAnswer> {
    if arguments.old == arguments.new {
        return Err("`old` and `new` are the same".into());
    }
    let path = Inside::parse(&arguments.path)?;
    let failed = |error| path.failed(&error);
    let size = fs::metadata(path.on_disk()).map_err(failed)?.len();
    if size > LARGEST {
        return Err(format!("`{}` has {size} bytes; files of more than {LARGEST} are not edited", path.as_str()).into());
    }
    let bytes = fs::read(path.on_disk()).map_err(failed)?;
    let text =
        std::str::from_utf8(&bytes).map_err(|error| format!("`{}` is not UTF-8 text: {error}", path.as_str()))?;
    let places = find(text, &arguments.old, arguments.replace_all)
        .map_err(|problem| format!("`{}`: {problem}", path.as_str()))?;
    fs::write(path.on_disk(), text.replace(&arguments.old, &arguments.new)).map_err(failed)?;
    let lines = places.iter().take(100).map(|&place| line_at(text, place)).collect();
    Ok(EditAnswer { path: path.as_str().to_owned(), replacements: places.len(), lines })
}

/// Where `old` stands: once, or as often as it does with `all`.
fn find(text: &str, old: &str, all: bool) -> Result<Vec<usize>, String> {
    if old.is_empty() {
        return Err("`old` is empty; use `write` for a new file".to_owned());
    }
    let places: Vec<usize> = text.match_indices(old).map(|(place, _)| place).collect();
    match places.len() {
        0 => Err(not_found(text, old)),
        1 => Ok(places),
        _ if all => Ok(places),
        count => {
            let lines: Vec<String> = places.iter().take(10).map(|&place| line_at(text, place).to_string()).collect();
            let more = if count > lines.len() { ", …" } else { "" };
            let lines = lines.join(", ");
            Err(format!(
                "`old` is there {count} times (lines {lines}{more}); make it longer to name one, or set replace_all"
            ))
        }
    }
}

fn line_at(text: &str, place: usize) -> usize {
    text[..place].matches('\n').count() + 1
}

fn not_found(text: &str, old: &str) -> String {
    if text.contains('\r') && text.replace("\r\n", "\n").contains(old) {
        return "`old` is not there, but would be with the file's line ends, which are \\r\\n".to_owned();
    }
    match closest(text, old) {
        Some((number, line, true)) => {
            format!("`old` is not there; line {number} differs in white space or in what follows: {line:?}")
        }
        Some((number, line, false)) => format!("`old` is not there; closest is line {number}: {line:?}"),
        None => "`old` is not there, nor anything like it".to_owned(),
    }
}

/// The line that is most like the first line of `old` with text in it, and whether only white space tells them apart.
fn closest<'a>(text: &'a str, old: &str) -> Option<(usize, &'a str, bool)> {
    let wanted = old.lines().map(str::trim).find(|line| !line.is_empty())?;
    let lines = || text.lines().enumerate().take(COMPARED);
    if let Some((index, line)) = lines().find(|(_, line)| line.split_whitespace().eq(wanted.split_whitespace())) {
        return Some((index + 1, line, true));
    }
    let pairs = pairs(wanted);
    let scored = lines().map(|(index, line)| (likeness(&pairs, line.trim()), index, line));
    let (score, index, line) = scored.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (score >= 0.5).then_some((index + 1, line, false))
}

fn pairs(text: &str) -> Vec<(char, char)> {
    text.chars().zip(text.chars().skip(1)).collect()
}

/// Dice's coefficient over pairs of neighbouring characters, from 0 to 1; pairs that repeat count once.
fn likeness(wanted: &[(char, char)], line: &str) -> f64 {
    if wanted.is_empty() || line.len() > 10 * wanted.len().max(20) {
        return 0.0;
    }
    let line = pairs(line);
    let shared = wanted.iter().filter(|pair| line.contains(pair)).count();
    (2 * shared) as f64 / (wanted.len() + line.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "fn main() {\n    let count = 1;\n    print(count);\n    print(count);\n}\n";

    #[test]
    fn the_only_occurrence_is_found() {
        assert_eq!(find(TEXT, "let count = 1;\n    print", false).map(|places| places.len()), Ok(1));
    }

    #[test]
    fn several_occurrences_are_refused_with_their_lines() {
        let error = find(TEXT, "print(count);", false).unwrap_err();
        assert_eq!(error, "`old` is there 2 times (lines 3, 4); make it longer to name one, or set replace_all");
        assert_eq!(find(TEXT, "print(count);", true).map(|places| places.len()), Ok(2));
    }

    #[test]
    fn what_is_not_there_is_answered_with_the_closest_line() {
        let error = find(TEXT, "let counter = 1;", false).unwrap_err();
        assert_eq!(error, "`old` is not there; closest is line 2: \"    let count = 1;\"");
        let error = find(TEXT, "let  count = 1;", false).unwrap_err();
        assert_eq!(
            error,
            "`old` is not there; line 2 differs in white space or in what follows: \"    let count = 1;\""
        );
        assert_eq!(find(TEXT, "zzzz", false).unwrap_err(), "`old` is not there, nor anything like it");
    }

    #[test]
    fn other_line_ends_are_named() {
        let error = find("a\r\nb\r\n", "a\nb", false).unwrap_err();
        assert!(error.ends_with("which are \\r\\n"), "{error}");
    }

    #[test]
    fn an_empty_piece_is_refused() {
        assert!(find(TEXT, "", true).is_err());
    }
}
