//! `command &`.

use std::rc::Rc;

use crate::ast::Item;
use crate::files::Stream;
use crate::jobs::Started;
use crate::process::{self, OpenOptions};
use crate::run::subshell::Work;
use crate::state::Shell;
use crate::stop::Run;

impl Shell {
    /// Starts a job and goes on. Its standard input is empty unless it is redirected.
    pub(super) fn run_background(&mut self, item: &Item, text: &str) -> Run {
        let mut files = self.files.clone();
        let options =
            OpenOptions { read: true, write: false, append: false, create: false, truncate: false, exclusive: false };
        let null = process::open("/dev/null", options).ok().map(|handle| Rc::new(Stream::Host(handle)));
        files.replace(0, null);
        let started = match item.first.stages.as_slice() {
            [command] if item.rest.is_empty() && !item.first.negated && item.first.timed.is_none() => {
                self.start_command(command, files)?
            }
            _ => {
                let item = Item { background: None, ..item.clone() };
                let child = self.start_subshell(&files, &Work::Item(item));
                child.map_or(Started::Status(126), |child| Started::Child(child, String::new()))
            }
        };
        if let Started::Child(child, _) = started {
            self.state.background = Some(self.jobs.add(child, text.to_owned()));
        }
        self.state.status = 0;
        Ok(0)
    }
}
