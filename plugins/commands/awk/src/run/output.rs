//! Where print writes to: standard output, files, and commands.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Stderr, Stdout, Write};

use place::{Child, Input, Start};

use crate::ast::RedirectKind;

pub(super) struct Output {
    standard: BufWriter<Stdout>,
    others: HashMap<String, To>,
}

enum To {
    Standard,
    Error(Stderr),
    File(BufWriter<File>),
    Command(Child),
}

impl Default for Output {
    fn default() -> Self {
        Self { standard: BufWriter::with_capacity(64 * 1024, io::stdout()), others: HashMap::new() }
    }
}

impl Output {
    pub(super) fn print(&mut self, text: &str) -> io::Result<()> {
        self.standard.write_all(text.as_bytes())
    }

    pub(super) fn print_to(&mut self, kind: RedirectKind, name: &str, text: &str) -> io::Result<()> {
        if !self.others.contains_key(name) {
            let opened = self.open(kind, name)?;
            self.others.insert(name.to_owned(), opened);
        }
        match self.others.get_mut(name) {
            Some(To::Error(error)) => error.write_all(text.as_bytes()),
            Some(To::File(file)) => file.write_all(text.as_bytes()),
            Some(To::Command(child)) => child.write(text.as_bytes()),
            Some(To::Standard) | None => self.standard.write_all(text.as_bytes()),
        }
    }

    fn open(&mut self, kind: RedirectKind, name: &str) -> io::Result<To> {
        Ok(match (kind, name) {
            (RedirectKind::Pipe, command) => {
                // What was printed before comes before what the command prints.
                self.standard.flush()?;
                let words = ["sh", "-c", command].map(str::to_owned).to_vec();
                let started = Start { input: Input::Pipe, ..Start::new(words) }.start();
                To::Command(started.map_err(|failure| io::Error::other(failure.message))?)
            }
            (_, "/dev/stdout" | "-") => To::Standard,
            (_, "/dev/stderr") => To::Error(io::stderr()),
            (RedirectKind::Append, path) => {
                To::File(BufWriter::new(OpenOptions::new().append(true).create(true).open(path)?))
            }
            (RedirectKind::Truncate, path) => To::File(BufWriter::new(File::create(path)?)),
        })
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.standard.flush()?;
        for other in self.others.values_mut() {
            if let To::File(file) = other {
                file.flush()?;
            }
        }
        Ok(())
    }

    /// The code of a command, or 0; nothing if it was not open.
    pub(super) fn close(&mut self, name: &str) -> Option<io::Result<i32>> {
        let closed = self.others.remove(name)?;
        Some(self.standard.flush().and_then(|()| finished(closed)))
    }

    pub(super) fn close_all(&mut self) -> io::Result<()> {
        self.standard.flush()?;
        let mut names: Vec<String> = self.others.keys().cloned().collect();
        names.sort();
        for name in names {
            if let Some(other) = self.others.remove(&name) {
                finished(other)?;
            }
        }
        Ok(())
    }
}

fn finished(to: To) -> io::Result<i32> {
    match to {
        To::Standard | To::Error(_) => Ok(0),
        To::File(mut file) => file.flush().map(|()| 0),
        To::Command(mut child) => {
            child.close_input();
            Ok(child.wait().code)
        }
    }
}
