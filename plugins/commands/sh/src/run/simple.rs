//! Simple commands: assignments, a function, a builtin, or another program.

use crate::ast::{Argument, Assigned, Assignment, Piece, Redirect, Simple};
use crate::builtin::{self, Declared};
use crate::expand::quote;
use crate::files::Files;
use crate::jobs::Started;
use crate::options::Opt;
use crate::state::Shell;
use crate::stop::{Run, Stop};

/// A command's words, expanded; a declaration's assignments are not.
pub(crate) enum Words {
    Plain(Vec<String>),
    Declaration(String, Vec<Declared>),
}

impl Shell {
    pub(crate) fn run_simple(&mut self, simple: &Simple, redirects: &[Redirect]) -> Run {
        if self.state.traps.contains_key("DEBUG") && (self.state.calls.is_empty() || self.on(Opt::Functrace)) {
            self.run_trap("DEBUG")?;
        }
        if !self.state.aliases.is_empty()
            && let Some(result) = self.run_alias(simple, redirects)
        {
            return result;
        }
        self.substituted = None;
        let line = self.state.line;
        let words = self.words(simple)?;
        self.state.line = line;
        match words {
            Words::Plain(words) if words.is_empty() => self.run_assignments(simple, redirects),
            Words::Plain(words) => self.run_words(words, &simple.assignments, redirects),
            Words::Declaration(name, arguments) => {
                self.run_declaration(&name, arguments, &simple.assignments, redirects)
            }
        }
    }

    fn words(&mut self, simple: &Simple) -> Run<Words> {
        let mut words: Vec<String> = Vec::with_capacity(simple.words.len());
        let declares = super::plain::name(simple).is_some_and(builtin::declares);
        for (at, argument) in simple.words.iter().enumerate() {
            if declares && at == 1 && !self.state.functions.contains_key(&words[0]) {
                let name = words.remove(0);
                return self.declared(name, &simple.words[at..]);
            }
            match argument {
                Argument::Word(word) => words.extend(self.fields(word)?),
                Argument::Assignment(_, plain) => words.extend(self.all_fields(plain)?),
            }
        }
        Ok(Words::Plain(words))
    }

    fn declared(&mut self, name: String, arguments: &[Argument]) -> Run<Words> {
        let mut declared = Vec::with_capacity(arguments.len());
        for argument in arguments {
            match argument {
                Argument::Word(word) => declared.extend(self.fields(word)?.into_iter().map(Declared::Text)),
                Argument::Assignment(assignment, _) => declared.push(Declared::Assignment(self.valued(assignment)?)),
            }
        }
        Ok(Words::Declaration(name, declared))
    }

    /// A declaration's values are all expanded before any of them is assigned: `local a=1 b=$a` sees the outer `a`.
    fn valued(&mut self, assignment: &Assignment) -> Run<Assignment> {
        let value = match &assignment.value {
            Assigned::Scalar(word) => Assigned::Scalar(vec![Piece::Quoted(self.single(word)?)]),
            Assigned::Array(elements) => {
                let mut done = Vec::with_capacity(elements.len());
                for (subscript, word) in elements {
                    if subscript.is_some() {
                        done.push((subscript.clone(), vec![Piece::Quoted(self.single(word)?)]));
                        continue;
                    }
                    let quoted = |field| (None, vec![Piece::Double(vec![Piece::Quoted(field)])]);
                    done.extend(self.fields(word)?.into_iter().map(quoted));
                }
                Assigned::Array(done)
            }
        };
        Ok(Assignment { value, ..assignment.clone() })
    }

    /// `x=1 y=2`, and nothing to run.
    fn run_assignments(&mut self, simple: &Simple, redirects: &[Redirect]) -> Run {
        for assignment in &simple.assignments {
            if !self.carry_out(assignment)? {
                return Err(Stop::Discard(1));
            }
        }
        let substituted = self.substituted;
        let mut saved = Vec::new();
        let redirected = self.redirect(redirects, &mut saved);
        self.put_back(saved);
        if redirected? { Ok(substituted.unwrap_or(0)) } else { Ok(1) }
    }

    /// Carries out one assignment. False: refused.
    pub(crate) fn carry_out(&mut self, assignment: &Assignment) -> Run<bool> {
        match &assignment.value {
            Assigned::Scalar(word) => {
                let value = self.single(word)?;
                if self.on(Opt::Xtrace) {
                    let sign = if assignment.append { "+=" } else { "=" };
                    self.trace(&format!("{}{sign}{}", assignment.name, quote::traced(&value)))?;
                }
                self.assign(&assignment.name, assignment.index.as_ref(), value, assignment.append)
            }
            Assigned::Array(elements) => self.assign_array(&assignment.name, elements, assignment.append),
        }
    }

