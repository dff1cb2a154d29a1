//! One word to fields, and the ways in which the rest of the shell asks for it.

use super::pattern;
use super::split::{self, Field};
use crate::ast::{Piece, Word};
use crate::state::Shell;
use crate::stop::Run;

/// A stretch of an expanded word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// As written and not quoted: a pattern, but never split.
    Literal(String),
    /// From an expansion outside of quotes: split, and a pattern.
    Split(String),
    /// Neither.
    Quoted(String),
    /// Between two elements of `$@` or `$*`; the text joins them where nothing is split.
    Break(String),
}

impl Shell {
    /// The fields that a word becomes.
    pub(crate) fn fields(&mut self, word: &Word) -> Run<Vec<String>> {
        if let [Piece::Text(text)] = word.as_slice()
            && !text.contains(['*', '?', '[', '('])
        {
            return Ok(vec![text.clone()]);
        }
        let mut parts = Vec::new();
        self.parts(word, false, &mut parts)?;
        let separators = self.separators();
        let mut fields = Vec::new();
        for field in split::split(&parts, &separators) {
            self.globbed(field, &mut fields)?;
        }
        Ok(fields)
    }

    pub(crate) fn all_fields<'a>(&mut self, words: impl IntoIterator<Item = &'a Word>) -> Run<Vec<String>> {
        let mut fields = Vec::new();
        for word in words {
            fields.extend(self.fields(word)?);
        }
        Ok(fields)
    }

    fn globbed(&mut self, field: Field, onto: &mut Vec<String>) -> Run<()> {
        let pattern = field.pattern();
        if self.on(crate::options::Opt::Noglob) || !field.may_match() || !pattern::is_pattern(&pattern) {
            onto.push(field.text());
            return Ok(());
        }
        let found = self.glob(&pattern);
        if found.is_empty() {
            if self.shopt(crate::options::Shopt::Failglob) {
                self.complain(&format!("no match: {}", field.text()));
                return Err(crate::stop::Stop::Discard(1));
            }
            if !self.shopt(crate::options::Shopt::Nullglob) {
                onto.push(field.text());
            }
        }
        onto.extend(found);
        Ok(())
    }

    /// One string: neither split nor globbed.
    pub(crate) fn single(&mut self, word: &Word) -> Run<String> {
        match word.as_slice() {
            [] => return Ok(String::new()),
            [Piece::Text(text) | Piece::Quoted(text)] => return Ok(text.clone()),
            _ => {}
        }
        let mut parts = Vec::new();
        self.parts(word, false, &mut parts)?;
        Ok(joined(&parts))
    }

    /// As within double quotes; for here-documents, arithmetic and prompts.
    pub(crate) fn quoted(&mut self, word: &Word) -> Run<String> {
        match word.as_slice() {
            [] => return Ok(String::new()),
            [Piece::Text(text) | Piece::Quoted(text)] => return Ok(text.clone()),
            _ => {}
        }
        let mut parts = Vec::new();
        self.parts(word, true, &mut parts)?;
        Ok(joined(&parts))
    }

    /// A pattern, in which what was quoted matches only itself.
    pub(crate) fn pattern(&mut self, word: &Word) -> Run<String> {
        let mut parts = Vec::new();
        self.parts(word, false, &mut parts)?;
        Ok(parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) | Part::Split(text) => text.clone(),
                Part::Quoted(text) => pattern::escape(text),
                Part::Break(between) => between.clone(),
            })
            .collect())
    }

    /// Parsed and expanded as one string; for texts that arrive at run time.
    pub(crate) fn expand_text(&mut self, text: &str, place: crate::parse::word::Place) -> Run<String> {
        match crate::parse::word::parse(text, place) {
            Ok(word) => self.quoted(&word),
            Err(_) => Ok(text.to_owned()),
        }
    }

    /// Appends what a word's pieces expand to.
    pub(crate) fn parts(&mut self, word: &Word, quoted: bool, parts: &mut Vec<Part>) -> Run<()> {
        for piece in word {
            match piece {
                Piece::Text(text) if quoted => parts.push(Part::Quoted(text.clone())),
                Piece::Text(text) => parts.push(Part::Literal(text.clone())),
                Piece::Quoted(text) => parts.push(Part::Quoted(text.clone())),
                Piece::Double(inner) => self.double(inner, parts)?,
                Piece::Tilde(name) => parts.push(Part::Quoted(self.tilde(name))),
                Piece::Parameter(parameter) => self.parameter(parameter, quoted, parts)?,
                Piece::Command(command) => {
                    let output = self.command_substitution(command)?;
                    parts.push(text_part(output, quoted));
                }
                Piece::Arithmetic(expression) => {
                    let text = self.quoted(expression)?;
                    let value = self.arithmetic(&text)?;
                    parts.push(text_part(value.to_string(), quoted));
                }
                Piece::Process(direction, command) => {
                    let path = self.process_substitution(*direction, command)?;
                    parts.push(Part::Quoted(path));
                }
            }
        }
        Ok(())
    }

    fn double(&mut self, inner: &Word, parts: &mut Vec<Part>) -> Run<()> {
        if inner.is_empty() {
            parts.push(Part::Quoted(String::new()));
        }
        self.parts(inner, true, parts)
    }

    pub(crate) fn separators(&self) -> String {
        self.state.vars.scalar("IFS").map_or_else(|| " \t\n".into(), str::to_owned)
    }
}

pub(crate) fn text_part(text: String, quoted: bool) -> Part {
    if quoted { Part::Quoted(text) } else { Part::Split(text) }
}

pub(crate) fn joined(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Literal(text) | Part::Split(text) | Part::Quoted(text) => text.as_str(),
            Part::Break(between) => between.as_str(),
        })
        .collect()
}
