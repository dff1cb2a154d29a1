//! The same over a real operating system; used by tests only.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{self, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Instant;

use super::{Ending, Failure, Input, Output, Start};

/// A command that was started.
pub struct Child {
    inner: RefCell<process::Child>,
    killed: RefCell<Option<i32>>,
    until: Option<Instant>,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
}

pub(super) fn start(start: &Start) -> Result<Child, Failure> {
    let mut command = Command::new(start.name());
    command.args(start.arguments.iter().skip(1)).env_clear();
    command.envs(start.variables.iter().map(|(name, value)| (name, value))).current_dir(&start.directory);
    command.stdin(match start.input {
        Input::Given => Stdio::inherit(),
        Input::Nothing => Stdio::null(),
        Input::Pipe => Stdio::piped(),
    });
    command.stdout(if start.output == Output::Pipe { Stdio::piped() } else { Stdio::inherit() });
    let mut child = command.spawn().map_err(failure)?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let until = start.time_limit.map(|limit| Instant::now() + limit);
    Ok(Child { inner: RefCell::new(child), killed: RefCell::new(None), until, input, output })
}

fn failure(error: io::Error) -> Failure {
    let (code, message) = match error.kind() {
        io::ErrorKind::NotFound => (127, "No such file or directory".into()),
        io::ErrorKind::PermissionDenied => (126, "Permission denied".into()),
        _ => (126, error.to_string()),
    };
    Failure { code, message }
}

impl Child {
    /// Its number among the commands of the machine.
    pub fn number(&self) -> u32 {
        self.inner.borrow().id()
    }

    /// Waits for its end. Every call gives the same.
    pub fn wait(&self) -> Ending {
        while let Some(until) = self.until {
            let ended = self.inner.borrow_mut().try_wait().unwrap_or_default();
            match ended {
                Some(_) => break,
                None if Instant::now() >= until => self.kill(124),
                None => std::thread::yield_now(),
            }
            if self.killed.borrow().is_some() {
                break;
            }
        }
        let status = self.inner.borrow_mut().wait().unwrap_or_default();
        Ending { code: self.killed.borrow().unwrap_or_else(|| code(status)), reason: String::new() }
    }

    /// Ends it; its end is `code`.
    pub fn kill(&self, code: i32) {
        *self.killed.borrow_mut() = Some(code);
        // A child that has ended already is as dead as was asked for.
        self.inner.borrow_mut().kill().unwrap_or_default();
    }

    /// Waits for some of its output; nothing at the end.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        let Some(output) = &mut self.output else { return Ok(Vec::new()) };
        let mut bytes = vec![0; 64 * 1024];
        let count = output.read(&mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Waits until it is written.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.input {
            Some(input) => input.write_all(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Its input ends.
    pub fn close_input(&mut self) {
        self.input = None;
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// Waits until one of these has ended, and says which.
pub fn wait_any(children: &[&Child]) -> usize {
    loop {
        let ended = |child: &&Child| child.inner.borrow_mut().try_wait().is_ok_and(|status| status.is_some());
        if let Some(index) = children.iter().position(ended) {
            return index;
        }
        std::thread::yield_now();
    }
}

/// The names in the folders of `PATH`, sorted.
pub fn names() -> Vec<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let files = std::env::split_paths(&path).filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let mut names: Vec<String> = files.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    names.dedup();
    names
}

/// Its own number and that of the command that started it.
pub fn numbers() -> (u32, u32) {
    (process::id(), std::os::unix::process::parent_id())
}
