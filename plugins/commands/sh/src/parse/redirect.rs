//! Redirections and here-documents.

use brush_parser::ast as brush;

use super::SyntaxError;
use super::convert::{Converter, process};
use super::tokens::NAMED_DESCRIPTOR;
use super::word::Place;
use crate::ast::{Descriptor, Direction, Piece, Redirect, Target, Word};

impl Converter {
    pub(super) fn redirects(&self, list: Option<brush::RedirectList>) -> Result<Vec<Redirect>, SyntaxError> {
        list.map(|list| list.0).unwrap_or_default().into_iter().map(|redirect| self.redirect(redirect)).collect()
    }

    pub(super) fn redirect(&self, redirect: brush::IoRedirect) -> Result<Redirect, SyntaxError> {
        Ok(match redirect {
            brush::IoRedirect::File(number, kind, target) => self.file(number, &kind, target)?,
            brush::IoRedirect::HereDocument(number, document) => {
                Redirect { descriptor: self.descriptor(number, 0), target: Target::Here(self.document(&document)?) }
            }
            brush::IoRedirect::HereString(number, word) => {
                Redirect { descriptor: self.descriptor(number, 0), target: Target::HereString(self.word(&word)?) }
            }
            brush::IoRedirect::OutputAndError(word, append) => {
                Redirect { descriptor: Descriptor::Number(1), target: Target::Both(self.word(&word)?, append) }
            }
        })
    }

    fn file(
        &self,
        number: Option<i32>,
        kind: &brush::IoFileRedirectKind,
        target: brush::IoFileRedirectTarget,
    ) -> Result<Redirect, SyntaxError> {
        let word = match target {
            brush::IoFileRedirectTarget::Filename(word) | brush::IoFileRedirectTarget::Duplicate(word) => {
                self.word(&word)?
            }
            brush::IoFileRedirectTarget::Fd(number) => vec![Piece::Text(number.to_string())],
            brush::IoFileRedirectTarget::ProcessSubstitution(kind, subshell) => process(&kind, &subshell),
        };
        let (target, default) = match kind {
            brush::IoFileRedirectKind::Read => (Target::Read(word), 0),
            brush::IoFileRedirectKind::Write => (Target::Write(word), 1),
            brush::IoFileRedirectKind::Append => (Target::Append(word), 1),
            brush::IoFileRedirectKind::ReadAndWrite => (Target::ReadWrite(word), 0),
            brush::IoFileRedirectKind::Clobber => (Target::Clobber(word), 1),
            brush::IoFileRedirectKind::DuplicateInput => (Target::Duplicate(word, Direction::Input), 0),
            // `>&file` without a number is `&>file`.
            brush::IoFileRedirectKind::DuplicateOutput if number.is_none() && is_file_name(&word) => {
                (Target::Both(word, false), 1)
            }
            brush::IoFileRedirectKind::DuplicateOutput => (Target::Duplicate(word, Direction::Output), 1),
        };
        Ok(Redirect { descriptor: self.descriptor(number, default), target })
    }

    fn descriptor(&self, number: Option<i32>, default: u32) -> Descriptor {
        match number {
            None => Descriptor::Number(default),
            Some(number) if number >= NAMED_DESCRIPTOR => {
                let name = self.side.get((number - NAMED_DESCRIPTOR) as usize).cloned();
                Descriptor::Variable(name.unwrap_or_default())
            }
            Some(number) => Descriptor::Number(number.unsigned_abs()),
        }
    }

    fn document(&self, document: &brush::IoHereDocument) -> Result<Word, SyntaxError> {
        if !document.requires_expansion {
            return Ok(vec![Piece::Quoted(self.shield.restored(&document.doc.value).into_owned())]);
        }
        self.parsed(&document.doc.value, Place::Here, &document.doc)
    }
}

fn is_file_name(word: &Word) -> bool {
    match word.as_slice() {
        [Piece::Text(text)] => text.trim_end_matches('-').contains(|c: char| !c.is_ascii_digit()),
        [Piece::Quoted(_) | Piece::Double(_)] => true,
        _ => false,
    }
}
