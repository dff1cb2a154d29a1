//! Variables, their arrays, and those that awk itself has an eye on.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Cell, Run};
use crate::ast::{SPECIALS, Special, Variable};
use crate::value::{Array, Value};

/// A number before and after it was changed.
pub(super) struct Changed {
    pub(super) before: f64,
    pub(super) after: f64,
}

impl Changed {
    pub(super) fn by(change: impl FnOnce(f64) -> Result<f64, String>, before: f64) -> Result<Self, String> {
        Ok(Self { before, after: change(before)? })
    }
}

/// The variables that are counted, and values only for those who look at them.
#[derive(Clone, Copy)]
enum Counted {
    Records,
    Fields,
    RecordsOfFile,
}

impl Counted {
    const fn of(global: usize) -> Option<Self> {
        const NR: usize = Special::Nr as usize;
        const NF: usize = Special::Nf as usize;
        const FNR: usize = Special::Fnr as usize;
        match global {
            NR => Some(Self::Records),
            NF => Some(Self::Fields),
            FNR => Some(Self::RecordsOfFile),
            _ => None,
        }
    }
}

impl Run {
    fn counted(&mut self, counted: Counted) -> f64 {
        match counted {
            Counted::Records => self.input.records,
            Counted::Fields => self.fields() as f64,
            Counted::RecordsOfFile => self.input.records_of_file,
        }
    }

    fn set_counted(&mut self, counted: Counted, number: f64) {
        match counted {
            Counted::Records => self.input.records = number,
            Counted::Fields => self.set_field_count(number.max(0.0) as usize),
            Counted::RecordsOfFile => self.input.records_of_file = number,
        }
    }

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
        if let Variable::Global(global) = variable
            && let Some(counted) = Counted::of(global)
        {
            return Ok(Value::Number(self.counted(counted)));
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
        if let Some(counted) = Counted::of(global) {
            self.set_counted(counted, value.number());
            return Ok(());
        }
        match self.cell_mut(Variable::Global(global))? {
            Cell::Scalar(place) => *place = value,
            Cell::Array(_) => {
                return Err(format!("a value is put where the array {} is", self.program.globals[global]));
            }
        }
        self.notice_set(global)
    }

    /// Some variables decide how the program goes on.
    fn notice_set(&mut self, global: usize) -> Result<(), String> {
        if global == Special::Ignorecase as usize {
            self.folds_case = self.special(Special::Ignorecase).holds();
            self.regexes.clear();
        }
        if [Special::Fs, Special::Rs, Special::Ignorecase].iter().any(|special| *special as usize == global) {
            self.separators_changed()?;
        }
        Ok(())
    }

    /// What a variable is changed to that is a number, and what it was before.
    pub(super) fn change_variable(
        &mut self,
        variable: Variable,
        change: impl FnOnce(f64) -> Result<f64, String>,
    ) -> Result<Changed, String> {
        // Nobody takes notice of these.
        if !matches!(variable, Variable::Global(global) if global < SPECIALS.len())
            && let Cell::Scalar(value) = self.cell_mut(variable)?
        {
            let changed = Changed::by(change, value.number())?;
            *value = Value::Number(changed.after);
            return Ok(changed);
        }
        let changed = Changed::by(change, self.get(variable)?.number())?;
        self.set(variable, Value::Number(changed.after))?;
        Ok(changed)
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
