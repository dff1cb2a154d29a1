//! What stands before the hunks of a file: git's own lines, or two names.

use crate::Stop;
use crate::repository::{EXECUTABLE, LINK, SUBMODULE};

use super::names::{Names, is_epoch, is_null};
use super::patch::{Move, Patch};
use super::read::{Lines, Place, unreadable};

/// The next patch, without its hunks.
pub(crate) struct Header {
    pub(crate) patch: Patch,
}

/// Passes over text up to the next header and over it.
pub(crate) fn find(lines: &mut Lines<'_>, names: &mut Names) -> Result<Option<Header>, Stop> {
    while let Some(line) = lines.peek(0) {
        if line.starts_with(b"@@ -") && Place::parse(line).is_some() {
            let (number, text) = (lines.number(), String::from_utf8_lossy(line));
            return Err(unreadable(format!("patch fragment without header at line {number}: {text}")));
        }
        if let Some(text) = line.strip_prefix(b"diff --git ") {
            if let Some(patch) = of_git(lines, text, names)? {
                return Ok(Some(Header { patch }));
            }
        } else if let (Some(old), Some(new)) = (line.strip_prefix(b"--- "), after(lines, 1, b"+++ "))
            && after(lines, 2, b"@@ -").is_some()
        {
            let patch = of_two_names(lines, old, new, names)?;
            lines.skip(2);
            return Ok(Some(Header { patch }));
        } else {
            lines.skip(1);
        }
    }
    Ok(None)
}

fn after<'a>(lines: &Lines<'a>, ahead: usize, prefix: &[u8]) -> Option<&'a [u8]> {
    lines.peek(ahead)?.strip_prefix(prefix)
}

fn of_two_names(lines: &Lines<'_>, old: &[u8], new: &[u8], names: &mut Names) -> Result<Patch, Stop> {
    names.learn(old, new);
    let number = lines.number();
    let lost = || unreadable(format!("unable to find filename in patch at line {number}"));
    let (old_name, new_name) = (names.dated(old), names.dated(new));
    let mut patch = Patch::default();
    if is_null(old) {
        (patch.new, patch.is_new, patch.is_delete) = (Some(new_name.ok_or_else(lost)?), Some(true), Some(false));
    } else if is_null(new) {
        (patch.old, patch.is_new, patch.is_delete) = (Some(old_name.ok_or_else(lost)?), Some(false), Some(true));
    } else {
        let name = shorter(old_name, new_name).ok_or_else(lost)?;
        if is_epoch(old) {
            (patch.new, patch.is_new, patch.is_delete) = (Some(name), Some(true), Some(false));
        } else if is_epoch(new) {
            (patch.old, patch.is_new, patch.is_delete) = (Some(name), Some(false), Some(true));
        } else {
            (patch.old, patch.new) = (Some(name.clone()), Some(name));
        }
    }
    Ok(patch)
}

/// The new name, unless it only has something at its end that the old one hasn't: `file.orig`.
fn shorter(old: Option<Vec<u8>>, new: Option<Vec<u8>>) -> Option<Vec<u8>> {
    match (old, new) {
        (Some(old), Some(new)) if new.starts_with(&old) => Some(old),
        (old, new) => new.or(old),
    }
}

/// Reads git's own lines; none if nothing follows the first.
fn of_git(lines: &mut Lines<'_>, text: &[u8], names: &Names) -> Result<Option<Patch>, Stop> {
    let default = names.of_header(text);
    let mut patch = Patch { is_new: Some(false), is_delete: Some(false), from_top: true, ..Patch::default() };
    lines.skip(1);
    let mut count = 0;
    while let Some(line) = lines.whole() {
        if !take(&mut patch, line, &default, names, lines.number())? {
            break;
        }
        count += 1;
        lines.skip(1);
    }
    if count == 0 {
        return Ok(None);
    }
    if patch.old.is_none() && patch.new.is_none() {
        let Some(name) = default else {
            let (depth, line) = (names.depth(), lines.number());
            let s = if depth == 1 { "" } else { "s" };
            return Err(unreadable(format!(
                "git diff header lacks filename information when removing {depth} leading pathname component{s} (line {line})"
            )));
        };
        (patch.old, patch.new) = (Some(name.clone()), Some(name));
    }
    if (patch.new.is_none() && !patch.deletes()) || (patch.old.is_none() && !patch.creates()) {
        return Err(unreadable(format!("git diff header lacks filename information (line {})", lines.number())));
    }
    Ok(Some(patch))
}

