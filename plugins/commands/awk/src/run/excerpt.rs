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
