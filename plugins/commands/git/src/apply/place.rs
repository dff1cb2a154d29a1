//! Where a hunk belongs in a file, and the file with it.

use super::patch::{Hunk, Kind, Line};

/// A file's lines while hunks are put into it.
pub(crate) struct Image {
    lines: Vec<Placed>,
}

struct Placed {
    text: Vec<u8>,
    /// A hunk is not put where another one has been.
    patched: bool,
}

/// How a hunk's place is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Search {
    /// Lines around a change that have to be there, of those that the hunk has.
    pub(crate) context: usize,
    /// Hunks may have none at all: then nothing says that they are at the file's end.
    pub(crate) without_context: bool,
    /// Whether lines may differ in how much white space they have.
    pub(crate) ignore_spaces: bool,
}

/// Where a hunk went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The line, from 0.
    pub(crate) at: usize,
    /// How far from where it said.
    pub(crate) offset: isize,
    /// The lines around it that were looked at, if not all.
    pub(crate) reduced: Option<(usize, usize)>,
}

impl Image {
    pub(crate) fn new(content: &[u8]) -> Self {
        let lines = content.split_inclusive(|byte| *byte == b'\n');
        Self { lines: lines.map(|line| Placed { text: line.to_vec(), patched: false }).collect() }
    }

    pub(crate) fn content(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| line.text.iter().copied()).collect()
    }

    /// Puts a hunk where it belongs; none if it belongs nowhere.
    pub(crate) fn apply(&mut self, hunk: &Hunk, search: Search) -> Option<Found> {
        let (leading, trailing) = (hunk.leading(), hunk.trailing());
        let mut at_start = hunk.old_start == 0 || (hunk.old_start == 1 && !search.without_context);
        let mut at_end = !search.without_context && trailing == 0;
        let (mut before, mut after) = (leading, trailing);
        let mut wanted = hunk.new_start.saturating_sub(1);
        loop {
            let lines = &hunk.lines[leading - before..hunk.lines.len() - (trailing - after)];
            if let Some(at) = self.find(lines, wanted, (at_start, at_end), search.ignore_spaces) {
                self.replace(at, lines);
                let offset = at as isize - wanted as isize;
                let reduced = ((before, after) != (leading, trailing)).then_some((before, after));
                return Some(Found { at, offset, reduced });
            }
            if before <= search.context && after <= search.context {
                return None;
            }
            if std::mem::take(&mut at_start) | std::mem::take(&mut at_end) {
                continue;
            }
            let (less_before, less_after) = (before >= after, after >= before);
            if less_before {
                (before, wanted) = (before - 1, wanted + 1);
            }
            after -= usize::from(less_after);
        }
    }

    /// The place that is nearest to the wanted one; behind it, if two are as near.
    fn find(&self, lines: &[Line], wanted: usize, (at_start, at_end): (bool, bool), spaces: bool) -> Option<usize> {
        let old: Vec<&[u8]> = lines.iter().filter(|line| line.kind != Kind::Added).map(|line| &line.text[..]).collect();
        let last = self.lines.len().checked_sub(old.len())?;
        let fits = |at: &usize| {
            let lines = self.lines[*at..].iter().zip(&old);
            let mut fitting = lines.map(|(line, old)| !line.patched && same(&line.text, old, spaces));
            fitting.all(|fits| fits)
        };
        let allowed = |at: &usize| *at <= last && (!at_start || *at == 0) && (!at_end || *at == last) && fits(at);
        let begin = match (at_start, at_end) {
            (true, _) => 0,
            (false, true) => last,
            (false, false) => wanted.min(self.lines.len()),
        };
        let farthest = begin.max(self.lines.len() - begin);
        let near = (0..=farthest).flat_map(|step| {
            let back = (step > 0).then(|| begin.checked_sub(step)).flatten();
            std::iter::once(begin + step).chain(back)
        });
        near.into_iter().find(allowed)
    }

    /// What stays is kept as the file has it.
    fn replace(&mut self, at: usize, lines: &[Line]) {
        let count = lines.iter().filter(|line| line.kind != Kind::Added).count();
        let mut old = self.lines.splice(at..at + count, []).collect::<Vec<_>>().into_iter();
        let mut new = Vec::new();
        for line in lines {
            let was = if line.kind == Kind::Added { None } else { old.next() };
            match line.kind {
                Kind::Removed => {}
                Kind::Added => new.push(Placed { text: line.text.clone(), patched: true }),
                Kind::Same => new.extend(was.map(|was| Placed { patched: true, ..was })),
            }
        }
        self.lines.splice(at..at, new);
    }
}

fn same(line: &[u8], wanted: &[u8], ignore_spaces: bool) -> bool {
    line == wanted || (ignore_spaces && squeezed(line) == squeezed(wanted))
}

/// White space is one space, however much it is; the line's end is none.
fn squeezed(line: &[u8]) -> Vec<u8> {
    let end = line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    let mut squeezed = Vec::with_capacity(end);
    for byte in &line[..end] {
        let space = byte.is_ascii_whitespace();
        if !space || squeezed.last() != Some(&b' ') {
            squeezed.push(if space { b' ' } else { *byte });
        }
    }
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEARCH: Search = Search { context: usize::MAX, without_context: false, ignore_spaces: false };

    fn hunk(old_start: usize, text: &[&str]) -> Hunk {
        let line = |text: &&str| Line {
            kind: match &text[..1] {
                "-" => Kind::Removed,
                "+" => Kind::Added,
                _ => Kind::Same,
            },
            text: format!("{}\n", &text[1..]).into_bytes(),
            number: 0,
        };
        Hunk { old_start, new_start: old_start, lines: text.iter().map(line).collect() }
    }

    #[test]
    fn a_hunk_goes_to_the_nearest_place() {
        let mut image = Image::new(b"a\nx\nb\na\nx\nb\n");
        let found = image.apply(&hunk(3, &[" a", "-x", "+y", " b"]), SEARCH);
        assert_eq!(found.map(|found| (found.at, found.offset)), Some((3, 1)));
        assert_eq!(image.content(), b"a\nx\nb\na\ny\nb\n");
    }

    #[test]
    fn without_lines_around_it_a_hunk_is_at_an_end() {
        let first = hunk(1, &["-a", "+b", " c"]);
        assert_eq!(Image::new(b"x\na\nc\n").apply(&first, SEARCH), None);
        let last = hunk(2, &[" c", "+d"]);
        assert_eq!(Image::new(b"c\nx\n").apply(&last, SEARCH), None);
        assert!(Image::new(b"c\nx\n").apply(&last, Search { without_context: true, ..SEARCH }).is_some());
    }

    #[test]
    fn no_hunk_goes_where_another_one_has_been() {
        let mut image = Image::new(b"a\nb\n");
        assert!(image.apply(&hunk(1, &["-a", "+b", " b"]), SEARCH).is_some());
        assert!(image.apply(&hunk(1, &["-b", "+c"]), SEARCH).is_none());
    }
}