/// Takes one of git's lines; not one that belongs to what follows.
fn take(patch: &mut Patch, line: &[u8], default: &Option<Vec<u8>>, names: &Names, number: usize) -> Result<bool, Stop> {
    let (word, rest) = split(line);
    match word {
        "--- " => patch.old = agreed(patch.old.take(), rest, "old", names, patch.creates(), number)?,
        "+++ " => patch.new = agreed(patch.new.take(), rest, "new", names, patch.deletes(), number)?,
        "old mode " => patch.old_mode = mode(rest, number)?,
        "new mode " => patch.new_mode = mode(rest, number)?,
        "deleted file mode " => {
            (patch.is_delete, patch.old, patch.old_mode) = (Some(true), default.clone(), mode(rest, number)?);
        }
        "new file mode " => {
            (patch.is_new, patch.new, patch.new_mode) = (Some(true), default.clone(), mode(rest, number)?);
        }
        "copy from " => (patch.moves, patch.old) = (Some(Move::Copy), names.plain(rest)),
        "copy to " => (patch.moves, patch.new) = (Some(Move::Copy), names.plain(rest)),
        "rename from " | "rename old " => (patch.moves, patch.old) = (Some(Move::Rename), names.plain(rest)),
        "rename to " | "rename new " => (patch.moves, patch.new) = (Some(Move::Rename), names.plain(rest)),
        "similarity index " | "dissimilarity index " => patch.similarity = percent(rest),
        "index " => index(patch, rest, number)?,
        _ => return Ok(false),
    }
    Ok(true)
}

const WORDS: &[&str] = &[
    "--- ",
    "+++ ",
    "old mode ",
    "new mode ",
    "deleted file mode ",
    "new file mode ",
    "copy from ",
    "copy to ",
    "rename old ",
    "rename new ",
    "rename from ",
    "rename to ",
    "similarity index ",
    "dissimilarity index ",
    "index ",
];

fn split(line: &[u8]) -> (&'static str, &[u8]) {
    let known = WORDS.iter().find_map(|word| Some((*word, line.strip_prefix(word.as_bytes())?)));
    known.unwrap_or(("", line))
}

/// The name that a line has, which must be the one that is known already.
fn agreed(
    known: Option<Vec<u8>>,
    text: &[u8],
    side: &str,
    names: &Names,
    absent: bool,
    number: usize,
) -> Result<Option<Vec<u8>>, Stop> {
    let bad = |what: String| unreadable(format!("git apply: bad git-diff - {what} on line {number}"));
    match known {
        None if !absent && !is_null(text) => Ok(names.dated(text)),
        None if !absent || is_null(text) => Ok(None),
        None => Err(bad("expected /dev/null".to_owned())),
        Some(known) if absent => Err(bad(format!("expected /dev/null, got {}", String::from_utf8_lossy(&known)))),
        Some(known) if names.dated(text).as_ref() == Some(&known) => Ok(Some(known)),
        Some(_) => Err(bad(format!("inconsistent {side} filename"))),
    }
}

fn mode(text: &[u8], number: usize) -> Result<u32, Stop> {
    let digits =
        String::from_utf8_lossy(text).split_whitespace().next().and_then(|digits| u32::from_str_radix(digits, 8).ok());
    let shown = String::from_utf8_lossy(text).into_owned();
    digits.map(known).ok_or_else(|| unreadable(format!("invalid mode on line {number}: {shown}")))
}

/// Files are executable or not, and nothing else.
fn known(mode: u32) -> u32 {
    match mode & 0o170_000 {
        0o120_000 => LINK,
        0o160_000 => SUBMODULE,
        _ if mode & 0o100 != 0 => EXECUTABLE,
        _ => 0o100_644,
    }
}

fn percent(text: &[u8]) -> u32 {
    String::from_utf8_lossy(text).trim_end_matches('%').parse().unwrap_or(0)
}

/// `OLD..NEW MODE`, the last only if it is the same on both sides.
fn index(patch: &mut Patch, text: &[u8], number: usize) -> Result<(), Stop> {
    let text = String::from_utf8_lossy(text).into_owned();
    let (ids, both) = text.split_once(' ').unwrap_or((&text, ""));
    if let Some((old, new)) = ids.split_once("..") {
        (patch.old_id, patch.new_id) = (old.to_owned(), new.to_owned());
        if !both.is_empty() {
            patch.old_mode = mode(both.as_bytes(), number)?;
        }
    }
    Ok(())
}
