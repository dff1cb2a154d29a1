//! Options before and after a command's name.

use crate::Stop;

/// What is written before the command's name.
#[derive(Default)]
pub(crate) struct Global {
    /// `-c NAME=VALUE`, the last first.
    pub(crate) settings: Vec<(String, String)>,
}

impl Global {
    /// Changes into the folders of `-C`, and leaves the command's name and what is after it.
    pub(crate) fn read(arguments: &[String]) -> Result<(Self, &[String]), Stop> {
        let (mut global, mut rest) = (Self::default(), arguments);
        while let Some((first, after)) = rest.split_first() {
            match (first.as_str(), after.split_first()) {
                ("-C", Some((folder, after))) => {
                    let moved = std::env::set_current_dir(folder);
                    moved.map_err(|error| Stop::fatal(format!("cannot change to '{folder}': {error}")))?;
                    rest = after;
                }
                ("-c", Some((setting, after))) => {
                    let (name, value) = setting.split_once('=').unwrap_or((setting, "true"));
                    global.settings.insert(0, (name.to_lowercase(), value.to_owned()));
                    rest = after;
                }
                ("--no-pager" | "-P" | "--literal-pathspecs" | "--no-optional-locks" | "--paginate" | "-p", _) => {
                    rest = after
                }
                ("--version" | "--help", _) => return Ok((global, rest)),
                (option, _) if option.starts_with('-') => return Err(Stop::usage(format!("unknown option: {option}"))),
                _ => return Ok((global, rest)),
            }
        }
        Ok((global, rest))
    }
}

/// A command's arguments: options as they are taken, and the others.
pub(crate) struct Arguments {
    words: Vec<String>,
    at: usize,
    /// After `--` nothing is an option.
    only_paths: bool,
}

/// One argument.
pub(crate) enum Argument {
    /// With its dashes, without its value.
    Option(String),
    /// What is no option, before `--`.
    Word(String),
    /// What is after `--`.
    Path(String),
}

impl Arguments {
    /// `valued` are the short options that have a value, which may follow at once. Others may be written together.
    pub(crate) fn new(arguments: &[String], valued: &str) -> Self {
        let mut words = Vec::new();
        let mut rest = arguments.iter();
        for word in rest.by_ref() {
            match word.strip_prefix('-') {
                Some("-") => {
                    words.push(word.clone());
                    break;
                }
                Some(letters) if !letters.is_empty() && !letters.starts_with('-') => apart(letters, valued, &mut words),
                _ => words.push(word.clone()),
            }
        }
        words.extend(rest.cloned());
        Self { words, at: 0, only_paths: false }
    }

    pub(crate) fn next(&mut self) -> Option<Argument> {
        let word = self.words.get(self.at)?.clone();
        self.at += 1;
        if self.only_paths {
            return Some(Argument::Path(word));
        }
        if word == "--" {
            self.only_paths = true;
            return self.next();
        }
        if word.len() < 2 || !word.starts_with('-') {
            return Some(Argument::Word(word));
        }
        match word.split_once('=').filter(|_| word.starts_with("--")) {
            Some((name, value)) => {
                self.at -= 1;
                self.words[self.at] = value.to_owned();
                // The value stays in front for whoever takes it.
                Some(Argument::Option(format!("{name}=")))
            }
            None => Some(Argument::Option(word)),
        }
    }

    /// What comes next, as it is written.
    pub(crate) fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    /// The value of the option that was just taken.
    pub(crate) fn value(&mut self, option: &str) -> Result<String, Stop> {
        let value = self.words.get(self.at).cloned();
        self.at += 1;
        value.ok_or_else(|| Stop::usage(format!("option `{}' requires a value", option.trim_start_matches('-'))))
    }

    pub(crate) fn number(&mut self, option: &str) -> Result<u32, Stop> {
        let value = self.value(option)?;
        value.parse().map_err(|_| Stop::fatal(format!("'{value}': not an integer")))
    }
}

fn apart(letters: &str, valued: &str, words: &mut Vec<String>) {
    if letters.bytes().all(|byte| byte.is_ascii_digit()) {
        words.extend(["-n".to_owned(), letters.to_owned()]);
        return;
    }
    for (at, letter) in letters.char_indices() {
        words.push(format!("-{letter}"));
        let rest = &letters[at + letter.len_utf8()..];
        if valued.contains(letter) && !rest.is_empty() {
            words.push(rest.to_owned());
            return;
        }
    }
}

/// A command was given an option that it hasn't.
pub(crate) fn unknown(option: &str) -> Stop {
    let name = option.trim_end_matches('=');
    match name.strip_prefix("--") {
        Some(long) => Stop::usage(format!("unknown option `{long}'")),
        None => Stop::usage(format!("unknown switch `{}'", name.trim_start_matches('-'))),
    }
}
