//! Aliases, where `expand_aliases` is on. The words of the command are added to what the alias says.

use crate::ast::{Argument, Redirect, Script, Shape, Simple};
use crate::options::Shopt;
use crate::state::Shell;
use crate::stop::Run;

impl Shell {
    /// Runs the command that an alias makes of this one; none if there is no alias.
    pub(super) fn run_alias(&mut self, simple: &Simple, redirects: &[Redirect]) -> Option<Run> {
        if !self.shopt(Shopt::ExpandAliases) {
            return None;
        }
        let name = super::plain::name(simple)?.to_owned();
        let text = self.state.aliases.get(&name)?.clone();
        let mut script = self.parse(&text, self.state.line).ok()?;
        extend(&mut script, &simple.words[1..], redirects)?;
        // An alias is not expanded within itself.
        let alias = self.state.aliases.remove(&name);
        let result = self.run_script(&script);
        if let Some(alias) = alias {
            self.state.aliases.entry(name).or_insert(alias);
        }
        Some(result)
    }
}

fn extend(script: &mut Script, words: &[Argument], redirects: &[Redirect]) -> Option<()> {
    let item = script.last_mut()?.0.last_mut()?;
    let pipeline = match item.rest.last_mut() {
        Some((_, pipeline)) => pipeline,
        None => &mut item.first,
    };
    let command = pipeline.stages.last_mut()?;
    match &mut command.shape {
        Shape::Simple(simple) => simple.words.extend_from_slice(words),
        _ if words.is_empty() => {}
        _ => return None,
    }
    command.redirects.extend_from_slice(redirects);
    Some(())
}