    fn trace_words(&mut self, words: &[String]) -> Run<()> {
        if self.on(Opt::Xtrace) {
            let shown: Vec<String> = words.iter().map(|word| quote::traced(word)).collect();
            self.trace(&shown.join(" "))?;
        }
        Ok(())
    }

    fn run_words(&mut self, words: Vec<String>, assignments: &[Assignment], redirects: &[Redirect]) -> Run {
        if assignments.is_empty() {
            self.trace_words(&words)?;
        }
        let mut saved = Vec::new();
        let redirected = self.redirect(redirects, &mut saved);
        let result = match redirected {
            Ok(true) => self.run_redirected_words(words, assignments),
            Ok(false) => Ok(1),
            Err(stop) => Err(stop),
        };
        if self.keeps_redirections {
            self.keeps_redirections = false;
        } else {
            self.put_back(saved);
        }
        result
    }

    fn run_redirected_words(&mut self, words: Vec<String>, assignments: &[Assignment]) -> Run {
        let last = words.last().cloned().unwrap_or_default();
        let result = if assignments.is_empty() {
            self.dispatch(words)
        } else {
            self.with_assignments(assignments, |shell| {
                shell.trace_words(&words)?;
                shell.dispatch(words)
            })
        };
        self.state.vars.put("_", last);
        result
    }

    /// `X=1 command`: the variables are exported to the command and put back after it.
    fn with_assignments(&mut self, assignments: &[Assignment], run: impl FnOnce(&mut Self) -> Run) -> Run {
        self.state.vars.open_temporary();
        for assignment in assignments {
            self.state.vars.keep(&assignment.name);
            match self.carry_out(assignment) {
                Ok(true) => self.state.vars.own_mut(&assignment.name).attributes.exported = true,
                Ok(false) => {}
                Err(stop) => {
                    self.state.vars.close_frame();
                    return Err(stop);
                }
            }
        }
        let result = run(self);
        self.state.vars.close_frame();
        result
    }

    fn run_declaration(
        &mut self,
        name: &str,
        arguments: Vec<Declared>,
        assignments: &[Assignment],
        redirects: &[Redirect],
    ) -> Run {
        for assignment in assignments {
            self.carry_out(assignment)?;
        }
        let mut saved = Vec::new();
        let result = match self.redirect(redirects, &mut saved) {
            Ok(true) => builtin::declare::run(self, name, &arguments),
            Ok(false) => Ok(1),
            Err(stop) => Err(stop),
        };
        self.put_back(saved);
        result
    }

    /// Runs expanded words: a function, a builtin, or a program.
    pub(crate) fn dispatch(&mut self, words: Vec<String>) -> Run {
        let Some(name) = words.first() else { return Ok(0) };
        if let Some(function) = self.state.functions.get(name).cloned() {
            return self.call(&function, words[1..].to_vec());
        }
        self.dispatch_without_functions(words)
    }

    pub(crate) fn dispatch_without_functions(&mut self, words: Vec<String>) -> Run {
        let name = words[0].clone();
        if let Some(run) = builtin::find(&name).filter(|_| !self.state.disabled_builtins.contains(&name)) {
            let status = run(self, &words)?;
            return Ok(if std::mem::take(&mut self.write_failed) { 1 } else { status });
        }
        self.run_external(words)
    }

    /// Starts a command that is external for sure with these files.
    pub(crate) fn start_stage(&mut self, simple: &Simple, redirects: &[Redirect], files: Files) -> Run<Started> {
        let own = std::mem::replace(&mut self.files, files);
        let result = self.start_stage_within(simple, redirects);
        self.files = own;
        result
    }

    fn start_stage_within(&mut self, simple: &Simple, redirects: &[Redirect]) -> Run<Started> {
        let Words::Plain(words) = self.words(simple)? else { return Ok(Started::Status(1)) };
        let mut saved = Vec::new();
        if !self.redirect(redirects, &mut saved)? {
            return Ok(Started::Status(1));
        }
        self.state.vars.open_temporary();
        let mut started = Ok(Started::Status(1));
        let mut failed = false;
        for assignment in &simple.assignments {
            self.state.vars.keep(&assignment.name);
            match self.carry_out(assignment) {
                Ok(true) => self.state.vars.own_mut(&assignment.name).attributes.exported = true,
                Ok(false) => {}
                Err(stop) => {
                    started = Err(stop);
                    failed = true;
                }
            }
        }
        if !failed {
            started = self.trace_words(&words).map(|()| self.start_external(&words));
        }
        self.state.vars.close_frame();
        started
    }
}
