//! `select`: a menu on the error stream, the answer from standard input.

use crate::ast::For;
use crate::state::Shell;
use crate::stop::Run;

impl Shell {
    pub(super) fn run_select(&mut self, clause: &For) -> Run {
        let words = match &clause.words {
            Some(words) => self.all_fields(words)?,
            None => self.state.positional.clone(),
        };
        if words.is_empty() {
            return Ok(0);
        }
        self.in_loop(|shell| {
            let mut status = 0;
            let mut shows_menu = true;
            loop {
                if std::mem::take(&mut shows_menu) {
                    let menu: String = (1..).zip(&words).map(|(number, word)| format!("{number}) {word}\n")).collect();
                    shell.print_error(&menu);
                }
                let prompt = shell.state.vars.scalar("PS3").unwrap_or("#? ").to_owned();
                shell.print_error(&prompt);
                let Some(line) = shell.read_line(0) else {
                    shell.print("\n")?;
                    return Ok(1);
                };
                let answer = line.trim().to_owned();
                if answer.is_empty() {
                    shows_menu = true;
                    continue;
                }
                let chosen = answer.parse::<usize>().ok().and_then(|number| words.get(number.checked_sub(1)?)).cloned();
                shell.assign("REPLY", None, line, false)?;
                shell.assign(&clause.name, None, chosen.unwrap_or_default(), false)?;
                if shell.turn_ends(&clause.body, &mut status)? {
                    return Ok(status);
                }
            }
        })
    }
}
