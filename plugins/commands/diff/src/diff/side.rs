//! `diff -y`: two files beside each other, laid out with tabs as GNU's diff does it.

use super::changes::Change;
use super::options::Options;

const TAB: usize = 8;
/// Room for the mark between the files.
const GUTTER: usize = 3;

struct Layout {
    /// How many columns each file has, and where the second one's begin.
    half: usize,
    second: usize,
}

impl Layout {
    fn new(width: usize) -> Self {
        let second = (width + TAB + GUTTER) / (2 * TAB) * TAB;
        let half = second.saturating_sub(GUTTER).min(width.saturating_sub(second));
        Self { half, second: if half == 0 { width } else { second } }
    }

    fn line(&self, text: &mut Vec<u8>, old: Option<&[u8]>, mark: char, new: Option<&[u8]>) {
        let mut column = old.map_or(0, |old| self.put(text, old, 0));
        if mark != ' ' {
            column = to_column(text, column, (self.half + self.second - 1) / 2) + 1;
            text.extend(mark.to_string().bytes());
        }
        if let Some(new) = new.filter(|new| !new.is_empty() && **new != *b"\n") {
            column = to_column(text, column, self.second);
            self.put(text, new, column);
        }
        text.push(b'\n');
    }

    /// As much of a line as there is room for; the column after it, from where the half begins.
    fn put(&self, text: &mut Vec<u8>, line: &[u8], indent: usize) -> usize {
        let mut column = 0;
        for character in String::from_utf8_lossy(line).trim_end_matches('\n').chars() {
            if character == '\t' {
                let next = column + TAB - column % TAB;
                if next > self.half {
                    break;
                }
                to_column(text, indent + column, indent + next);
                column = next;
            } else if column < self.half {
                text.extend(character.to_string().bytes());
                column += 1;
            }
        }
        column
    }
}

/// By tabs as far as they go.
fn to_column(text: &mut Vec<u8>, mut from: usize, to: usize) -> usize {
    let mut next = from + TAB - from % TAB;
    while next <= to {
        text.push(b'\t');
        from = next;
        next += TAB;
    }
    text.extend(std::iter::repeat_n(b' ', to.saturating_sub(from)));
    to
}

pub(super) fn write(text: &mut Vec<u8>, [old, new]: [&[&[u8]]; 2], changes: &[Change], options: &Options) {
    let layout = Layout::new(options.width);
    let (mut at, mut at_new) = (0, 0);
    let same = |text: &mut Vec<u8>, old: &[&[u8]], new: &[&[u8]]| {
        for (old, new) in old.iter().zip(new).filter(|_| !options.hides_same) {
            layout.line(text, Some(old), ' ', Some(new));
        }
    };
    for change in changes {
        same(text, &old[at..change.old.start], &new[at_new..change.new.start]);
        let pairs = change.old.len().max(change.new.len());
        for pair in 0..pairs {
            let (old, new) = (old[change.old.clone()].get(pair), new[change.new.clone()].get(pair));
            let mark = match (old, new) {
                (Some(_), Some(_)) => '|',
                (Some(_), None) => '<',
                _ => '>',
            };
            layout.line(text, old.copied(), mark, new.copied());
        }
        (at, at_new) = (change.old.end, change.new.end);
    }
    same(text, &old[at..], &new[at_new..]);
}
