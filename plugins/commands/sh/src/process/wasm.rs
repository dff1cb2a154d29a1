//! The host's process interface.

use super::Start;

mod bindings {
    wit_bindgen::generate!({ world: "command", path: "../../../guest-sdk/wit/command" });
}

use bindings::skep::command::process;
pub(crate) use process::{
    Child, Ending, Failure, Handle, OpenOptions, given, given_numbers, names, numbers, open, payload, pipe, wait_any,
};

pub(crate) fn spawn(start: Start<'_>) -> Result<Child, Failure> {
    process::spawn(&process::Command {
        program: start.program,
        arguments: start.arguments,
        variables: start.variables,
        directory: start.directory,
        handles: start.handles,
        payload: start.payload,
        time_limit_ms: start.time_limit_ms,
    })
}

pub(crate) fn exit(code: i32) -> ! {
    process::exit(u32::from(code as u8));
    // The host does not come back from that.
    std::process::abort()
}
