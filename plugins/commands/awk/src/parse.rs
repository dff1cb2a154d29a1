//! From tokens to a program.

mod expression;
mod names;
mod primary;
mod statement;

use std::rc::Rc;

use crate::ast::{Expr, Function, Pattern, Program, Rule, Statement};
use crate::lex::{self, Token};
use names::Names;

pub(crate) fn program(source: &str) -> Result<Program, String> {
    let mut parser =
        Parser { tokens: lex::tokens(source)?, at: 0, names: Names::new(), greater_redirects: false, no_in: false };
    parser.declare_functions()?;
    let mut program = Program::default();
    parser.skip_ends();
    while parser.at < parser.tokens.len() {
        parser.item(&mut program)?;
        parser.skip_ends();
    }
    parser.names.finish(&mut program)?;
    Ok(program)
}

/// The expression that a text is when it is matched with.
pub(crate) fn regex(pattern: &str, folds_case: bool) -> Result<regex::Regex, String> {
    let translated = posix::regex::translate_awk(pattern);
    let flags = if folds_case { "(?si)" } else { "(?s)" };
    regex::Regex::new(&format!("{flags}{translated}"))
        .map_err(|problem| format!("regular expression /{pattern}/: {problem}"))
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    names: Names,
    /// In the arguments of print, `>` is where they go.
    greater_redirects: bool,
    /// In the first part of a `for`, `in` is not an operator.
    no_in: bool,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    fn is_at(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(Token::Sign(found)) if *found == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected(&format!("{sign} was expected"))) }
    }

    fn unexpected(&self, why: &str) -> String {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Newline) => "the end of a line".to_owned(),
            Some(Token::Sign(sign)) => format!("'{sign}'"),
            Some(Token::Name(name) | Token::Called(name)) => format!("'{name}'"),
            Some(Token::Text(text)) => format!("\"{text}\""),
            Some(Token::Regex(text)) => format!("/{text}/"),
            Some(Token::Number(number)) => number.to_string(),
        };
        format!("syntax error at {found}: {why}")
    }

    fn skip_newlines(&mut self) {
        while self.peek() == Some(&Token::Newline) {
            self.at += 1;
        }
    }

    fn skip_ends(&mut self) {
        while self.peek() == Some(&Token::Newline) || self.is(";") {
            self.at += 1;
        }
    }

    /// Functions may be called before they are written, so their names are known first.
    fn declare_functions(&mut self) -> Result<(), String> {
        for at in 0..self.tokens.len() {
            if self.tokens[at] == Token::Sign("function")
                && let Some(Token::Name(name) | Token::Called(name)) = self.tokens.get(at + 1)
            {
                self.names.declare_function(name)?;
            }
        }
        Ok(())
    }

    fn item(&mut self, program: &mut Program) -> Result<(), String> {
        if self.take("function") {
            let function = self.function()?;
            program.functions.push(Rc::new(function));
        } else if self.take("BEGIN") {
            program.begin.push(Rc::new(self.block()?));
        } else if self.take("END") {
            program.end.push(Rc::new(self.block()?));
        } else {
            program.rules.push(self.rule()?);
        }
        Ok(())
    }

    fn rule(&mut self) -> Result<Rule, String> {
        if self.is("{") {
            return Ok(Rule { pattern: Pattern::Always, action: Some(Rc::new(self.block()?)) });
        }
        let first = Rc::new(self.expression()?);
        let pattern = if self.take(",") {
            self.skip_newlines();
            Pattern::Range(first, Rc::new(self.expression()?))
        } else {
            Pattern::When(first)
        };
        let action = if self.is("{") { Some(Rc::new(self.block()?)) } else { None };
        Ok(Rule { pattern, action })
    }

    fn function(&mut self) -> Result<Function, String> {
        let name = self.name()?;
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.take(")") {
            self.skip_newlines();
            parameters.push(self.name()?);
            self.skip_newlines();
            self.take(",");
            self.skip_newlines();
        }
        self.skip_newlines();
        self.names.begin_function(&name, parameters);
        let body = self.block()?;
        let arrays = self.names.end_function();
        Ok(Function { name, arrays, body })
    }

    fn name(&mut self) -> Result<String, String> {
        match self.peek().cloned() {
            Some(Token::Name(name) | Token::Called(name)) => {
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.unexpected("a name was expected")),
        }
    }

    fn block(&mut self) -> Result<Statement, String> {
        self.expect("{")?;
        let mut statements = Vec::new();
        self.skip_ends();
        while !self.take("}") {
            if self.peek().is_none() {
                return Err(self.unexpected("a '{' has no '}'"));
            }
            statements.push(self.statement()?);
            self.skip_ends();
        }
        let only = if statements.len() == 1 { statements.pop() } else { None };
        Ok(only.unwrap_or(Statement::Block(statements)))
    }

    /// Expressions up to where none follows.
    fn expressions(&mut self) -> Result<Vec<Expr>, String> {
        let mut all = Vec::new();
        if self.ends_expression() {
            return Ok(all);
        }
        loop {
            all.push(self.expression()?);
            if !self.take(",") {
                return Ok(all);
            }
            self.skip_newlines();
        }
    }

    fn ends_expression(&self) -> bool {
        match self.peek() {
            None | Some(Token::Newline) => true,
            Some(Token::Sign(sign)) => [";", "}", ")", ">", ">>", "|", "]"].contains(sign),
            Some(_) => false,
        }
    }
}
