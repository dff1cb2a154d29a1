//! `stat`: what is known of a file.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::SystemTime;

use lexopt::{Arg, Parser, ValueExt};
use posix::date::{Date, since_epoch};
use posix::{OWNER, OWNER_NUMBER};

use crate::{Stop, complain};

const WHOLE: &str = "  File: %N\n  Size: %s\tBlocks: %b\tIO Block: %o\t%F\nDevice: %d\tInode: %i\tLinks: %h\n\
    Access: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\nAccess: %x\nModify: %y\nChange: %z\n Birth: %w\n";

pub(crate) fn stat(arguments: &[String]) -> Result<i32, Stop> {
    let (mut follows, mut format, mut files) = (false, WHOLE.to_owned(), Vec::new());
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('L') | Arg::Long("dereference") => follows = true,
            Arg::Short('c') | Arg::Long("format") => format = format!("{}\n", parser.value()?.string()?),
            Arg::Long("printf") => format = unescaped(&parser.value()?.string()?),
            Arg::Short('t') | Arg::Long("terse") => {
                format = "%n %s %b %f %u %g %d %i %h %t %T %X %Y %Z %W %o\n".into();
            }
            Arg::Short('f') | Arg::Long("file-system") => {
                return Err(Stop::Problem("nothing is known here about file systems".into()));
            }
            Arg::Value(value) => files.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if files.is_empty() {
        return Err(Stop::Problem("missing operand".into()));
    }
    let mut code = 0;
    for file in &files {
        let metadata = if follows { fs::metadata(file) } else { fs::symlink_metadata(file) };
        match metadata {
            Ok(metadata) => print!("{}", formatted(&format, file, &metadata)),
            Err(problem) => code = complain("stat", &format!("cannot statx '{file}'"), &problem),
        }
    }
    Ok(code)
}

fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0").replace("\\\\", "\\")
}

fn formatted(format: &str, path: &str, metadata: &Metadata) -> String {
    let mut written = String::new();
    let mut left = format.chars().peekable();
    while let Some(character) = left.next() {
        if character != '%' {
            written.push(character);
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = left.next_if(|next| "-+ #0123456789.".contains(*next)) {
            flags.push(flag);
        }
        match left.next() {
            Some('%') | None => written.push('%'),
            Some(letter) => written.push_str(&padded(&value(letter, path, metadata), &flags)),
        }
    }
    written
}

fn padded(value: &str, flags: &str) -> String {
    let width = flags.trim_start_matches(['-', '0', '#', '+', ' ']).parse().unwrap_or(0);
    match flags.chars().next() {
        Some('-') => format!("{value:<width$}"),
        Some('0') => format!("{value:0>width$}"),
        _ => format!("{value:>width$}"),
    }
}

fn value(letter: char, path: &str, metadata: &Metadata) -> String {
    let mode = posix::mode::of(Path::new(path), metadata);
    let (inode, links) = posix::inode::of(Path::new(path));
    match letter {
        'n' => path.to_owned(),
        'N' => quoted(path),
        's' => metadata.len().to_string(),
        'b' => metadata.len().div_ceil(512).to_string(),
        'B' => "512".into(),
        'o' => "4096".into(),
        'F' => kind(metadata).into(),
        'f' => format!("{:x}", mode | type_bits(metadata)),
        'a' => format!("{mode:o}"),
        'A' => posix::mode::written(posix::mode::kind(metadata), mode),
        'i' => inode.to_string(),
        'h' => links.to_string(),
        'u' | 'g' => OWNER_NUMBER.to_string(),
        'U' | 'G' => OWNER.into(),
        'd' | 't' | 'T' | 'r' | 'R' => "0".into(),
        'm' => "/".into(),
        'x' => date(metadata.accessed()),
        'y' | 'z' => date(metadata.modified()),
        'w' => "-".into(),
        'X' => seconds(metadata.accessed()),
        'Y' | 'Z' => seconds(metadata.modified()),
        'W' => "0".into(),
        other => format!("?{other}"),
    }
}

fn quoted(path: &str) -> String {
    match fs::read_link(path) {
        Ok(target) => format!("'{path}' -> '{}'", target.display()),
        Err(_) => path.to_owned(),
    }
}

fn kind(metadata: &Metadata) -> &'static str {
    match posix::mode::kind(metadata) {
        'd' => "directory",
        'l' => "symbolic link",
        _ if metadata.len() == 0 => "regular empty file",
        _ => "regular file",
    }
}

fn type_bits(metadata: &Metadata) -> u32 {
    match posix::mode::kind(metadata) {
        'd' => 0o040_000,
        'l' => 0o120_000,
        _ => 0o100_000,
    }
}

fn date(time: std::io::Result<SystemTime>) -> String {
    let date = Date::of(time.unwrap_or(SystemTime::UNIX_EPOCH));
    format!("{}.{:09} +0000", date.format("%Y-%m-%d %H:%M:%S"), date.nanosecond)
}

fn seconds(time: std::io::Result<SystemTime>) -> String {
    since_epoch(time.unwrap_or(SystemTime::UNIX_EPOCH)).0.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_names_what_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "12345").unwrap();
        let metadata = path.metadata().unwrap();
        let formatted = |format: &str| formatted(format, &path.to_string_lossy(), &metadata);
        assert_eq!(formatted("%s %F %a %A"), "5 regular file 644 -rw-r--r--");
        assert_eq!(formatted("[%5s|%-3s|%03s]%%"), "[    5|5  |005]%");
    }
}
