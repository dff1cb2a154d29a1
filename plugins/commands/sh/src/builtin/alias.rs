//! `alias` and `unalias`.

use crate::expand::quote;
use crate::state::Shell;
use crate::stop::Run;

pub(super) fn alias(shell: &mut Shell, words: &[String]) -> Run {
    let show = |name: &str, text: &str| format!("alias {name}={}\n", quote::single(text));
    let operands: Vec<&String> = words[1..].iter().filter(|word| *word != "-p" && *word != "--").collect();
    if operands.is_empty() {
        let text: String = shell.state.aliases.iter().map(|(name, text)| show(name, text)).collect();
        shell.print(&text)?;
        return Ok(0);
    }
    let mut status = 0;
    for word in operands {
        match word.split_once('=') {
            Some((name, text)) if !name.is_empty() => {
                shell.state.aliases.insert(name.to_owned(), text.to_owned());
            }
            _ => match shell.state.aliases.get(word).map(|text| show(word, text)) {
                Some(text) => shell.print(&text)?,
                None => {
                    shell.complain(&format!("alias: {word}: not found"));
                    status = 1;
                }
            },
        }
    }
    Ok(status)
}

pub(super) fn unalias(shell: &mut Shell, words: &[String]) -> Run {
    let mut status = 0;
    for word in &words[1..] {
        if word == "-a" {
            shell.state.aliases.clear();
        } else if shell.state.aliases.remove(word).is_none() {
            shell.complain(&format!("unalias: {word}: not found"));
            status = 1;
        }
    }
    Ok(status)
}
