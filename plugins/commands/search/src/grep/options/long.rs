//! The long options that are short ones written out.

use super::{HELP, Stop};

pub(super) fn short_of(name: &str) -> Result<char, Stop> {
    LONG.iter()
        .find(|(long, _)| *long == name)
        .map(|(_, short)| *short)
        .ok_or_else(|| Stop::Problem(format!("unrecognized option '--{name}'\n{HELP}")))
}

const LONG: &[(&str, char)] = &[
    ("extended-regexp", 'E'),
    ("fixed-strings", 'F'),
    ("basic-regexp", 'G'),
    ("perl-regexp", 'P'),
    ("regexp", 'e'),
    ("file", 'f'),
    ("ignore-case", 'i'),
    ("word-regexp", 'w'),
    ("line-regexp", 'x'),
    ("invert-match", 'v'),
    ("null-data", 'z'),
    ("line-number", 'n'),
    ("byte-offset", 'b'),
    ("only-matching", 'o'),
    ("count", 'c'),
    ("files-with-matches", 'l'),
    ("files-without-match", 'L'),
    ("quiet", 'q'),
    ("silent", 'q'),
    ("no-messages", 's'),
    ("with-filename", 'H'),
    ("no-filename", 'h'),
    ("null", 'Z'),
    ("text", 'a'),
    ("recursive", 'r'),
    ("dereference-recursive", 'R'),
    ("directories", 'd'),
    ("devices", 'D'),
    ("max-count", 'm'),
    ("after-context", 'A'),
    ("before-context", 'B'),
    ("context", 'C'),
    ("line-buffered", 'u'),
    ("initial-tab", 'T'),
    ("binary", 'U'),
    ("version", 'V'),
];
