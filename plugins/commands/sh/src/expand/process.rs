//! `<(…)` and `>(…)`. There is no `/dev/fd` here, so each is a file in /tmp: the command of `<(…)` runs to its end before its
//! path is used, and that of `>(…)` runs on what was written after the command that wrote it. `> >(…)` needs no path, and is a
//! pipe.

use std::rc::{Rc, Weak};

use crate::ast::Direction;
use crate::files::{Files, Stream};
use crate::process::{self, OpenOptions};
use crate::run::subshell::Work;
use crate::state::Shell;
use crate::stop::{Run, Stop};

/// What is to be done about a process substitution when its command is over.
pub(crate) enum Leftover {
    Remove(String),
    Feed(String, Rc<str>),
    /// The command behind `> >(…)`, and the pipe to it.
    Await(process::Child, Weak<Stream>),
}

impl Shell {
    pub(super) fn process_substitution(&mut self, direction: Direction, command: &Rc<str>) -> Run<String> {
        let path = self.temporary_path();
        let handle = self.open_temporary(&path)?;
        match direction {
            Direction::Input => {
                let mut files = self.files.clone();
                files.put(1, handle);
                if let Some(child) = self.start_subshell(&files, &Work::Substitution(command.to_string())) {
                    drop(files);
                    child.wait();
                }
                self.leftovers.push(Leftover::Remove(path.clone()));
            }
            Direction::Output => self.leftovers.push(Leftover::Feed(path.clone(), command.clone())),
        }
        Ok(path)
    }

    pub(crate) fn temporary_path(&mut self) -> String {
        self.temporary += 1;
        format!("/tmp/.sh-{}-{}", process::numbers().0, self.temporary)
    }

    pub(crate) fn open_temporary(&mut self, path: &str) -> Run<process::Handle> {
        let options =
            OpenOptions { read: false, write: true, append: false, create: true, truncate: true, exclusive: false };
        process::open(path, options).map_err(|failure| {
            self.complain(&format!("{path}: {}", failure.message));
            Stop::Discard(1)
        })
    }

    /// Ends all process substitutions, also those that write to what `exec` opened.
    pub(crate) fn clear_all_leftovers(&mut self) {
        self.clear_leftovers(0);
        if !self.leftovers.is_empty() {
            self.files = Files::default();
            self.clear_leftovers(0);
        }
    }

    /// Ends the process substitutions that were begun since there were this many.
    pub(crate) fn clear_leftovers(&mut self, from: usize) {
        for leftover in self.leftovers.split_off(from) {
            let path = match leftover {
                Leftover::Await(child, pipe) => {
                    if pipe.strong_count() > 0 {
                        self.leftovers.push(Leftover::Await(child, pipe));
                    } else {
                        child.wait();
                    }
                    continue;
                }
                Leftover::Remove(path) => path,
                Leftover::Feed(path, command) => {
                    self.feed(&path, &command);
                    path
                }
            };
            // It may be gone already; a script may remove what it likes.
            std::fs::remove_file(path).unwrap_or_default();
        }
    }

    fn feed(&mut self, path: &str, command: &Rc<str>) {
        let Ok(stream) = self.open_to_read(path) else { return };
        let mut files = self.files.clone();
        files.replace(0, Some(stream));
        if let Some(child) = self.start_subshell(&files, &Work::Substitution(command.to_string())) {
            child.wait();
        }
    }
}
