//! Which lines of two files differ.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

use super::options::{Options, Sameness};

/// Lines of the first file that became lines of the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

/// A file's lines, each with its line end.
pub(super) fn lines(content: &[u8]) -> Vec<&[u8]> {
    content.split_inclusive(|byte| *byte == b'\n').collect()
}

/// In the order of the lines. Changes that the options say not to look at are left out.
pub(super) fn between(old: &[&[u8]], new: &[&[u8]], options: &Options) -> Vec<Change> {
    let mut input = InternedInput::default();
    input.update_before(old.iter().map(|line| key(line, options.sameness)));
    input.update_after(new.iter().map(|line| key(line, options.sameness)));
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_no_heuristic(&input);
    let range = |range: Range<u32>| range.start as usize..range.end as usize;
    let changes = diff.hunks().map(|hunk| Change { old: range(hunk.before), new: range(hunk.after) });
    changes.filter(|change| counts(change, old, new, options)).collect()
}

fn counts(change: &Change, old: &[&[u8]], new: &[&[u8]], options: &Options) -> bool {
    let mut lines = old[change.old.clone()].iter().chain(&new[change.new.clone()]);
    let blank = |line: &[u8]| options.ignores_blank_lines && line.iter().all(u8::is_ascii_whitespace);
    let ignored = |line: &[u8]| {
        let text = String::from_utf8_lossy(line);
        options.ignored_lines.as_ref().is_some_and(|regex| regex.is_match(text.trim_end_matches('\n')))
    };
    !lines.all(|line| blank(line) || ignored(line))
}

/// What has to be equal for two lines to be the same.
fn key(line: &[u8], sameness: Sameness) -> Vec<u8> {
    let mut key = if sameness.any_case { line.to_ascii_lowercase() } else { line.to_vec() };
    if sameness.no_carriage_return && key.ends_with(b"\r\n") {
        key.remove(key.len() - 2);
    }
    if sameness.no_space {
        key.retain(|byte| !byte.is_ascii_whitespace());
    }
    if sameness.any_amount_of_space {
        key.dedup_by(|second, first| first.is_ascii_whitespace() && second.is_ascii_whitespace());
        key.iter_mut().filter(|byte| byte.is_ascii_whitespace()).for_each(|byte| *byte = b' ');
    }
    if sameness.any_amount_of_space || sameness.no_trailing_space {
        key.truncate(key.trim_ascii_end().len());
    }
    key
}

/// Changes that are near enough to be shown together, with the lines around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hunk {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
    pub(super) changes: Vec<Change>,
}

pub(super) fn hunks(changes: Vec<Change>, around: usize, old_lines: usize, new_lines: usize) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    for change in changes {
        let before = around.min(change.old.start);
        let (old_end, new_end) = (change.old.end + around, change.new.end + around);
        let (old_end, new_end) = (old_end.min(old_lines), new_end.min(new_lines));
        match hunks.last_mut() {
            Some(last) if change.old.start <= last.changes.last().map_or(0, |last| last.old.end) + 2 * around => {
                (last.old.end, last.new.end) = (old_end, new_end);
                last.changes.push(change);
            }
            _ => hunks.push(Hunk {
                old: change.old.start - before..old_end,
                new: change.new.start.saturating_sub(before)..new_end,
                changes: vec![change],
            }),
        }
    }
    hunks
}
