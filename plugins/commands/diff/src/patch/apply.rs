//! Finds where the hunks of one patch go, and puts them there.

use super::read::{Hunk, Kind, Line};

/// How a hunk went in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// At which line, how far from where it was meant, and with how many lines of context left out.
    Applied {
        line: usize,
        offset: isize,
        fuzz: usize,
    },
    Failed,
}

pub(super) struct Applied {
    pub(super) content: Vec<u8>,
    pub(super) fits: Vec<Fit>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Leeway {
    pub(super) fuzz: usize,
    pub(super) ignores_space: bool,
}

pub(super) fn hunks(content: &[u8], hunks: &[Hunk], leeway: Leeway) -> Applied {
    let lines: Vec<&[u8]> = content.split_inclusive(|byte| *byte == b'\n').collect();
    let (mut out, mut fits) = (Vec::new(), Vec::new());
    // Everything before `done` is written; hunks tend to be shifted alike.
    let (mut done, mut shift) = (0, 0);
    for hunk in hunks {
        match place(&lines, hunk, done, shift, leeway) {
            None => fits.push(Fit::Failed),
            Some(found) => {
                let meant = first_line(hunk) as isize;
                shift = found.at as isize - found.skipped as isize - meant;
                out.extend(lines[done..found.at].concat());
                done = found.at;
                write(&mut out, &lines, &mut done, &hunk.lines[found.skipped..hunk.lines.len() - found.cut]);
                fits.push(Fit::Applied { line: (meant + shift) as usize + 1, offset: shift, fuzz: found.fuzz });
            }
        }
    }
    out.extend(lines[done..].concat());
    Applied { content: out, fits }
}

/// From 0. A hunk that removes nothing and has no context is after the line that it names.
fn first_line(hunk: &Hunk) -> usize {
    let only_adds = hunk.lines.iter().all(|line| line.kind == Kind::Added);
    if only_adds { hunk.old_start } else { hunk.old_start.saturating_sub(1) }
}

/// Lines of context are written as the file has them.
fn write(out: &mut Vec<u8>, lines: &[&[u8]], done: &mut usize, hunk: &[Line]) {
    for line in hunk {
        match line.kind {
            Kind::Same => {
                out.extend(lines[*done]);
                *done += 1;
            }
            Kind::Removed => *done += 1,
            Kind::Added => out.extend(&line.text),
        }
    }
}

struct Place {
    at: usize,
    fuzz: usize,
    /// Lines of context left out at the beginning and at the end.
    skipped: usize,
    cut: usize,
}

fn place(lines: &[&[u8]], hunk: &Hunk, done: usize, shift: isize, leeway: Leeway) -> Option<Place> {
    let context = |lines: &mut dyn Iterator<Item = &Line>| lines.take_while(|line| line.kind == Kind::Same).count();
    let (before, after) = (context(&mut hunk.lines.iter()), context(&mut hunk.lines.iter().rev()));
    // More fuzz than context is the same as all of it.
    let most = leeway.fuzz.min(before.max(after));
    (0..=most).find_map(|fuzz| {
        // The longer side gives first, so that what is left stays in the middle.
        let skipped = (fuzz + before).saturating_sub(before.max(after)).min(before);
        let cut = (fuzz + after).saturating_sub(before.max(after)).min(after);
        let rest = hunk.lines.get(skipped..hunk.lines.len() - cut)?;
        let wanted: Vec<&[u8]> =
            rest.iter().filter(|line| line.kind != Kind::Added).map(|line| line.text.as_slice()).collect();
        let meant = first_line(hunk) as isize + shift + skipped as isize;
        let at = nearest(lines, &wanted, done, meant, leeway.ignores_space)?;
        Some(Place { at, fuzz, skipped, cut })
    })
}

/// The place next to `meant` where the lines are, not before `done`.
fn nearest(lines: &[&[u8]], wanted: &[&[u8]], done: usize, meant: isize, ignores_space: bool) -> Option<usize> {
    let last = lines.len().checked_sub(wanted.len())?;
    if done > last {
        return None;
    }
    let fits = |at: usize| wanted.iter().zip(&lines[at..]).all(|(wanted, line)| same(wanted, line, ignores_space));
    let meant = meant.clamp(done as isize, last as isize) as usize;
    let farthest = (meant - done).max(last - meant);
    (0..=farthest).find_map(|distance| {
        let after = Some(meant + distance).filter(|at| *at <= last && fits(*at));
        after.or_else(|| meant.checked_sub(distance).filter(|at| *at >= done && fits(*at)))
    })
}

fn same(wanted: &[u8], line: &[u8], ignores_space: bool) -> bool {
    if !ignores_space {
        // A patch that lost its carriage returns on the way still fits.
        return wanted == line
            || wanted.strip_suffix(b"\n") == line.strip_suffix(b"\r\n").filter(|_| line.ends_with(b"\r\n"));
    }
    let words = |text: &[u8]| {
        let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words.map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    words(wanted) == words(line)
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    const LEEWAY: Leeway = Leeway { fuzz: 2, ignores_space: false };

    fn apply(content: &str, patch: &str) -> (String, Vec<Fit>) {
        let patch = format!("--- x\n+++ x\n{patch}");
        let patches = read::all(patch.as_bytes()).unwrap();
        let applied = hunks(content.as_bytes(), &patches[0].hunks, LEEWAY);
        (String::from_utf8(applied.content).unwrap(), applied.fits)
    }

    #[test]
    fn a_hunk_replaces_lines_where_it_says() {
        let (content, fits) = apply("1\n2\n3\n", "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n");
        assert_eq!(content, "1\ntwo\n3\n");
        assert_eq!(fits, [Fit::Applied { line: 1, offset: 0, fuzz: 0 }]);
    }

    #[test]
    fn a_hunk_is_looked_for_nearby_and_the_next_ones_follow() {
        let patch = "@@ -1,2 +1,2 @@\n a\n-b\n+B\n@@ -4,2 +4,2 @@\n d\n-e\n+E\n";
        let (content, fits) = apply("x\ny\na\nb\nc\nd\ne\n", patch);
        assert_eq!(content, "x\ny\na\nB\nc\nd\nE\n");
        assert_eq!(fits[1], Fit::Applied { line: 6, offset: 2, fuzz: 0 });
    }

    #[test]
    fn outer_context_may_differ() {
        let patch = "@@ -1,5 +1,5 @@\n 1\n 2\n-3\n+three\n 4\n 5\n";
        let (content, fits) = apply("one\n2\n3\n4\nfive\n", patch);
        assert_eq!(content, "one\n2\nthree\n4\nfive\n");
        assert_eq!(fits, [Fit::Applied { line: 1, offset: 0, fuzz: 1 }]);
    }

    #[test]
    fn a_hunk_that_fits_nowhere_fails_and_the_others_go_in() {
        let patch = "@@ -1 +1 @@\n-z\n+y\n@@ -2 +2 @@\n-b\n+B\n";
        let (content, fits) = apply("a\nb\n", patch);
        assert_eq!((content.as_str(), fits[0]), ("a\nB\n", Fit::Failed));
    }

    #[test]
    fn lines_are_added_to_an_empty_file_and_at_the_end() {
        assert_eq!(apply("", "@@ -0,0 +1,2 @@\n+a\n+b\n").0, "a\nb\n");
        assert_eq!(apply("a\n", "@@ -1,0 +2 @@\n+b\n").0, "a\nb\n");
        assert_eq!(apply("a", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n").0, "a\n");
    }
}
