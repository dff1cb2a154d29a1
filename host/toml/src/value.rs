//! One value of a file, with the place it stands at and the name it is known by in messages.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use crate::reader::{Document, Section, advice};

/// A value, at its place in the file.
pub struct Value<'d> {
    document: &'d Document<'d>,
    path: String,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Value<'d> {
    pub(crate) fn new(document: &'d Document<'d>, path: String, value: &'d Spanned<DeValue<'d>>) -> Self {
        Self { document, path, value }
    }

    /// Notes what is wrong with it.
    pub fn problem(&self, message: &str) {
        self.document.problem(self.value.span().start, format!("`{}`: {message}", self.path));
    }

    /// What `parse` makes of the text.
    pub fn text<T>(&self, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match self.value.get_ref() {
            DeValue::String(text) => self.noted(parse(text)),
            other => self.is_no("a string", other),
        }
    }

    /// What `parse` makes of a number's digits or of a text.
    pub fn amount<T>(&self, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match self.value.get_ref() {
            DeValue::String(text) => self.noted(parse(text)),
            DeValue::Integer(integer) => self.noted(decimal(integer).and_then(|digits| parse(&digits))),
            other => self.is_no("a whole number, or a string such as \"64m\"", other),
        }
    }

    /// A whole number.
    pub fn number(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let DeValue::Integer(integer) = self.value.get_ref() else {
            return self.is_no("a whole number", self.value.get_ref());
        };
        let number = decimal(integer).ok().and_then(|digits| digits.parse().ok());
        let wrong = || format!("must be {} to {}", range.start(), range.end());
        self.noted(number.filter(|number| range.contains(number)).ok_or_else(wrong))
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            other => self.is_no("true or false", other),
        }
    }

    /// Whether it is a text.
    pub fn is_text(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::String(_))
    }

    /// Whether it is a list of values.
    pub fn is_array(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Array(_))
    }

    /// The elements of an array.
    pub fn items(&self) -> Vec<Value<'d>> {
        let DeValue::Array(array) = self.value.get_ref() else {
            return self.is_no("an array", self.value.get_ref()).unwrap_or_default();
        };
        let numbered = array.iter().enumerate();
        numbered.map(|(at, value)| Value::new(self.document, format!("{}[{at}]", self.path), value)).collect()
    }

    /// The keys of a table, without making anything of them.
    pub fn keys(&self) -> Vec<&'d str> {
        match self.value.get_ref() {
            DeValue::Table(table) => table.keys().map(|key| &**key.get_ref()).collect(),
            _ => Vec::new(),
        }
    }

    /// A table.
    pub fn section(&self) -> Option<Section<'d>> {
        match self.value.get_ref() {
            DeValue::Table(table) => Some(Section::new(self.document, &self.path, self.value.span().start, table)),
            other => self.is_no("a table", other),
        }
    }

    fn noted<T>(&self, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.problem(&message)).ok()
    }

    fn is_no<T>(&self, wanted: &str, found: &DeValue<'_>) -> Option<T> {
        self.problem(&format!("must be {wanted}, and is of type {}", found.type_str()));
        None
    }
}

fn decimal(integer: &DeInteger<'_>) -> Result<String, String> {
    let number = u64::from_str_radix(integer.as_str(), integer.radix());
    number.map(|number| number.to_string()).map_err(|_| "must be a whole number from 0 to 2^64 - 1".to_owned())
}

/// A reader of one of a few words.
pub fn one_of<T: Copy>(choices: &[(&'static str, T)]) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        let words = choices.iter().map(|(word, _)| *word).collect::<Vec<_>>();
        let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        chosen.ok_or_else(|| format!("{text:?} is no choice; {}", advice(text, &words)))
    }
}

/// A reader of folders, which are relative to the folder of the file that names them.
pub fn folder(file: &Path) -> impl Fn(&str) -> Result<PathBuf, String> {
    let base = file.parent().unwrap_or(Path::new("")).to_owned();
    move |text| if text.is_empty() { Err("names no folder".to_owned()) } else { Ok(base.join(text)) }
}

/// Any text.
///
/// # Errors
/// None; the form is that of the other readers.
pub fn prose(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}
