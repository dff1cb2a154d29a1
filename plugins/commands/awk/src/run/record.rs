//! The record and its fields. Neither is made of the other before somebody asks, and no more fields than are asked for.

use std::ops::Range;
use std::rc::Rc;

use regex::Regex;

use super::Run;
use super::excerpt::Excerpt;
use super::stream::End;
use crate::ast::{Expr, Special};
use crate::bytes::{blank, is_blank, position};
use crate::value::{Value, leading_number};

#[derive(Default)]
pub(super) struct Record {
    text: Excerpt,
    /// The same for those who keep it, made for the first of them.
    kept: Option<Rc<str>>,
    fields: Vec<Field>,
    /// Where the text is not yet split; nothing if all fields are known.
    rest: Option<usize>,
    /// By what this record is split, and by what the next one will be if it is something else.
    splitter: Splitter,
    next: Option<Splitter>,
    /// A field was set, so that the text is to be made of them.
    is_stale: bool,
}

#[derive(Clone)]
enum Field {
    /// Of the text.
    Piece(Range<usize>),
    Value(Value),
}

/// What separates fields.
#[derive(Clone, Default)]
enum Splitter {
    /// Any number of blanks and line ends.
    #[default]
    Blanks,
    Byte(u8),
    Match(Rc<Regex>),
    /// A separator that is neither and is looked at anew each time.
    Other(Rc<str>),
}

impl Record {
    pub(super) fn set(&mut self, text: Excerpt) {
        self.text = text;
        self.kept = None;
        self.fields.clear();
        self.rest = Some(0);
        if let Some(next) = self.next.take() {
            self.splitter = next;
        }
        self.is_stale = false;
    }

    /// One more field between blanks, if there is one.
    fn split_one_of_blanks(&mut self, from: usize) -> Option<Range<usize>> {
        let start = from + self.text.bytes()[from..].iter().position(|byte| !is_blank(*byte))?;
        Some(self.split_one(start, blank))
    }

    /// Up to a separator of one byte. Behind it there is one more field, if that is not to take all separators that follow.
    fn split_one(&mut self, start: usize, separator: impl Fn(&[u8]) -> Option<usize>) -> Range<usize> {
        let all = self.text.bytes().len();
        let end = separator(&self.text.bytes_and_more()[start..]).map(|length| start + length);
        let end = end.filter(|end| *end < all);
        self.rest = end.map(|end| end + 1);
        start..end.unwrap_or(all)
    }

    /// The same where an expression separates fields.
    fn split_one_by(&mut self, from: usize, separator: &Regex) -> Range<usize> {
        let found = first_match(separator, &self.text, from);
        let end = found.as_ref().map_or(self.text.len(), |found| found.start);
        self.rest = found.map(|found| found.end);
        from..end
    }

    fn text_of<'a>(&'a self, field: &'a Field) -> Option<&'a str> {
        match field {
            Field::Piece(range) => Some(self.text.part(range)),
            Field::Value(Value::Text(text) | Value::Input(text)) => Some(text),
            Field::Value(_) => None,
        }
    }
}

/// What an expression matches in a text from there on, if that is not nothing, which would separate nothing.
fn first_match(regex: &Regex, text: &str, mut from: usize) -> Option<Range<usize>> {
    loop {
        let found = regex.find_at(text, from)?;
        if !found.is_empty() {
            return Some(found.range());
        }
        from = found.end() + text[found.end()..].chars().next()?.len_utf8();
    }
}

impl Run {
    /// Says again what separates records and the fields of those that come.
    pub(super) fn separators_changed(&mut self) -> Result<(), String> {
        let (records, fields) = (self.special_text(Special::Rs), self.special_text(Special::Fs));
        self.input.end = match records.as_bytes() {
            b"" => End::EmptyLine,
            [one] => End::Byte(*one),
            _ => End::Match(self.regex(&records)?),
        };
        self.record.next = Some(match fields.as_bytes() {
            b" " => Splitter::Blanks,
            [one] if *one != b'\\' && !records.is_empty() => Splitter::Byte(*one),
            _ if fields.chars().count() > 1 => Splitter::Match(self.regex(&fields)?),
            _ => Splitter::Other(fields),
        });
        Ok(())
    }

    /// The text is that of the fields again.
    fn refresh_text(&mut self) {
        if !self.record.is_stale {
            return;
        }
        let (separator, format) = (self.special_text(Special::Ofs), self.special_text(Special::Convfmt));
        let texts: Vec<Rc<str>> = (0..self.record.fields.len()).map(|at| self.known(at).text(&format)).collect();
        self.own_fields();
        self.record.text = Rc::<str>::from(texts.join(&*separator)).into();
        self.record.kept = None;
        self.record.is_stale = false;
    }

    pub(super) fn record_text(&mut self) -> Rc<str> {
        self.refresh_text();
        let record = &mut self.record;
        record.kept.get_or_insert_with(|| record.text.to_text()).clone()
    }

    /// The record's text for a look at it.
    pub(super) fn record_str(&mut self) -> &str {
        self.refresh_text();
        &self.record.text
    }

