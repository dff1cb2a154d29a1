//! brush-parser takes the `)` of a `case` pattern for the end of the `$(…)` around it. Such a substitution is put aside before
//! the text is read, and put back into its word afterwards.

use std::borrow::Cow;

use super::scan;

/// What was put aside, by number.
#[derive(Debug, Default)]
pub(super) struct Shield(Vec<String>);

/// Stands before the number of what was put aside.
const MARK: char = '\u{2}';

impl Shield {
    pub(super) fn over(text: &str) -> (Shield, Cow<'_, str>) {
        let mut shield = Shield::default();
        if !text.contains("$(") || !text.contains("esac") {
            return (shield, Cow::Borrowed(text));
        }
        let mut result = String::with_capacity(text.len());
        let (mut at, mut in_double) = (0, false);
        while at < text.len() {
            let end = shield.next(text, at, &mut in_double);
            let piece = &text[at..end];
            if piece.starts_with("$(") && piece.contains("esac") {
                result.push_str(&format!("$({MARK}{})", shield.0.len()));
                shield.0.push(piece.to_owned());
            } else {
                result.push_str(piece);
            }
            at = end;
        }
        (shield, Cow::Owned(result))
    }

    /// Past one unit. What does not end is left for the parser to complain about.
    fn next(&self, text: &str, at: usize, in_double: &mut bool) -> usize {
        let rest = &text[at..];
        let length = rest.chars().next().map_or(1, char::len_utf8);
        let comment = rest.starts_with('#') && !*in_double && text[..at].ends_with([' ', '\n', '\t', ';']);
        let end = match rest.as_bytes()[0] {
            b'"' => {
                *in_double = !*in_double;
                None
            }
            b'\\' => scan::step(text, at, true),
            b'\'' if !*in_double => scan::single_quote(text, at + 1),
            b'$' if rest.starts_with("$(") => scan::step(text, at, true),
            b'#' if comment => Some(rest.find('\n').map_or(text.len(), |length| at + length)),
            _ => None,
        };
        end.unwrap_or(at + length)
    }

    pub(super) fn restored<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.0.is_empty() || !text.contains(MARK) {
            return Cow::Borrowed(text);
        }
        let mut result = text.to_owned();
        for (number, original) in self.0.iter().enumerate() {
            result = result.replace(&format!("$({MARK}{number})"), original);
        }
        Cow::Owned(result)
    }
}
