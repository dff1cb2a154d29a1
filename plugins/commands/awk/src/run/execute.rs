//! Statements.

use super::{Run, Stop};
use crate::ast::{Expr, Redirect, Special, Statement, Variable};
use crate::format;
use crate::value::Value;

impl Run {
    pub(super) fn execute(&mut self, statement: &Statement) -> Result<(), Stop> {
        match statement {
            Statement::Nothing => Ok(()),
            Statement::Block(all) => all.iter().try_for_each(|one| self.execute(one)),
            Statement::Expr(expr @ (Expr::Update(..) | Expr::Step(..))) => self.evaluate_number(expr).map(drop),
            Statement::Expr(expr) => self.evaluate(expr).map(drop),
            Statement::Print { values, to } => self.print(values, to.as_ref()),
            Statement::Printf { values, to } => self.printf(values, to.as_ref()),
            Statement::If(condition, then, otherwise) => {
                let chosen = if self.condition(condition)? { then } else { otherwise };
                self.execute(chosen)
            }
            Statement::While(condition, body) => {
                while self.condition(condition)? && self.goes_on(body)? {}
                Ok(())
            }
            Statement::DoWhile(body, condition) => {
                while self.goes_on(body)? && self.condition(condition)? {}
                Ok(())
            }
            Statement::For { first, condition, step, body } => {
                self.execute(first)?;
                while self.holds_or_absent(condition.as_ref())? && self.goes_on(body)? {
                    self.execute(step)?;
                }
                Ok(())
            }
            Statement::ForIn(key, array, body) => self.for_in(*key, *array, body),
            Statement::Switch(value, cases) => self.switch(value, cases),
            Statement::Delete(array, index) => self.delete(*array, index),
            Statement::Break => Err(Stop::Break),
            Statement::Continue => Err(Stop::Continue),
            Statement::Next => Err(Stop::Next),
            Statement::NextFile => Err(Stop::NextFile),
            Statement::Exit(code) => self.exit(code.as_ref()),
            Statement::Return(value) => {
                let value = value.as_ref().map(|value| self.evaluate(value)).transpose()?;
                Err(Stop::Return(value.unwrap_or_default()))
            }
        }
    }

    fn holds_or_absent(&mut self, condition: Option<&Expr>) -> Result<bool, Stop> {
        condition.map_or(Ok(true), |condition| self.condition(condition))
    }

    /// Whether a loop goes on after its body.
    fn goes_on(&mut self, body: &Statement) -> Result<bool, Stop> {
        match self.execute(body) {
            Ok(()) | Err(Stop::Continue) => Ok(true),
            Err(Stop::Break) => Ok(false),
            Err(stop) => Err(stop),
        }
    }

    fn exit(&mut self, code: Option<&Expr>) -> Result<(), Stop> {
        if let Some(code) = code {
            self.code = self.evaluate(code)?.number() as i64 as u8 as i32;
        }
        Err(Stop::Exit)
    }

    fn for_in(&mut self, key: Variable, array: Variable, body: &Statement) -> Result<(), Stop> {
        let array = self.array(array)?;
        let keys = self.keys(&array.borrow());
        for each in keys {
            if !array.borrow().contains_key(&each) {
                continue;
            }
            self.set(key, Value::input(&each))?;
            if !self.goes_on(body)? {
                break;
            }
        }
        Ok(())
    }

    fn switch(&mut self, value: &Expr, cases: &[(Option<Expr>, Vec<Statement>)]) -> Result<(), Stop> {
        let value = self.evaluate(value)?;
        let mut chosen = None;
        for (at, (label, _)) in cases.iter().enumerate() {
            let matches = match label {
                None => false,
                Some(Expr::Regex(regex)) => regex.is_match(&self.text(&value)),
                Some(label) => {
                    let label = self.evaluate(label)?;
                    value.compare(&label, &self.special_text(Special::Convfmt)) == Some(std::cmp::Ordering::Equal)
                }
            };
            if matches {
                chosen = Some(at);
                break;
            }
        }
        let default = || cases.iter().position(|(label, _)| label.is_none());
        let Some(first) = chosen.or_else(default) else { return Ok(()) };
        // A case goes on into the next.
        for statement in cases[first..].iter().flat_map(|(_, statements)| statements) {
            match self.execute(statement) {
                Err(Stop::Break) => return Ok(()),
                other => other?,
            }
        }
        Ok(())
    }

    fn delete(&mut self, array: Variable, index: &[Expr]) -> Result<(), Stop> {
        let array = self.array(array)?;
        if index.is_empty() {
            array.borrow_mut().clear();
        } else {
            self.with_key(index, |_, key| Ok(array.borrow_mut().remove(key)))?;
        }
        Ok(())
    }

    fn print(&mut self, values: &[Expr], to: Option<&Redirect>) -> Result<(), Stop> {
        let (separator, end) = (self.special_text(Special::Ofs), self.special_text(Special::Ors));
        let format = self.special_text(Special::Ofmt);
        let mut text = std::mem::take(&mut self.room);
        text.clear();
        if values.is_empty() {
            text.push_str(self.record_str());
        }
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                text.push_str(&separator);
            }
            self.append(value, &format, &mut text)?;
        }
        text.push_str(&end);
        self.write(&text, to)?;
        self.room = text;
        Ok(())
    }

    fn printf(&mut self, values: &[Expr], to: Option<&Redirect>) -> Result<(), Stop> {
        let text = self.formatted(values)?;
        self.write(&text, to)
    }

    pub(super) fn formatted(&mut self, values: &[Expr]) -> Result<String, Stop> {
        let mut all = Vec::new();
        for value in values {
            all.push(self.evaluate(value)?);
        }
        let Some((format, values)) = all.split_first() else {
            return Err(Stop::Failed("printf needs a format".into()));
        };
        let convfmt = self.special_text(Special::Convfmt);
        Ok(format::sprintf(&format.text(&convfmt), values, &convfmt))
    }

    /// Somebody who reads no more ends the program without a word, as everywhere.
    fn write(&mut self, text: &str, to: Option<&Redirect>) -> Result<(), Stop> {
        let Some(to) = to else {
            return self.output.print(text).map_err(|_| Stop::Exit);
        };
        let name = self.evaluate(&to.target)?;
        let name = self.text(&name);
        let written = self.output.print_to(to.kind, &name, text);
        written.map_err(|problem| Stop::Failed(format!("cannot write to \"{name}\" ({})", posix::reason(&problem))))
    }
}
