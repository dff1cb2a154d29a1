//! Takes a word apart: quotes, escapes and expansions become pieces.

use super::{ansi, parameter, scan};
use crate::ast::{Direction, Piece, Word};

/// Where a word stands decides what is special in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Word,
    /// The right side of an assignment: `~` also after each colon.
    Assignment,
    /// A command's argument that looks like an assignment: `~` after its first `=` too.
    Argument,
    /// The pattern or operand of `${…}` outside of double quotes: no special tilde rule beyond its start.
    Operand,
    /// Within double quotes.
    Double,
    /// A here-document or an arithmetic expression: as within double quotes, but `"` is an ordinary character.
    Here,
}

impl Place {
    fn quoted(self) -> bool {
        matches!(self, Place::Double | Place::Here)
    }
}

/// Text that ends within a quote or an expansion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unterminated;

pub(crate) fn parse(text: &str, place: Place) -> Result<Word, Unterminated> {
    let mut reader = Reader { text, at: 0, place, pieces: Vec::new(), plain: String::new() };
    reader.tilde();
    while reader.at < text.len() {
        reader.take()?;
    }
    reader.flush();
    Ok(reader.pieces)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    place: Place,
    pieces: Word,
    plain: String,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn flush(&mut self) {
        if !self.plain.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.plain)));
        }
    }

    fn push(&mut self, piece: Piece, end: usize) {
        self.flush();
        self.pieces.push(piece);
        self.at = end;
    }

    fn take(&mut self) -> Result<(), Unterminated> {
        let next = self.peek(1);
        match self.peek(0).unwrap_or_default() {
            b'\\' => self.escape(),
            b'\'' if !self.place.quoted() => {
                let end = scan::single_quote(self.text, self.at + 1).ok_or(Unterminated)?;
                self.push(Piece::Quoted(self.text[self.at + 1..end - 1].into()), end);
            }
            b'"' if self.place != Place::Here => self.double(self.at + 1)?,
            b'`' => self.backquote()?,
            b'$' => self.dollar()?,
            b'<' | b'>' if next == Some(b'(') && self.place == Place::Word => self.process()?,
            byte @ (b':' | b'=') if self.takes_tilde_after(byte) => {
                self.plain.push(byte as char);
                self.at += 1;
                self.tilde();
            }
            _ => self.character(),
        }
        Ok(())
    }

    fn takes_tilde_after(&self, byte: u8) -> bool {
        match self.place {
            Place::Assignment => byte == b':',
            Place::Argument => byte == b':' || !self.text[..self.at].contains('='),
            _ => false,
        }
    }

    fn character(&mut self) {
        if let Some(character) = self.text[self.at..].chars().next() {
            self.plain.push(character);
            self.at += character.len_utf8();
        }
    }

    fn escape(&mut self) {
        let Some(character) = self.text[self.at + 1..].chars().next() else {
            self.push(Piece::Quoted("\\".into()), self.at + 1);
            return;
        };
        let end = self.at + 1 + character.len_utf8();
        let special = match self.place {
            Place::Double => "$`\"\\\n",
            Place::Here => "$`\\\n",
            _ => "",
        };
        match character {
            '\n' => self.at = end,
            _ if self.place.quoted() && !special.contains(character) => {
                self.plain.push('\\');
                self.at += 1;
            }
            _ => self.push(Piece::Quoted(character.into()), end),
        }
    }

    fn double(&mut self, start: usize) -> Result<(), Unterminated> {
        let end = scan::double_quote(self.text, start).ok_or(Unterminated)?;
        let inner = parse(&self.text[start..end - 1], Place::Double)?;
        self.push(Piece::Double(inner), end);
        Ok(())
    }

    fn backquote(&mut self) -> Result<(), Unterminated> {
        let end = scan::backquote(self.text, self.at + 1).ok_or(Unterminated)?;
        let command = unescape_backquoted(&self.text[self.at + 1..end - 1], self.place == Place::Double);
        self.push(Piece::Command(command.into()), end);
        Ok(())
    }

    fn process(&mut self) -> Result<(), Unterminated> {
        let direction = if self.peek(0) == Some(b'<') { Direction::Input } else { Direction::Output };
        let end = scan::parenthesis(self.text, self.at + 2).ok_or(Unterminated)?;
        self.push(Piece::Process(direction, self.text[self.at + 2..end - 1].into()), end);
        Ok(())
    }

    fn dollar(&mut self) -> Result<(), Unterminated> {
        let start = self.at + 2;
        match self.peek(1) {
            Some(b'\'') if !self.place.quoted() => {
                let end = scan::ansi_quote(self.text, start).ok_or(Unterminated)?;
                self.push(Piece::Quoted(ansi::unquote(&self.text[start..end - 1])), end);
            }
            Some(b'"') if !self.place.quoted() => self.double(start)?,
            Some(b'(') => self.parenthesis(start)?,
            Some(b'[') => {
                let end = scan::bracket(self.text, start).ok_or(Unterminated)?;
                let inner = parse(&self.text[start..end - 1], Place::Here)?;
                self.push(Piece::Arithmetic(inner), end);
            }
            Some(b'{') => {
                let end = scan::brace(self.text, start, self.place.quoted()).ok_or(Unterminated)?;
                let parsed = parameter::parse(&self.text[start..end - 1], self.place.quoted())?;
                self.push(Piece::Parameter(Box::new(parsed)), end);
            }
            _ => self.short_parameter(),
        }
        Ok(())
    }

    fn parenthesis(&mut self, start: usize) -> Result<(), Unterminated> {
        if self.peek(2) == Some(b'(')
            && let Some(end) = scan::arithmetic(self.text, start + 1)
        {
            let inner = parse(&self.text[start + 1..end - 2], Place::Here)?;
            self.push(Piece::Arithmetic(inner), end);
            return Ok(());
        }
        let end = scan::parenthesis(self.text, start).ok_or(Unterminated)?;
        self.push(Piece::Command(self.text[start..end - 1].into()), end);
        Ok(())
    }

    fn short_parameter(&mut self) {
        let rest = &self.text[self.at + 1..];
        let length = parameter::short_name(rest);
        if length == 0 {
            self.plain.push('$');
            self.at += 1;
            return;
        }
        let end = self.at + 1 + length;
        self.push(Piece::Parameter(Box::new(parameter::plain(&rest[..length]))), end);
    }

    /// `~name` here, up to a slash, a colon in an assignment, or the end.
    fn tilde(&mut self) {
        if self.place.quoted() || self.peek(0) != Some(b'~') {
            return;
        }
        let rest = &self.text[self.at + 1..];
        let stops = |c: char| c == '/' || (c == ':' && matches!(self.place, Place::Assignment | Place::Argument));
        let end = rest.find(stops).unwrap_or(rest.len());
        if rest[..end].chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c)) {
            self.push(Piece::Tilde(rest[..end].into()), self.at + 1 + end);
        }
    }
}

fn unescape_backquoted(text: &str, in_double: bool) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = character == '\\'
            && characters.peek().is_some_and(|next| "$`\\".contains(*next) || (in_double && *next == '"'));
        plain.push(if escaped { characters.next().unwrap_or('\\') } else { character });
    }
    plain
}
