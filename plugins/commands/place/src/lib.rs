//! What a command of ours needs beside WASI 0.2. There a program always begins in `/`, every code but 0 is reported as 1, and
//! nothing can be started. With [`run`] it begins in `$PWD` and ends with the code it means; with [`Start`] it starts others.
//!
//! The host knows a command that knows where it is by its import of `skep:command/process`, which [`run`] brings along.

#[cfg(target_arch = "wasm32")]
mod ending;
mod folder;
#[cfg(target_arch = "wasm32")]
mod input;
mod start;

use std::panic::PanicHookInfo;

#[cfg(target_arch = "wasm32")]
mod bindings {
    wit_bindgen::generate!({ world: "command", path: "../../../guest-sdk/wit/command" });
}

pub use folder::{Entry, Kind, entries};
pub use start::{Child, Ending, Failure, Input, Output, Start, names, numbers, wait_any};

/// As Rust's own runtime ends after a panic.
const PANICKED: i32 = 101;

/// What a command is seen to end with that wrote into a pipe without a reader.
const BROKEN_PIPE: i32 = 141;

/// Ends this command at once with a code, what it wrote to standard output flushed.
fn end(code: i32) -> ! {
    #[expect(clippy::disallowed_methods, reason = "a code from main would reach the host as 0 or 1 only")]
    std::process::exit(code)
}

/// The whole of a command: begins in `$PWD`, calls `main` with the arguments, and ends with the code that it gives.
pub fn run(main: impl FnOnce(Vec<String>) -> i32) -> ! {
    std::panic::set_hook(Box::new(end_of_panic));
    begin_in(std::env::var("PWD").ok());
    end(main(std::env::args().collect()))
}

/// A folder that is gone leaves the command in `/`, where it can still say so about the paths that it is given.
fn begin_in(folder: Option<String>) {
    if let Some(folder) = folder.filter(|folder| folder.starts_with('/')) {
        std::env::set_current_dir(folder).unwrap_or_default();
    }
}

/// The name that a command was called by: the file name of its first argument.
pub fn name_of(arguments: &[String]) -> &str {
    let first = arguments.first().map_or("", String::as_str);
    first.rsplit('/').next().unwrap_or(first)
}

/// Standard input has no path here. Commands that read files take `-` for it, so that is what they are told.
pub fn name_standard_input(arguments: &mut [String]) {
    for argument in arguments.iter_mut().skip(1) {
        if ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].contains(&argument.as_str()) {
            *argument = "-".into();
        }
    }
}

/// A panic is an end with a code rather than a trap without one, and a reader that went away is nothing to report.
fn end_of_panic(panic: &PanicHookInfo<'_>) {
    let text = panic.payload_as_str().unwrap_or("unknown reason");
    if text.starts_with("failed printing to stdout") {
        end(BROKEN_PIPE);
    }
    let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
    eprintln!("{}: {text}{place}", std::env::args().next().unwrap_or_default());
    end(PANICKED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_called_by_the_file_name_of_its_first_argument() {
        assert_eq!(name_of(&["/usr/bin/ls".into(), "x".into()]), "ls");
        assert_eq!(name_of(&["ls".into()]), "ls");
        assert_eq!(name_of(&[]), "");
    }
}
