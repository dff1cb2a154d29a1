//! `$name` and everything that `${…}` can do.

use super::fields::{Part, joined, text_part};
use super::pattern::Pattern;
use super::{case, replace};
use crate::ast::{Operation, Parameter, Subscript, Word};
use crate::options::{Opt, Shopt};
use crate::state::Shell;
use crate::stop::{Run, Stop};

/// What a parameter stands for.
#[derive(Clone, Debug)]
pub(super) enum Fetched {
    Unset,
    One(String),
    /// `$@`, `${a[@]}` or, if joined, `$*`, `${a[*]}`.
    Many(Vec<String>, bool),
}

impl Fetched {
    fn map(self, change: impl Fn(&str) -> String) -> Fetched {
        match self {
            Fetched::Unset => Fetched::One(String::new()),
            Fetched::One(text) => Fetched::One(change(&text)),
            Fetched::Many(values, joined) => Fetched::Many(values.iter().map(|value| change(value)).collect(), joined),
        }
    }

    pub(super) fn is_set(&self) -> bool {
        match self {
            Fetched::Unset => false,
            Fetched::One(_) => true,
            Fetched::Many(values, _) => !values.is_empty(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Fetched::Unset => true,
            Fetched::One(text) => text.is_empty(),
            Fetched::Many(values, _) => values.iter().all(String::is_empty) && values.len() < 2,
        }
    }
}

impl Shell {
    pub(super) fn parameter(&mut self, parameter: &Parameter, quoted: bool, parts: &mut Vec<Part>) -> Run<()> {
        if parameter.indirect {
            let Some(target) = self.indirection(parameter)? else {
                return self.operate(
                    &Parameter { indirect: false, ..parameter.clone() },
                    Fetched::Unset,
                    quoted,
                    parts,
                );
            };
            return self.parameter(&target, quoted, parts);
        }
        match &parameter.operation {
            Operation::Bad(text) => {
                self.complain(&format!("{text}: bad substitution"));
                return Err(Stop::Discard(1));
            }
            Operation::Names(as_one) => {
                let prefix = &parameter.name;
                let names = self.state.vars.names().into_iter().filter(|name| name.starts_with(prefix.as_str()));
                let names = names.map(str::to_owned).collect();
                self.emit(Fetched::Many(names, *as_one), quoted, parts);
                return Ok(());
            }
            Operation::Keys => {
                let keys = self.keys(&parameter.name);
                self.emit(Fetched::Many(keys, parameter.subscript == Some(Subscript::Joined)), quoted, parts);
                return Ok(());
            }
            _ => {}
        }
        let fetched = self.fetch(&parameter.name, parameter.subscript.as_ref())?;
        self.operate(parameter, fetched, quoted, parts)
    }

    /// The parameter that `${!name…}` means.
    fn indirection(&mut self, parameter: &Parameter) -> Run<Option<Parameter>> {
        let reference = self.state.vars.own(&parameter.name).filter(|variable| variable.attributes.reference);
        if let Some(variable) = reference
            && parameter.operation == Operation::Value
        {
            let target = variable.value.scalar().unwrap_or_default().to_owned();
            let word = vec![crate::ast::Piece::Quoted(target)];
            let operation = Operation::Test { kind: '-', colon: false, word };
            return Ok(Some(Parameter { operation, ..crate::parse::parameter::plain("\u{1}unset") }));
        }
        let text = match self.fetch(&parameter.name, parameter.subscript.as_ref())? {
            Fetched::One(text) => text,
            Fetched::Many(values, _) => values.join(" "),
            Fetched::Unset => {
                self.complain(&format!("{}: invalid indirect expansion", parameter.name));
                return Err(Stop::Discard(1));
            }
        };
        if text.is_empty() {
            return Ok(None);
        }
        match crate::parse::parameter::parse(&text, false) {
            Ok(target) if target.operation == Operation::Value && !target.indirect => {
                Ok(Some(Parameter { operation: parameter.operation.clone(), ..target }))
            }
            _ => {
                self.complain(&format!("{text}: invalid variable name"));
                Err(Stop::Discard(1))
            }
        }
    }

    pub(super) fn fetch(&mut self, name: &str, subscript: Option<&Subscript>) -> Run<Fetched> {
        let one = |text: String| Ok(Fetched::One(text));
        match name {
            "@" => return Ok(Fetched::Many(self.state.positional.clone(), false)),
            "*" => return Ok(Fetched::Many(self.state.positional.clone(), true)),
            "#" => return one(self.state.positional.len().to_string()),
            "?" => return one(self.state.status.to_string()),
            "-" => return one(self.option_letters()),
            "$" => return one(self.state.number.to_string()),
            "!" => return Ok(self.state.background.map_or(Fetched::Unset, |number| Fetched::One(number.to_string()))),
            "0" => return one(self.state.name.clone()),
            _ => {}
        }
        if let Ok(number) = name.parse::<usize>() {
            return Ok(self.state.positional.get(number - 1).map_or(Fetched::Unset, |text| Fetched::One(text.clone())));
        }
        match subscript {
            None => Ok(self.lookup(name).map_or(Fetched::Unset, Fetched::One)),
            Some(Subscript::Each) => Ok(Fetched::Many(self.values(name), false)),
            Some(Subscript::Joined) => Ok(Fetched::Many(self.values(name), true)),
            Some(Subscript::Of(text, word)) => {
                let element = self.element(name, text, word)?;
                Ok(element.map_or(Fetched::Unset, Fetched::One))
            }
        }
    }

