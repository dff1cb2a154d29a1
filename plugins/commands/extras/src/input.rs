//! The bytes of the files that a command names, or of its input.

use std::io::{self, Read};

pub(crate) fn of(path: &str) -> io::Result<Vec<u8>> {
    if path != "-" {
        return std::fs::read(path);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All files one after the other, each problem reported; the bytes and the code so far.
pub(crate) fn of_all(name: &str, paths: &[String]) -> (Vec<u8>, i32) {
    let (mut all, mut code) = (Vec::new(), 0);
    for path in or_input(paths) {
        match of(path) {
            Ok(bytes) => all.extend(bytes),
            Err(problem) => code = crate::complain(name, path, &problem),
        }
    }
    (all, code)
}

/// Standard input, if no file is named.
pub(crate) fn or_input(paths: &[String]) -> Vec<&str> {
    if paths.is_empty() { vec!["-"] } else { paths.iter().map(String::as_str).collect() }
}
