//! Commands in the background.

use crate::process::{self, Child, Ending};
use crate::state::Shell;

pub(crate) struct Job {
    /// The number after `%`.
    pub(crate) id: u32,
    /// What `$!` gave.
    pub(crate) number: u32,
    pub(crate) child: Child,
    pub(crate) text: String,
    pub(crate) reported: bool,
}

#[derive(Default)]
pub(crate) struct Jobs {
    pub(crate) running: Vec<Job>,
    /// Ends that were waited for already: number to status. A second `wait` gives the same.
    pub(crate) past: Vec<(u32, i32)>,
}

/// Old ends that are remembered.
const MOST_PAST: usize = 256;

impl Jobs {
    pub(crate) fn add(&mut self, child: Child, text: String) -> u32 {
        let id = self.running.iter().map(|job| job.id).max().unwrap_or(0) + 1;
        let number = child.number();
        self.running.push(Job { id, number, child, text, reported: false });
        number
    }

    /// By `%1`, `%%`, `%+`, `%-`, `%text`, `%?text` or the number of `$!`.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let Some(spec) = name.strip_prefix('%') else {
            let number: u32 = name.parse().ok()?;
            return self.running.iter().position(|job| job.number == number);
        };
        match spec {
            "" | "%" | "+" => self.running.len().checked_sub(1),
            "-" => self.running.len().checked_sub(2).or(self.running.len().checked_sub(1)),
            _ => match (spec.parse::<u32>(), spec.strip_prefix('?')) {
                (Ok(id), _) => self.running.iter().position(|job| job.id == id),
                (_, Some(part)) => self.running.iter().position(|job| job.text.contains(part)),
                _ => self.running.iter().position(|job| job.text.starts_with(spec)),
            },
        }
    }

    /// Waits for one job's end and takes it off the list.
    pub(crate) fn wait_for(&mut self, position: usize) -> (u32, Ending) {
        let job = self.running.remove(position);
        let ending = job.child.wait();
        self.past.push((job.number, ending.code as i32));
        if self.past.len() > MOST_PAST {
            self.past.remove(0);
        }
        (job.number, ending)
    }

    /// Waits until any of these ends, and says which.
    pub(crate) fn wait_any(&self, positions: &[usize]) -> usize {
        let children: Vec<&Child> = positions.iter().map(|at| &self.running[*at].child).collect();
        positions[process::wait_any(&children) as usize]
    }
}

impl Shell {
    /// Tells when a command was ended by something other than itself.
    pub(crate) fn explain_ending(&mut self, name: &str, ending: &Ending) {
        // Whoever set a time limit knows what 124 means.
        if !ending.reason.is_empty() && ending.code != 124 {
            self.complain(&format!("{name}: {}", ending.reason));
        }
    }
}

/// A command that was to be started beside the shell.
pub(crate) enum Started {
    /// It runs; its name.
    Child(Child, String),
    /// It could not be; the status to take instead.
    Status(i32),
}
