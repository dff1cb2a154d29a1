//! Text as it may be read again by a shell.

/// `@Q`: always quoted, with `'…'` or, where that can't show it, `$'…'`.
pub(crate) fn always(text: &str) -> String {
    if text.chars().any(|character| character.is_control() || character > '\u{10FF00}') {
        return ansi(text);
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Within single quotes, whatever it is.
pub(crate) fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// `%q`: backslashes, and only where needed.
pub(crate) fn backslashed(text: &str) -> String {
    if text.is_empty() {
        return "''".into();
    }
    if text.chars().any(|character| character.is_control() || character > '\u{10FF00}') {
        return ansi(text);
    }
    let mut quoted = String::with_capacity(text.len() + 8);
    for (at, character) in text.char_indices() {
        let special = " \t\n'\"\\|&;()<>!{}*[]?^$`,".contains(character) || (at == 0 && "#~".contains(character));
        if special {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

/// As `set -x` shows a word.
pub(crate) fn traced(text: &str) -> String {
    if text.is_empty() {
        return "''".into();
    }
    let special = |character: char| " \t\n'\"\\|&;()<>!{}*[]?^$`#~".contains(character) || character.is_control();
    if !text.contains(special) {
        return text.to_owned();
    }
    if text.chars().any(|character| character.is_control() && character != '\n' && character != '\t') {
        return ansi(text);
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// As `declare -p` shows a value.
pub(crate) fn double(text: &str) -> String {
    if text.chars().any(char::is_control) {
        return ansi(text);
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        if "\"\\$`".contains(character) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

/// As `set` and `alias` show a value: bare where that is enough.
pub(crate) fn plain(text: &str) -> String {
    let special = |character: char| " \t\n'\"\\|&;()<>!{}*[]?^$`#~".contains(character);
    if text.chars().any(char::is_control) {
        ansi(text)
    } else if text.contains(special) {
        format!("'{}'", text.replace('\'', "'\\''"))
    } else {
        text.to_owned()
    }
}

fn ansi(text: &str) -> String {
    let mut quoted = String::from("$'");
    for character in text.chars() {
        match character {
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x1b' => quoted.push_str("\\E"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x0b' => quoted.push_str("\\v"),
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            _ if character.is_control() => quoted.push_str(&format!("\\{:03o}", u32::from(character))),
            _ if character > '\u{10FF00}' => quoted.push_str(&format!("\\{:03o}", u32::from(character) & 0xFF)),
            _ => quoted.push(character),
        }
    }
    quoted.push('\'');
    quoted
}
