//! The host's process interface.

use std::io;

use super::{Ending, Failure, Input, Output, Start};
use crate::bindings::skep::command::process::{self, Handle};

pub use process::{names, numbers};

/// How much is read at once.
const CHUNK: u32 = 64 * 1024;

/// A command that was started.
pub struct Child {
    inner: process::Child,
    input: Option<Handle>,
    output: Option<Handle>,
}

/// The child's side of a standard stream, and this side of it.
type Ends = (Option<Handle>, Option<Handle>);

pub(super) fn start(start: &Start) -> Result<Child, Failure> {
    let (theirs_in, input) = input_of(start.input)?;
    let (theirs_out, output) = output_of(start.output)?;
    let error = process::given(2);
    let streams = [(0, &theirs_in), (1, &theirs_out), (2, &error)];
    let handles = streams.into_iter().filter_map(|(number, handle)| Some((number, handle.as_ref()?))).collect();
    let command = process::Command {
        program: Some(start.name().to_owned()),
        arguments: start.arguments.clone(),
        variables: start.variables.clone(),
        directory: start.directory.clone(),
        handles,
        payload: Vec::new(),
        time_limit_ms: start.time_limit.map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)),
    };
    Ok(Child { inner: process::spawn(&command).map_err(failure)?, input, output })
}

fn input_of(wanted: Input) -> Result<Ends, Failure> {
    match wanted {
        Input::Given => Ok((process::given(0), None)),
        Input::Nothing => Ok((None, None)),
        Input::Pipe => process::pipe().map(|(reader, writer)| (Some(reader), Some(writer))).map_err(failure),
    }
}

fn output_of(wanted: Output) -> Result<Ends, Failure> {
    match wanted {
        Output::Given => Ok((process::given(1), None)),
        Output::Pipe => process::pipe().map(|(reader, writer)| (Some(writer), Some(reader))).map_err(failure),
    }
}

fn failure(failure: process::Failure) -> Failure {
    Failure { code: if failure.kind == "not-found" { 127 } else { 126 }, message: failure.message }
}

impl Child {
    /// Its number among the commands of this call.
    pub fn number(&self) -> u32 {
        self.inner.number()
    }

    /// Waits for its end. Every call gives the same.
    pub fn wait(&self) -> Ending {
        let ending = self.inner.wait();
        Ending { code: i32::from(ending.code as u8), reason: ending.reason }
    }

    /// Ends it and all that it started; its end is `code`.
    pub fn kill(&self, code: i32) {
        self.inner.kill(u32::from(code as u8));
    }

    /// Waits for some of its output; nothing at the end.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        match &self.output {
            Some(output) => output.read(CHUNK).map_err(error),
            None => Ok(Vec::new()),
        }
    }

    /// Waits until it is written.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &self.input {
            Some(input) => input.write(bytes).map_err(error),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Its input ends.
    pub fn close_input(&mut self) {
        self.input = None;
    }
}

fn error(failure: process::Failure) -> io::Error {
    let kind = if failure.kind == "broken-pipe" { io::ErrorKind::BrokenPipe } else { io::ErrorKind::Other };
    io::Error::new(kind, failure.message)
}

/// Waits until one of these has ended, and says which.
pub fn wait_any(children: &[&Child]) -> usize {
    if let [only] = children {
        only.wait();
        return 0;
    }
    let children: Vec<_> = children.iter().map(|child| &child.inner).collect();
    process::wait_any(&children) as usize
}
