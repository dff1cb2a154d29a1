//! A part of a text that others have parts of too.

use std::ops::{Deref, Range};
use std::rc::Rc;

#[derive(Debug, Clone, Default)]
pub(super) struct Excerpt {
    text: Rc<str>,
    range: Range<usize>,
}

impl Excerpt {
    pub(super) fn new(text: &Rc<str>, range: Range<usize>) -> Self {
        Self { text: text.clone(), range }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.text.as_bytes()[self.range.clone()]
    }

    /// The same bytes and a few that follow in the other text, so that the last of these are looked at eight at a time too.
    pub(super) fn bytes_and_more(&self) -> &[u8] {
        let end = self.text.len().min(self.range.end + 7);
        &self.text.as_bytes()[self.range.start..end]
    }

    /// A part of this one; what is not in it is left out.
    pub(super) fn part(&self, range: &Range<usize>) -> &str {
        let (start, end) = (self.range.start + range.start, self.range.start + range.end);
        self.text.get(start..end.min(self.range.end)).unwrap_or_default()
    }

    /// As a text of its own, which is made if this is not all of the other.
    pub(super) fn to_text(&self) -> Rc<str> {
        if self.range.len() == self.text.len() { self.text.clone() } else { (**self).into() }
    }
}

impl From<Rc<str>> for Excerpt {
    fn from(text: Rc<str>) -> Self {
        Self { range: 0..text.len(), text }
    }
}

impl Deref for Excerpt {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text[self.range.clone()]
    }
}
