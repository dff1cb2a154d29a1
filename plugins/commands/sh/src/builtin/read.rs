//! `read`.

use crate::expand::variable::now_ms;
use crate::process::Handle;
use crate::state::Shell;
use crate::stop::Run;

/// A line longer than this is read in pieces.
const MOST: u32 = 1 << 20;

impl Shell {
    /// A line of an open number with its end; none at the end of the file.
    pub(crate) fn read_line_raw(&mut self, number: u32) -> Option<String> {
        let stream = self.files.get(number)?;
        let handle = stream.host()?;
        let mut line: Vec<u8> = Vec::new();
        loop {
            let bytes = handle.read_until(b'\n', MOST).unwrap_or_default();
            line.extend_from_slice(&bytes);
            if bytes.is_empty() || bytes.ends_with(b"\n") {
                break;
            }
        }
        if line.is_empty() { None } else { Some(crate::text::from_bytes(line)) }
    }

    pub(crate) fn read_line(&mut self, number: u32) -> Option<String> {
        self.read_line_raw(number).map(|line| line.strip_suffix('\n').unwrap_or(&line).to_owned())
    }
}

/// What the options ask for.
struct Wanted {
    raw: bool,
    delimiter: u8,
    /// So many characters; exactly so many if the second is true.
    count: Option<(usize, bool)>,
    array: Option<String>,
    number: u32,
}

pub(super) fn read(shell: &mut Shell, words: &[String]) -> Run {
    let given = match super::options::read(&words[1..], "ersa:d:i:n:N:p:t:u:") {
        Ok(given) => given,
        Err(problem) => return super::misuse(shell, "read", &problem),
    };
    let wanted = match wanted(&given) {
        Ok(wanted) => wanted,
        Err(problem) => return super::misuse(shell, "read", &problem).map(|_| 1),
    };
    for name in &given.operands {
        if !crate::parse::parameter::is_identifier(name.split('[').next().unwrap_or_default()) {
            return super::misuse(shell, "read", &format!("`{name}': not a valid identifier")).map(|_| 1);
        }
    }
    let Some(stream) = shell.files.get(wanted.number) else {
        return super::misuse(
            shell,
            "read",
            &format!("{}: invalid file descriptor: Bad file descriptor", wanted.number),
        )
        .map(|_| 1);
    };
    let Some(handle) = stream.host() else { return Ok(1) };
    if let Some(prompt) = given.value('p').filter(|_| handle.is_terminal()) {
        shell.print_error(prompt);
    }
    if given.value('t').is_some_and(|limit| limit.parse::<f64>().is_ok_and(|seconds| seconds == 0.0)) {
        return Ok(0);
    }
    let limit = given.value('t').and_then(|text| text.parse::<f64>().ok());
    let deadline = limit.map(|seconds| now_ms() + (seconds * 1000.0) as u64);
    let (text, ended) = input(handle, &wanted);
    let late = deadline.is_some_and(|deadline| now_ms() > deadline && ended && text.is_empty());
    store(shell, &wanted, &given.operands, &text)?;
    Ok(if late { 142 } else { i32::from(ended) })
}

fn wanted(given: &super::options::Given) -> Result<Wanted, String> {
    let count = |letter: char| match given.value(letter) {
        None => Ok(None),
        Some(text) => text.parse::<usize>().map(Some).map_err(|_| format!("{text}: invalid number")),
    };
    let exact = count('N')?;
    let number = given
        .value('u')
        .map_or(Ok(0), |text| text.parse().map_err(|_| format!("{text}: invalid file descriptor specification")))?;
    Ok(Wanted {
        raw: given.has('r'),
        delimiter: given.value('d').map_or(b'\n', |text| text.bytes().next().unwrap_or(0)),
        count: exact.map(|count| (count, true)).or(count('n')?.map(|count| (count, false))),
        array: given.value('a').map(str::to_owned),
        number,
    })
}

