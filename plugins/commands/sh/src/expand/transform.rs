//! `${x@Q}` and its kin.

use super::param::Fetched;
use super::{case, quote};
use crate::ast::Parameter;
use crate::parse::ansi;
use crate::parse::word::Place;
use crate::state::Shell;
use crate::stop::Run;
use crate::vars::Value;

impl Shell {
    pub(super) fn transform(&mut self, parameter: &Parameter, fetched: Fetched, kind: char) -> Run<Fetched> {
        if matches!(fetched, Fetched::Unset) && !matches!(kind, 'a' | 'A') {
            return Ok(Fetched::Unset);
        }
        Ok(match kind {
            'Q' => fetched.map_values(quote::always),
            'E' => fetched.map_values(ansi::unquote),
            'U' => fetched.map_values(|text| text.to_uppercase()),
            'L' => fetched.map_values(|text| text.to_lowercase()),
            'u' => fetched.map_values(|text| case::change(text, '^', false, None)),
            'P' => {
                let Fetched::One(text) = fetched else { return Ok(fetched) };
                Fetched::One(self.prompt(&text)?)
            }
            'a' => {
                let letters = self.state.vars.get(&parameter.name).map(crate::vars::Variable::letters);
                let letters = letters.unwrap_or_default();
                match fetched {
                    Fetched::Many(..) => fetched.map_values(|_| letters.clone()),
                    _ => Fetched::One(letters),
                }
            }
            'A' => Fetched::One(self.declaration(&parameter.name).unwrap_or_default()),
            _ => self.pairs(&parameter.name, fetched, kind),
        })
    }

    /// `@K` and `@k`: keys and values.
    fn pairs(&mut self, name: &str, fetched: Fetched, kind: char) -> Fetched {
        let Some(value) = self.state.vars.get(name).map(|variable| variable.value.clone()) else { return fetched };
        if !value.is_array() || !matches!(fetched, Fetched::Many(..)) {
            return fetched.map_values(quote::always);
        }
        let pairs = value.keys().into_iter().zip(value.all());
        if kind == 'k' {
            return Fetched::Many(pairs.flat_map(|(key, value)| [key, value]).collect(), false);
        }
        let shown: Vec<String> = pairs.map(|(key, value)| format!("{key} {}", quote::double(&value))).collect();
        let end = if matches!(value, Value::Associative(_)) { " " } else { "" };
        Fetched::One(shown.join(" ") + end)
    }

    /// The `declare` command that makes the variable again.
    pub(crate) fn declaration(&self, name: &str) -> Option<String> {
        let variable = self.state.vars.own(name)?;
        let letters = variable.letters();
        let value = match &variable.value {
            Value::Scalar(text) if letters.is_empty() => return Some(format!("{name}={}", quote::always(text))),
            Value::Scalar(text) => format!("={}", quote::always(text)),
            Value::Unset => String::new(),
            _ => format!("={}", array_literal(&variable.value)),
        };
        Some(format!("declare -{} {name}{value}", if letters.is_empty() { "-" } else { &letters }))
    }

    /// `PS4` and `@P`: backslash escapes and then expansions.
    pub(crate) fn prompt(&mut self, text: &str) -> Run<String> {
        let mut shown = String::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            if character != '\\' {
                shown.push(character);
                continue;
            }
            match characters.next() {
                Some('w') => shown.push_str(&self.state.directory),
                Some('W') => shown.push_str(self.state.directory.rsplit('/').next().unwrap_or("/")),
                Some('u') => shown.push_str(self.state.vars.scalar("USER").unwrap_or("user")),
                Some('h' | 'H') => shown.push_str(self.state.vars.scalar("HOSTNAME").unwrap_or("skep")),
                Some('s') => shown.push_str(self.state.name.rsplit('/').next().unwrap_or("sh")),
                Some('v' | 'V') => shown.push_str("5.2"),
                Some('n') => shown.push('\n'),
                Some('r') => shown.push('\r'),
                Some('a') => shown.push('\x07'),
                Some('e') => shown.push('\x1b'),
                Some('$') => shown.push('$'),
                Some('\\') => shown.push('\\'),
                Some('[' | ']') => {}
                Some(other) => shown.extend(['\\', other]),
                None => shown.push('\\'),
            }
        }
        self.expand_text(&shown, Place::Here)
    }
}

impl Fetched {
    fn map_values(self, change: impl Fn(&str) -> String) -> Fetched {
        match self {
            Fetched::Unset => Fetched::Unset,
            Fetched::One(text) => Fetched::One(change(&text)),
            Fetched::Many(values, as_one) => Fetched::Many(values.iter().map(|value| change(value)).collect(), as_one),
        }
    }
}

/// `([0]="a" [1]="b")`
pub(crate) fn array_literal(value: &Value) -> String {
    let key = |key: String| match value {
        Value::Associative(_) if key.chars().any(|c| !(c.is_alphanumeric() || "_-./".contains(c))) => {
            quote::double(&key)
        }
        _ => key,
    };
    let pairs = value.keys().into_iter().zip(value.all());
    let shown: Vec<String> = pairs.map(|(k, v)| format!("[{}]={}", key(k), quote::double(&v))).collect();
    let end = if matches!(value, Value::Associative(_)) && !shown.is_empty() { " " } else { "" };
    format!("({}{end})", shown.join(" "))
}
