//! Values as texts.

use rusqlite::types::ValueRef;

/// As a list shows it; nothing for NULL.
pub(crate) fn plain(value: ValueRef<'_>) -> Option<String> {
    Some(match value {
        ValueRef::Null => return None,
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => real(number),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    })
}

/// As SQL has it.
pub(crate) fn quoted(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) if number.is_infinite() => if number > 0.0 { "1e999" } else { "-1e999" }.into(),
        ValueRef::Real(number) => exact(number),
        ValueRef::Text(text) => format!("'{}'", String::from_utf8_lossy(text).replace('\'', "''")),
        ValueRef::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("X'{digits}'")
        }
    }
}

/// As JSON has it.
pub(crate) fn json(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) if number.is_infinite() => if number > 0.0 { "1e999" } else { "-1e999" }.into(),
        ValueRef::Real(number) => exact(number),
        ValueRef::Text(text) | ValueRef::Blob(text) => json_text(&String::from_utf8_lossy(text)),
    }
}

pub(crate) fn json_text(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// SQLite's own text of a real number: `%!.15g`.
pub(crate) fn real(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Inf" } else { "-Inf" }.into();
    }
    shaped(&format!("{number:.14e}"))
}

/// With as many digits as make the same number when they are read.
fn exact(number: f64) -> String {
    shaped(&format!("{number:e}"))
}

/// From `1.50e2` to `150.0`, and to `1.5e+20` where that would be long.
fn shaped(scientific: &str) -> String {
    let (digits, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    if !(-4..15).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        let rest = if rest.is_empty() { "0" } else { rest };
        return format!("{sign}{first}.{rest}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
    if exponent < 0 {
        let zeros = "0".repeat(usize::try_from(-exponent - 1).unwrap_or_default());
        return format!("{sign}0.{zeros}{digits}");
    }
    let whole = usize::try_from(exponent).unwrap_or_default() + 1;
    let padded = format!("{digits:0<whole$}");
    let (whole, part) = padded.split_at(whole);
    format!("{sign}{whole}.{}", if part.is_empty() { "0" } else { part })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_sqlite_does() {
        let texts = [0.1 + 0.2, 1.0, 1e20, 1e-5, 123456789.123, -0.5, 0.0, 1.0 / 3.0, 1e15, 123456789012345.0];
        let written = texts.map(real).join(" ");
        assert_eq!(
            written,
            "0.3 1.0 1.0e+20 1.0e-05 123456789.123 -0.5 0.0 0.333333333333333 1.0e+15 123456789012345.0"
        );
        assert_eq!(exact(0.1 + 0.2), "0.30000000000000004");
    }

    #[test]
    fn texts_are_quoted_for_sql_and_for_json() {
        assert_eq!(quoted(ValueRef::Text(b"it's")), "'it''s'");
        assert_eq!(quoted(ValueRef::Blob(&[1, 255])), "X'01ff'");
        assert_eq!(json_text("a\"b\n\x01"), "\"a\\\"b\\n\\u0001\"");
    }
}
