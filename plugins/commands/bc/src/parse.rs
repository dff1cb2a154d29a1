//! From words to statements.

mod expression;

use std::rc::Rc;

use crate::ast::{Function, Name, Statement};
use crate::lex::{Lexer, Token};

/// How deep a program may be nested, so that one that is not meant well says so.
const MOST_DEPTH: usize = 200;

pub(crate) struct Parser<'a> {
    lexer: Lexer<'a>,
    next: Token,
    depth: usize,
}

/// Where a program cannot be understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) line: usize,
}

type Parsed<T> = Result<T, SyntaxError>;

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut lexer = Lexer::new(text);
        let next = lexer.next();
        Self { lexer, next, depth: 0 }
    }

    /// The statements of the next line; nothing at the end. After an error, the line after it is next.
    pub(crate) fn line(&mut self) -> Parsed<Option<Vec<Statement>>> {
        while self.next == Token::NewLine {
            self.advance();
        }
        if self.next == Token::End {
            return Ok(None);
        }
        let result = self.statements_of_line();
        if result.is_err() {
            self.depth = 0;
            if self.next != Token::NewLine {
                self.lexer.skip_line();
            }
            self.advance();
        }
        result.map(Some)
    }

    fn statements_of_line(&mut self) -> Parsed<Vec<Statement>> {
        let mut all = Vec::new();
        loop {
            if !matches!(self.next, Token::NewLine | Token::End | Token::Sign(";")) {
                all.push(self.statement()?);
            }
            match self.next {
                Token::Sign(";") => self.advance(),
                Token::NewLine | Token::End => return Ok(all),
                // A function or a block may be followed by anything.
                _ if matches!(all.last(), Some(Statement::Define(..) | Statement::Block(_))) => {}
                _ => return self.fail(),
            }
        }
    }

    fn fail<T>(&self) -> Parsed<T> {
        // The line's end belongs to the line.
        Err(SyntaxError { line: self.lexer.line - usize::from(self.next == Token::NewLine) })
    }

    fn advance(&mut self) {
        self.next = self.lexer.next();
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.next, Token::Sign(next) if next == sign);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.take(sign) { Ok(()) } else { self.fail() }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.next, Token::Name(name) if name == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    fn skip_lines(&mut self) {
        while self.next == Token::NewLine {
            self.advance();
        }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MOST_DEPTH {
            return self.fail();
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn statement(&mut self) -> Parsed<Statement> {
        self.deeper(Self::statement_here)
    }

    fn statement_here(&mut self) -> Parsed<Statement> {
        if self.take("{") {
            return self.block();
        }
        if let Token::Text(text) = &self.next {
            let text = text.clone();
            self.advance();
            return Ok(Statement::Text(text));
        }
        let Token::Name(word) = &self.next else { return Ok(Statement::Expr(self.expression()?)) };
        match word.as_str() {
            "auto" => self.fail(),
            "if" => self.condition(),
            "while" => self.repetition(),
            "for" => self.counted(),
            "define" => self.function(),
            "return" => self.ending(),
            "print" => self.print(),
            "break" => Ok(self.word(Statement::Break)),
            "continue" => Ok(self.word(Statement::Continue)),
            "quit" | "halt" => Ok(self.word(Statement::Halt)),
            "limits" | "warranty" => Ok(self.word(Statement::Nothing)),
            _ => Ok(Statement::Expr(self.expression()?)),
        }
    }

    fn word(&mut self, statement: Statement) -> Statement {
        self.advance();
        statement
    }

    /// What stands between braces.
    fn block(&mut self) -> Parsed<Statement> {
        let mut all = Vec::new();
        loop {
            while matches!(self.next, Token::NewLine | Token::Sign(";")) {
                self.advance();
            }
            if self.take("}") {
                return Ok(Statement::Block(all));
            }
            let statement = self.statement()?;
            let is_block = matches!(statement, Statement::Block(_)) || ends_in_block(&statement);
            all.push(statement);
            if !is_block && !matches!(self.next, Token::NewLine | Token::Sign(";" | "}")) {
                return self.fail();
            }
        }
    }

    fn body(&mut self) -> Parsed<Box<Statement>> {
        self.skip_lines();
        if self.next == Token::Sign(";") {
            return Ok(Box::new(Statement::Nothing));
        }
        Ok(Box::new(self.statement()?))
    }

    fn condition(&mut self) -> Parsed<Statement> {
        self.advance();
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(")")?;
        let then = self.body()?;
        let otherwise = if self.take_word("else") { Some(self.body()?) } else { None };
        Ok(Statement::If(condition, then, otherwise))
    }

    fn repetition(&mut self) -> Parsed<Statement> {
        self.advance();
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(")")?;
        Ok(Statement::While(condition, self.body()?))
    }

    fn counted(&mut self) -> Parsed<Statement> {
        self.advance();
        self.expect("(")?;
        let mut parts = [None, None, None];
        for (part, end) in parts.iter_mut().zip([";", ";", ")"]) {
            if !matches!(self.next, Token::Sign(next) if next == end) {
                *part = Some(self.expression()?);
            }
            self.expect(end)?;
        }
        Ok(Statement::For(Box::new(parts), self.body()?))
    }

    fn ending(&mut self) -> Parsed<Statement> {
        self.advance();
        if matches!(self.next, Token::NewLine | Token::End | Token::Sign(";" | "}")) {
            return Ok(Statement::Return(None));
        }
        Ok(Statement::Return(Some(self.expression()?)))
    }

    fn print(&mut self) -> Parsed<Statement> {
        self.advance();
        let mut all = Vec::new();
        loop {
            match &self.next {
                Token::Text(text) => {
                    all.push(Statement::Text(text.clone()));
                    self.advance();
                }
                _ => all.push(Statement::Expr(self.expression()?)),
            }
            if !self.take(",") {
                return Ok(Statement::Print(all));
            }
        }
    }

    fn function(&mut self) -> Parsed<Statement> {
        self.advance();
        let is_void = self.take_word("void");
        let Token::Name(name) = &self.next else { return self.fail() };
        let name = name.clone();
        self.advance();
        self.expect("(")?;
        let parameters = self.names(")")?;
        self.expect(")")?;
        self.skip_lines();
        self.expect("{")?;
        while matches!(self.next, Token::NewLine | Token::Sign(";")) {
            self.advance();
        }
        let locals = if self.take_word("auto") { self.names(";")? } else { Vec::new() };
        let body = self.block()?;
        Ok(Statement::Define(name, Rc::new(Function { is_void, parameters, locals, body })))
    }

    fn names(&mut self, end: &'static str) -> Parsed<Vec<Name>> {
        let mut names = Vec::new();
        while self.next != Token::Sign(end) && self.next != Token::NewLine {
            let Token::Name(name) = &self.next else { return self.fail() };
            let name = name.clone();
            self.advance();
            if self.take("[") {
                self.expect("]")?;
                names.push(Name::Array(name));
            } else {
                names.push(Name::Simple(name));
            }
            if !self.take(",") {
                break;
            }
        }
        Ok(names)
    }
}

/// Whether the last thing that a statement says is a block, after which no separator is needed.
fn ends_in_block(statement: &Statement) -> bool {
    match statement {
        Statement::Block(_) => true,
        Statement::If(_, then, otherwise) => ends_in_block(otherwise.as_ref().unwrap_or(then)),
        Statement::While(_, body) | Statement::For(_, body) => ends_in_block(body),
        _ => false,
    }
}
