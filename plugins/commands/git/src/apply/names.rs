//! The names of files in a patch.

/// How names in a patch become paths of the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// How many folders are taken off in front; one unless the command line or the names themselves say so.
    pub(crate) strip: Option<usize>,
    /// What is put in front instead, with a slash at its end.
    pub(crate) root: Vec<u8>,
    /// Where in the repository the command began, with a slash at its end.
    pub(crate) prefix: Vec<u8>,
}

impl Names {
    pub(crate) fn depth(&self) -> usize {
        self.strip.unwrap_or(1)
    }

    /// The name in one of the lines `--- NAME` and `+++ NAME`, up to the tab that its date comes after.
    pub(crate) fn dated(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.placed(text.split(|byte| *byte == b'\t').next().unwrap_or(text), self.depth())
    }

    /// The name in one of git's own lines, which has no `a/` before it.
    pub(crate) fn plain(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.placed(text, self.depth().saturating_sub(1))
    }

    fn placed(&self, text: &[u8], depth: usize) -> Option<Vec<u8>> {
        let name = unquoted(text)?;
        let name = stripped(&name, depth)?;
        Some(self.below_root(&squashed(name)))
    }

    fn below_root(&self, name: &[u8]) -> Vec<u8> {
        [&self.root[..], name].concat()
    }

    /// The name that both halves of `a/NAME b/NAME` are.
    pub(crate) fn of_header(&self, text: &[u8]) -> Option<Vec<u8>> {
        let half = |text: &[u8]| unquoted(text).and_then(|name| stripped(&name, self.depth()).map(<[u8]>::to_vec));
        let spaces = text.iter().enumerate().filter(|(_, byte)| matches!(byte, b' ' | b'\t'));
        let same = |(at, _): (usize, &u8)| {
            let (old, new) = (half(&text[..at])?, half(&text[at + 1..])?);
            (old == new && !old.is_empty()).then_some(old)
        };
        spaces.filter_map(same).next().map(|name| self.below_root(&name))
    }

    /// Takes what names without folders, or with this one, say of how much is to be taken off.
    pub(crate) fn learn(&mut self, old: &[u8], new: &[u8]) {
        if self.strip.is_none() {
            let (old, new) = (self.guess(old), self.guess(new));
            self.strip = old.or(new).filter(|depth| new.is_none_or(|other| other == *depth));
        }
    }

    fn guess(&self, text: &[u8]) -> Option<usize> {
        let name = unquoted(text.split(|byte| *byte == b'\t').next().unwrap_or(text))?;
        let slashes = self.prefix.iter().filter(|byte| **byte == b'/').count();
        match name.iter().position(|byte| *byte == b'/') {
            _ if is_null(text) => None,
            None => Some(0),
            Some(_) if self.prefix.is_empty() => None,
            Some(_) if name.starts_with(&self.prefix) => Some(slashes),
            Some(slash) => name[slash + 1..].starts_with(&self.prefix).then_some(slashes + 1),
        }
    }
}

/// Whether a name says that there is no file.
pub(crate) fn is_null(text: &[u8]) -> bool {
    text.strip_prefix(b"/dev/null").is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
}

/// Whether the date after a name is the one that stands for no file: the beginning of 1970, somewhere on earth.
pub(crate) fn is_epoch(text: &[u8]) -> bool {
    let date = text.splitn(2, |byte| *byte == b'\t').nth(1);
    let date = String::from_utf8_lossy(date.unwrap_or_default()).into_owned();
    let day = ["1970-01-01", "1969-12-31"].iter().any(|day| date.starts_with(day));
    day && crate::date::Moment::parse(&date).is_some_and(|moment| moment.seconds == 0)
}

/// What is after so many slashes, of which some in a row are one.
fn stripped(name: &[u8], depth: usize) -> Option<&[u8]> {
    let mut rest = name;
    for _ in 0..depth {
        let slash = rest.iter().position(|byte| *byte == b'/')?;
        rest = &rest[slash + 1..];
    }
    (!rest.is_empty()).then_some(rest)
}

fn squashed(name: &[u8]) -> Vec<u8> {
    let mut squashed = Vec::with_capacity(name.len());
    for byte in name {
        if *byte != b'/' || squashed.last() != Some(&b'/') {
            squashed.push(*byte);
        }
    }
    squashed
}

/// What a name in quotes means; any other is itself.
fn unquoted(text: &[u8]) -> Option<Vec<u8>> {
    let Some(inner) = text.strip_prefix(b"\"") else { return Some(text.to_vec()) };
    let inner = inner.strip_suffix(b"\"")?;
    let (mut name, mut bytes) = (Vec::new(), inner.iter().copied());
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            name.push(byte);
            continue;
        }
        name.push(match bytes.next()? {
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 11,
            b'f' => 12,
            b'r' => b'\r',
            escaped @ (b'\\' | b'"') => escaped,
            high @ b'0'..=b'3' => {
                let digit = |byte: Option<u8>| byte.filter(|byte| matches!(byte, b'0'..=b'7')).map(|byte| byte - b'0');
                (high - b'0') << 6 | digit(bytes.next())? << 3 | digit(bytes.next())?
            }
            _ => return None,
        });
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_header_are_found_where_both_are_the_same() {
        let names = Names::default();
        assert_eq!(names.of_header(b"a/with space b/with space").as_deref(), Some(&b"with space"[..]));
        assert_eq!(names.of_header(b"\"a/\\303\\244\" \"b/\\303\\244\"").as_deref(), Some("ä".as_bytes()));
        assert_eq!(names.of_header(b"a/x b/y"), None);
    }

    #[test]
    fn a_date_that_stands_for_no_file_is_known_anywhere_on_earth() {
        assert!(is_epoch(b"x\t1970-01-01 00:00:00.000000000 +0000"));
        assert!(is_epoch(b"x\t1969-12-31 19:00:00.000000000 -0500"));
        assert!(!is_epoch(b"x\t2026-01-01 00:00:00 +0000"));
    }
}
