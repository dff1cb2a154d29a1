//! What binds tightest: values, places, groups and calls.

use std::rc::Rc;

use super::Parser;
use crate::ast::{Builtin, Expr, Source};
use crate::lex::Token;

impl Parser {
    pub(super) fn primary(&mut self) -> Result<Expr, String> {
        let Some(token) = self.peek().cloned() else { return Err(self.unexpected("an expression was expected")) };
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Expr::Number(number)),
            Token::Text(text) => Ok(Expr::Text(text.into())),
            Token::Regex(pattern) => Ok(Expr::Regex(Rc::new(super::regex(&pattern, false)?))),
            Token::Sign("$") => Ok(Expr::Field(Box::new(self.field()?))),
            Token::Sign("(") => self.group(),
            Token::Sign("-") => Ok(Expr::Negative(Box::new(self.primary()?))),
            Token::Sign("getline") => self.getline(),
            Token::Name(name) if name == "length" => Ok(Expr::Builtin(Builtin::Length, Vec::new())),
            Token::Name(name) if self.is("(") && Builtin::named(&name).is_some() => self.call(&name),
            Token::Name(name) if self.take("[") => Ok(Expr::Element(self.names.array(&name), self.index()?)),
            Token::Name(name) => Ok(Expr::Variable(self.names.variable(&name))),
            Token::Called(name) => self.call(&name),
            Token::Sign(_) | Token::Newline => {
                self.at -= 1;
                Err(self.unexpected("an expression was expected"))
            }
        }
    }

    /// `$i++` is the field i, and then one more.
    fn field(&mut self) -> Result<Expr, String> {
        for (sign, step) in [("++", 1.0), ("--", -1.0)] {
            if self.take(sign) {
                return Ok(Expr::Step(step, false, Box::new(self.primary()?)));
            }
        }
        self.primary()
    }

    fn group(&mut self) -> Result<Expr, String> {
        let before = (std::mem::take(&mut self.greater_redirects), std::mem::take(&mut self.no_in));
        let all = self.group_content();
        (self.greater_redirects, self.no_in) = before;
        let mut all = all?;
        // A place in parentheses is still one, and a concatenation no longer takes what follows.
        Ok(if all.len() == 1 { all.remove(0) } else { Expr::List(all) })
    }

    fn group_content(&mut self) -> Result<Vec<Expr>, String> {
        let mut all = Vec::new();
        loop {
            self.skip_newlines();
            all.push(self.expression()?);
            self.skip_newlines();
            if !self.take(",") {
                self.expect(")")?;
                return Ok(all);
            }
        }
    }

    pub(super) fn index(&mut self) -> Result<Vec<Expr>, String> {
        let before = std::mem::take(&mut self.greater_redirects);
        let all = self.expressions();
        self.greater_redirects = before;
        self.expect("]")?;
        all
    }

    fn getline(&mut self) -> Result<Expr, String> {
        let into = self.place_of_getline()?;
        if self.take("<") {
            return Ok(Expr::Getline(Source::File(Box::new(self.primary()?)), into));
        }
        Ok(Expr::Getline(Source::Main, into))
    }

    pub(super) fn place_of_getline(&mut self) -> Result<Option<Box<Expr>>, String> {
        let begins = matches!(self.peek(), Some(Token::Name(_) | Token::Sign("$")));
        if begins { self.primary().map(|place| Some(Box::new(place))) } else { Ok(None) }
    }

    fn call(&mut self, name: &str) -> Result<Expr, String> {
        self.expect("(")?;
        let before = std::mem::take(&mut self.greater_redirects);
        self.skip_newlines();
        let arguments = self.expressions();
        self.greater_redirects = before;
        let arguments = arguments?;
        self.skip_newlines();
        self.expect(")")?;
        if let Some(function) = self.names.function(name) {
            for (at, argument) in arguments.iter().enumerate() {
                if let Expr::Variable(variable) = argument {
                    self.names.hands_on(*variable, function, at);
                }
            }
            return Ok(Expr::Call(function, arguments));
        }
        let builtin = Builtin::named(name).ok_or_else(|| format!("function {name} is not defined"))?;
        self.note_arrays(builtin, &arguments);
        Ok(Expr::Builtin(builtin, arguments))
    }

    /// Which arguments of a built-in function are arrays.
    fn note_arrays(&mut self, builtin: Builtin, arguments: &[Expr]) {
        let places: &[usize] = match builtin {
            Builtin::Split | Builtin::Patsplit => &[1, 3],
            Builtin::Match => &[2],
            Builtin::Asort | Builtin::Asorti => &[0, 1],
            _ => &[],
        };
        for place in places {
            if let Some(Expr::Variable(variable)) = arguments.get(*place) {
                self.names.is_array(*variable);
            }
        }
    }
}
