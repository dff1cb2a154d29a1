//! Variables, and those by which bc itself calculates.

use super::{Run, Stop};
use crate::ast::{Expr, Place};
use crate::number::Number;

/// As many elements as GNU's bc has.
const MOST_ELEMENTS: i64 = 16_777_215;

/// The highest base in which numbers are read.
const MOST_INPUT_BASE: i64 = 16;

impl Run {
    pub(super) fn value_of(&mut self, place: &Place) -> Result<Number, Stop> {
        Ok(match place {
            Place::Variable(name) => self.variables.get(name).cloned().unwrap_or_default(),
            Place::Element(name, index) => {
                let index = self.index(index)?;
                self.arrays.get(name).and_then(|array| array.get(&index)).cloned().unwrap_or_default()
            }
            Place::Scale => Number::from(i64::try_from(self.scale).unwrap_or(i64::MAX)),
            Place::InputBase => Number::from(i64::from(self.input_base)),
            Place::OutputBase => Number::from(i64::try_from(self.output_base).unwrap_or(i64::MAX)),
            Place::Last => self.last.clone(),
        })
    }

    pub(super) fn index(&mut self, index: &Expr) -> Result<usize, Stop> {
        let index = self.evaluate(index)?.whole().filter(|index| (0..=MOST_ELEMENTS).contains(index));
        let index = index.ok_or_else(|| Stop::Failed("Subscript out of bounds.".into()))?;
        Ok(index as usize)
    }

    pub(super) fn variable_is(&mut self, place: &Place, value: Number) -> Result<(), Stop> {
        match place {
            Place::Variable(name) => drop(self.variables.insert(name.clone(), value)),
            Place::Element(name, index) => {
                let index = self.index(index)?;
                self.arrays.entry(name.clone()).or_default().insert(index, value);
            }
            Place::Scale => {
                let scale = value.whole().and_then(|scale| usize::try_from(scale).ok());
                self.scale = scale.ok_or_else(|| Stop::Failed("scale is negative or too large".into()))?;
            }
            Place::InputBase => {
                let base = value.whole().unwrap_or(MOST_INPUT_BASE).clamp(2, MOST_INPUT_BASE);
                self.input_base = u32::try_from(base).unwrap_or(10);
            }
            Place::OutputBase => {
                let base = value.whole().unwrap_or(i64::from(i32::MAX)).clamp(2, i64::from(i32::MAX));
                self.output_base = base.unsigned_abs();
            }
            Place::Last => self.last = value,
        }
        Ok(())
    }
}
