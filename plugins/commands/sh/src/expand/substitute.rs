//! `$(…)`.

use std::cell::RefCell;
use std::rc::Rc;

use crate::ast::{Command, Redirect, Script, Shape, Target};
use crate::files::Stream;
use crate::process;
use crate::run::subshell::Work;
use crate::state::Shell;
use crate::stop::{Run, Stop};

impl Shell {
    /// What a command writes, without the line ends at its end.
    pub(super) fn command_substitution(&mut self, text: &Rc<str>) -> Run<String> {
        let script = self.parsed(text)?;
        let mut bytes = match only_command(&script) {
            Some(Command { shape: Shape::Simple(simple), redirects, .. }) if simple.words.is_empty() => {
                match redirects.as_slice() {
                    [Redirect { target: Target::Read(word), .. }] if simple.assignments.is_empty() => {
                        self.contents(word)?
                    }
                    _ => self.captured_apart(text)?,
                }
            }
            Some(command) if self.runs_alike(command) => self.captured_here(command)?,
            Some(command) if self.is_plain_external(command) => self.captured_external(command)?,
            _ => self.captured_apart(text)?,
        };
        self.state.status = self.substituted.unwrap_or(self.state.status);
        bytes.retain(|byte| *byte != 0);
        while bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        Ok(crate::text::from_bytes(bytes))
    }

    fn parsed(&mut self, text: &Rc<str>) -> Run<Rc<Script>> {
        if let Some(script) = self.parsed.get(text) {
            return Ok(script.clone());
        }
        match self.parse(text, self.state.line) {
            Ok(script) => {
                let script = Rc::new(script);
                self.parsed.insert(text.clone(), script.clone());
                Ok(script)
            }
            Err(error) => {
                self.complain(&format!("command substitution: {}", error.message));
                Err(Stop::Discard(2))
            }
        }
    }

    /// `$(<file)`
    fn contents(&mut self, word: &crate::ast::Word) -> Run<Vec<u8>> {
        let path = self.single(word)?;
        let stream = match self.open_to_read(&path) {
            Ok(stream) => stream,
            Err(failure) => {
                self.complain(&format!("{path}: {}", failure.message));
                self.substituted = Some(1);
                return Ok(Vec::new());
            }
        };
        self.substituted = Some(0);
        Ok(stream.host().and_then(|handle| process::read_all(handle).ok()).unwrap_or_default())
    }

    /// Whether a command does the same in this shell as in a subshell: `echo` and `printf` of words that assign nothing.
    fn runs_alike(&self, command: &Command) -> bool {
        let Shape::Simple(simple) = &command.shape else { return false };
        command.redirects.is_empty()
            && simple.assignments.is_empty()
            && crate::run::plain::name(simple).is_some_and(|name| {
                ["echo", "printf", "pwd", "true", "false", "test", "[", "jobs"].contains(&name)
                    && !self.state.functions.contains_key(name)
                    && crate::builtin::find(name).is_some()
                    && (name != "printf" || !crate::run::plain::has_option(simple, "-v"))
            })
            && crate::run::plain::expands_without_effect(simple)
    }

    fn captured_here(&mut self, command: &Command) -> Run<Vec<u8>> {
        let sink = Rc::new(Stream::Memory(RefCell::new(Vec::new())));
        let before = self.files.replace(1, Some(sink.clone()));
        let (status, line) = (self.state.status, self.state.line);
        self.state.subshells += 1;
        let result = self.run_command(command);
        self.state.subshells -= 1;
        self.files.replace(1, before);
        self.state.line = line;
        self.state.status = status;
        self.substituted = Some(match result {
            Ok(status) => status,
            Err(Stop::Exit(status) | Stop::Discard(status) | Stop::Return(status)) => status,
            Err(_) => 0,
        });
        match &*sink {
            Stream::Memory(collected) => Ok(collected.take()),
            Stream::Host(_) => Ok(Vec::new()),
        }
    }

    /// One external command needs no shell around it.
    fn captured_external(&mut self, command: &Command) -> Run<Vec<u8>> {
        let Shape::Simple(simple) = &command.shape else { return Ok(Vec::new()) };
        let (reader, writer) = self.new_pipe()?;
        let mut files = self.files.clone();
        files.put(1, writer);
        let started = self.start_stage(simple, &command.redirects, files)?;
        let bytes = process::read_all(&reader).unwrap_or_default();
        drop(reader);
        self.substituted = Some(self.finished(started));
        Ok(bytes)
    }

    fn captured_apart(&mut self, text: &Rc<str>) -> Run<Vec<u8>> {
        let (reader, writer) = self.new_pipe()?;
        let mut files = self.files.clone();
        files.put(1, writer);
        let child = self.start_subshell(&files, &Work::Substitution(text.to_string()));
        drop(files);
        let Some(child) = child else { return Err(Stop::Discard(1)) };
        let bytes = process::read_all(&reader).unwrap_or_default();
        drop(reader);
        let ending = child.wait();
        self.substituted = Some(ending.code as i32);
        self.explain_ending("command substitution", &ending);
        Ok(bytes)
    }

    pub(crate) fn new_pipe(&mut self) -> Run<(process::Handle, process::Handle)> {
        process::pipe().map_err(|failure| {
            self.complain(&format!("cannot make a pipe: {}", failure.message));
            Stop::Discard(1)
        })
    }
}

fn only_command(script: &Script) -> Option<&Command> {
    let [list] = script.as_slice() else { return None };
    let [item] = list.0.as_slice() else { return None };
    let plain = item.rest.is_empty() && item.background.is_none() && !item.first.negated && item.first.timed.is_none();
    match item.first.stages.as_slice() {
        [command] if plain => Some(command),
        _ => None,
    }
}
