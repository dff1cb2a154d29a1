//! What guests write, cut to what an event has room for.
//!
//! The journal takes no event over a megabyte. Whatever may be longer than a few kilobytes and is worth keeping whole is a blob;
//! the rest (names, and reasons for failures) is cut here, visibly. The same text is always cut in the same way, because replay
//! compares what comes out.

use skep_model::{Content, INLINE_BYTES, Outcome};

/// The longest name of anything that a brain names, in bytes. Nothing that exists has a longer one.
pub(crate) const NAME_BYTES: usize = 1024;
/// The longest path, in bytes: the most that Linux takes.
pub(crate) const PATH_BYTES: usize = 4096;
/// Answers that a question may offer.
pub(crate) const OPTIONS: usize = 32;

/// The text, or as many whole characters of it as fit into `limit` bytes, with a mark.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mark = format!("… (cut: {} bytes in all)", text.len());
    let end = text.floor_char_boundary(limit.saturating_sub(mark.len()));
    format!("{}{mark}", &text[..end])
}

/// A line for people, which stands in the event itself and never in a blob.
pub(crate) fn line(text: &str) -> Content {
    Content::Inline(cut(text, INLINE_BYTES))
}

/// The outcome with a reason that fits. What was completed is left as it is: it has a blob to be long in.
pub(crate) fn outcome(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Completed(content) => Outcome::Completed(content),
        failed => failed.shortened(|text| cut(text, INLINE_BYTES)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_is_cut_between_characters_and_says_how_long_it_was() {
        let long = "ä".repeat(100);
        let cut = cut(&long, 50);
        assert_eq!(cut, format!("{}… (cut: 200 bytes in all)", "ä".repeat(11)));
        assert!(cut.len() <= 50);
        assert_eq!(super::cut(&long, 200), long);
    }

    #[test]
    fn a_reason_is_cut_and_a_result_is_not() {
        let long = "x".repeat(INLINE_BYTES + 1);
        let completed = Outcome::Completed(Content::Inline(long.clone()));
        assert_eq!(outcome(completed.clone()), completed);
        assert_eq!(outcome(Outcome::GuestError(long.clone())), Outcome::GuestError(cut(&long, INLINE_BYTES)));
    }
}
