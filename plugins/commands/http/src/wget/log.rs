//! What is told while files are fetched, as much of it as is wanted.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::SystemTime;

use posix::date::Date;

use super::options::Options;
use super::{FILES, Stop};

pub(crate) struct Log {
    quiet: bool,
    pub(crate) brief: bool,
    file: Option<File>,
}

impl Log {
    pub(crate) fn new(options: &Options) -> Result<Self, Stop> {
        let file = options.log.as_ref().map(|(path, append)| opened(path, *append)).transpose()?;
        Ok(Self { quiet: options.quiet, brief: options.brief, file })
    }

    /// For those who want to know each step.
    pub(crate) fn step(&mut self, text: &str) {
        if !self.brief {
            self.say(text);
        }
    }

    /// For all but those who want silence.
    pub(crate) fn say(&mut self, text: &str) {
        if !self.quiet {
            self.write(text);
        }
    }

    /// For everybody.
    pub(crate) fn write(&mut self, text: &str) {
        match &mut self.file {
            // A log that can't be written can't be complained of either.
            Some(file) => file.write_all(text.as_bytes()).unwrap_or_default(),
            None => eprint!("{text}"),
        }
    }

    pub(crate) fn problem(&mut self, stop: &Stop) {
        if stop.denied {
            self.write(&format!("wget: {}\n", stop.message));
        } else {
            self.say(&format!("{}\n", stop.message));
        }
    }
}

fn opened(path: &str, append: bool) -> Result<File, Stop> {
    let mut options = OpenOptions::new();
    if append {
        options.append(true);
    } else {
        options.write(true).truncate(true);
    }
    let file = options.create(true).open(path);
    file.map_err(|problem| Stop::new(FILES, format!("{path}: {}", posix::reason(&problem))))
}

/// `2026-11-25 12:46:33`
pub(crate) fn now() -> String {
    Date::of(SystemTime::now()).format("%Y-%m-%d %H:%M:%S")
}
