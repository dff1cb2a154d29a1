//! Expressions.

use std::rc::Rc;

use regex::Regex;

use super::{Run, Stop};
use crate::ast::{Arithmetic, Expr, Source, Special, Variable};
use crate::value::{Value, accepts};

fn calculate(operation: Arithmetic, left: f64, right: f64) -> Result<f64, String> {
    Ok(match operation {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide | Arithmetic::Remainder if right == 0.0 => return Err("division by zero attempted".into()),
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => left % right,
        Arithmetic::Power => left.powf(right),
    })
}

impl Run {
    pub(super) fn condition(&mut self, expr: &Expr) -> Result<bool, Stop> {
        Ok(self.evaluate(expr)?.holds())
    }

    pub(super) fn text(&self, value: &Value) -> Rc<str> {
        match value {
            Value::Text(text) | Value::Input(text) => text.clone(),
            other => other.text(&self.special_text(Special::Convfmt)),
        }
    }

    pub(super) fn evaluate_text(&mut self, expr: &Expr) -> Result<Rc<str>, Stop> {
        let value = self.evaluate(expr)?;
        Ok(self.text(&value))
    }

    pub(super) fn evaluate_number(&mut self, expr: &Expr) -> Result<f64, Stop> {
        Ok(self.evaluate(expr)?.number())
    }

    pub(super) fn evaluate(&mut self, expr: &Expr) -> Result<Value, Stop> {
        Ok(match expr {
            Expr::Number(number) => Value::Number(*number),
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Regex(_) => {
                let record = self.record_text();
                self.regex_of(expr)?.is_match(&record).into()
            }
            Expr::Variable(variable) => self.get(*variable)?,
            Expr::Field(number) => {
                let number = self.evaluate_number(number)?;
                self.field(number)?
            }
            Expr::Element(array, index) => self.element(*array, index)?,
            Expr::Assign(place, value) => {
                let value = self.evaluate(value)?;
                self.assign(place, value)?
            }
            Expr::Update(operation, place, value) => {
                let right = self.evaluate_number(value)?;
                let left = self.evaluate_number(place)?;
                self.assign(place, Value::Number(calculate(*operation, left, right)?))?
            }
            Expr::Step(step, is_before, place) => {
                let before = self.evaluate_number(place)?;
                let after = self.assign(place, Value::Number(before + step))?;
                if *is_before { Value::Number(before) } else { after }
            }
            Expr::Conditional(condition, then, otherwise) => {
                let chosen = if self.condition(condition)? { then } else { otherwise };
                self.evaluate(chosen)?
            }
            Expr::And(left, right) => (self.condition(left)? && self.condition(right)?).into(),
            Expr::Or(left, right) => (self.condition(left)? || self.condition(right)?).into(),
            Expr::Not(operand) => (!self.condition(operand)?).into(),
            Expr::Negative(operand) => Value::Number(-self.evaluate_number(operand)?),
            Expr::Positive(operand) => Value::Number(self.evaluate_number(operand)?),
            _ => return self.evaluate_operation(expr),
        })
    }

    fn evaluate_operation(&mut self, expr: &Expr) -> Result<Value, Stop> {
        Ok(match expr {
            Expr::In(index, array) => {
                let key = self.key(index)?;
                self.array(*array)?.borrow().contains_key(&*key).into()
            }
            Expr::Match(text, pattern) => {
                let text = self.evaluate_text(text)?;
                self.regex_of(pattern)?.is_match(&text).into()
            }
            Expr::Compare(comparison, left, right) => {
                let (left, right) = (self.evaluate(left)?, self.evaluate(right)?);
                let format = self.special_text(Special::Convfmt);
                accepts(*comparison, left.compare(&right, &format)).into()
            }
            Expr::Arithmetic(operation, left, right) => {
                let (left, right) = (self.evaluate_number(left)?, self.evaluate_number(right)?);
                Value::Number(calculate(*operation, left, right)?)
            }
            Expr::Concatenate(left, right) => {
                let left = self.evaluate_text(left)?;
                Value::Text([&*left, &*self.evaluate_text(right)?].concat().into())
            }
            Expr::List(all) => Value::Text(self.key(all)?),
            Expr::Call(function, arguments) => self.call(*function, arguments)?,
            Expr::Builtin(builtin, arguments) => self.builtin(*builtin, arguments)?,
            Expr::Getline(source, into) => Value::Number(self.getline(source, into.as_deref())?),
            other => return Err(Stop::Failed(format!("{other:?} has no value"))),
        })
    }

    fn element(&mut self, array: Variable, index: &[Expr]) -> Result<Value, Stop> {
        let key = self.key(index)?;
        let array = self.array(array)?;
        // To look is to make, as the language has it.
        let value = array.borrow_mut().entry(key.to_string()).or_default().clone();
        Ok(value)
    }

    pub(super) fn key(&mut self, index: &[Expr]) -> Result<Rc<str>, Stop> {
        if let [only] = index {
            return self.evaluate_text(only);
        }
        let mut texts = Vec::new();
        for part in index {
            texts.push(self.evaluate_text(part)?);
        }
        Ok(texts.join(&*self.special_text(Special::Subsep)).into())
    }

    pub(super) fn assign(&mut self, place: &Expr, value: Value) -> Result<Value, Stop> {
        match place {
            Expr::Variable(variable) => self.set(*variable, value.clone())?,
            Expr::Field(number) => {
                let number = self.evaluate_number(number)?;
                self.set_field(number, value.clone())?;
            }
            Expr::Element(array, index) => {
                let key = self.key(index)?;
                self.array(*array)?.borrow_mut().insert(key.to_string(), value.clone());
            }
            _ => return Err(Stop::Failed("something is assigned that has no place".into())),
        }
        Ok(value)
    }

    /// An expression as it stands, or the one that a text is.
    pub(super) fn regex_of(&mut self, expr: &Expr) -> Result<Rc<Regex>, Stop> {
        if let Expr::Regex(regex) = expr {
            // What was compiled with the program minds case.
            return if self.folds_case() {
                Ok(self.regex(regex.as_str().trim_start_matches("(?s)"))?)
            } else {
                Ok(regex.clone())
            };
        }
        let text = self.evaluate_text(expr)?;
        Ok(self.regex(&text)?)
    }

    fn folds_case(&self) -> bool {
        self.special(Special::Ignorecase).holds()
    }

    pub(super) fn regex(&mut self, pattern: &str) -> Result<Rc<Regex>, String> {
        if let Some(regex) = self.regexes.get(pattern) {
            return Ok(regex.clone());
        }
        let regex = Rc::new(crate::parse::regex(pattern, self.folds_case())?);
        self.regexes.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    }

    /// 1 for a record, 0 at the end, -1 if nothing can be read.
    fn getline(&mut self, source: &Source, into: Option<&Expr>) -> Result<f64, Stop> {
        let record = match source {
            Source::Main => Ok(self.next_record()?),
            Source::File(name) => {
                let name = self.evaluate_text(name)?;
                self.other_record(&name, false)?
            }
            Source::Command(command) => {
                let command = self.evaluate_text(command)?;
                let record = self.other_record(&command, true)?;
                if matches!(record, Ok(Some(_))) {
                    self.count(Special::Nr);
                }
                record
            }
        };
        match record {
            Err(code) => Ok(f64::from(code)),
            Ok(None) => Ok(0.0),
            Ok(Some(text)) => {
                match into {
                    Some(place) => drop(self.assign(place, Value::input(&text))?),
                    None => self.record.set(text.into()),
                }
                Ok(1.0)
            }
        }
    }
}
