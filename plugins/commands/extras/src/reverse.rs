//! `rev` and `tac`: lines backwards, and files backwards.

use std::io::Write;

use crate::{Stop, input};

pub(crate) fn rev(arguments: &[String]) -> Result<i32, Stop> {
    let (bytes, code) = input::of_all("rev", &arguments[1..]);
    let mut out = std::io::stdout().lock();
    for line in String::from_utf8_lossy(&bytes).split_inclusive('\n') {
        let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
        write!(out, "{}{end}", text.chars().rev().collect::<String>())?;
    }
    Ok(code)
}

pub(crate) fn tac(arguments: &[String]) -> Result<i32, Stop> {
    let mut code = 0;
    let mut out = std::io::stdout().lock();
    for path in input::or_input(&arguments[1..]) {
        match input::of(path) {
            Ok(bytes) => out.write_all(&backwards(&bytes))?,
            Err(problem) => code = crate::complain("tac", path, &problem),
        }
    }
    Ok(code)
}

fn backwards(bytes: &[u8]) -> Vec<u8> {
    bytes.split_inclusive(|byte| *byte == b'\n').rev().collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_last_line_comes_first() {
        assert_eq!(super::backwards(b"a\nb\n"), b"b\na\n");
        assert_eq!(super::backwards(b"a\nb"), b"ba\n");
    }
}
