//! Expressions.

use std::cell::RefCell;
use std::rc::Rc;

use regex::Regex;

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

/// Something that a value is put into.
enum Place {
    Variable(Variable),
    Field(f64),
    Element(Rc<RefCell<Array>>, Rc<str>),
}

/// An element's value. To look is to make, as the language has it.
fn looked_at(array: &RefCell<Array>, key: &str) -> Value {
    let mut array = array.borrow_mut();
    match array.get(key) {
        Some(value) => value.clone(),
        None => array.entry(key.to_owned()).or_default().clone(),
    }
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
            other => Ok(self.evaluate(other)?.number()),
        }
    }

    /// Puts the text of a value behind `out`, numbers by `format`.
    pub(super) fn append(&mut self, expr: &Expr, format: &str, out: &mut String) -> Result<(), Stop> {
        if let Expr::Field(number) = expr {
            let number = self.evaluate_number(number)?;
            if let Some(text) = self.field_str(number)? {
                out.push_str(text);
                return Ok(());
            }
        }
        out.push_str(&self.evaluate(expr)?.text(format));
        Ok(())
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
            Expr::Update(operation, place, value) => {
                let right = self.evaluate_number(value)?;
                let place = self.place(place)?;
                let left = self.number_at(&place)?;
                self.put(place, Value::Number(calculate(*operation, left, right)?))?
            }
            Expr::Step(step, is_before, place) => {
                let place = self.place(place)?;
                let before = self.number_at(&place)?;
                let after = self.put(place, Value::Number(before + step))?;
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
        Ok(looked_at(&array, &key))
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
        let place = self.place(place)?;
        self.put(place, value)
    }

    /// Where something is to be put. What it takes to say so is evaluated once, though the place may be read before it is written.
    fn place(&mut self, place: &Expr) -> Result<Place, Stop> {
        Ok(match place {
            Expr::Variable(variable) => Place::Variable(*variable),
            Expr::Field(number) => Place::Field(self.evaluate_number(number)?),
            Expr::Element(array, index) => {
                let key = self.key(index)?;
                Place::Element(self.array(*array)?, key)
            }
            _ => return Err(Stop::Failed("something is assigned that has no place".into())),
        })
    }

    fn number_at(&mut self, place: &Place) -> Result<f64, Stop> {
        Ok(match place {
            Place::Variable(variable) => self.get(*variable)?.number(),
            Place::Field(number) => self.field(*number)?.number(),
            Place::Element(array, key) => looked_at(array, key).number(),
        })
    }

    fn put(&mut self, place: Place, value: Value) -> Result<Value, Stop> {
        match place {
            Place::Variable(variable) => self.set(variable, value.clone())?,
            Place::Field(number) => self.set_field(number, value.clone())?,
            Place::Element(array, key) => {
                let mut array = array.borrow_mut();
                if let Some(element) = array.get_mut(&*key) {
                    element.clone_from(&value);
                } else {
                    array.insert(key.to_string(), value.clone());
                }
            }
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
        let mut text = String::new();
        let read = match source {
            Source::Main => Some(self.next_record(&mut text)?),
            Source::File(name) => {
                let name = self.evaluate_text(name)?;
                self.other_record(&name, false, &mut text)
            }
            Source::Command(command) => {
                let command = self.evaluate_text(command)?;
                let read = self.other_record(&command, true, &mut text);
                if read == Some(true) {
                    self.count(Special::Nr);
                }
                read
            }
        };
        match (read, into) {
            (None, _) => return Ok(-1.0),
            (Some(false), _) => return Ok(0.0),
            (Some(true), Some(place)) => drop(self.assign(place, Value::input(&text))?),
            (Some(true), None) => self.record.set(text),
        }
        Ok(1.0)
    }
}
