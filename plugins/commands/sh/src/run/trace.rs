//! `set -x`.

use crate::ast::{For, Piece, Word};
use crate::options::Opt;
use crate::state::Shell;
use crate::stop::Run;

impl Shell {
    pub(super) fn trace(&mut self, text: &str) -> Run<()> {
        if !self.on(Opt::Xtrace) {
            return Ok(());
        }
        let prompt = self.state.vars.scalar("PS4").unwrap_or("+ ").to_owned();
        // Expanding the prompt must not trace itself.
        self.state.options.set(Opt::Xtrace, false);
        let prompt = self.prompt(&prompt);
        self.state.options.set(Opt::Xtrace, true);
        let prompt = prompt?;
        let repeated =
            prompt.chars().next().map(String::from).unwrap_or_default().repeat(self.state.subshells as usize);
        self.print_error(&format!("{repeated}{prompt}{text}\n"));
        Ok(())
    }

    /// The head of a `for`, as it was written where that is known.
    pub(super) fn trace_for(&mut self, clause: &For) -> Run<()> {
        if !self.on(Opt::Xtrace) {
            return Ok(());
        }
        let words: Vec<String> = clause.words.iter().flatten().map(written).collect();
        self.trace(&format!("for {} in {}", clause.name, words.join(" ")))
    }
}

fn written(word: &Word) -> String {
    word.iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Quoted(text) => crate::expand::quote::traced(text),
            Piece::Double(inner) => format!("\"{}\"", written(inner)),
            Piece::Parameter(parameter) => format!("${}", parameter.name),
            Piece::Tilde(name) => format!("~{name}"),
            Piece::Command(text) => format!("$({text})"),
            Piece::Arithmetic(inner) => format!("$(({}))", written(inner)),
            Piece::Process(_, text) => format!("<({text})"),
        })
        .collect()
}
