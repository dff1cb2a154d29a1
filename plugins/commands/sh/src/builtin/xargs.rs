//! `xargs`.

use crate::process;
use crate::state::Shell;
use crate::stop::Run;

/// What the options ask for.
#[derive(Debug, Default, Clone)]
struct Wanted {
    delimiter: Option<u8>,
    /// At most so many arguments, or lines, a command.
    arguments: Option<usize>,
    lines: Option<usize>,
    /// Replaced by one line of input each.
    replace: Option<String>,
    parallel: usize,
    skips_empty: bool,
    traces: bool,
    file: Option<String>,
    characters: usize,
    command: Vec<String>,
}

pub(super) fn xargs(shell: &mut Shell, words: &[String]) -> Run {
    let wanted = match read_options(&words[1..]) {
        Ok(wanted) => wanted,
        Err(problem) => {
            shell.print_error(&format!("xargs: {problem}\n"));
            return Ok(1);
        }
    };
    let stream = match &wanted.file {
        None => shell.files.get(0),
        Some(path) => shell.open_to_read(path).ok(),
    };
    let Some(stream) = stream else {
        shell.print_error("xargs: cannot read its input\n");
        return Ok(1);
    };
    let bytes = stream.host().and_then(|handle| process::read_all(handle).ok()).unwrap_or_default();
    let items = match items(&crate::text::from_bytes(bytes), &wanted) {
        Ok(items) => items,
        Err(problem) => {
            shell.print_error(&format!("xargs: {problem}\n"));
            return Ok(1);
        }
    };
    let null = shell.open_to_read("/dev/null").ok();
    let before = shell.files.replace(0, null);
    let result = run_all(shell, &wanted, commands(items, &wanted));
    shell.files.replace(0, before);
    result
}

fn read_options(words: &[String]) -> Result<Wanted, String> {
    let words: Vec<String> = words.iter().map(|word| long_option(word)).collect();
    let end = option_end(&words);
    let given = super::options::read(&words[..end], "0d:n:I:i:rP:L:l:tpx:s:a:E:e:")?;
    let number = |letter: char| match given.value(letter) {
        None => Ok(None),
        Some(text) => {
            text.parse::<usize>().map(Some).map_err(|_| format!("invalid number \"{text}\" for -{letter} option"))
        }
    };
    let mut command = words[end..].to_vec();
    if command.is_empty() {
        command.push("echo".into());
    }
    let delimiter = given.value('d').map(|text| crate::parse::ansi::unquote(text).bytes().next().unwrap_or(0));
    Ok(Wanted {
        delimiter: if given.has('0') { Some(0) } else { delimiter },
        arguments: number('n')?.filter(|count| *count > 0),
        lines: number('L')?.or(number('l')?),
        replace: given.value('I').map(str::to_owned),
        parallel: number('P')?.unwrap_or(1),
        skips_empty: given.has('r'),
        traces: given.has('t'),
        file: given.value('a').map(str::to_owned),
        characters: number('s')?.unwrap_or(128 * 1024),
        command,
    })
}

fn long_option(word: &str) -> String {
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    let short = match name {
        "--null" => "-0",
        "--no-run-if-empty" => "-r",
        "--max-args" => "-n",
        "--max-procs" => "-P",
        "--max-lines" => "-L",
        "--delimiter" => "-d",
        "--verbose" => "-t",
        "--replace" => "-I",
        "--arg-file" => "-a",
        _ => return word.to_owned(),
    };
    format!("{short}{value}")
}

/// Where the command begins.
fn option_end(words: &[String]) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.len() > 1 && word.starts_with('-')) {
        at += 1;
        if word == "--" {
            break;
        }
        let alone = word.len() == 2 && "dnIPLsaE".contains(&word[1..]);
        let group = word.len() > 2
            && word[1..].ends_with(['n', 'I', 'P', 'L', 'd'])
            && word[1..].chars().all(|c| "0rtnIPLd".contains(c));
        at += usize::from(alone || group);
    }
    at.min(words.len())
}

/// One argument, and the line that it ends, counted from 0.
type Item = (String, usize);

