//! Expressions.

use std::cmp::Ordering;

use super::{Run, Stop};
use crate::ast::{Expr, Operation};
use crate::digits;
use crate::number::Number;

impl Run {
    pub(super) fn evaluate(&mut self, expr: &Expr) -> Result<Number, Stop> {
        Ok(match expr {
            Expr::Number(text) => digits::read(text, self.input_base),
            Expr::Place(place) => self.value_of(place)?,
            Expr::Group(inner) => self.evaluate(inner)?,
            Expr::Negative(operand) => self.evaluate(operand)?.negated(),
            Expr::Not(operand) => self.evaluate(operand)?.is_zero().into(),
            Expr::Assign(place, value) => {
                let value = self.evaluate(value)?;
                self.variable_is(place, value.clone())?;
                value
            }
            Expr::Update(operation, place, value) => {
                let right = self.evaluate(value)?;
                let left = self.value_of(place)?;
                let value = self.calculate(*operation, &left, &right)?;
                self.variable_is(place, value.clone())?;
                value
            }
            Expr::Step(step, is_before, place) => {
                let before = self.value_of(place)?;
                let after = before.plus(&Number::from(*step));
                self.variable_is(place, after.clone())?;
                if *is_before { before } else { after }
            }
            Expr::Binary(operation, left, right) => {
                let left = self.evaluate(left)?;
                let right = self.evaluate(right)?;
                self.calculate(*operation, &left, &right)?
            }
            Expr::Call(name, arguments) => self.call(name, arguments)?,
        })
    }

    fn calculate(&self, operation: Operation, left: &Number, right: &Number) -> Result<Number, String> {
        let scale = self.scale;
        let order = |wanted: &[Ordering]| Ok(wanted.contains(&left.compare(right)).into());
        match operation {
            Operation::Add => Ok(left.plus(right)),
            Operation::Subtract => Ok(left.minus(right)),
            Operation::Multiply => Ok(left.times(right, scale)),
            Operation::Divide => left.divided_by(right, scale),
            Operation::Remainder => left.remainder(right, scale),
            Operation::Power => {
                if right.compare(&right.at_scale(0)) != Ordering::Equal {
                    eprintln!("Runtime warning (func=(main), adr=0): non-zero scale in exponent");
                }
                left.to_the(right, scale)
            }
            Operation::And => Ok((!left.is_zero() && !right.is_zero()).into()),
            Operation::Or => Ok((!left.is_zero() || !right.is_zero()).into()),
            Operation::Equal => order(&[Ordering::Equal]),
            Operation::NotEqual => order(&[Ordering::Less, Ordering::Greater]),
            Operation::Less => order(&[Ordering::Less]),
            Operation::LessOrEqual => order(&[Ordering::Less, Ordering::Equal]),
            Operation::Greater => order(&[Ordering::Greater]),
            Operation::GreaterOrEqual => order(&[Ordering::Greater, Ordering::Equal]),
        }
    }
}
