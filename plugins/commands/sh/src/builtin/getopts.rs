//! `getopts`.

use crate::state::Shell;
use crate::stop::Run;

pub(super) fn getopts(shell: &mut Shell, words: &[String]) -> Run {
    let [_, known, name, rest @ ..] = words else {
        shell.print_error("getopts: usage: getopts optstring name [arg ...]\n");
        return Ok(2);
    };
    let arguments = if rest.is_empty() { shell.state.positional.clone() } else { rest.to_vec() };
    let index = shell.lookup("OPTIND").and_then(|text| text.parse::<usize>().ok()).unwrap_or(1).max(1);
    let letter_at = shell.state.getopts_letter;
    let (found, index, letter_at) = next(known, &arguments, index, letter_at);
    shell.assign("OPTIND", None, index.to_string(), false)?;
    shell.state.getopts_letter = letter_at;
    report(shell, known, name, found)
}

enum Found {
    Letter(char, Option<String>),
    Unknown(char),
    MissingValue(char),
    End,
}

/// The next option, with where to go on: the word, and the letter within it.
fn next(known: &str, arguments: &[String], mut index: usize, mut letter_at: usize) -> (Found, usize, usize) {
    let Some(word) = arguments.get(index - 1) else { return (Found::End, index.min(arguments.len() + 1), 0) };
    if letter_at == 0 {
        if word == "--" {
            return (Found::End, index + 1, 0);
        }
        if !word.starts_with('-') || word.len() < 2 {
            return (Found::End, index, 0);
        }
        letter_at = 1;
    }
    let Some(letter) = word.get(letter_at..).and_then(|rest| rest.chars().next()) else {
        return (Found::End, index + 1, 0);
    };
    letter_at += letter.len_utf8();
    let at_end = letter_at >= word.len();
    let place = known.trim_start_matches(':').find(letter).filter(|_| letter != ':');
    let takes_value =
        place.is_some_and(|place| known.trim_start_matches(':')[place + letter.len_utf8()..].starts_with(':'));
    if place.is_none() || !takes_value {
        let found = if place.is_some() { Found::Letter(letter, None) } else { Found::Unknown(letter) };
        return if at_end { (found, index + 1, 0) } else { (found, index, letter_at) };
    }
    index += 1;
    if !at_end {
        return (Found::Letter(letter, Some(word[letter_at..].to_owned())), index, 0);
    }
    match arguments.get(index - 1) {
        Some(value) => (Found::Letter(letter, Some(value.clone())), index + 1, 0),
        None => (Found::MissingValue(letter), index, 0),
    }
}

fn report(shell: &mut Shell, known: &str, name: &str, found: Found) -> Run {
    let silent = known.starts_with(':');
    let speaks = !silent && shell.lookup("OPTERR").as_deref() != Some("0");
    let (value, argument, status) = match found {
        Found::Letter(letter, argument) => (letter.to_string(), argument, 0),
        Found::End => ("?".into(), None, 1),
        Found::Unknown(letter) => {
            if speaks {
                let text = format!("{}: illegal option -- {letter}\n", shell.state.name);
                shell.print_error(&text);
            }
            ("?".into(), silent.then(|| letter.to_string()), 0)
        }
        Found::MissingValue(letter) => {
            if speaks {
                let text = format!("{}: option requires an argument -- {letter}\n", shell.state.name);
                shell.print_error(&text);
            }
            (if silent { ":" } else { "?" }.into(), silent.then(|| letter.to_string()), 0)
        }
    };
    match argument {
        Some(argument) => {
            shell.assign("OPTARG", None, argument, false)?;
        }
        None => shell.state.vars.remove("OPTARG"),
    }
    if !shell.assign(name, None, value, false)? {
        return Ok(1);
    }
    Ok(status)
}
