//! What stands between `${` and `}`.

use super::scan;
use super::word::{self, Place, Unterminated};
use crate::ast::{Anchor, Operation, Parameter, Subscript};

/// `$name` without braces: how long the name is.
pub(crate) fn short_name(text: &str) -> usize {
    match text.as_bytes().first() {
        Some(first) if first.is_ascii_alphabetic() || *first == b'_' => identifier_length(text),
        Some(first) if first.is_ascii_digit() || b"@*#?-$!".contains(first) => 1,
        _ => 0,
    }
}

pub(crate) fn identifier_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len())
}

pub(crate) fn is_identifier(text: &str) -> bool {
    !text.is_empty() && identifier_length(text) == text.len()
}

pub(crate) fn plain(name: &str) -> Parameter {
    Parameter { name: name.into(), subscript: None, indirect: false, operation: Operation::Value }
}

pub(crate) fn subscript(text: &str) -> Result<Subscript, Unterminated> {
    Ok(match text {
        "@" => Subscript::Each,
        "*" => Subscript::Joined,
        _ => Subscript::Of(text.into(), word::parse(text, Place::Operand)?),
    })
}

pub(crate) fn parse(inner: &str, quoted: bool) -> Result<Parameter, Unterminated> {
    if let Some(rest) = inner.strip_prefix('#')
        && let Some((mut parameter, "")) = name_and_subscript(rest)?
    {
        parameter.operation = Operation::Length;
        return Ok(parameter);
    }
    if let Some(rest) = inner.strip_prefix('!')
        && let Some(parameter) = indirect(rest, quoted)?
    {
        return Ok(parameter);
    }
    let Some((mut parameter, rest)) = name_and_subscript(inner)? else { return Ok(bad(inner)) };
    match operation(rest, quoted)? {
        Some(operation) => parameter.operation = operation,
        None => return Ok(bad(inner)),
    }
    Ok(parameter)
}

fn bad(inner: &str) -> Parameter {
    Parameter { operation: Operation::Bad(format!("${{{inner}}}")), ..plain("") }
}

fn indirect(rest: &str, quoted: bool) -> Result<Option<Parameter>, Unterminated> {
    let Some((mut parameter, rest)) = name_and_subscript(rest)? else { return Ok(None) };
    match (rest, &parameter.subscript) {
        ("", Some(Subscript::Each | Subscript::Joined)) => parameter.operation = Operation::Keys,
        ("*" | "@", None) => parameter.operation = Operation::Names(rest == "*"),
        _ => match operation(rest, quoted)? {
            Some(operation) => (parameter.indirect, parameter.operation) = (true, operation),
            None => return Ok(None),
        },
    }
    Ok(Some(parameter))
}

/// The name, with its subscript, and what follows it.
fn name_and_subscript(text: &str) -> Result<Option<(Parameter, &str)>, Unterminated> {
    let length = match text.as_bytes().first() {
        Some(first) if first.is_ascii_digit() => text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()),
        _ => short_name(text),
    };
    if length == 0 {
        return Ok(None);
    }
    let mut parameter = plain(&text[..length]);
    let mut rest = &text[length..];
    if rest.starts_with('[') && is_identifier(&parameter.name) {
        let end = scan::bracket(rest, 1).ok_or(Unterminated)?;
        parameter.subscript = Some(subscript(&rest[1..end - 1])?);
        rest = &rest[end..];
    }
    Ok(Some((parameter, rest)))
}

fn operation(rest: &str, quoted: bool) -> Result<Option<Operation>, Unterminated> {
    let Some(first) = rest.chars().next() else { return Ok(Some(Operation::Value)) };
    let after = &rest[first.len_utf8()..];
    let operand = |text: &str| word::parse(text, if quoted { Place::Double } else { Place::Operand });
    let pattern = |text: &str| word::parse(text, Place::Operand);
    Ok(Some(match first {
        '-' | '=' | '?' | '+' => Operation::Test { kind: first, colon: false, word: operand(after)? },
        ':' => match after.chars().next() {
            Some(kind @ ('-' | '=' | '?' | '+')) => Operation::Test { kind, colon: true, word: operand(&after[1..])? },
            Some(_) => substring(after)?,
            None => return Ok(None),
        },
        '#' | '%' => {
            let longest = after.starts_with(first);
            let pattern = pattern(after.strip_prefix(first).unwrap_or(after))?;
            if first == '#' { Operation::Prefix { longest, pattern } } else { Operation::Suffix { longest, pattern } }
        }
        '/' => replace(after)?,
        '^' | ',' | '~' => {
            let all = after.starts_with(first);
            let pattern = pattern(after.strip_prefix(first).unwrap_or(after))?;
            Operation::Case { change: first, all, pattern }
        }
        '@' if after.len() == 1 && "QEPAKakuUL".contains(after) => {
            Operation::Transform(after.chars().next().unwrap_or('Q'))
        }
        _ => return Ok(None),
    }))
}

fn replace(after: &str) -> Result<Operation, Unterminated> {
    let (anchor, rest) = match after.as_bytes().first() {
        Some(b'/') => (Anchor::All, &after[1..]),
        Some(b'#') => (Anchor::Start, &after[1..]),
        Some(b'%') => (Anchor::End, &after[1..]),
        _ => (Anchor::First, after),
    };
    let mut at = 0;
    while at < rest.len() && (rest.as_bytes()[at] != b'/' || at == 0 && matches!(anchor, Anchor::First | Anchor::All)) {
        at = scan::step(rest, at, false).ok_or(Unterminated)?;
    }
    let replacement = rest.get(at + 1..).unwrap_or_default();
    Ok(Operation::Replace {
        anchor,
        pattern: word::parse(&rest[..at.min(rest.len())], Place::Operand)?,
        replacement: word::parse(replacement, Place::Operand)?,
    })
}

/// `offset` or `offset:length`; a colon within `?:` or brackets is not the one.
fn substring(text: &str) -> Result<Operation, Unterminated> {
    let (mut at, mut depth, mut questions) = (0, 0, 0);
    while at < text.len() {
        match text.as_bytes()[at] {
            b':' if depth == 0 && questions == 0 => break,
            b':' if depth == 0 => questions -= 1,
            b'?' if depth == 0 => questions += 1,
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            _ => {
                at = scan::step(text, at, true).ok_or(Unterminated)?;
                continue;
            }
        }
        at += 1;
    }
    let length = match text.get(at + 1..) {
        Some(length) => Some(word::parse(length, Place::Here)?),
        None => None,
    };
    Ok(Operation::Substring { offset: word::parse(&text[..at.min(text.len())], Place::Here)?, length })
}