fn items(text: &str, wanted: &Wanted) -> Result<Vec<Item>, String> {
    if let Some(delimiter) = wanted.delimiter {
        let delimiter = delimiter as char;
        let text = text.strip_suffix(delimiter).unwrap_or(text);
        let pieces = if text.is_empty() { Vec::new() } else { text.split(delimiter).collect() };
        return Ok(pieces.into_iter().enumerate().map(|(at, piece)| (piece.to_owned(), at)).collect());
    }
    if wanted.replace.is_some() {
        let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty());
        return lines.enumerate().map(|(at, line)| Ok((unquoted(line)?, at))).collect();
    }
    words(text)
}

/// The words of the input, in which quotes and backslashes protect.
fn words(text: &str) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    let (mut current, mut line): (Option<String>, usize) = (None, 0);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\n' => {
                items.extend(current.take().map(|word| (word, line)));
                line += usize::from(character == '\n');
            }
            '\'' | '"' => quoted(&mut characters, character, current.get_or_insert_default())?,
            '\\' => current.get_or_insert_default().extend(characters.next()),
            other => current.get_or_insert_default().push(other),
        }
    }
    items.extend(current.take().map(|word| (word, line)));
    Ok(items)
}

fn quoted(characters: &mut std::str::Chars<'_>, quote: char, word: &mut String) -> Result<(), String> {
    for character in characters.by_ref() {
        match character {
            _ if character == quote => return Ok(()),
            '\n' => break,
            other => word.push(other),
        }
    }
    let kind = if quote == '"' { "double" } else { "single" };
    Err(format!("unmatched {kind} quote; by default quotes are special to xargs unless you use the -0 option"))
}

fn unquoted(line: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' | '"' => quoted(&mut characters, character, &mut text)?,
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    Ok(text)
}

fn commands(items: Vec<Item>, wanted: &Wanted) -> Vec<Vec<String>> {
    if let Some(pattern) = &wanted.replace {
        let fill = |item: &Item| wanted.command.iter().map(|word| word.replace(pattern.as_str(), &item.0)).collect();
        return items.iter().map(fill).collect();
    }
    if items.is_empty() {
        return if wanted.skips_empty { Vec::new() } else { vec![wanted.command.clone()] };
    }
    let mut commands = Vec::new();
    let (mut current, mut count, mut length, mut first_line) = (wanted.command.clone(), 0, 0, items[0].1);
    for (item, line) in items {
        let full = wanted.arguments.is_some_and(|most| count == most)
            || wanted.lines.is_some_and(|most| line - first_line >= most)
            || length + item.len() > wanted.characters;
        if full && count > 0 {
            commands.push(std::mem::replace(&mut current, wanted.command.clone()));
            (count, length, first_line) = (0, 0, line);
        }
        (count, length) = (count + 1, length + item.len() + 1);
        current.push(item);
    }
    commands.push(current);
    commands
}

fn run_all(shell: &mut Shell, wanted: &Wanted, commands: Vec<Vec<String>>) -> Run {
    let mut status = 0;
    let mut running: Vec<crate::jobs::Started> = Vec::new();
    let most = if wanted.parallel == 0 { 16 } else { wanted.parallel.min(64) };
    for command in commands {
        if wanted.traces {
            shell.print_error(&format!("{}\n", command.join(" ")));
        }
        let result = if most > 1 {
            if running.len() >= most {
                let oldest = running.remove(0);
                note(&mut status, shell.finished(oldest));
            }
            running.push(shell.start_external(&command));
            0
        } else {
            super::env::status_of(super::env::run_program(shell, command))?
        };
        if !note(&mut status, result) {
            break;
        }
    }
    for started in running {
        note(&mut status, shell.finished(started));
    }
    Ok(status)
}

/// The status of all from the status of one; false: no more are to be started.
fn note(status: &mut i32, one: i32) -> bool {
    match one {
        0 => true,
        255 => {
            *status = 124;
            false
        }
        126 | 127 => {
            *status = one;
            false
        }
        _ if one > 128 => {
            *status = 125;
            false
        }
        _ => {
            *status = 123;
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_split_and_grouped() {
        let wanted = Wanted { arguments: Some(2), command: vec!["c".into()], characters: 999, ..Wanted::default() };
        let items = items("a 'b c'\nd\\ e f\n", &wanted).unwrap();
        assert_eq!(commands(items, &wanted), [vec!["c", "a", "b c"], vec!["c", "d e", "f"]]);
    }
}
