//! One command of any shape.

use crate::ast::{Command, Shape};
use crate::state::Shell;
use crate::stop::{Run, Stop};

impl Shell {
    pub(crate) fn run_command(&mut self, command: &Command) -> Run {
        self.nested(|shell| shell.run_nested(command))
    }

    fn run_nested(&mut self, command: &Command) -> Run {
        self.state.line = command.line;
        let leftovers = self.leftovers.len();
        let status = match &command.shape {
            Shape::Simple(simple) => self.run_simple(simple, &command.redirects),
            Shape::Subshell(_) => self.run_in_subshell(command),
            _ if command.redirects.is_empty() => self.run_shape(&command.shape),
            _ => self.run_redirected(command),
        };
        if self.leftovers.len() > leftovers {
            self.clear_leftovers(leftovers);
        }
        let status = status?;
        self.state.status = status;
        Ok(status)
    }

    fn run_redirected(&mut self, command: &Command) -> Run {
        let mut saved = Vec::new();
        let status = match self.redirect(&command.redirects, &mut saved) {
            Ok(true) => self.run_shape(&command.shape),
            Ok(false) if self.state.conditions == 0 => self.failed(1).map(|()| 1),
            Ok(false) => Ok(1),
            Err(stop) => Err(stop),
        };
        self.put_back(saved);
        status
    }

    fn run_in_subshell(&mut self, command: &Command) -> Run {
        let files = self.files.clone();
        let Some(child) = self.start_subshell(&files, &super::subshell::Work::Command(command.clone())) else {
            return Ok(126);
        };
        drop(files);
        let ending = child.wait();
        self.explain_ending("subshell", &ending);
        Ok(ending.code as i32)
    }

    fn run_shape(&mut self, shape: &Shape) -> Run {
        match shape {
            Shape::Simple(simple) => self.run_simple(simple, &[]),
            Shape::Arithmetic(expression) => self.run_arithmetic(expression),
            Shape::ArithmeticFor(clause) => self.run_arithmetic_for(clause),
            Shape::Group(list) | Shape::Subshell(list) => self.run_list(list),
            Shape::For(clause) => self.run_for(clause),
            Shape::Select(clause) => self.run_select(clause),
            Shape::Case(clause) => self.run_case(clause),
            Shape::If(arms) => self.run_if(arms),
            Shape::While(clause) => self.run_while(clause),
            Shape::Function(function) => self.define(function),
            Shape::Test(condition) => self.run_condition(condition),
            Shape::Coprocess(..) => {
                self.complain("coproc: not supported here; use a pipeline or a background job");
                Err(Stop::Discard(1))
            }
        }
    }
}