/// The characters that were read, each with whether a backslash protected it, and whether the input ended too soon.
fn input(handle: &Handle, wanted: &Wanted) -> (Vec<(char, bool)>, bool) {
    let mut text: Vec<(char, bool)> = Vec::new();
    if wanted.count.is_some_and(|(count, _)| count == 0) {
        return (text, false);
    }
    loop {
        let (bytes, complete) = match wanted.count {
            None => delimited(handle, wanted.delimiter),
            Some((_, exact)) => character(handle, (!exact).then_some(wanted.delimiter)),
        };
        let mut bytes = bytes;
        let ended = bytes.is_empty() && !complete;
        let delimiter = complete && wanted.count.is_none_or(|(_, exact)| !exact);
        bytes.retain(|byte| *byte != 0);
        let protected = absorb(&crate::text::from_bytes(bytes), wanted.raw, &mut text);
        if protected && delimiter && wanted.delimiter == b'\n' {
            continue;
        }
        if protected && delimiter {
            text.push((wanted.delimiter as char, true));
            continue;
        }
        match wanted.count {
            _ if ended || delimiter => return (text, ended),
            None => return (text, true),
            Some((count, _)) if text.len() >= count => return (text, false),
            Some(_) => {
                // A backslash alone waits for the character that it protects.
                if protected && !wanted.raw {
                    text.push(('\u{1}', true));
                    let (next, _) = character(handle, None);
                    text.pop();
                    if next != b"\n" {
                        text.extend(crate::text::from_bytes(next).chars().map(|character| (character, true)));
                    }
                    if text.len() >= count_of(wanted) {
                        return (text, false);
                    }
                }
            }
        }
    }
}

fn count_of(wanted: &Wanted) -> usize {
    wanted.count.map_or(usize::MAX, |(count, _)| count)
}

/// Up to the delimiter, which is taken off; and whether it was there.
fn delimited(handle: &Handle, delimiter: u8) -> (Vec<u8>, bool) {
    let mut all: Vec<u8> = Vec::new();
    loop {
        let bytes = handle.read_until(delimiter, MOST).unwrap_or_default();
        all.extend_from_slice(&bytes);
        if bytes.last() == Some(&delimiter) {
            all.pop();
            return (all, true);
        }
        if bytes.is_empty() {
            return (all, false);
        }
    }
}

/// One character of UTF-8; or the delimiter, which is told and not given.
fn character(handle: &Handle, delimiter: Option<u8>) -> (Vec<u8>, bool) {
    let mut bytes = handle.read(1).unwrap_or_default();
    let Some(first) = bytes.first().copied() else { return (bytes, false) };
    if Some(first) == delimiter {
        return (Vec::new(), true);
    }
    let more = match first {
        0xC0..=0xDF => 1,
        0xE0..=0xEF => 2,
        0xF0..=0xF7 => 3,
        _ => 0,
    };
    for _ in 0..more {
        bytes.extend(handle.read(1).unwrap_or_default());
    }
    (bytes, false)
}

/// Appends characters, with backslashes carried out. True: the last one is a backslash that protects what comes next.
fn absorb(piece: &str, raw: bool, text: &mut Vec<(char, bool)>) -> bool {
    let mut characters = piece.chars();
    while let Some(character) = characters.next() {
        if character != '\\' || raw {
            text.push((character, false));
            continue;
        }
        match characters.next() {
            None => return true,
            Some('\n') => {}
            Some(next) => text.push((next, true)),
        }
    }
    false
}

fn store(shell: &mut Shell, wanted: &Wanted, names: &[String], text: &[(char, bool)]) -> Run<()> {
    let plain = || text.iter().map(|(character, _)| *character).collect::<String>();
    let separators = shell.separators();
    if let Some(array) = &wanted.array {
        let fields = crate::expand::read_fields(text, &separators, usize::MAX);
        if !shell.refuses(array) {
            shell.state.vars.put_array(array, fields);
        }
        return Ok(());
    }
    if names.is_empty() {
        let text = plain();
        shell.assign("REPLY", None, text, false)?;
        return Ok(());
    }
    let mut fields = match wanted.count {
        Some((_, true)) => vec![plain()],
        _ => crate::expand::read_fields(text, &separators, names.len()),
    };
    fields.resize(names.len(), String::new());
    for (name, field) in names.iter().zip(fields) {
        super::printf::store(shell, name, field)?;
    }
    Ok(())
}
