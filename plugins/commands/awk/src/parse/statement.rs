//! Statements.

use super::Parser;
use crate::ast::{Expr, Redirect, RedirectKind, Statement};
use crate::lex::Token;

impl Parser {
    pub(super) fn statement(&mut self) -> Result<Statement, String> {
        if self.is("{") {
            return self.block();
        }
        if self.take(";") {
            return Ok(Statement::Nothing);
        }
        if self.take("if") {
            return self.conditional();
        }
        if self.take("while") {
            let condition = self.condition()?;
            return Ok(Statement::While(condition, Box::new(self.body()?)));
        }
        if self.take("do") {
            return self.do_while();
        }
        if self.take("for") {
            return self.loops();
        }
        if self.take("switch") {
            return self.switch();
        }
        let statement = self.simple()?;
        self.end_of_statement()?;
        Ok(statement)
    }

    fn end_of_statement(&mut self) -> Result<(), String> {
        match self.peek() {
            Some(Token::Newline | Token::Sign(";")) => self.at += 1,
            None | Some(Token::Sign("}")) => {}
            _ => return Err(self.unexpected("a statement ends before it")),
        }
        Ok(())
    }

    fn condition(&mut self) -> Result<Expr, String> {
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(")")?;
        Ok(condition)
    }

    fn body(&mut self) -> Result<Statement, String> {
        self.skip_newlines();
        self.statement()
    }

    fn conditional(&mut self) -> Result<Statement, String> {
        let condition = self.condition()?;
        let then = self.body()?;
        let before = self.at;
        self.skip_ends();
        if self.take("else") {
            return Ok(Statement::If(condition, Box::new(then), Box::new(self.body()?)));
        }
        self.at = before;
        Ok(Statement::If(condition, Box::new(then), Box::default()))
    }

    fn do_while(&mut self) -> Result<Statement, String> {
        let body = self.body()?;
        self.skip_ends();
        self.expect("while")?;
        let condition = self.condition()?;
        self.end_of_statement()?;
        Ok(Statement::DoWhile(Box::new(body), condition))
    }

    fn loops(&mut self) -> Result<Statement, String> {
        self.expect("(")?;
        if let (Some(Token::Name(key)), true, Some(Token::Name(array)), true) =
            (self.peek().cloned(), self.is_at(1, "in"), self.tokens.get(self.at + 2).cloned(), self.is_at(3, ")"))
        {
            self.at += 4;
            let (key, array) = (self.names.variable(&key), self.names.array(&array));
            return Ok(Statement::ForIn(key, array, Box::new(self.body()?)));
        }
        let first = self.part_of_for(";")?;
        self.skip_newlines();
        let condition = if self.is(";") { None } else { Some(self.expression()?) };
        self.expect(";")?;
        self.skip_newlines();
        let step = self.part_of_for(")")?;
        let body = Box::new(self.body()?);
        Ok(Statement::For { first: Box::new(first), condition, step: Box::new(step), body })
    }

    fn part_of_for(&mut self, end: &str) -> Result<Statement, String> {
        if self.take(end) {
            return Ok(Statement::Nothing);
        }
        let part = self.simple()?;
        self.expect(end)?;
        Ok(part)
    }

    fn switch(&mut self) -> Result<Statement, String> {
        let value = self.condition()?;
        self.skip_newlines();
        self.expect("{")?;
        self.skip_ends();
        let mut cases = Vec::new();
        while !self.take("}") {
            let label = if self.take("default") {
                None
            } else {
                self.expect("case")?;
                Some(self.primary()?)
            };
            self.expect(":")?;
            self.skip_ends();
            let mut statements = Vec::new();
            while !self.is("case") && !self.is("default") && !self.is("}") {
                statements.push(self.statement()?);
                self.skip_ends();
            }
            cases.push((label, statements));
        }
        Ok(Statement::Switch(value, cases))
    }

    fn simple(&mut self) -> Result<Statement, String> {
        for (word, statement) in [
            ("break", Statement::Break),
            ("continue", Statement::Continue),
            ("next", Statement::Next),
            ("nextfile", Statement::NextFile),
        ] {
            if self.take(word) {
                return Ok(statement);
            }
        }
        if self.take("print") {
            return self.print(|values, to| Statement::Print { values, to });
        }
        if self.take("printf") {
            return self.print(|values, to| Statement::Printf { values, to });
        }
        if self.take("delete") {
            return self.delete();
        }
        if self.take("exit") {
            return Ok(Statement::Exit(self.optional()?));
        }
        if self.take("return") {
            return Ok(Statement::Return(self.optional()?));
        }
        Ok(Statement::Expr(self.expression()?))
    }

    fn optional(&mut self) -> Result<Option<Expr>, String> {
        if self.ends_expression() { Ok(None) } else { self.expression().map(Some) }
    }

    fn print(&mut self, make: fn(Vec<Expr>, Option<Redirect>) -> Statement) -> Result<Statement, String> {
        let before = std::mem::replace(&mut self.greater_redirects, true);
        let values = self.expressions();
        self.greater_redirects = before;
        let values = match values?.as_mut_slice() {
            [Expr::List(all)] => std::mem::take(all),
            all => all.iter_mut().map(|one| std::mem::replace(one, Expr::Number(0.0))).collect(),
        };
        let kinds = [(">", RedirectKind::Truncate), (">>", RedirectKind::Append), ("|", RedirectKind::Pipe)];
        for (sign, kind) in kinds {
            if self.take(sign) {
                let target = self.concatenation_without_redirect()?;
                return Ok(make(values, Some(Redirect { kind, target })));
            }
        }
        Ok(make(values, None))
    }

    fn concatenation_without_redirect(&mut self) -> Result<Expr, String> {
        let before = std::mem::replace(&mut self.greater_redirects, true);
        let target = self.concatenation();
        self.greater_redirects = before;
        target
    }

    fn delete(&mut self) -> Result<Statement, String> {
        let parenthesised = self.take("(");
        let name = self.name()?;
        let array = self.names.array(&name);
        let index = if self.take("[") { self.index()? } else { Vec::new() };
        if parenthesised {
            self.expect(")")?;
        }
        Ok(Statement::Delete(array, index))
    }
}
