//! Pipelines. Every stage of a real one is another instance, so that all of them run at once.

use crate::ast::{Command, Pipeline, Shape};
use crate::files::Files;
use crate::jobs::Started;
use crate::options::{Opt, Shopt};
use crate::run::subshell::Work;
use crate::state::Shell;
use crate::stop::{Run, Stop};

impl Shell {
    pub(crate) fn run_pipeline(&mut self, pipeline: &Pipeline) -> Run {
        let timer = pipeline.timed.map(|format| (format, std::time::Instant::now()));
        let status = match pipeline.stages.as_slice() {
            [] => Ok(0),
            [command] => self.run_only(command),
            stages => self.run_stages(stages),
        };
        if let Some((format, start)) = timer {
            self.report_time(format, start.elapsed());
        }
        let status = status?;
        let status = if pipeline.negated { i32::from(status == 0) } else { status };
        self.state.status = status;
        Ok(status)
    }

    fn run_only(&mut self, command: &Command) -> Run {
        let status = self.run_command(command)?;
        if !matches!(&command.shape, Shape::Simple(simple) if simple.words.is_empty()) || status != 0 {
            self.state.vars.put_array("PIPESTATUS", [status.to_string()]);
        }
        Ok(status)
    }

    fn run_stages(&mut self, stages: &[Command]) -> Run {
        let mut started = Vec::with_capacity(stages.len());
        let mut input = None;
        let mut last_here = None;
        for (at, command) in stages.iter().enumerate() {
            let mut files = self.files.clone();
            if let Some(reader) = input.take() {
                files.put(0, reader);
            }
            if at + 1 < stages.len() {
                let (reader, writer) = self.new_pipe()?;
                files.put(1, writer);
                input = Some(reader);
            }
            if at + 1 == stages.len() && self.shopt(Shopt::Lastpipe) {
                last_here = Some(self.run_here(command, files));
                break;
            }
            started.push(self.start_command(command, files)?);
        }
        let mut statuses: Vec<i32> = started.into_iter().map(|stage| self.finished(stage)).collect();
        if let Some(result) = last_here {
            statuses.push(result?);
        }
        self.state.vars.put_array("PIPESTATUS", statuses.iter().map(i32::to_string));
        let last = statuses.last().copied().unwrap_or(0);
        if !self.on(Opt::Pipefail) {
            return Ok(last);
        }
        Ok(statuses.iter().rev().copied().find(|status| *status != 0).unwrap_or(0))
    }

    /// The last stage in this shell itself, as `shopt -s lastpipe` asks.
    fn run_here(&mut self, command: &Command, files: Files) -> Run {
        let own = std::mem::replace(&mut self.files, files);
        let result = self.run_command(command);
        self.files = own;
        result
    }

    /// Starts a command beside this shell: an external one itself, everything else in a subshell.
    pub(crate) fn start_command(&mut self, command: &Command, files: Files) -> Run<Started> {
        if self.is_plain_external(command)
            && let Shape::Simple(simple) = &command.shape
        {
            self.state.line = command.line;
            return match self.start_stage(simple, &command.redirects, files) {
                Err(Stop::Exit(status) | Stop::Discard(status)) => Ok(Started::Status(status)),
                other => other,
            };
        }
        let child = self.start_subshell(&files, &Work::Command(command.clone()));
        Ok(child.map_or(Started::Status(126), |child| Started::Child(child, String::new())))
    }

    /// Waits for a stage's end.
    pub(crate) fn finished(&mut self, started: Started) -> i32 {
        match started {
            Started::Status(status) => status,
            Started::Child(child, name) => {
                let ending = child.wait();
                self.explain_ending(if name.is_empty() { "subshell" } else { &name }, &ending);
                ending.code as i32
            }
        }
    }
}
