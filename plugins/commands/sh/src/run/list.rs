//! Scripts, lists, and chains of `&&` and `||`, with the rules of `set -e`.

use crate::ast::{Item, Joint, List, Pipeline, Script, Shape};
use crate::options::Opt;
use crate::state::Shell;
use crate::stop::{Run, Stop};

impl Shell {
    /// Runs complete commands one by one. An error that gives one up ends none of the others.
    pub(crate) fn run_script(&mut self, script: &Script) -> Run {
        for list in script {
            match self.run_list(list) {
                Err(Stop::Discard(status)) => {
                    self.state.status = status;
                    if self.on(Opt::Errexit) && self.state.conditions == 0 {
                        return Err(Stop::Exit(status));
                    }
                }
                other => {
                    other?;
                }
            }
        }
        Ok(self.state.status)
    }

    pub(crate) fn run_list(&mut self, list: &List) -> Run {
        for item in &list.0 {
            if self.on(Opt::Noexec) {
                break;
            }
            match &item.background {
                Some(text) => self.run_background(item, text)?,
                None => self.run_item(item)?,
            };
        }
        Ok(self.state.status)
    }

    pub(crate) fn run_item(&mut self, item: &Item) -> Run {
        let mut status = self.run_link(&item.first, item.rest.is_empty())?;
        for (at, (joint, pipeline)) in item.rest.iter().enumerate() {
            if (*joint == Joint::And) == (status == 0) {
                status = self.run_link(pipeline, at + 1 == item.rest.len())?;
            }
        }
        Ok(status)
    }

    /// A failure counts for `set -e` only at the end of its chain, and not behind `!`.
    fn run_link(&mut self, pipeline: &Pipeline, last: bool) -> Run {
        if !last || pipeline.negated {
            return self.as_condition(|shell| shell.run_pipeline(pipeline));
        }
        let status = self.run_pipeline(pipeline)?;
        if status != 0 && self.state.conditions == 0 && fails_itself(pipeline) {
            self.state.line = pipeline.stages.last().map_or(self.state.line, |command| command.line);
            self.failed(status)?;
        }
        Ok(status)
    }

    pub(crate) fn as_condition<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        self.state.conditions += 1;
        let result = run(self);
        self.state.conditions -= 1;
        result
    }

    /// What follows from a failure that counts: the ERR trap, and the end under `set -e`.
    pub(super) fn failed(&mut self, status: i32) -> Run<()> {
        if self.state.calls.is_empty() || self.on(Opt::Errtrace) {
            self.run_trap("ERR")?;
            self.state.status = status;
        }
        if self.on(Opt::Errexit) { Err(Stop::Exit(status)) } else { Ok(()) }
    }
}

/// Groups, loops and the like pass on a failure that was looked at within them already.
fn fails_itself(pipeline: &Pipeline) -> bool {
    match pipeline.stages.as_slice() {
        [command] => {
            matches!(command.shape, Shape::Simple(_) | Shape::Subshell(_) | Shape::Arithmetic(_) | Shape::Test(_))
        }
        _ => true,
    }
}
