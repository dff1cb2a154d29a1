//! Reading variables: those that are computed, and arrays.

use crate::ast::Word;
use crate::state::Shell;
use crate::stop::Run;
use crate::vars::Value;

pub(crate) fn now_ms() -> u64 {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| elapsed.as_millis() as u64)
}

impl Shell {
    /// `$name`.
    pub(crate) fn lookup(&mut self, name: &str) -> Option<String> {
        if let Some(value) = self.computed(name) {
            return value.scalar().map(str::to_owned);
        }
        if self.state.vars.own(name).is_some_and(|variable| variable.attributes.reference) {
            let target = self.state.vars.target(name);
            if target.contains('[') {
                return self.referenced_element(&target);
            }
        }
        self.state.vars.scalar(name).map(str::to_owned)
    }

    fn referenced_element(&mut self, target: &str) -> Option<String> {
        let (name, rest) = target.split_once('[')?;
        let text = rest.strip_suffix(']')?;
        let word = crate::parse::word::parse(text, crate::parse::word::Place::Operand).ok()?;
        self.element(name, text, &word).ok()?
    }

    /// The variables whose value is made when it is asked for.
    fn computed(&mut self, name: &str) -> Option<Value> {
        let text = match name {
            "LINENO" => self.state.line.to_string(),
            "RANDOM" => {
                self.state.random = self.state.random.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                ((self.state.random >> 16) & 0x7fff).to_string()
            }
            "SRANDOM" => {
                self.state.random = self.state.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                self.state.random.to_string()
            }
            "SECONDS" => {
                let passed = now_ms().saturating_sub(self.state.began) / 1000;
                (passed as i64 + self.state.seconds_offset).to_string()
            }
            "EPOCHSECONDS" => (now_ms() / 1000).to_string(),
            "EPOCHREALTIME" => {
                let now = now_ms();
                format!("{}.{:03}000", now / 1000, now % 1000)
            }
            "BASHPID" => crate::process::numbers().0.to_string(),
            "BASH_SUBSHELL" => self.state.subshells.to_string(),
            "SHELLOPTS" => self.state.options.names(),
            "BASHOPTS" => self.state.options.shopt_names(),
            "FUNCNAME" if !self.state.calls.is_empty() => {
                return Some(self.calls(|call| call.function.clone(), "main"));
            }
            "BASH_SOURCE" => {
                let outermost = self.state.script.clone();
                let mut sources: Vec<String> = self.state.calls.iter().rev().map(|call| call.source.clone()).collect();
                if !outermost.is_empty() {
                    sources.push(outermost);
                }
                return Some(Value::Indexed((0..).zip(sources).collect()));
            }
            "BASH_LINENO" => return Some(self.calls(|call| call.line.to_string(), "0")),
            "DIRSTACK" => {
                let stack = std::iter::once(self.state.directory.clone()).chain(self.state.stack.iter().cloned());
                return Some(Value::Indexed((0..).zip(stack).collect()));
            }
            _ => return None,
        };
        Some(Value::Scalar(text))
    }

    /// One text a call, innermost first; a script in a file has one more at the end.
    fn calls(&self, show: impl Fn(&crate::state::Call) -> String, outermost: &str) -> Value {
        let outermost = (!self.state.script.is_empty()).then(|| outermost.to_owned());
        let shown = self.state.calls.iter().rev().map(show).chain(outermost);
        Value::Indexed((0..).zip(shown).collect())
    }

    fn value(&mut self, name: &str) -> Option<Value> {
        self.computed(name).or_else(|| self.state.vars.get(name).map(|variable| variable.value.clone()))
    }

    pub(crate) fn values(&mut self, name: &str) -> Vec<String> {
        self.value(name).map(|value| value.all()).unwrap_or_default()
    }

    pub(crate) fn keys(&mut self, name: &str) -> Vec<String> {
        self.value(name).map(|value| value.keys()).unwrap_or_default()
    }

    /// `${name[subscript]}`
    pub(crate) fn element(&mut self, name: &str, text: &str, word: &Word) -> Run<Option<String>> {
        if let Some(value) = self.computed(name) {
            let index = self.index(name, text, word)?;
            return Ok(match value {
                Value::Indexed(elements) => elements.get(&index).cloned(),
                other => other.scalar().filter(|_| index == 0).map(str::to_owned),
            });
        }
        if self.is_associative(name) {
            let key = self.single(word)?;
            let variable = self.state.vars.get(name);
            return Ok(match variable.map(|variable| &variable.value) {
                Some(Value::Associative(elements)) => elements.get(&key).map(str::to_owned),
                _ => None,
            });
        }
        let index = self.index(name, text, word)?;
        Ok(match self.state.vars.get(name).map(|variable| &variable.value) {
            Some(Value::Indexed(elements)) => elements.get(&index).cloned(),
            Some(Value::Scalar(text)) if index == 0 => Some(text.clone()),
            _ => None,
        })
    }

    pub(super) fn is_associative(&self, name: &str) -> bool {
        self.state.vars.get(name).is_some_and(|variable| matches!(variable.value, Value::Associative(_)))
    }

    /// The number of an indexed array's element; a negative one counts from the end.
    pub(super) fn index(&mut self, name: &str, shown: &str, word: &Word) -> Run<i64> {
        let text = self.quoted(word)?;
        let index = self.arithmetic(&text)?;
        if index >= 0 {
            return Ok(index);
        }
        let last = match self.value(name) {
            Some(Value::Indexed(elements)) => elements.keys().next_back().copied().unwrap_or(-1),
            Some(Value::Scalar(_)) => 0,
            _ => -1,
        };
        if last + 1 + index < 0 {
            self.complain(&format!("{name}[{shown}]: bad array subscript"));
            return Ok(i64::MIN);
        }
        Ok(last + 1 + index)
    }
}
