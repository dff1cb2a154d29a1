//! Starting other commands: on wasm through the host's `skep:command/process`, natively through the operating system, for tests.

#[cfg(target_arch = "wasm32")]
#[path = "start/wasm.rs"]
mod implementation;

#[cfg(not(target_arch = "wasm32"))]
#[path = "start/native.rs"]
mod implementation;

use std::time::Duration;

pub use implementation::{Child, names, numbers, wait_any};

/// What is started, and with what.
#[derive(Debug, Clone)]
pub struct Start {
    /// With the command's own name, or its path, first.
    pub arguments: Vec<String>,
    /// The whole environment.
    pub variables: Vec<(String, String)>,
    /// Absolute.
    pub directory: String,
    pub input: Input,
    pub output: Output,
    /// Ends it after so long, with the code 124.
    pub time_limit: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// This command's own.
    Given,
    /// None: the end at once.
    Nothing,
    /// What [`Child::write`] writes.
    Pipe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// This command's own.
    Given,
    /// What [`Child::read`] reads.
    Pipe,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// 0 to 255; 124 after its time limit.
    pub code: i32,
    /// What ended it when it was not itself; empty otherwise.
    pub reason: String,
}

/// Why a command was not started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// 127 if there is no such command, 126 otherwise.
    pub code: i32,
    /// Without a full stop.
    pub message: String,
}

impl Start {
    /// A command with the environment, folder, input and output of this one.
    pub fn new(arguments: Vec<String>) -> Self {
        let directory = std::env::current_dir().unwrap_or_else(|_| "/".into());
        Self {
            arguments,
            variables: std::env::vars().collect(),
            directory: directory.to_string_lossy().into_owned(),
            input: Input::Given,
            output: Output::Given,
            time_limit: None,
        }
    }

    /// Starts it, beside this command.
    pub fn start(&self) -> Result<Child, Failure> {
        implementation::start(self)
    }

    /// Starts it and waits for its end.
    pub fn finish(&self) -> Result<Ending, Failure> {
        Ok(self.start()?.wait())
    }

    fn name(&self) -> &str {
        self.arguments.first().map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Start {
        Start::new(vec!["sh".into(), "-c".into(), script.into()])
    }

    #[test]
    fn a_command_ends_with_its_code() {
        assert_eq!(shell("exit 3").finish().unwrap().code, 3);
    }

    #[test]
    fn a_command_that_is_not_there_is_127() {
        assert_eq!(Start::new(vec!["no-such-command".into()]).finish().unwrap_err().code, 127);
    }

    #[test]
    fn pipes_carry_what_is_written_and_read() {
        let start = Start { input: Input::Pipe, output: Output::Pipe, ..shell("tr a-z A-Z") };
        let mut child = start.start().unwrap();
        child.write(b"abc\n").unwrap();
        child.close_input();
        assert_eq!(child.read().unwrap(), b"ABC\n");
        assert_eq!(child.read().unwrap(), b"");
        assert_eq!(child.wait().code, 0);
    }
}
