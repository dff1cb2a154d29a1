//! Backslash escapes: of `$'…'`, of `echo -e`, of `printf` formats and its `%b`. They differ in small ways.

/// Which dialect of escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `$'…'`
    Quote,
    /// `echo -e`: octal is `\0nnn`, and `\c` ends everything.
    Echo,
    /// `%b`: as `echo -e`, but `\nnn` is octal too.
    Argument,
    /// `printf`'s format.
    Format,
}

/// What `$'text'` means.
pub(crate) fn unquote(text: &str) -> String {
    let mut decoded = decode(text, Dialect::Quote).0;
    // No shell value has a NUL.
    if let Some(end) = decoded.find('\0') {
        decoded.truncate(end);
    }
    decoded
}

/// The text with its escapes replaced, and whether `\c` ended it.
pub(crate) fn decode(text: &str, dialect: Dialect) -> (String, bool) {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&crate::text::to_bytes(&rest[..at]));
        rest = &rest[at + 1..];
        match escape(rest, dialect) {
            Escape::Bytes(decoded, length) => {
                bytes.extend_from_slice(&decoded);
                rest = &rest[length..];
            }
            Escape::Stop => return (crate::text::from_bytes(bytes), true),
            Escape::Unknown => bytes.push(b'\\'),
        }
    }
    bytes.extend_from_slice(&crate::text::to_bytes(rest));
    (crate::text::from_bytes(bytes), false)
}

enum Escape {
    Bytes(Vec<u8>, usize),
    Stop,
    Unknown,
}

fn escape(rest: &str, dialect: Dialect) -> Escape {
    let Some(first) = rest.chars().next() else { return Escape::Unknown };
    let stops = matches!(dialect, Dialect::Echo | Dialect::Argument);
    let byte = match first {
        'a' => 7,
        'b' => 8,
        'e' | 'E' => 27,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        '\'' | '"' | '?' if !stops => first as u8,
        'c' if dialect == Dialect::Quote => return control(rest),
        'c' if stops => return Escape::Stop,
        'x' => return hexadecimal(rest, dialect),
        'u' => return unicode(rest, 4),
        'U' => return unicode(rest, 8),
        '0' if stops => return octal(&rest[1..], 3, 1),
        '0'..='7' if dialect != Dialect::Echo => return octal(rest, 3, 0),
        _ => return Escape::Unknown,
    };
    Escape::Bytes(vec![byte], 1)
}

fn control(rest: &str) -> Escape {
    match rest.as_bytes().get(1) {
        Some(byte) if byte.is_ascii() => Escape::Bytes(vec![byte & 0x1f], 2),
        _ => Escape::Unknown,
    }
}

fn digits(text: &str, most: usize, radix: u32) -> &str {
    let end = text.char_indices().take(most).find(|(_, c)| !c.is_digit(radix)).map(|(at, _)| at);
    &text[..end.unwrap_or_else(|| text.char_indices().nth(most).map_or(text.len(), |(at, _)| at))]
}

fn octal(text: &str, most: usize, before: usize) -> Escape {
    let digits = digits(text, most, 8);
    Escape::Bytes(vec![u32::from_str_radix(digits, 8).unwrap_or(0) as u8], before + digits.len())
}

fn hexadecimal(rest: &str, dialect: Dialect) -> Escape {
    if dialect == Dialect::Quote && rest[1..].starts_with('{') {
        let digits = digits(&rest[2..], 8, 16);
        let closed = usize::from(rest[2 + digits.len()..].starts_with('}'));
        let byte = u32::from_str_radix(digits, 16).unwrap_or(0) as u8;
        return Escape::Bytes(vec![byte], 2 + digits.len() + closed);
    }
    let digits = digits(&rest[1..], 2, 16);
    match u8::from_str_radix(digits, 16) {
        Ok(byte) => Escape::Bytes(vec![byte], 1 + digits.len()),
        Err(_) => Escape::Unknown,
    }
}

fn unicode(rest: &str, most: usize) -> Escape {
    let digits = digits(&rest[1..], most, 16);
    match u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) {
        Some(character) => Escape::Bytes(character.to_string().into_bytes(), 1 + digits.len()),
        None => Escape::Unknown,
    }
}
