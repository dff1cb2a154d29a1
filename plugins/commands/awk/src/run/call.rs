//! Calls of the program's own functions.

use super::{Cell, Run, Stop};
use crate::ast::Expr;
use crate::value::Value;

/// How deep functions may call each other, so that a program that never ends says so.
const MOST_FRAMES: usize = 1000;

impl Run {
    pub(super) fn call(&mut self, function: usize, arguments: &[Expr]) -> Result<Value, Stop> {
        let function = self.program.functions.get(function).cloned();
        let function = function.ok_or_else(|| Stop::Failed("a function is called that is not there".into()))?;
        if arguments.len() > function.arrays.len() {
            return Err(Stop::Failed(format!("function {} is called with too many arguments", function.name)));
        }
        if self.frames.len() >= MOST_FRAMES {
            return Err(Stop::Failed(format!("function {} calls itself too deeply", function.name)));
        }
        let mut frame = vec![Cell::default(); function.arrays.len()];
        for (at, argument) in arguments.iter().enumerate() {
            frame[at] = self.argument(argument, function.arrays[at])?;
        }
        self.frames.push(frame);
        let result = self.execute(&function.body);
        self.frames.pop();
        match result {
            Ok(()) => Ok(Value::Unset),
            Err(Stop::Return(value)) => Ok(value),
            Err(stop) => Err(stop),
        }
    }

    /// Arrays are handed over themselves, values as copies.
    fn argument(&mut self, argument: &Expr, is_array: bool) -> Result<Cell, Stop> {
        if let Expr::Variable(variable) = argument
            && (is_array || self.is_array(*variable))
        {
            return Ok(Cell::Array(self.array(*variable)?));
        }
        Ok(Cell::Scalar(self.evaluate(argument)?))
    }
}
