//! The record and its fields. Neither is made of the other before somebody asks.

use std::rc::Rc;

use super::Run;
use crate::ast::Special;
use crate::value::Value;

#[derive(Default)]
pub(super) struct Record {
    text: Rc<str>,
    fields: Vec<Value>,
    /// The fields are those of the text.
    is_split: bool,
    /// A field was set, so that the text is to be made of them.
    is_stale: bool,
}

impl Record {
    pub(super) fn set(&mut self, text: Rc<str>) {
        self.text = text;
        (self.is_split, self.is_stale) = (false, false);
    }
}

impl Run {
    pub(super) fn record_text(&mut self) -> Rc<str> {
        if self.record.is_stale {
            let (separator, format) = (self.special_text(Special::Ofs), self.special_text(Special::Convfmt));
            let texts: Vec<Rc<str>> = self.record.fields.iter().map(|field| field.text(&format)).collect();
            self.record.text = texts.join(&*separator).into();
            self.record.is_stale = false;
        }
        self.record.text.clone()
    }

    fn split_record(&mut self) -> Result<(), String> {
        if !self.record.is_split {
            let separator = self.special_text(Special::Fs);
            let text = self.record.text.clone();
            self.record.fields = self.pieces(&text, &separator)?.0.iter().map(|piece| Value::input(piece)).collect();
            self.record.is_split = true;
        }
        Ok(())
    }

    pub(super) fn fields(&mut self) -> usize {
        // A separator that is no expression leaves the record whole.
        if self.split_record().is_err() {
            self.record.fields = vec![Value::Input(self.record.text.clone())];
            self.record.is_split = true;
        }
        self.record.fields.len()
    }

    pub(super) fn field(&mut self, number: f64) -> Result<Value, String> {
        if number < 0.0 {
            return Err(format!("there is no field {number}"));
        }
        if number < 1.0 {
            return Ok(Value::Input(self.record_text()));
        }
        self.split_record()?;
        Ok(self.record.fields.get(number as usize - 1).cloned().unwrap_or_default())
    }

    pub(super) fn set_field(&mut self, number: f64, value: Value) -> Result<(), String> {
        if number < 1.0 {
            let text = value.text(&self.special_text(Special::Convfmt));
            self.record.set(text);
            return Ok(());
        }
        let at = number as usize - 1;
        if at > 1_000_000 {
            return Err(format!("there are too many fields before {number}"));
        }
        self.split_record()?;
        if self.record.fields.len() <= at {
            self.record.fields.resize(at + 1, Value::Unset);
        }
        self.record.fields[at] = value;
        self.record.is_stale = true;
        Ok(())
    }

    pub(super) fn set_field_count(&mut self, count: usize) {
        self.fields();
        self.record.fields.resize(count, Value::Unset);
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
