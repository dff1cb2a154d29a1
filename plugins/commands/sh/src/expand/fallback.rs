//! `${x-word}`, `${x=word}`, `${x?word}`, `${x+word}`, and each with a colon.

use super::fields::{Part, text_part};
use super::param::{Fetched, shown_name};
use crate::ast::{Parameter, Word};
use crate::state::Shell;
use crate::stop::{Run, Stop};

impl Shell {
    pub(super) fn test(
        &mut self,
        parameter: &Parameter,
        fetched: Fetched,
        (kind, colon, word): (char, bool, &Word),
        quoted: bool,
        parts: &mut Vec<Part>,
    ) -> Run<()> {
        let present = if colon { fetched.is_set() && !fetched.is_empty() } else { fetched.is_set() };
        match (kind, present) {
            ('+', false) => {
                parts.push(text_part(String::new(), quoted));
                Ok(())
            }
            ('+', true) | ('-', false) => self.operand(word, quoted, parts),
            (_, true) => {
                self.emit(fetched, quoted, parts);
                Ok(())
            }
            ('=', false) => {
                let value = self.single(word)?;
                if !crate::parse::parameter::is_identifier(&parameter.name) {
                    self.complain(&format!("${}: cannot assign in this way", parameter.name));
                    return Err(Stop::Discard(1));
                }
                if !self.assign(&parameter.name, parameter.subscript.as_ref(), value, false)? {
                    return Err(Stop::Discard(1));
                }
                let fetched = self.fetch(&parameter.name, parameter.subscript.as_ref())?;
                self.emit(fetched, quoted, parts);
                Ok(())
            }
            _ => {
                let mut message = self.single(word)?;
                if message.is_empty() {
                    message = if colon { "parameter null or not set" } else { "parameter not set" }.into();
                }
                self.complain(&format!("{}: {message}", shown_name(parameter)));
                Err(Stop::Exit(self.fatal_status()))
            }
        }
    }

    /// The word of `${x-word}`: outside of quotes, its text is split like the value that it stands for.
    fn operand(&mut self, word: &Word, quoted: bool, parts: &mut Vec<Part>) -> Run<()> {
        let start = parts.len();
        self.parts(word, quoted, parts)?;
        for part in &mut parts[start..] {
            if let Part::Literal(text) = part {
                *part = Part::Split(std::mem::take(text));
            }
        }
        if quoted && word.is_empty() {
            parts.push(Part::Quoted(String::new()));
        }
        Ok(())
    }
}
