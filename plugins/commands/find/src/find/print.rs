//! `-printf` and `-ls`.

use std::time::SystemTime;

use posix::date::{Date, since_epoch};

use super::expression::Clock;
use super::visit::Visited;

/// A format, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Format(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field {
        /// What stands between `%` and the letter.
        flags: String,
        letter: char,
        /// Of a time.
        part: Option<char>,
    },
}

impl Format {
    pub(super) fn read(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut left = text.chars().peekable();
        while let Some(character) = left.next() {
            match character {
                '\\' => match escape(&mut left) {
                    Some(text) => plain.push(text),
                    // \c: nothing more is printed.
                    None => break,
                },
                '%' if left.peek() == Some(&'%') => plain.extend(left.next()),
                '%' => {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    pieces.extend(field(&mut left));
                }
                other => plain.push(other),
            }
        }
        pieces.push(Piece::Text(plain));
        Self(pieces)
    }

    pub(super) fn of(&self, visited: &Visited<'_>) -> String {
        self.0.iter().map(|piece| piece.of(visited)).collect()
    }
}

type Left<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn escape(left: &mut Left<'_>) -> Option<char> {
    Some(match left.next() {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('a') => '\x07',
        Some('b') => '\x08',
        Some('f') => '\x0c',
        Some('v') => '\x0b',
        Some('c') => return None,
        Some(digit @ '0'..='7') => {
            let mut value = digit.to_digit(8).unwrap_or_default();
            for _ in 0..2 {
                let Some(digit) = left.next_if(|next| next.is_digit(8)) else { break };
                value = value * 8 + digit.to_digit(8).unwrap_or_default();
            }
            char::from_u32(value).unwrap_or('\0')
        }
        Some(other) => other,
        None => '\\',
    })
}

fn field(left: &mut Left<'_>) -> Option<Piece> {
    let mut flags = String::new();
    while let Some(flag) = left.next_if(|next| "-+ #0123456789.".contains(*next)) {
        flags.push(flag);
    }
    let letter = left.next()?;
    let part = if "ATCB".contains(letter) { left.next() } else { None };
    Some(Piece::Field { flags, letter, part })
}

impl Piece {
    fn of(&self, visited: &Visited<'_>) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Field { flags, letter, part } => padded(&value(*letter, *part, visited), flags),
        }
    }
}

fn padded(value: &str, flags: &str) -> String {
    let (width, precision) = flags.split_once('.').unwrap_or((flags, ""));
    let value: String = value.chars().take(precision.parse().unwrap_or(usize::MAX)).collect();
    let zero = width.trim_start_matches(['+', ' ', '#']).starts_with('0');
    let left = width.contains('-');
    let width: usize = width.trim_start_matches(['-', '+', ' ', '#', '0']).parse().unwrap_or(0);
    match (left, zero) {
        (true, _) => format!("{value:<width$}"),
        (false, true) => format!("{value:0>width$}"),
        (false, false) => format!("{value:>width$}"),
    }
}

fn value(letter: char, part: Option<char>, visited: &Visited<'_>) -> String {
    match letter {
        'p' => visited.path.clone(),
        'f' => visited.name().to_owned(),
        'h' => visited.folder().to_owned(),
        'P' => visited.below_root().to_owned(),
        'H' => visited.root.to_owned(),
        'd' => visited.depth.to_string(),
        's' => visited.bytes().to_string(),
        'k' => visited.bytes().div_ceil(1024).to_string(),
        'b' => visited.bytes().div_ceil(512).to_string(),
        'y' => visited.kind.to_string(),
        'Y' => visited.target_kind().to_string(),
        'l' => visited.link_target().unwrap_or_default(),
        'm' => format!("{:o}", visited.mode()),
        'M' => visited.written_mode(),
        'i' => visited.identity().0.to_string(),
        'n' => visited.identity().1.to_string(),
        'u' | 'g' => posix::OWNER.into(),
        'U' | 'G' => posix::OWNER_NUMBER.to_string(),
        'a' => full(visited.time(Clock::Read)),
        't' | 'c' => full(visited.time(Clock::Written)),
        'A' => part_of(visited.time(Clock::Read), part),
        'T' | 'C' | 'B' => part_of(visited.time(Clock::Written), part),
        other => format!("%{other}"),
    }
}

fn full(time: SystemTime) -> String {
    let date = Date::of(time);
    format!("{}.{:09}0 {}", date.format("%a %b %d %H:%M:%S"), date.nanosecond, date.year)
}

fn part_of(time: SystemTime, part: Option<char>) -> String {
    let date = Date::of(time);
    match part {
        Some('@') => {
            let (seconds, nanoseconds) = since_epoch(time);
            format!("{seconds}.{nanoseconds:09}0")
        }
        Some('+') => format!("{}.{:09}0", date.format("%Y-%m-%d+%H:%M:%S"), date.nanosecond),
        Some('S') => format!("{:02}.{:09}0", date.second, date.nanosecond),
        Some('T' | 'X') => format!("{}.{:09}0", date.format("%H:%M:%S"), date.nanosecond),
        Some(letter) => date.field(letter).unwrap_or_else(|| letter.to_string()),
        None => String::new(),
    }
}

/// A line of `-ls`.
pub(super) fn listed(visited: &Visited<'_>, now: SystemTime) -> String {
    let (inode, links) = visited.identity();
    let written = visited.time(Clock::Written);
    let recent = now.duration_since(written).is_ok_and(|age| age.as_secs() < 182 * 86_400);
    let date = Date::of(written).format(if recent { "%b %e %H:%M" } else { "%b %e  %Y" });
    let target = visited.link_target().map(|target| format!(" -> {target}")).unwrap_or_default();
    let mode = visited.written_mode();
    let (bytes, owner, path) = (visited.bytes(), posix::OWNER, &visited.path);
    let blocks = bytes.div_ceil(1024);
    format!("{inode:>9} {blocks:>6} {mode} {links:>3} {owner:<8} {owner:<8} {bytes:>8} {date} {path}{target}")
}

#[cfg(test)]
mod tests {
    use place::{Entry, Kind};

    use super::*;

    fn formatted(format: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/b.txt"), "12345").unwrap();
        let root = folder.path().to_string_lossy().into_owned();
        let entry = |name: &str, kind| Entry { name: name.into(), kind };
        let above = Visited::entry(&Visited::root(&root, false).unwrap(), &entry("a", Kind::Folder), false);
        let visited = Visited::entry(&above, &entry("b.txt", Kind::File), false);
        Format::read(format).of(&visited).replace(&root, "ROOT")
    }

    #[test]
    fn a_format_names_parts_of_a_file() {
        assert_eq!(formatted("%p %f %h %P %s %d %y %m\\n"), "ROOT/a/b.txt b.txt ROOT/a a/b.txt 5 2 f 644\n");
        assert_eq!(formatted("%M%%\\t\\060"), "-rw-r--r--%\t0");
    }

    #[test]
    fn a_field_has_a_width() {
        assert_eq!(formatted("[%5s][%-5s][%05s][%.3f]"), "[    5][5    ][00005][b.t]");
    }
}
