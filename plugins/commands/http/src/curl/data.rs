//! What `-d` and its like send.

use std::io::Read;

use super::Stop;
use crate::url;

/// What one option adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) bytes: Vec<u8>,
    /// A file as it is, which need not be read before it is sent.
    pub(crate) whole_file: Option<String>,
    /// A file that could not be read, in whose place nothing is sent.
    pub(crate) missing: Option<String>,
    /// It follows on what is before it, without `&`.
    pub(crate) joined: bool,
}

fn piece(bytes: Vec<u8>) -> Piece {
    Piece { bytes, whole_file: None, missing: None, joined: false }
}

/// The bytes of a file, or of standard input; none where there is no such file.
pub(crate) fn content(path: &str) -> Result<Vec<u8>, Stop> {
    if path == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        return read.map(|_| bytes).map_err(|_| Stop::usage("error encountered when reading a file"));
    }
    Ok(std::fs::read(path).unwrap_or_default())
}

fn of_file(path: &str, bytes: Vec<u8>) -> Piece {
    let missing = path != "-" && std::fs::metadata(path).is_err();
    Piece { missing: missing.then(|| path.to_owned()), ..piece(bytes) }
}

/// `-d`: text, or `@file` without its line ends.
pub(crate) fn plain(value: &str) -> Result<Piece, Stop> {
    let Some(path) = value.strip_prefix('@') else { return Ok(raw(value.to_owned())) };
    let mut bytes = content(path)?;
    bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
    Ok(of_file(path, bytes))
}

pub(crate) fn raw(value: String) -> Piece {
    piece(value.into_bytes())
}

pub(crate) fn binary(value: &str) -> Result<Piece, Stop> {
    match value.strip_prefix('@') {
        None => Ok(raw(value.to_owned())),
        Some("-") => Ok(piece(content("-")?)),
        Some(path) if std::fs::metadata(path).is_ok_and(|file| file.is_file()) => {
            Ok(Piece { whole_file: Some(path.to_owned()), ..piece(Vec::new()) })
        }
        Some(path) => Ok(of_file(path, content(path)?)),
    }
}

pub(crate) fn json(value: &str) -> Result<Piece, Stop> {
    let piece = match value.strip_prefix('@') {
        Some(path) => of_file(path, content(path)?),
        None => raw(value.to_owned()),
    };
    Ok(Piece { joined: true, ..piece })
}

/// `content`, `=content`, `name=content`, `@file` or `name@file`.
pub(crate) fn encoded(value: &str) -> Result<Piece, Stop> {
    let Some(at) = value.find(['=', '@']) else { return Ok(raw(of_a_form(value.as_bytes()))) };
    let (name, rest) = (&value[..at], &value[at + 1..]);
    let bytes = if value[at..].starts_with('@') { content(rest)? } else { rest.as_bytes().to_vec() };
    let separator = if name.is_empty() { "" } else { "=" };
    Ok(raw(format!("{name}{separator}{}", of_a_form(&bytes))))
}

/// As forms have it: a space is a plus.
fn of_a_form(bytes: &[u8]) -> String {
    url::encoded(bytes).replace("%20", "+")
}

/// All of it, one after the other.
pub(crate) fn together(pieces: &[Piece]) -> Result<Vec<u8>, Stop> {
    let mut all = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        if at > 0 && !piece.joined {
            all.push(b'&');
        }
        match &piece.whole_file {
            Some(path) => all.extend(content(path)?),
            None => all.extend(&piece.bytes),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_parted_by_ampersands_and_those_of_json_are_not() {
        let pieces = [raw("a=1".into()), encoded("b=x y&").unwrap(), encoded("=/").unwrap(), encoded("ö").unwrap()];
        assert_eq!(together(&pieces).unwrap(), b"a=1&b=x+y%26&%2F&%C3%B6");
        assert_eq!(together(&[json("[1,").unwrap(), json("2]").unwrap()]).unwrap(), b"[1,2]");
    }
}
