//! `echo`.

use crate::options::Shopt;
use crate::parse::ansi::{self, Dialect};
use crate::state::Shell;
use crate::stop::Run;

pub(super) fn echo(shell: &mut Shell, words: &[String]) -> Run {
    let (mut newline, mut escapes) = (true, shell.shopt(Shopt::XpgEcho));
    let is_option =
        |word: &&String| word.len() > 1 && word.starts_with('-') && word[1..].chars().all(|c| "neE".contains(c));
    let options = words[1..].iter().take_while(is_option).count();
    for letter in words[1..=options].iter().flat_map(|word| word[1..].chars()) {
        match letter {
            'n' => newline = false,
            'e' => escapes = true,
            _ => escapes = false,
        }
    }
    let mut text = words[1 + options..].join(" ");
    if escapes {
        let (decoded, stopped) = ansi::decode(&text, Dialect::Echo);
        text = decoded;
        newline &= !stopped;
    }
    if newline {
        text.push('\n');
    }
    shell.print(&text)?;
    Ok(0)
}
