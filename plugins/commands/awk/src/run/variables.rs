//! Variables, their arrays, and those that awk itself has an eye on.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Cell, Run};
use crate::ast::{Special, Variable};
use crate::value::{Array, Value};

impl Run {
    fn cell(&self, variable: Variable) -> Option<&Cell> {
        match variable {
            Variable::Global(global) => self.globals.get(global),
            Variable::Local(local) => self.frames.last()?.get(local),
        }
    }

    fn cell_mut(&mut self, variable: Variable) -> Result<&mut Cell, String> {
        let cell = match variable {
            Variable::Global(global) => self.globals.get_mut(global),
            Variable::Local(local) => self.frames.last_mut().and_then(|frame| frame.get_mut(local)),
        };
        cell.ok_or_else(|| "a variable has no place".into())
    }

    pub(super) fn is_array(&self, variable: Variable) -> bool {
        matches!(self.cell(variable), Some(Cell::Array(_)))
    }

    pub(super) fn get(&mut self, variable: Variable) -> Result<Value, String> {
        if variable == Variable::Global(Special::Nf as usize) {
            let fields = self.fields();
            return Ok(Value::Number(fields as f64));
        }
        match self.cell(variable) {
            Some(Cell::Scalar(value)) => Ok(value.clone()),
            Some(Cell::Array(_)) => Err("an array is used where a value is needed".into()),
            None => Ok(Value::Unset),
        }
    }

    pub(super) fn set(&mut self, variable: Variable, value: Value) -> Result<(), String> {
        match variable {
            Variable::Global(global) => self.set_global(global, value),
            Variable::Local(_) => match self.cell_mut(variable)? {
                Cell::Scalar(place) => {
                    *place = value;
                    Ok(())
                }
                Cell::Array(_) => Err("a value is put where an array is".into()),
            },
        }
    }

    pub(super) fn set_global(&mut self, global: usize, value: Value) -> Result<(), String> {
        if global == Special::Nf as usize {
            let count = value.number().max(0.0) as usize;
            self.set_field_count(count);
            return Ok(());
        }
        if global == Special::Ignorecase as usize {
            self.regexes.clear();
        }
        match self.cell_mut(Variable::Global(global))? {
            Cell::Scalar(place) => {
                *place = value;
                self.separator_set(global);
                Ok(())
            }
            Cell::Array(_) => Err(format!("a value is put where the array {} is", self.program.globals[global])),
        }
    }

    pub(super) fn special(&self, special: Special) -> Value {
        match &self.globals[special as usize] {
            Cell::Scalar(value) => value.clone(),
            Cell::Array(_) => Value::Unset,
        }
    }

    pub(super) fn special_text(&self, special: Special) -> Rc<str> {
        if let Value::Text(text) | Value::Input(text) = self.special(special) {
            return text;
        }
        // This one is what texts are made with.
        let format: Rc<str> = match (special, self.special(Special::Convfmt)) {
            (Special::Convfmt, _) => "%.6g".into(),
            (_, Value::Text(format) | Value::Input(format)) => format,
            _ => "%.6g".into(),
        };
        self.special(special).text(&format)
    }

    pub(super) fn set_special(&mut self, special: Special, value: Value) {
        self.globals[special as usize] = Cell::Scalar(value);
        self.separator_set(special as usize);
    }

    fn separator_set(&mut self, global: usize) {
        if global == Special::Fs as usize || global == Special::Rs as usize {
            self.separator_changed();
        }
    }

    pub(super) fn count(&mut self, special: Special) {
        let next = self.special(special).number() + 1.0;
        self.set_special(special, Value::Number(next));
    }

    /// The array that a variable is, or becomes.
    pub(super) fn array(&mut self, variable: Variable) -> Result<Rc<RefCell<Array>>, String> {
        let cell = self.cell_mut(variable)?;
        if let Cell::Scalar(Value::Unset) = cell {
            *cell = Cell::Array(Rc::default());
        }
        match cell {
            Cell::Array(array) => Ok(array.clone()),
            Cell::Scalar(_) => Err("a value is used as an array".into()),
        }
    }

    /// The keys in an order that does not depend on chance: numbers by size and before texts, or as `PROCINFO["sorted_in"]` says.
    pub(super) fn keys(&self, array: &Array) -> Vec<String> {
        let mut keys: Vec<String> = array.keys().cloned().collect();
        let order = match &self.globals[Special::Procinfo as usize] {
            Cell::Array(procinfo) => procinfo.borrow().get("sorted_in").map(|order| order.text("%.6g")),
            Cell::Scalar(_) => None,
        };
        let order = order.unwrap_or_else(|| "@ind_num_asc".into());
        let value = |key: &String| array.get(key).cloned().unwrap_or_default();
        if order.starts_with("@ind_str") {
            keys.sort();
        } else {
            keys.sort_by(|a, b| by_number(&Value::input(a), &Value::input(b)));
        }
        if order.starts_with("@val_str") {
            keys.sort_by_key(|key| value(key).text("%.6g"));
        } else if order.starts_with("@val") {
            keys.sort_by(|a, b| by_number(&value(a), &value(b)));
        }
        if order.ends_with("desc") {
            keys.reverse();
        }
        keys
    }
}

/// Numbers before texts.
pub(super) fn by_number(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a.is_numeric(), b.is_numeric()) {
        (true, true) => a.number().total_cmp(&b.number()),
        (false, false) => a.text("%.6g").cmp(&b.text("%.6g")),
        (a, b) => b.cmp(&a),
    }
}
