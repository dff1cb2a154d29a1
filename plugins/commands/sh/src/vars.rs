//! Variables: values, attributes, and the scopes that functions open.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

mod associative;
pub(crate) use associative::Associative;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Value {
    #[default]
    Unset,
    Scalar(String),
    Indexed(BTreeMap<i64, String>),
    Associative(Associative),
}

impl Value {
    /// What `$name` gives: an array's element 0.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match self {
            Value::Unset => None,
            Value::Scalar(text) => Some(text),
            Value::Indexed(elements) => elements.get(&0).map(String::as_str),
            Value::Associative(elements) => elements.get("0"),
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        match self {
            Value::Unset => Vec::new(),
            Value::Scalar(text) => vec![text.clone()],
            Value::Indexed(elements) => elements.values().cloned().collect(),
            Value::Associative(elements) => elements.iter().map(|(_, value)| value.to_owned()).collect(),
        }
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        match self {
            Value::Unset => Vec::new(),
            Value::Scalar(_) => vec!["0".into()],
            Value::Indexed(elements) => elements.keys().map(i64::to_string).collect(),
            Value::Associative(elements) => elements.iter().map(|(key, _)| key.to_owned()).collect(),
        }
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self, Value::Indexed(_) | Value::Associative(_))
    }
}

/// What `declare` can say about a variable beside its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attributes {
    pub(crate) exported: bool,
    pub(crate) readonly: bool,
    pub(crate) integer: bool,
    pub(crate) lower: bool,
    pub(crate) upper: bool,
    pub(crate) reference: bool,
    pub(crate) trace: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Variable {
    pub(crate) value: Value,
    pub(crate) attributes: Attributes,
}

impl Variable {
    /// The letters that `${name@a}` and `declare -p` show.
    pub(crate) fn letters(&self) -> String {
        let attributes = &self.attributes;
        [
            (matches!(self.value, Value::Indexed(_)), 'a'),
            (matches!(self.value, Value::Associative(_)), 'A'),
            (attributes.integer, 'i'),
            (attributes.lower, 'l'),
            (attributes.reference, 'n'),
            (attributes.readonly, 'r'),
            (attributes.trace, 't'),
            (attributes.upper, 'u'),
            (attributes.exported, 'x'),
        ]
        .iter()
        .filter_map(|(set, letter)| set.then_some(*letter))
        .collect()
    }

    /// The value in the letter case that the attributes ask for.
    pub(crate) fn folded(&self, text: String) -> String {
        match (self.attributes.lower, self.attributes.upper) {
            (true, _) => text.to_lowercase(),
            (_, true) => text.to_uppercase(),
            _ => text,
        }
    }
}

/// All variables that are visible now. A function's frame remembers what its locals hide.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Vars {
    visible: HashMap<String, Variable>,
    frames: Vec<Frame>,
}

/// What the locals of one function hide, or what `X=1 command` put aside.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Frame {
    temporary: bool,
    hidden: Vec<(String, Option<Variable>)>,
}

impl Frame {
    fn position(&self, name: &str) -> Option<usize> {
        self.hidden.iter().position(|(hidden, _)| hidden == name)
    }
}

/// Name references may point at each other in circles.
const MOST_REFERENCES: usize = 8;

