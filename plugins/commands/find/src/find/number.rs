//! A number with `+` for more and `-` for less.

use std::cmp::Ordering;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    wanted: Ordering,
    value: i64,
}

impl Number {
    pub(super) fn read(text: &str) -> Option<Self> {
        let (wanted, digits) = match text.as_bytes().first()? {
            b'+' => (Ordering::Greater, &text[1..]),
            b'-' => (Ordering::Less, &text[1..]),
            _ => (Ordering::Equal, text),
        };
        let value = digits.parse().ok().filter(|value| *value >= 0)?;
        Some(Self { wanted, value })
    }

    pub(super) fn accepts(self, value: i64) -> bool {
        value.cmp(&self.value) == self.wanted
    }
}

/// A size and its unit in bytes; sizes are rounded up to whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    number: Number,
    unit: u64,
}

impl Size {
    pub(super) fn read(text: &str) -> Option<Self> {
        let (digits, unit) = match text.chars().last()? {
            'c' => (&text[..text.len() - 1], 1),
            'w' => (&text[..text.len() - 1], 2),
            'b' => (&text[..text.len() - 1], 512),
            'k' => (&text[..text.len() - 1], 1 << 10),
            'M' => (&text[..text.len() - 1], 1 << 20),
            'G' => (&text[..text.len() - 1], 1 << 30),
            _ => (text, 512),
        };
        Some(Self { number: Number::read(digits)?, unit })
    }

    pub(super) fn accepts(self, bytes: u64) -> bool {
        self.number.accepts(bytes.div_ceil(self.unit) as i64)
    }
}

/// A mode: exactly these bits, all of them (`-`), or any of them (`/`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Exactly(u32),
    All(u32),
    Any(u32),
}

impl Mode {
    pub(super) fn read(text: &str) -> Option<Self> {
        match text.as_bytes().first()? {
            b'-' => bits(&text[1..]).map(Self::All),
            b'/' => bits(&text[1..]).map(Self::Any),
            _ => bits(text).map(Self::Exactly),
        }
    }

    pub(super) fn accepts(self, mode: u32) -> bool {
        match self {
            Self::Exactly(bits) => mode == bits,
            Self::All(bits) => mode & bits == bits,
            Self::Any(bits) => bits == 0 || mode & bits != 0,
        }
    }
}

/// Octal, or symbolic as in `u+x,g=r`.
fn bits(text: &str) -> Option<u32> {
    if let Ok(bits) = u32::from_str_radix(text, 8) {
        return Some(bits);
    }
    text.split(',').try_fold(0, |bits, clause| {
        let (who, what) = clause.split_once(['+', '='])?;
        let who = if who.is_empty() { "a" } else { who };
        let permission = |letter| Some(1 << "xwr".find(letter)? as u32);
        let permissions = what.chars().try_fold(0, |all, letter| Some(all | permission(letter)?))?;
        who.chars().try_fold(bits, |bits, letter| {
            Some(match letter {
                'u' => bits | (permissions << 6),
                'g' => bits | (permissions << 3),
                'o' => bits | permissions,
                'a' => bits | (permissions * 0o111),
                _ => return None,
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plus_is_more_and_minus_is_less() {
        assert!(Number::read("+2").unwrap().accepts(3) && !Number::read("+2").unwrap().accepts(2));
        assert!(Number::read("-2").unwrap().accepts(1) && Number::read("2").unwrap().accepts(2));
        assert!(Number::read("x").is_none());
    }

    #[test]
    fn sizes_are_rounded_up_to_their_unit() {
        assert!(Size::read("1k").unwrap().accepts(1) && !Size::read("-1k").unwrap().accepts(1));
        assert!(Size::read("-1k").unwrap().accepts(0) && Size::read("+1M").unwrap().accepts((1 << 20) + 1));
        assert!(Size::read("10c").unwrap().accepts(10));
    }

    #[test]
    fn modes_are_octal_or_symbolic() {
        assert!(Mode::read("644").unwrap().accepts(0o644));
        assert!(Mode::read("/111").unwrap().accepts(0o755) && !Mode::read("/a+x").unwrap().accepts(0o644));
        assert!(Mode::read("-u+x").unwrap().accepts(0o755));
    }
}
