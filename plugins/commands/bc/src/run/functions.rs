//! Calls: of functions of the program, of those that come with the language, and of those of `-l`.

use std::rc::Rc;

use super::{Array, Run, Stop, library};
use crate::ast::{Argument, Expr, Function, Name};
use crate::number::Number;

/// How deep functions may call each other, so that a program that never ends says so.
const MOST_CALLS: usize = 2000;

/// What a name was before a function used it.
enum Before {
    Simple(String, Option<Number>),
    Array(String, Option<Array>),
}

impl Run {
    pub(super) fn call(&mut self, name: &str, arguments: &[Argument]) -> Result<Number, Stop> {
        if let Some(function) = self.functions.get(name).cloned() {
            return self.call_defined(name, &function, arguments);
        }
        if let (Some(known), true) = (library::named(name), self.has_library) {
            return self.call_library(name, known, arguments);
        }
        let value = match arguments {
            [Argument::Value(value)] => self.evaluate(value)?,
            [Argument::Array(array)] if name == "length" => {
                let length =
                    self.arrays.get(array).and_then(|array| array.keys().next_back()).map_or(0, |last| last + 1);
                return Ok(whole(length));
            }
            _ => return Err(Stop::Failed(format!("Function {name} not defined."))),
        };
        match name {
            "sqrt" => Ok(value.square_root(self.scale)?),
            "length" => Ok(whole(value.length())),
            "scale" => Ok(whole(value.scale)),
            _ => Err(Stop::Failed(format!("Function {name} not defined."))),
        }
    }

    fn call_defined(&mut self, name: &str, function: &Rc<Function>, arguments: &[Argument]) -> Result<Number, Stop> {
        if arguments.len() != function.parameters.len() {
            return Err(Stop::Failed(format!("Parameter number mismatch in {name}")));
        }
        if self.calls >= MOST_CALLS {
            return Err(Stop::Failed(format!("{name} calls itself too deeply")));
        }
        let mut given = Vec::new();
        for (argument, parameter) in arguments.iter().zip(&function.parameters) {
            given.push(self.argument(name, argument, parameter)?);
        }
        let locals = function.locals.iter().map(|local| match local {
            Name::Simple(name) => Before::Simple(name.clone(), Some(Number::default())),
            Name::Array(name) => Before::Array(name.clone(), Some(Array::new())),
        });
        let given: Vec<Before> = given.into_iter().chain(locals).collect();
        let before: Vec<Before> = given.into_iter().map(|named| self.exchange(named)).collect();
        self.calls += 1;
        let result = self.execute(&function.body);
        self.calls -= 1;
        for named in before.into_iter().rev() {
            self.exchange(named);
        }
        match result {
            Ok(()) => Ok(Number::default()),
            Err(Stop::Return(value)) => Ok(value),
            Err(stop) => Err(stop),
        }
    }

    /// Arrays are handed over as copies too.
    fn argument(&mut self, function: &str, argument: &Argument, parameter: &Name) -> Result<Before, Stop> {
        match (argument, parameter) {
            (Argument::Value(value), Name::Simple(name)) => {
                Ok(Before::Simple(name.clone(), Some(self.evaluate(value)?)))
            }
            (Argument::Array(array), Name::Array(name)) => {
                Ok(Before::Array(name.clone(), Some(self.arrays.get(array).cloned().unwrap_or_default())))
            }
            _ => Err(Stop::Failed(format!("Parameter type mismatch in {function}"))),
        }
    }

    /// Gives a name what it is to be, and says what it was.
    fn exchange(&mut self, named: Before) -> Before {
        match named {
            Before::Simple(name, value) => {
                let before = match value {
                    Some(value) => self.variables.insert(name.clone(), value),
                    None => self.variables.remove(&name),
                };
                Before::Simple(name, before)
            }
            Before::Array(name, value) => {
                let before = match value {
                    Some(value) => self.arrays.insert(name.clone(), value),
                    None => self.arrays.remove(&name),
                };
                Before::Array(name, before)
            }
        }
    }

    fn call_library(&mut self, name: &str, known: library::Known, arguments: &[Argument]) -> Result<Number, Stop> {
        let values: Vec<Number> =
            arguments.iter().map(|argument| self.library_argument(argument)).collect::<Result<_, _>>()?;
        match (known, values.as_slice()) {
            (library::Known::One(function), [value]) => Ok(function(value, self.scale)?),
            (library::Known::Bessel, [order, value]) => Ok(library::bessel(order, value, self.scale)?),
            _ => Err(Stop::Failed(format!("Parameter number mismatch in {name}"))),
        }
    }

    fn library_argument(&mut self, argument: &Argument) -> Result<Number, Stop> {
        match argument {
            Argument::Value(value) => self.evaluate(value),
            Argument::Array(array) => self.evaluate(&Expr::Place(crate::ast::Place::Variable(array.clone()))),
        }
    }
}

fn whole(number: usize) -> Number {
    Number::from(i64::try_from(number).unwrap_or(i64::MAX))
}