    /// Splits the record until it has `wanted` fields.
    fn split_record(&mut self, wanted: usize) -> Result<(), String> {
        while let Some(from) = self.record.rest
            && self.record.fields.len() < wanted
        {
            self.record.rest = None;
            let piece = match &self.record.splitter {
                _ if self.record.text.is_empty() => None,
                Splitter::Blanks => self.record.split_one_of_blanks(from),
                Splitter::Byte(end) => {
                    let end = *end;
                    Some(self.record.split_one(from, |bytes| position(bytes, end)))
                }
                Splitter::Match(separator) => {
                    let separator = separator.clone();
                    Some(self.record.split_one_by(from, &separator))
                }
                Splitter::Other(separator) => {
                    let (separator, text) = (separator.clone(), self.record_text());
                    let pieces = self.pieces(&text, &separator)?.0;
                    self.record.fields = pieces.iter().map(|piece| Field::Value(Value::input(piece))).collect();
                    None
                }
            };
            if let Some(piece) = piece {
                self.record.fields.push(Field::Piece(piece));
            }
        }
        Ok(())
    }

    fn split_whole(&mut self) {
        // A separator that is no expression leaves the record whole.
        if self.split_record(usize::MAX).is_err() {
            self.record.fields = vec![Field::Value(Value::input(&self.record.text))];
            self.record.rest = None;
        }
    }

    pub(super) fn fields(&mut self) -> usize {
        self.split_whole();
        self.record.fields.len()
    }

    /// A field that was split off, from 0.
    fn known(&self, at: usize) -> Value {
        match self.record.fields.get(at) {
            Some(Field::Piece(range)) => Value::input(self.record.text.part(range)),
            Some(Field::Value(value)) => value.clone(),
            None => Value::Unset,
        }
    }

    /// Makes the fields independent of the text.
    fn own_fields(&mut self) {
        for at in 0..self.record.fields.len() {
            self.record.fields[at] = Field::Value(self.known(at));
        }
    }

    pub(super) fn field(&mut self, number: f64) -> Result<Value, String> {
        if number < 0.0 {
            return Err(format!("there is no field {number}"));
        }
        if number < 1.0 {
            return Ok(Value::Input(self.record_text()));
        }
        self.split_record(number as usize)?;
        Ok(self.known(number as usize - 1))
    }

    /// The text of a field without a copy of it, if it is one.
    pub(super) fn field_str(&mut self, number: f64) -> Result<Option<&str>, String> {
        if !(1.0..).contains(&number) {
            return if number < 0.0 { self.field(number).map(|_| None) } else { Ok(Some(self.record_str())) };
        }
        self.split_record(number as usize)?;
        let field = self.record.fields.get(number as usize - 1);
        Ok(field.and_then(|field| self.record.text_of(field)))
    }

    pub(super) fn field_number(&mut self, number: &Expr) -> Result<f64, super::Stop> {
        let number = self.evaluate_number(number)?;
        if let Some(text) = self.field_str(number)? {
            return Ok(leading_number(text).0);
        }
        Ok(self.field(number)?.number())
    }

    pub(super) fn set_field(&mut self, number: f64, value: Value) -> Result<(), String> {
        if number < 1.0 {
            let text = value.text(&self.special_text(Special::Convfmt));
            self.record.set(text.into());
            return Ok(());
        }
        let at = number as usize - 1;
        if at > 1_000_000 {
            return Err(format!("there are too many fields before {number}"));
        }
        self.split_record(usize::MAX)?;
        if self.record.fields.len() <= at {
            self.record.fields.resize(at + 1, Field::Value(Value::Unset));
        }
        self.record.fields[at] = Field::Value(value);
        self.record.is_stale = true;
        Ok(())
    }

    pub(super) fn set_field_count(&mut self, count: usize) {
        self.fields();
        self.record.fields.resize(count, Field::Value(Value::Unset));
        self.record.is_stale = true;
    }

    /// The pieces of a text, and what stood between them.
    pub(super) fn pieces(&mut self, text: &str, separator: &str) -> Result<(Vec<String>, Vec<String>), String> {
        let owned = |pieces: Vec<&str>| pieces.into_iter().map(str::to_owned).collect::<Vec<_>>();
        if text.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        if separator == " " {
            return Ok((owned(text.split([' ', '\t', '\n']).filter(|piece| !piece.is_empty()).collect()), Vec::new()));
        }
        let mut characters = separator.chars();
        match (characters.next(), characters.next()) {
            (None, _) => Ok((text.chars().map(String::from).collect(), Vec::new())),
            (Some(one), None) if one != '\\' => {
                let mut pieces = owned(text.split(one).collect());
                // In paragraphs a line ends a field too.
                if self.special_text(Special::Rs).is_empty() {
                    pieces = pieces.iter().flat_map(|piece| owned(piece.split('\n').collect())).collect();
                }
                let between = vec![separator.to_owned(); pieces.len().saturating_sub(1)];
                Ok((pieces, between))
            }
            _ => {
                let regex = self.regex(separator)?;
                let between: Vec<_> = regex.find_iter(text).filter(|found| !found.is_empty()).collect();
                let (mut pieces, mut at) = (Vec::new(), 0);
                for found in &between {
                    pieces.push(text[at..found.start()].to_owned());
                    at = found.end();
                }
                pieces.push(text[at..].to_owned());
                Ok((pieces, between.iter().map(|found| found.as_str().to_owned()).collect()))
            }
        }
    }
}