impl Vars {
    /// The name that a chain of name references ends at.
    pub(crate) fn target(&self, name: &str) -> String {
        let mut name = name.to_owned();
        for _ in 0..MOST_REFERENCES {
            match self.visible.get(&name) {
                Some(Variable { value: Value::Scalar(next), attributes })
                    if attributes.reference && !next.is_empty() =>
                {
                    name.clone_from(next);
                }
                _ => break,
            }
        }
        name
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Variable> {
        let variable = self.visible.get(name)?;
        if variable.attributes.reference { self.visible.get(&self.target(name)) } else { Some(variable) }
    }

    /// Without following name references.
    pub(crate) fn own(&self, name: &str) -> Option<&Variable> {
        self.visible.get(name)
    }

    pub(crate) fn own_mut(&mut self, name: &str) -> &mut Variable {
        self.visible.entry(name.to_owned()).or_default()
    }

    pub(crate) fn scalar(&self, name: &str) -> Option<&str> {
        self.get(name)?.value.scalar()
    }

    /// Sets the value whatever the attributes say; for the shell's own variables.
    pub(crate) fn put(&mut self, name: &str, value: impl Into<String>) {
        self.own_mut(name).value = Value::Scalar(value.into());
    }

    pub(crate) fn put_array(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        self.own_mut(name).value = Value::Indexed((0..).zip(values).collect());
    }

    /// Forgets a variable. A local of the innermost function stays local; one of a function further out is gone for good, and
    /// what it hid is visible again.
    pub(crate) fn remove(&mut self, name: &str) {
        let revealed = match self.frames.iter().rposition(|frame| frame.position(name).is_some()) {
            Some(at) if Some(at) != self.innermost() => {
                let slot = self.frames[at].position(name).unwrap_or_default();
                self.frames[at].hidden.remove(slot).1
            }
            _ => None,
        };
        match revealed {
            Some(variable) => self.visible.insert(name.to_owned(), variable),
            None => self.visible.remove(name),
        };
    }

    /// The frame of the innermost function.
    fn innermost(&self) -> Option<usize> {
        self.frames.iter().rposition(|frame| !frame.temporary)
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.visible.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    pub(crate) fn exported(&self) -> Vec<(String, String)> {
        let exported = self.visible.iter().filter(|(_, variable)| variable.attributes.exported);
        let mut pairs: Vec<_> =
            exported.filter_map(|(name, variable)| Some((name.clone(), variable.value.scalar()?.to_owned()))).collect();
        pairs.sort();
        pairs
    }

    pub(crate) fn open_frame(&mut self) {
        self.frames.push(Frame::default());
    }

    /// For the assignments before a command.
    pub(crate) fn open_temporary(&mut self) {
        self.frames.push(Frame { temporary: true, hidden: Vec::new() });
    }

    pub(crate) fn close_frame(&mut self) {
        for (name, hidden) in self.frames.pop().unwrap_or_default().hidden.into_iter().rev() {
            match hidden {
                Some(variable) => self.visible.insert(name, variable),
                None => self.visible.remove(&name),
            };
        }
    }

    pub(crate) fn in_function(&self) -> bool {
        self.innermost().is_some()
    }

    pub(crate) fn is_local(&self, name: &str) -> bool {
        self.innermost().is_some_and(|at| self.frames[at].position(name).is_some())
    }

    pub(crate) fn local_names(&self) -> Vec<String> {
        let names = |at: usize| self.frames[at].hidden.iter().map(|(name, _)| name.clone()).collect();
        self.innermost().map(names).unwrap_or_default()
    }

    /// Makes a name local to the innermost function; it starts unset, but keeps being exported.
    pub(crate) fn make_local(&mut self, name: &str) {
        if self.is_local(name) {
            return;
        }
        let hidden = self.visible.remove(name);
        let exported = hidden.as_ref().is_some_and(|variable| variable.attributes.exported);
        if let Some(at) = self.innermost() {
            self.frames[at].hidden.push((name.to_owned(), hidden));
            let attributes = Attributes { exported, ..Attributes::default() };
            self.visible.insert(name.to_owned(), Variable { value: Value::Unset, attributes });
        }
    }

    /// Remembers the variable as it is, to be put back when the frame closes; for `X=1 command`.
    pub(crate) fn keep(&mut self, name: &str) {
        let current = self.visible.get(name).cloned();
        if let Some(frame) = self.frames.last_mut() {
            frame.hidden.push((name.to_owned(), current));
        }
    }

    /// The variable outside of all functions, for `declare -g`.
    pub(crate) fn with_global<T>(&mut self, name: &str, change: impl FnOnce(&mut Self) -> T) -> T {
        let frame = self.frames.iter().position(|frame| frame.position(name).is_some());
        let Some(frame) = frame else { return change(self) };
        let local = self.visible.remove(name);
        let slot = self.frames[frame].position(name).unwrap_or_default();
        if let Some(global) = self.frames[frame].hidden[slot].1.take() {
            self.visible.insert(name.to_owned(), global);
        }
        let result = change(self);
        self.frames[frame].hidden[slot].1 = self.visible.remove(name);
        self.visible.extend(local.map(|variable| (name.to_owned(), variable)));
        result
    }
}
