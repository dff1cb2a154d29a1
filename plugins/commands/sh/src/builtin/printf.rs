//! `printf`.

mod conversion;
mod time;

use crate::parse::ansi::{self, Dialect};
use crate::state::Shell;
use crate::stop::Run;
use conversion::{Arguments, Spec};

pub(super) fn printf(shell: &mut Shell, words: &[String]) -> Run {
    let mut operands = &words[1..];
    let mut variable = None;
    if let [option, name, rest @ ..] = operands
        && option == "-v"
    {
        variable = Some(name.clone());
        operands = rest;
    }
    if operands.first().is_some_and(|word| word == "--") {
        operands = &operands[1..];
    }
    let Some((format, values)) = operands.split_first() else {
        shell.print_error("printf: usage: printf [-v var] format [arguments]\n");
        return Ok(2);
    };
    let mut arguments = Arguments::new(values);
    let mut text = String::new();
    loop {
        let stopped = once(shell, format, &mut arguments, &mut text)?;
        if stopped || arguments.is_done() || !arguments.progressed() {
            break;
        }
    }
    for problem in &arguments.problems {
        shell.complain(&format!("printf: {problem}"));
    }
    let status = i32::from(!arguments.problems.is_empty());
    match variable {
        None => shell.print(&text)?,
        Some(name) => return Ok(if store(shell, &name, text)? { status } else { 2 }),
    }
    Ok(status)
}

/// `-v name` or `-v 'name[subscript]'`.
pub(super) fn store(shell: &mut Shell, name: &str, text: String) -> Run<bool> {
    match crate::parse::parameter::parse(name, false) {
        Ok(parameter) if crate::parse::parameter::is_identifier(&parameter.name) => {
            shell.assign(&parameter.name, parameter.subscript.as_ref(), text, false)
        }
        _ => {
            shell.complain(&format!("printf: `{name}': not a valid identifier"));
            Ok(false)
        }
    }
}

/// The format once. True: `\c` ended everything.
fn once(shell: &mut Shell, format: &str, arguments: &mut Arguments<'_>, text: &mut String) -> Run<bool> {
    let mut rest = format;
    while let Some(at) = rest.find(['%', '\\']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("%%") {
            text.push('%');
            rest = after;
        } else if rest.starts_with('%') {
            let Some((spec, length)) = Spec::read(rest, arguments) else {
                arguments.problems.push(format!("`{}': invalid format character", rest.chars().nth(1).unwrap_or('%')));
                return Ok(true);
            };
            rest = &rest[length..];
            let stopped = match spec.kind {
                'b' => {
                    let (decoded, stopped) = ansi::decode(arguments.next_text(), Dialect::Argument);
                    text.push_str(&spec.padded(&spec.shortened(&decoded)));
                    stopped
                }
                'q' => {
                    text.push_str(&spec.padded(&crate::expand::quote::backslashed(arguments.next_text())));
                    false
                }
                'T' => {
                    let moment = arguments.next_time(shell.state.began);
                    text.push_str(&spec.padded(&spec.shortened(&time::format(&spec.time_format, moment))));
                    false
                }
                _ => {
                    text.push_str(&spec.converted(arguments));
                    false
                }
            };
            if stopped {
                return Ok(true);
            }
        } else {
            let length = escape_length(rest);
            text.push_str(&ansi::decode(&rest[..length], Dialect::Format).0);
            rest = &rest[length..];
        }
    }
    text.push_str(rest);
    Ok(false)
}

/// How much of the text one backslash escape takes.
fn escape_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let run = |start: usize, most: usize, fits: fn(&u8) -> bool| {
        start + bytes[start.min(bytes.len())..].iter().take(most).take_while(|byte| fits(byte)).count()
    };
    match bytes.get(1) {
        None => 1,
        Some(b'x') => run(2, 2, u8::is_ascii_hexdigit),
        Some(b'u') => run(2, 4, u8::is_ascii_hexdigit),
        Some(b'U') => run(2, 8, u8::is_ascii_hexdigit),
        Some(b'0'..=b'7') => run(1, 3, |byte| (b'0'..=b'7').contains(byte)),
        Some(_) => 1 + text[1..].chars().next().map_or(0, char::len_utf8),
    }
}
