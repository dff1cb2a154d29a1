//! `file`: what a file holds, by how it begins.

use std::fs;

use lexopt::{Arg, Parser, ValueExt};

use crate::Stop;

/// How it begins, what that is, and its MIME type.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"\x7fELF", "ELF binary", "application/x-executable"),
    (b"\0asm\x01\0\0\0", "WebAssembly (wasm) binary module version 0x1 (MVP)", "application/wasm"),
    (b"\0asm", "WebAssembly (wasm) component", "application/wasm"),
    (b"\x1f\x8b", "gzip compressed data", "application/gzip"),
    (b"BZh", "bzip2 compressed data", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "XZ compressed data", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard compressed data", "application/zstd"),
    (b"PK\x03\x04", "Zip archive data", "application/zip"),
    (b"PK\x05\x06", "Zip archive data (empty)", "application/zip"),
    (b"\x89PNG\r\n\x1a\n", "PNG image data", "image/png"),
    (b"\xff\xd8\xff", "JPEG image data", "image/jpeg"),
    (b"GIF8", "GIF image data", "image/gif"),
    (b"%PDF-", "PDF document", "application/pdf"),
    (b"SQLite format 3\0", "SQLite 3.x database", "application/vnd.sqlite3"),
    (b"\xca\xfe\xba\xbe", "Mach-O universal binary or Java class", "application/octet-stream"),
    (b"MZ", "PE or DOS executable", "application/x-dosexec"),
    (b"!<arch>\n", "current ar archive", "application/x-archive"),
    (b"OggS", "Ogg data", "application/ogg"),
    (b"\x7fCGC", "CGC binary", "application/octet-stream"),
    (b"<?xml", "XML document text", "text/xml"),
    (b"<!DOCTYPE html", "HTML document text", "text/html"),
    (b"<html", "HTML document text", "text/html"),
];

/// How much of a file is looked at.
const HEAD: usize = 64 * 1024;

struct Options {
    brief: bool,
    mime: bool,
    follows: bool,
}

pub(crate) fn file(arguments: &[String]) -> Result<i32, Stop> {
    let mut options = Options { brief: false, mime: false, follows: false };
    let mut files = Vec::new();
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('b') | Arg::Long("brief") => options.brief = true,
            Arg::Short('i') | Arg::Long("mime" | "mime-type") => options.mime = true,
            Arg::Short('L') | Arg::Long("dereference") => options.follows = true,
            Arg::Short('h' | 'k' | 'n' | 's' | 'z') => {}
            Arg::Value(value) => files.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if files.is_empty() {
        return Err(Stop::Problem("usage: file [-biL] FILE...".into()));
    }
    let width = files.iter().map(String::len).max().unwrap_or(0) + 1;
    for path in &files {
        let (words, mime) = of(path, &options);
        let told = if options.mime { mime } else { words };
        if options.brief { println!("{told}") } else { println!("{:<width$} {told}", format!("{path}:")) }
    }
    Ok(0)
}

type Told = (String, String);

fn told(words: &str, mime: &str) -> Told {
    (words.to_owned(), mime.to_owned())
}

fn of(path: &str, options: &Options) -> Told {
    if !options.follows
        && let Ok(target) = fs::read_link(path)
    {
        return told(&format!("symbolic link to {}", target.display()), "inode/symlink");
    }
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => told("directory", "inode/directory"),
        Ok(metadata) if metadata.len() == 0 => told("empty", "inode/x-empty"),
        Ok(_) => fs::read(path).map_or_else(|problem| unreadable(path, &problem), |bytes| content(&bytes)),
        Err(problem) => unreadable(path, &problem),
    }
}

fn unreadable(path: &str, problem: &std::io::Error) -> Told {
    let text = format!("cannot open '{path}' ({})", posix::reason(problem));
    (text.clone(), text)
}

fn content(bytes: &[u8]) -> Told {
    if let Some((_, words, mime)) = MAGIC.iter().find(|(magic, ..)| bytes.starts_with(magic)) {
        return told(&format!("{words}{}", detail(bytes)), mime);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return told("POSIX tar archive", "application/x-tar");
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return told("RIFF (little-endian) data, Web/P image", "image/webp");
    }
    text(&bytes[..bytes.len().min(HEAD)], bytes)
}

/// The size of a picture.
fn detail(bytes: &[u8]) -> String {
    let number = |at: usize| bytes.get(at..at + 4).map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]));
    match (bytes.starts_with(b"\x89PNG"), number(16), number(20)) {
        (true, Some(width), Some(height)) => format!(", {width} x {height}"),
        _ => String::new(),
    }
}

fn text(head: &[u8], all: &[u8]) -> Told {
    let control = |byte: &u8| *byte < 32 && !b"\t\n\r\x0c\x1b\x08".contains(byte);
    // A character may be cut at the end of what is looked at.
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(problem) => problem.error_len().is_none() && head.len() < all.len(),
    };
    if head.iter().any(control) || !valid {
        return told("data", "application/octet-stream");
    }
    let encoding = if head.is_ascii() { "ASCII" } else { "Unicode text, UTF-8" };
    let plain = if head.is_ascii() { "ASCII text" } else { "Unicode text, UTF-8 text" };
    let ends = if head.windows(2).any(|two| two == b"\r\n") { ", with CRLF line terminators" } else { "" };
    let first = String::from_utf8_lossy(head.split(|byte| *byte == b'\n').next().unwrap_or_default()).into_owned();
    if let Some(interpreter) = first.strip_prefix("#!") {
        let name = interpreter.trim().trim_start_matches("/usr/bin/env ");
        let name = name.rsplit('/').next().unwrap_or(name);
        return told(&format!("{name} script, {encoding} text executable{ends}"), "text/x-script");
    }
    if is_json(all) {
        return told("JSON text data", "application/json");
    }
    told(&format!("{plain}{ends}"), "text/plain")
}

/// Whether it begins and ends as an object or a list does.
fn is_json(bytes: &[u8]) -> bool {
    let trimmed = bytes.trim_ascii();
    let begins = [b"{\"".as_slice(), b"{}", b"[", b"{\n", b"{ ", b"{\r"].iter().any(|start| trimmed.starts_with(start));
    let quoted = trimmed.contains(&b'"') || trimmed.len() < 3;
    begins && quoted && matches!((trimmed.first(), trimmed.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_beginning() {
        assert_eq!(content(b"plain\n").0, "ASCII text");
        assert_eq!(content("gr\u{fc}n\n".as_bytes()).0, "Unicode text, UTF-8 text");
        assert_eq!(content(b"a\r\nb\r\n").0, "ASCII text, with CRLF line terminators");
        assert_eq!(content(b"#!/usr/bin/env python3\n").0, "python3 script, ASCII text executable");
        assert_eq!(content(b"{\"a\": 1}\n").0, "JSON text data");
        assert_eq!(content(b"\x1f\x8b\x08").1, "application/gzip");
        assert_eq!(content(b"\x00\x01\x02").0, "data");
        assert_eq!(content(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03").0, "PNG image data, 2 x 3");
    }
}
