//! Subshells: another instance of this component, given a copy of the state and what to run.

use serde::{Deserialize, Serialize};

use crate::ast::{Command, Item, Shape};
use crate::files::Files;
use crate::options::{Opt, Shopt};
use crate::process::{self, Child, Start};
use crate::state::{Shell, State};
use crate::stop::{Run, Stop};

/// What a subshell is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Work {
    Command(Command),
    Item(Item),
    /// The text of `$(…)`.
    Substitution(String),
    /// A script without `#!`, and its words.
    File(String, Vec<String>),
}

impl Shell {
    /// Starts a subshell; none, with the reason told, if the host does not.
    pub(crate) fn start_subshell(&mut self, files: &Files, work: &Work) -> Option<Child> {
        let payload = match postcard::to_allocvec(&(&self.state, work)) {
            Ok(payload) => payload,
            Err(error) => {
                self.complain(&format!("cannot start a subshell: {error}"));
                return None;
            }
        };
        let started = process::spawn(Start {
            program: None,
            arguments: vec![self.state.name.clone()],
            variables: self.environment(),
            directory: self.state.directory.clone(),
            handles: files.all(),
            payload,
            time_limit_ms: None,
        });
        match started {
            Ok(child) => Some(child),
            Err(failure) => {
                self.complain(&format!("cannot start a subshell: {}", failure.message));
                None
            }
        }
    }
}

/// The life of a subshell, from what it was given to its exit status.
pub(crate) fn resume(payload: &[u8]) -> i32 {
    let Ok((mut state, work)) = postcard::from_bytes::<(State, Work)>(payload) else { return 126 };
    state.subshells += 1;
    (state.loops, state.depth, state.nesting) = (0, 0, 0);
    state.outer_traps = state.traps.clone();
    let (errtrace, functrace) = (state.options.on(Opt::Errtrace), state.options.on(Opt::Functrace));
    state.traps.retain(|name, action| match name.as_str() {
        "ERR" => errtrace,
        "DEBUG" | "RETURN" => functrace,
        _ => action.is_empty(),
    });
    let mut shell = Shell::new(state);
    let result = shell.run_work(work);
    shell.end(result)
}

impl Shell {
    fn run_work(&mut self, work: Work) -> Run {
        match work {
            Work::Command(Command { line, shape: Shape::Subshell(list), redirects }) => {
                let group = Command { line, shape: Shape::Group(list), redirects };
                self.caught(|shell| shell.run_command(&group))
            }
            Work::Command(command) => self.caught(|shell| {
                let status = shell.run_command(&command)?;
                // A failing stage ends nothing but itself; its status says so.
                Ok(status)
            }),
            Work::Item(item) => self.caught(|shell| shell.run_item(&item)),
            Work::Substitution(text) => {
                if !self.shopt(Shopt::InheritErrexit) {
                    self.state.options.set(Opt::Errexit, false);
                }
                let line = self.state.line;
                self.run_text(&text, line)
            }
            Work::File(path, words) => self.run_file(&path, words),
        }
    }

    fn caught(&mut self, run: impl FnOnce(&mut Self) -> Run) -> Run {
        match run(self) {
            Err(Stop::Discard(status)) => Ok(status),
            other => other,
        }
    }

    /// A script without `#!` in this fresh subshell: only what is exported stays.
    fn run_file(&mut self, path: &str, words: Vec<String>) -> Run {
        let exported = self.state.vars.exported();
        let began = self.state.began;
        self.state =
            State { directory: self.state.directory.clone(), umask: self.state.umask, began, ..State::default() };
        self.state.name = path.to_owned();
        self.state.source = path.to_owned();
        self.state.positional = words.into_iter().skip(1).collect();
        self.state.number = process::numbers().0;
        crate::invocation::set_variables(self, exported);
        match std::fs::read(path) {
            Ok(bytes) => self.run_text(&crate::text::from_bytes(bytes), 1),
            Err(error) => {
                self.complain(&format!("{path}: {error}"));
                Ok(126)
            }
        }
    }

    /// The last things a shell does; its exit status.
    pub(crate) fn end(&mut self, result: Run) -> i32 {
        let status = match result {
            Ok(status) | Err(Stop::Exit(status) | Stop::Return(status) | Stop::Discard(status)) => status,
            Err(Stop::Break(_) | Stop::Continue(_)) => self.state.status,
        };
        self.state.status = status;
        let status = self.run_exit_trap(status);
        self.clear_all_leftovers();
        status & 0xff
    }
}
