//! What several commands share of POSIX that neither Rust nor WASI has.

pub mod date;
pub mod glob;
pub mod inode;
pub mod mode;
pub mod regex;
pub mod size;
pub mod stop;

use std::io;

/// The words that a command has for what went wrong, in every system alike.
pub fn reason(problem: &io::Error) -> String {
    let words = match problem.kind() {
        io::ErrorKind::NotFound => "No such file or directory",
        io::ErrorKind::PermissionDenied => "Permission denied",
        io::ErrorKind::IsADirectory => "Is a directory",
        io::ErrorKind::NotADirectory => "Not a directory",
        io::ErrorKind::AlreadyExists => "File exists",
        io::ErrorKind::DirectoryNotEmpty => "Directory not empty",
        io::ErrorKind::BrokenPipe => "Broken pipe",
        _ => return problem.to_string(),
    };
    words.into()
}

/// WASI has no users: everything belongs to the one that a command runs as.
pub const OWNER: &str = "agent";

/// Its number, and that of its group.
pub const OWNER_NUMBER: u32 = 1000;
