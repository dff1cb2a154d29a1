//! `strings`: the text in a binary file.

use lexopt::{Arg, Parser, ValueExt};

use crate::{Stop, complain, input};

pub(crate) fn strings(arguments: &[String]) -> Result<i32, Stop> {
    let (mut least, mut radix, mut files) = (4, None, Vec::new());
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('n') | Arg::Long("bytes") => least = parser.value()?.parse()?,
            Arg::Short('t') | Arg::Long("radix") => radix = parser.value()?.string()?.chars().next(),
            Arg::Short('a') | Arg::Long("all") => {}
            Arg::Short(digit @ '0'..='9') => least = digit.to_digit(10).unwrap_or(4) as usize,
            Arg::Value(value) => files.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let mut code = 0;
    for path in input::or_input(&files) {
        match input::of(path) {
            Ok(bytes) => found(&bytes, least).for_each(|(at, text)| println!("{}{text}", place(at, radix))),
            Err(problem) => code = complain("strings", path, &problem),
        }
    }
    Ok(code)
}

fn place(at: usize, radix: Option<char>) -> String {
    match radix {
        Some('x') => format!("{at:7x} "),
        Some('o') => format!("{at:7o} "),
        Some(_) => format!("{at:7} "),
        None => String::new(),
    }
}

/// Runs of printable characters, and where they are.
fn found(bytes: &[u8], least: usize) -> impl Iterator<Item = (usize, String)> {
    let printable = |byte: &u8| (b' '..=b'~').contains(byte) || *byte == b'\t';
    let mut at = 0;
    bytes.split(move |byte| !printable(byte)).filter_map(move |run| {
        let start = at;
        at += run.len() + 1;
        (run.len() >= least).then(|| (start, String::from_utf8_lossy(run).into_owned()))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn runs_that_are_long_enough_are_found() {
        let found: Vec<_> = super::found(b"\0abcd\x01ab\0efghi", 4).collect();
        assert_eq!(found, [(1, "abcd".to_owned()), (9, "efghi".to_owned())]);
    }
}
