//! A strict reader of TOML: whoever asks a table for its keys thereby says which keys there are, and when the table is
//! done with, every key that nobody asked for is a problem.

use std::cell::RefCell;
use std::path::Path;

use toml::de::DeTable;

use crate::value::Value;
use crate::{ConfigError, Problem, Problems, json};

/// A file while it is read.
pub struct Document<'t> {
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
}

impl<'t> Document<'t> {
    /// What `read` makes of the file's root table, unless anything at all is wrong with the file. So what `read`
    /// returns in place of a value that it could not make sense of is never seen by anyone.
    ///
    /// # Errors
    /// All that is wrong with the file.
    pub fn parse<T>(file: &Path, text: &'t str, read: impl FnOnce(&mut Section<'_>) -> T) -> Result<T, ConfigError> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let wrong = errors.iter().map(|error| (error.span().map_or(0, |span| span.start), error.message().to_owned()));
        Self::make(file, text, root.get_ref(), wrong, read)
    }

    /// The same of a JSON file whose root is an object.
    ///
    /// # Errors
    /// All that is wrong with the file.
    pub fn parse_json<T>(
        file: &Path,
        text: &'t str,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> Result<T, ConfigError> {
        match json::table(text) {
            Ok((root, wrong)) => Self::make(file, text, &root, wrong, read),
            Err((offset, message)) => {
                let document = Self { text, problems: RefCell::default() };
                document.problem(offset, message);
                Err(Problems { file: file.to_owned(), list: document.problems.into_inner() }.into())
            }
        }
    }

    fn make<T>(
        file: &Path,
        text: &'t str,
        root: &DeTable<'_>,
        wrong: impl IntoIterator<Item = json::Wrong>,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> Result<T, ConfigError> {
        let document = Self { text, problems: RefCell::default() };
        for (offset, message) in wrong {
            document.problem(offset, message);
        }
        let meaning = read(&mut Section::new(&document, "", 0, root));
        let mut list = document.problems.into_inner();
        list.sort_by_key(|problem| problem.line);
        if list.is_empty() { Ok(meaning) } else { Err(Problems { file: file.to_owned(), list }.into()) }
    }

    /// Notes what is wrong at a byte of the file.
    pub(crate) fn problem(&self, offset: usize, message: String) {
        let before = self.text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        self.problems.borrow_mut().push(Problem { line, message });
    }
}

/// One table of a file.
pub struct Section<'d> {
    document: &'d Document<'d>,
    /// `capabilities.limits`; empty for the root.
    path: String,
    offset: usize,
    table: &'d DeTable<'d>,
    asked: Vec<&'static str>,
    never: Vec<&'static str>,
    /// Every key is data.
    open: bool,
}

impl<'d> Section<'d> {
    pub(crate) fn new(document: &'d Document<'d>, path: &str, offset: usize, table: &'d DeTable<'d>) -> Self {
        Self { document, path: path.to_owned(), offset, table, asked: Vec::new(), never: Vec::new(), open: false }
    }

    /// The value of a key, which is thereby a valid one.
    pub fn take(&mut self, key: &'static str) -> Option<Value<'d>> {
        self.asked.push(key);
        self.find(key)
    }

    /// A text that means something to `parse`.
    pub fn get<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.take(key)?.text(parse)
    }

    /// The same, of a key that must be there.
    pub fn need<T: Default>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> T {
        let Some(value) = self.take(key) else {
            self.problem(format!("missing key `{key}`{}", self.place()));
            return T::default();
        };
        value.text(parse).unwrap_or_default()
    }

    /// A list of texts that mean something to `parse`, none of them twice.
    pub fn list<T: PartialEq>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let mut list = Vec::new();
        for value in self.take(key).into_iter().flat_map(|value| value.items()) {
            match value.text(&parse) {
                Some(meaning) if list.contains(&meaning) => value.problem("stands here twice"),
                Some(meaning) => list.push(meaning),
                None => {}
            }
        }
        list
    }

    /// A table.
    pub fn section(&mut self, key: &'static str) -> Option<Section<'d>> {
        self.take(key)?.section()
    }

    /// An array of tables.
    pub fn sections(&mut self, key: &'static str) -> Vec<Section<'d>> {
        let items = self.take(key).into_iter().flat_map(|value| value.items());
        items.filter_map(|value| value.section()).collect()
    }

    /// Keys that are never asked for, because there is something better to say of them than that they are unknown.
    pub fn never(&mut self, keys: &[&'static str], reason: &str) {
        self.refuse(keys, reason);
        self.never.extend(keys);
    }

    /// Keys that must not be there, for a reason better than being unknown.
    pub fn refuse(&self, keys: &[&str], reason: &str) {
        for value in keys.iter().filter_map(|key| self.find(key)) {
            value.problem(reason);
        }
    }

    /// All keys of a table whose keys are data and any of which may be there, such as variables.
    pub fn pairs(&mut self) -> Vec<(&'d str, Value<'d>)> {
        self.open = true;
        let pairs = self.table.iter();
        pairs
            .map(|(key, value)| (&**key.get_ref(), Value::new(self.document, self.path_of(key.get_ref()), value)))
            .collect()
    }

    /// The keys of a table whose keys are data out of a list, such as limits.
    pub fn entries(&mut self, keys: &[&'static str]) -> Vec<(&'static str, Value<'d>)> {
        keys.iter().filter_map(|key| Some((*key, self.take(key)?))).collect()
    }

    /// The keys that are there.
    pub fn keys(&self) -> Vec<&'d str> {
        self.table.keys().map(|key| &**key.get_ref()).collect()
    }

    /// Notes what is wrong with the table as a whole.
    pub fn problem(&self, message: String) {
        self.document.problem(self.offset, message);
    }

    fn find(&self, key: &str) -> Option<Value<'d>> {
        let (spanned, value) = self.table.get_key_value(key)?;
        Some(Value::new(self.document, self.path_of(spanned.get_ref()), value))
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn place(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!(" in `{}`", self.path) }
    }

    fn known(&self, key: &str) -> bool {
        self.open || self.asked.contains(&key) || self.never.contains(&key)
    }
}

impl Drop for Section<'_> {
    /// Reporting unknown keys can't be forgotten, and can't happen before the last key was asked for.
    fn drop(&mut self) {
        for key in self.table.keys().filter(|key| !self.known(key.get_ref())) {
            let message =
                format!("unknown key `{}`{}; {}", key.get_ref(), self.place(), advice(key.get_ref(), &self.asked));
            self.document.problem(key.span().start, message);
        }
    }
}

/// What somebody may have meant: the nearest word if there is a near one, and otherwise all there are.
pub(crate) fn advice(word: &str, words: &[&str]) -> String {
    let distance = |known: &str| strsim::damerau_levenshtein(&word.to_lowercase(), known);
    match words.iter().min_by_key(|known| distance(known)) {
        Some(nearest) if distance(nearest) <= (nearest.len() / 3).max(1) => format!("did you mean `{nearest}`?"),
        Some(_) => format!("there are {}", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")),
        None => "there are none here".to_owned(),
    }
}
