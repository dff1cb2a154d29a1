//! Numbers and texts for people. Text out of a guest is data: it never reaches a terminal's own commands.

use std::time::Duration;

use skep_model::Timestamp;

/// A size: `812 B`, `12.3 KiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A time span: `148 ms`, `1.2 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => format!("{} ms", span.as_millis()),
        1..60 => format!("{:.1} s", (span.as_secs_f64() * 10.0).floor() / 10.0),
        60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A number with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A moment as RFC 3339 in UTC, with milliseconds.
pub(crate) fn moment(at: Timestamp) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    let at = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    format!("{at:.3}")
}

/// A time span as ISO 8601 writes it: `PT12.345S`.
pub(crate) fn iso_span(span: Duration) -> String {
    jiff::SignedDuration::try_from(span).unwrap_or(jiff::SignedDuration::MAX).to_string()
}

/// The text without anything that a terminal would obey or that changes the direction of reading; line ends stay.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c }).collect()
}

fn is_harmful(c: char) -> bool {
    let bidirectional =
        matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && !matches!(c, '\n' | '\t')) || bidirectional
}

/// On one line, with at most `limit` characters.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let line: String = harmless(text).chars().map(|c| if matches!(c, '\n' | '\t') { ' ' } else { c }).collect();
    cut(line.trim(), limit)
}

/// At most `limit` characters, with a mark where it was cut.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_spans_are_short_and_never_round_up_into_the_next_unit() {
        let sizes = [0, 1023, 1024, 12_595, 1_048_575, 1 << 30].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "12.3 KiB", "1.0 MiB", "1.0 GiB"]);
        let spans = [148, 1_250, 59_999, 185_000, 7_800_000, 273_600_000].map(|ms| span(Duration::from_millis(ms)));
        assert_eq!(spans, ["148 ms", "1.2 s", "59.9 s", "3 min 05 s", "2 h 10 min", "3 d 4 h"]);
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn times_are_those_of_the_public_api() {
        assert_eq!(moment(Timestamp(1_764_000_000_120)), "2025-11-24T16:00:00.120Z");
        assert_eq!(iso_span(Duration::from_millis(12_345)), "PT12.345S");
    }

    #[test]
    fn a_guest_can_not_command_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\r\n\u{202e}c\tü"), "a\u{fffd}[2Jb\u{fffd}\n\u{fffd}c\tü");
        assert_eq!(one_line(" one\ntwo ", 5), "one t…");
    }
}