    /// `$-`
    fn option_letters(&self) -> String {
        let source = if self.state.one_string {
            "c"
        } else if self.state.from_input {
            "s"
        } else {
            ""
        };
        self.state.options.letters() + source
    }

    fn operate(&mut self, parameter: &Parameter, fetched: Fetched, quoted: bool, parts: &mut Vec<Part>) -> Run<()> {
        if let Operation::Test { kind, colon, word } = &parameter.operation {
            return self.test(parameter, fetched, (*kind, *colon, word), quoted, parts);
        }
        if matches!(fetched, Fetched::Unset) && self.on(Opt::Nounset) {
            return self.unbound(&shown_name(parameter));
        }
        let result = match &parameter.operation {
            Operation::Length => Fetched::One(match fetched {
                Fetched::Unset => "0".into(),
                Fetched::One(text) => text.chars().count().to_string(),
                Fetched::Many(values, _) => values.len().to_string(),
            }),
            Operation::Prefix { longest, pattern } => {
                let pattern = Pattern::new(&self.pattern(pattern)?, false);
                fetched.map(|text| replace::without_prefix(text, &pattern, *longest))
            }
            Operation::Suffix { longest, pattern } => {
                let pattern = Pattern::new(&self.pattern(pattern)?, false);
                fetched.map(|text| replace::without_suffix(text, &pattern, *longest))
            }
            Operation::Replace { anchor, pattern, replacement } => {
                let pattern = Pattern::new(&self.pattern(pattern)?, self.shopt(Shopt::Nocasematch));
                let replacement = self.replacement(replacement)?;
                fetched.map(|text| replace::replace(text, *anchor, &pattern, &replacement))
            }
            Operation::Case { change, all, pattern } => {
                let text = self.pattern(pattern)?;
                let pattern = (!text.is_empty()).then(|| Pattern::new(&text, false));
                fetched.map(|text| case::change(text, *change, *all, pattern.as_ref()))
            }
            Operation::Substring { offset, length } => self.substring(parameter, fetched, offset, length.as_ref())?,
            Operation::Transform(kind) => self.transform(parameter, fetched, *kind)?,
            _ => match fetched {
                Fetched::Unset => Fetched::One(String::new()),
                other => other,
            },
        };
        self.emit(result, quoted, parts);
        Ok(())
    }

    pub(crate) fn unbound<T>(&mut self, name: &str) -> Run<T> {
        self.complain(&format!("{name}: unbound variable"));
        Err(Stop::Exit(self.fatal_status()))
    }

    /// The status with which a shell ends that may not go on: bash has one for `-c` and one for files.
    pub(crate) fn fatal_status(&self) -> i32 {
        if self.state.one_string { 127 } else { 1 }
    }

    pub(super) fn emit(&mut self, fetched: Fetched, quoted: bool, parts: &mut Vec<Part>) {
        match fetched {
            Fetched::Unset => {}
            Fetched::One(text) => parts.push(text_part(text, quoted)),
            Fetched::Many(values, as_one) => {
                let separators = self.separators();
                let first = separators.chars().next().map_or(String::new(), String::from);
                if quoted && as_one {
                    parts.push(Part::Quoted(values.join(&first)));
                    return;
                }
                let between = if as_one { first } else { " ".into() };
                for (at, value) in values.into_iter().enumerate() {
                    if at > 0 {
                        parts.push(Part::Break(between.clone()));
                    }
                    parts.push(text_part(value, quoted));
                }
            }
        }
    }

    /// The replacement of `${x/…/…}`, in which an unquoted `&` is what was matched.
    fn replacement(&mut self, word: &Word) -> Run<Vec<replace::Replacement>> {
        let mut parts = Vec::new();
        self.parts(word, false, &mut parts)?;
        if !self.shopt(Shopt::PatsubReplacement) {
            return Ok(vec![replace::Replacement::Text(joined(&parts))]);
        }
        let mut replacement = Vec::new();
        for part in parts {
            let (Part::Literal(text) | Part::Split(text)) = &part else {
                replacement.push(replace::Replacement::Text(joined(&[part])));
                continue;
            };
            for (at, text) in text.split('&').enumerate() {
                if at > 0 {
                    replacement.push(replace::Replacement::Match);
                }
                replacement.push(replace::Replacement::Text(text.to_owned()));
            }
        }
        Ok(replacement)
    }
}

pub(super) fn shown_name(parameter: &Parameter) -> String {
    match &parameter.subscript {
        Some(Subscript::Of(text, _)) => format!("{}[{text}]", parameter.name),
        _ => parameter.name.clone(),
    }
}
