//! `~`, `~+`, `~-`, `~1`.

use crate::state::Shell;

impl Shell {
    pub(super) fn tilde(&self, name: &str) -> String {
        let found = match name {
            "" => Some(self.state.vars.scalar("HOME").unwrap_or("/").to_owned()),
            "+" => Some(self.state.directory.clone()),
            "-" => self.state.vars.scalar("OLDPWD").map(str::to_owned),
            "root" => Some("/root".into()),
            _ => name.trim_start_matches('+').parse::<usize>().ok().and_then(|depth| self.stacked(depth)),
        };
        found.unwrap_or_else(|| format!("~{name}"))
    }

    /// The directory stack's entry, the current directory being 0.
    pub(crate) fn stacked(&self, depth: usize) -> Option<String> {
        match depth {
            0 => Some(self.state.directory.clone()),
            _ => self.state.stack.get(depth - 1).cloned(),
        }
    }
}
