//! Setting variables and elements, as their attributes want it.

use super::variable::now_ms;
use crate::ast::{Subscript, Word};
use crate::options::Opt;
use crate::state::Shell;
use crate::stop::{Run, Stop};
use crate::vars::{Associative, Value};

impl Shell {
    /// Says so if a variable may not be changed.
    pub(crate) fn refuses(&mut self, name: &str) -> bool {
        let readonly = self.state.vars.get(name).is_some_and(|variable| variable.attributes.readonly);
        if readonly {
            self.complain(&format!("{name}: readonly variable"));
        }
        readonly
    }

    /// Sets a variable or an element. False: refused, and the reason was told.
    pub(crate) fn assign(
        &mut self,
        name: &str,
        subscript: Option<&Subscript>,
        value: String,
        append: bool,
    ) -> Run<bool> {
        let target = self.state.vars.target(name);
        if let Some((array, rest)) = target.split_once('[') {
            let text = rest.trim_end_matches(']').to_owned();
            let of = crate::parse::parameter::subscript(&text).unwrap_or(Subscript::Each);
            return self.assign(array, Some(&of), value, append);
        }
        if self.refuses(&target) {
            return Ok(false);
        }
        match subscript {
            None => self.assign_plain(&target, value, append)?,
            Some(Subscript::Of(text, word)) => return self.assign_element(&target, text, word, value, append),
            Some(_) => {
                self.complain(&format!("{name}[@]: bad array subscript"));
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn assign_plain(&mut self, name: &str, value: String, append: bool) -> Run<()> {
        let old = if append { self.state.vars.scalar(name).map(str::to_owned) } else { None };
        let value = self.attributed(name, old, value)?;
        self.noticed(name, &value);
        let all_export = self.on(Opt::Allexport);
        let variable = self.state.vars.own_mut(name);
        variable.attributes.exported |= all_export;
        match &mut variable.value {
            Value::Indexed(elements) => {
                elements.insert(0, value);
            }
            Value::Associative(elements) => elements.insert("0".into(), value),
            other => *other = Value::Scalar(value),
        }
        Ok(())
    }

    /// The value as the variable's attributes have it, added to the old one if there is one.
    fn attributed(&mut self, name: &str, old: Option<String>, value: String) -> Run<String> {
        let Some(variable) = self.state.vars.own(name) else { return Ok(old.unwrap_or_default() + &value) };
        if variable.attributes.integer {
            let old = old.unwrap_or_default().parse::<i64>().unwrap_or(0);
            return Ok(old.wrapping_add(self.arithmetic(&value)?).to_string());
        }
        let text = old.unwrap_or_default() + &value;
        Ok(self.state.vars.own(name).map_or(text.clone(), |variable| variable.folded(text)))
    }

    /// Variables whose assignment does something.
    fn noticed(&mut self, name: &str, value: &str) {
        match name {
            "RANDOM" => self.state.random = value.parse().unwrap_or(0),
            "SECONDS" => {
                let passed = now_ms().saturating_sub(self.state.began) / 1000;
                self.state.seconds_offset = value.parse::<i64>().unwrap_or(0) - passed as i64;
            }
            "OPTIND" => self.state.getopts_letter = 0,
            _ => {}
        }
    }

    fn assign_element(&mut self, name: &str, text: &str, word: &Word, value: String, append: bool) -> Run<bool> {
        if self.is_associative(name) {
            let key = self.single(word)?;
            return self.assign_key(name, key, value, append);
        }
        let index = self.index(name, text, word)?;
        if index < 0 {
            return Ok(false);
        }
        let old = append.then(|| self.indexed(name, index)).flatten();
        let value = self.attributed(name, old, value)?;
        let variable = self.state.vars.own_mut(name);
        match &mut variable.value {
            Value::Indexed(elements) => {
                elements.insert(index, value);
            }
            Value::Scalar(first) => {
                let first = std::mem::take(first);
                variable.value = Value::Indexed([(0, first), (index, value)].into_iter().collect());
            }
            other => *other = Value::Indexed([(index, value)].into_iter().collect()),
        }
        Ok(true)
    }

    fn indexed(&self, name: &str, index: i64) -> Option<String> {
        match &self.state.vars.get(name)?.value {
            Value::Indexed(elements) => elements.get(&index).cloned(),
            Value::Scalar(text) if index == 0 => Some(text.clone()),
            _ => None,
        }
    }

    pub(crate) fn assign_key(&mut self, name: &str, key: String, value: String, append: bool) -> Run<bool> {
        if key.is_empty() {
            self.complain(&format!("{name}[]: bad array subscript"));
            return Err(Stop::Discard(1));
        }
        let old = match self.state.vars.get(name).map(|variable| &variable.value) {
            Some(Value::Associative(elements)) if append => elements.get(&key).map(str::to_owned),
            _ => None,
        };
        let value = self.attributed(name, old, value)?;
        let variable = self.state.vars.own_mut(name);
        if let Value::Associative(elements) = &mut variable.value {
            elements.insert(key, value);
        }
        Ok(true)
    }

    /// `name=(…)`. False: refused.
    pub(crate) fn assign_array(
        &mut self,
        name: &str,
        elements: &[(Option<Subscript>, Word)],
        append: bool,
    ) -> Run<bool> {
        let target = self.state.vars.target(name);
        if self.refuses(&target) {
            return Ok(false);
        }
        if self.is_associative(&target) {
            return self.assign_associative(&target, elements, append);
        }
        let mut expanded = Vec::new();
        for (subscript, word) in elements {
            match subscript {
                Some(Subscript::Of(..)) => expanded.push((subscript.clone(), vec![self.single(word)?])),
                _ => expanded.push((None, self.fields(word)?)),
            }
        }
        self.start_array(&target, append);
        let mut next = self.next_index(&target);
        for (subscript, values) in expanded {
            if let Some(Subscript::Of(text, word)) = &subscript {
                next = self.index(&target, text, word)?;
            }
            for value in values {
                let value = self.attributed(&target, None, value)?;
                if let Value::Indexed(elements) = &mut self.state.vars.own_mut(&target).value {
                    elements.insert(next, value);
                }
                next += 1;
            }
        }
        Ok(true)
    }

    fn start_array(&mut self, name: &str, append: bool) {
        let all_export = self.on(Opt::Allexport);
        let variable = self.state.vars.own_mut(name);
        variable.attributes.exported |= all_export;
        variable.value = match std::mem::take(&mut variable.value) {
            Value::Indexed(elements) if append => Value::Indexed(elements),
            Value::Scalar(text) if append => Value::Indexed([(0, text)].into_iter().collect()),
            _ => Value::Indexed(Default::default()),
        };
    }

    fn next_index(&self, name: &str) -> i64 {
        match self.state.vars.get(name).map(|variable| &variable.value) {
            Some(Value::Indexed(elements)) => elements.keys().next_back().map_or(0, |last| last + 1),
            _ => 0,
        }
    }

    fn assign_associative(&mut self, name: &str, elements: &[(Option<Subscript>, Word)], append: bool) -> Run<bool> {
        let mut pairs = Vec::new();
        let mut bare = Vec::new();
        for (subscript, word) in elements {
            match subscript {
                Some(Subscript::Of(_, key)) => pairs.push((self.single(key)?, self.single(word)?)),
                Some(_) => {
                    let key = if *subscript == Some(Subscript::Each) { "@" } else { "*" };
                    pairs.push((key.into(), self.single(word)?));
                }
                None => bare.extend(self.fields(word)?),
            }
        }
        pairs.extend(bare.chunks(2).map(|pair| (pair[0].clone(), pair.get(1).cloned().unwrap_or_default())));
        if !append {
            self.state.vars.own_mut(name).value = Value::Associative(Associative::default());
        }
        for (key, value) in pairs {
            self.assign_key(name, key, value, append)?;
        }
        Ok(true)
    }

    /// `unset 'name[subscript]'`. False: there is no such element, and that was told.
    pub(crate) fn unset_element(&mut self, name: &str, text: &str) -> Run<bool> {
        let word = crate::parse::word::parse(text, crate::parse::word::Place::Operand).unwrap_or_default();
        if self.is_associative(name) {
            let key = self.single(&word)?;
            if let Value::Associative(elements) = &mut self.state.vars.own_mut(name).value {
                elements.remove(&key);
            }
            return Ok(true);
        }
        if text == "@" || text == "*" {
            self.state.vars.remove(name);
            return Ok(true);
        }
        let index = self.index(name, text, &word)?;
        if index < 0 {
            return Ok(false);
        }
        match &mut self.state.vars.own_mut(name).value {
            Value::Indexed(elements) => {
                elements.remove(&index);
            }
            other if index == 0 => *other = Value::Unset,
            _ => {}
        }
        Ok(true)
    }
}
