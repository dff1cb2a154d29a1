//! Expressions.

use std::cell::RefCell;
use std::rc::Rc;

use regex::Regex;

use super::input::Unreadable;
use super::variables::Changed;
use super::{Run, Stop};
use crate::ast::{Arithmetic, Expr, Source, Special, Variable};
use crate::value::{Array, Value, accepts};

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

/// An element's value. To look is to make, as the language has it.
fn looked_at(array: &RefCell<Array>, key: &str) -> Value {
    let mut array = array.borrow_mut();
    match array.get(key) {
        Some(value) => value.clone(),
        None => array.entry(key.to_owned()).or_default().clone(),
    }
}

fn put(array: &mut Array, key: &str, value: Value) {
    match array.get_mut(key) {
        Some(known) => *known = value,
        None => drop(array.insert(key.to_owned(), value)),
    }
}

fn no_place() -> Stop {
    Stop::Failed("something is assigned that has no place".into())
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
        match expr {
            Expr::Number(number) => Ok(*number),
            // Most numbers come from fields, which are no values of their own before they are kept.
            Expr::Field(number) => self.field_number(number),
            Expr::Arithmetic(operation, left, right) => {
                let (left, right) = (self.evaluate_number(left)?, self.evaluate_number(right)?);
                Ok(calculate(*operation, left, right)?)
            }
            Expr::Update(operation, place, value) => {
                let right = self.evaluate_number(value)?;
                Ok(self.change(place, |left| calculate(*operation, left, right))?.after)
            }
            Expr::Step(step, is_before, place) => {
                let changed = self.change(place, |number| Ok(number + step))?;
                Ok(if *is_before { changed.before } else { changed.after })
            }
            Expr::Negative(operand) => Ok(-self.evaluate_number(operand)?),
            Expr::Positive(operand) => self.evaluate_number(operand),
            other => Ok(self.evaluate(other)?.number()),
        }
    }

    /// Looks at the text of an expression, which is copied only if it is more than a field.
    pub(super) fn look<T>(&mut self, expr: &Expr, look: impl FnOnce(&str) -> T) -> Result<T, Stop> {
        if let Expr::Field(number) = expr {
            let number = self.evaluate_number(number)?;
            if let Some(text) = self.field_str(number)? {
                return Ok(look(text));
            }
            let value = self.field(number)?;
            return Ok(look(&self.text(&value)));
        }
        Ok(look(&self.evaluate_text(expr)?))
    }

    /// Puts the text of a value behind `out`, numbers by `format`.
    pub(super) fn append(&mut self, expr: &Expr, format: &str, out: &mut String) -> Result<(), Stop> {
        let value = match expr {
            Expr::Field(number) => {
                let number = self.evaluate_number(number)?;
                if let Some(text) = self.field_str(number)? {
                    out.push_str(text);
                    return Ok(());
                }
                self.field(number)?
            }
            Expr::Concatenate(left, right) => {
                // What a text is made of are texts, whoever asks for it.
                let format = self.special_text(Special::Convfmt);
                self.append(left, &format, out)?;
                return self.append(right, &format, out);
            }
            other => self.evaluate(other)?,
        };
        value.append_to(out, format);
        Ok(())
    }

    fn concatenation(&mut self, expr: &Expr) -> Result<Value, Stop> {
        let mut text = std::mem::take(&mut self.room);
        text.clear();
        self.append(expr, "", &mut text)?;
        let value = Value::Text(text.as_str().into());
        self.room = text;
        Ok(value)
    }

    pub(super) fn evaluate(&mut self, expr: &Expr) -> Result<Value, Stop> {
        Ok(match expr {
            Expr::Number(number) => Value::Number(*number),
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Regex(_) => {
                let regex = self.regex_of(expr)?;
                regex.is_match(self.record_str()).into()
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
            Expr::Conditional(condition, then, otherwise) => {
                let chosen = if self.condition(condition)? { then } else { otherwise };
                self.evaluate(chosen)?
            }
            Expr::And(left, right) => (self.condition(left)? && self.condition(right)?).into(),
            Expr::Or(left, right) => (self.condition(left)? || self.condition(right)?).into(),
            Expr::Not(operand) => (!self.condition(operand)?).into(),
            Expr::Update(..) | Expr::Step(..) | Expr::Arithmetic(..) | Expr::Negative(_) | Expr::Positive(_) => {
                Value::Number(self.evaluate_number(expr)?)
            }
            _ => return self.evaluate_operation(expr),
        })
    }

    fn evaluate_operation(&mut self, expr: &Expr) -> Result<Value, Stop> {
        Ok(match expr {
            Expr::In(index, array) => {
                self.with_key(index, |run, key| Ok(run.array(*array)?.borrow().contains_key(key)))?.into()
            }
            Expr::Match(text, pattern) if matches!(**pattern, Expr::Regex(_)) => {
                let regex = self.regex_of(pattern)?;
                self.look(text, |text| regex.is_match(text))?.into()
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
            Expr::Concatenate(..) => self.concatenation(expr)?,
            Expr::List(all) => Value::Text(self.with_key(all, |_, key| Ok(key.into()))?),
            Expr::Call(function, arguments) => self.call(*function, arguments)?,
            Expr::Builtin(builtin, arguments) => self.builtin(*builtin, arguments)?,
            Expr::Getline(source, into) => Value::Number(self.getline(source, into.as_deref())?),
            other => return Err(Stop::Failed(format!("{other:?} has no value"))),
        })
    }

    fn element(&mut self, array: Variable, index: &[Expr]) -> Result<Value, Stop> {
        self.with_key(index, |run, key| Ok(looked_at(&*run.array(array)?, key)))
    }

    /// Does something with the key that an index is.
    pub(super) fn with_key<T>(
        &mut self,
        index: &[Expr],
        work: impl FnOnce(&mut Self, &str) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let mut key = std::mem::take(&mut self.room);
        key.clear();
        for (at, part) in index.iter().enumerate() {
            if at > 0 {
                key.push_str(&self.special_text(Special::Subsep));
            }
            let format = self.special_text(Special::Convfmt);
            self.append(part, &format, &mut key)?;
        }
        let result = work(self, &key);
        self.room = key;
        result
    }

    pub(super) fn assign(&mut self, place: &Expr, value: Value) -> Result<Value, Stop> {
        match place {
            Expr::Variable(variable) => self.set(*variable, value.clone())?,
            Expr::Field(number) => {
                let number = self.evaluate_number(number)?;
                self.set_field(number, value.clone())?;
            }
            Expr::Element(array, index) => self.with_key(index, |run, key| {
                put(&mut run.array(*array)?.borrow_mut(), key, value.clone());
                Ok(())
            })?,
            _ => return Err(no_place()),
        }
        Ok(value)
    }

    /// Changes the number that is somewhere. What it takes to say where is evaluated once, though the place is read and written.
    fn change(&mut self, place: &Expr, change: impl FnOnce(f64) -> Result<f64, String>) -> Result<Changed, Stop> {
        match place {
            Expr::Variable(variable) => Ok(self.change_variable(*variable, change)?),
            Expr::Field(number) => {
                let number = self.evaluate_number(number)?;
                let changed = Changed::by(change, self.field(number)?.number())?;
                self.set_field(number, Value::Number(changed.after))?;
                Ok(changed)
            }
            Expr::Element(array, index) => self.with_key(index, |run, key| {
                let array = run.array(*array)?;
                let mut array = array.borrow_mut();
                let known = array.get_mut(key);
                let changed = Changed::by(change, known.as_ref().map_or(0.0, |value| value.number()))?;
                match known {
                    Some(value) => *value = Value::Number(changed.after),
                    None => drop(array.insert(key.to_owned(), Value::Number(changed.after))),
                }
                Ok(changed)
            }),
            _ => Err(no_place()),
        }
    }

    /// An expression as it stands, or the one that a text is.
    pub(super) fn regex_of(&mut self, expr: &Expr) -> Result<Rc<Regex>, Stop> {
        if let Expr::Regex(regex) = expr {
            // What was compiled with the program minds case.
            return if self.folds_case {
                Ok(self.regex(regex.as_str().trim_start_matches("(?s)"))?)
            } else {
                Ok(regex.clone())
            };
        }
        let text = self.evaluate_text(expr)?;
        Ok(self.regex(&text)?)
    }

    pub(super) fn regex(&mut self, pattern: &str) -> Result<Rc<Regex>, String> {
        if let Some(regex) = self.regexes.get(pattern) {
            return Ok(regex.clone());
        }
        let regex = Rc::new(crate::parse::regex(pattern, self.folds_case)?);
        self.regexes.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    }

    /// 1 for a record, 0 at the end, -1 if nothing can be read.
    fn getline(&mut self, source: &Source, into: Option<&Expr>) -> Result<f64, Stop> {
        let record = match source {
            Source::Main => Ok(self.next_record()?),
            Source::File(name) => {
                let name = self.evaluate_text(name)?;
                self.other_record(&name, false)
            }
            Source::Command(command) => {
                let command = self.evaluate_text(command)?;
                let record = self.other_record(&command, true);
                self.input.records += f64::from(u8::from(matches!(record, Ok(Some(_)))));
                record
            }
        };
        match (record, into) {
            (Err(Unreadable), _) => return Ok(-1.0),
            (Ok(None), _) => return Ok(0.0),
            (Ok(Some(text)), Some(place)) => drop(self.assign(place, Value::Input(text.to_text()))?),
            (Ok(Some(text)), None) => self.record.set(text),
        }
        Ok(1.0)
    }
}
