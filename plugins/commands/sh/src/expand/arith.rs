//! Arithmetic: read and computed in one pass, by precedence. What is not reached (`0 && x=1`) is read and not computed.

use crate::state::Shell;
use crate::stop::{Run, Stop};

mod number;
mod target;

/// Variables may hold expressions that name variables; not for ever.
const DEEPEST: u32 = 60;

impl Shell {
    /// The value of an expression whose expansions are done.
    pub(crate) fn arithmetic(&mut self, text: &str) -> Run<i64> {
        self.arithmetic_within(text, 0)
    }

    fn arithmetic_within(&mut self, text: &str, depth: u32) -> Run<i64> {
        let plain = text.trim();
        if let Some(value) = number::plain(plain) {
            return Ok(value);
        }
        if depth > DEEPEST {
            self.complain(&format!("{plain}: expression recursion level exceeded (error token is \"{plain}\")"));
            return Err(Stop::Discard(1));
        }
        let mut reader = Reader { shell: self, text: plain, at: 0, skipping: false, depth };
        reader.space();
        if reader.at == plain.len() {
            return Ok(0);
        }
        let value = reader.comma()?;
        reader.space();
        if reader.at < plain.len() {
            let kind = if "=+-*/%<>&|^!?:,".contains(plain[reader.at..].chars().next().unwrap_or(' ')) {
                "syntax error: operand expected"
            } else {
                "syntax error in expression"
            };
            return reader.fail(kind);
        }
        Ok(value)
    }
}

struct Reader<'s, 't> {
    shell: &'s mut Shell,
    text: &'t str,
    at: usize,
    skipping: bool,
    depth: u32,
}

/// Binary operators, longest first, with how tightly they bind.
const OPERATORS: &[(&str, u8)] = &[
    ("**", 12),
    ("<<", 9),
    (">>", 9),
    ("<=", 8),
    (">=", 8),
    ("==", 7),
    ("!=", 7),
    ("&&", 3),
    ("||", 2),
    ("*", 11),
    ("/", 11),
    ("%", 11),
    ("+", 10),
    ("-", 10),
    ("<", 8),
    (">", 8),
    ("&", 6),
    ("^", 5),
    ("|", 4),
];

const ASSIGNING: &[&str] = &["<<=", ">>=", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|=", "="];

impl<'t> Reader<'_, 't> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        // Double quotes are as good as not there.
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == '"').len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.space();
        let there = self.rest().starts_with(token);
        self.at += if there { token.len() } else { 0 };
        there
    }

    fn fail<T>(&mut self, kind: &str) -> Run<T> {
        let token = self.rest().to_owned();
        self.shell.complain(&format!("{}: {kind} (error token is \"{token}\")", self.text));
        Err(Stop::Discard(1))
    }

    fn comma(&mut self) -> Run<i64> {
        let mut value = self.assignment()?;
        while self.eat(",") {
            value = self.assignment()?;
        }
        Ok(value)
    }

    fn assignment(&mut self) -> Run<i64> {
        self.space();
        let start = self.at;
        if let Some(place) = self.place() {
            self.space();
            let rest = self.rest();
            let operator = ASSIGNING.iter().find(|operator| rest.starts_with(**operator));
            if let Some(operator) = operator.filter(|operator| **operator != "=" || !rest.starts_with("==")) {
                self.at += operator.len();
                let right = self.assignment()?;
                let binary = &operator[..operator.len() - 1];
                let value = match binary {
                    "" => right,
                    _ => {
                        let left = self.read(&place)?;
                        self.compute(binary, left, right)?
                    }
                };
                self.write(&place, value)?;
                return Ok(value);
            }
        }
        self.at = start;
        self.conditional()
    }

    fn conditional(&mut self) -> Run<i64> {
        let condition = self.binary(0)?;
        if !self.eat("?") {
            return Ok(condition);
        }
        let yes = self.unless(condition == 0, Self::comma)?;
        if !self.eat(":") {
            return self.fail("`:' expected for conditional expression");
        }
        let no = self.unless(condition != 0, Self::assignment)?;
        Ok(if condition != 0 { yes } else { no })
    }

    fn unless(&mut self, skip: bool, read: impl FnOnce(&mut Self) -> Run<i64>) -> Run<i64> {
        let before = self.skipping;
        self.skipping |= skip;
        let value = read(self);
        self.skipping = before;
        value
    }

    fn binary(&mut self, least: u8) -> Run<i64> {
        let mut left = self.unary()?;
        loop {
            self.space();
            let rest = self.rest();
            let found = OPERATORS.iter().find(|(token, _)| rest.starts_with(token));
            let Some((token, strength)) = found.filter(|(_, strength)| *strength >= least) else { return Ok(left) };
            // `a += 1` after something that is no place: not a binary operator.
            if rest[token.len()..].starts_with('=')
                && !matches!(*token, "<=" | ">=" | "==" | "!=" | "<" | ">" | "&&" | "||")
            {
                return Ok(left);
            }
            self.at += token.len();
            let next = if *token == "**" { *strength } else { strength + 1 };
            left = match *token {
                "&&" => {
                    let right = self.unless(left == 0, |reader| reader.binary(next))?;
                    i64::from(left != 0 && right != 0)
                }
                "||" => {
                    let right = self.unless(left != 0, |reader| reader.binary(next))?;
                    i64::from(left != 0 || right != 0)
                }
                _ => {
                    let before = self.at;
                    let right = self.binary(next)?;
                    if right == 0 && matches!(*token, "/" | "%") && !self.skipping {
                        self.at = before;
                        self.space();
                        return self.fail("division by 0");
                    }
                    self.compute(token, left, right)?
                }
            };
        }
    }

    fn unary(&mut self) -> Run<i64> {
        self.space();
        for (token, change) in [("++", 1), ("--", -1)] {
            if self.rest().starts_with(token) {
                let start = self.at;
                self.at += 2;
                self.space();
                if let Some(place) = self.place() {
                    let value = self.read(&place)?.wrapping_add(change);
                    self.write(&place, value)?;
                    return Ok(value);
                }
                self.at = start;
            }
        }
        match self.rest().as_bytes().first() {
            Some(b'-') => (self.at += 1, Ok(self.unary()?.wrapping_neg())).1,
            Some(b'+') => (self.at += 1, self.unary()).1,
            Some(b'!') => (self.at += 1, Ok(i64::from(self.unary()? == 0))).1,
            Some(b'~') => (self.at += 1, Ok(!self.unary()?)).1,
            _ => self.primary(),
        }
    }

    fn primary(&mut self) -> Run<i64> {
        if self.eat("(") {
            let value = self.comma()?;
            return if self.eat(")") { Ok(value) } else { self.fail("missing `)'") };
        }
        let rest = self.rest();
        if rest.starts_with(|c: char| c.is_ascii_digit()) {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "#@_".contains(c))).unwrap_or(rest.len());
            return match number::literal(&rest[..end]) {
                Ok(value) => {
                    self.at += end;
                    Ok(value)
                }
                Err(problem) => self.fail(problem),
            };
        }
        let Some(place) = self.place() else { return self.fail("syntax error: operand expected") };
        let after = self.at;
        self.space();
        for (token, change) in [("++", 1), ("--", -1)] {
            if self.rest().starts_with(token) {
                self.at += 2;
                let value = self.read(&place)?;
                self.write(&place, value.wrapping_add(change))?;
                return Ok(value);
            }
        }
        self.at = after;
        self.read(&place)
    }
}
