//! Path names that match a pattern.

use super::pattern::{self, Pattern};
use crate::options::Shopt;
use crate::state::Shell;

/// More than this many names is an error of the pattern's author, and of the shell's memory.
const MOST: usize = 500_000;

impl Shell {
    /// All paths that match, sorted; none if nothing does.
    pub(crate) fn glob(&self, pattern: &str) -> Vec<String> {
        let components = components(pattern);
        let mut walk = Walk { shell: self, found: Vec::new() };
        let (start, rest) = match components.split_first() {
            Some((first, rest)) if first.is_empty() => ("/".to_owned(), rest),
            _ => (String::new(), components.as_slice()),
        };
        walk.descend(&start, rest);
        let mut found = walk.found;
        found.sort();
        found.dedup();
        if let Some(ignored) = self.state.vars.scalar("GLOBIGNORE").filter(|ignored| !ignored.is_empty()) {
            let patterns: Vec<Pattern> = ignored.split(':').map(|text| Pattern::new(text, false)).collect();
            found.retain(|path| !patterns.iter().any(|pattern| pattern.matches(path)));
        }
        found
    }

    pub(crate) fn glob_component(&self, text: &str) -> Pattern {
        Pattern::new(text, self.shopt(Shopt::Nocaseglob))
    }
}

/// Split at slashes that are not within a group or escaped.
fn components(pattern: &str) -> Vec<String> {
    let mut components = vec![String::new()];
    let (mut depth, mut escaped) = (0_u32, false);
    for character in pattern.chars() {
        match character {
            '(' if !escaped => depth += 1,
            ')' if !escaped => depth = depth.saturating_sub(1),
            '/' if depth == 0 => {
                components.push(String::new());
                escaped = false;
                continue;
            }
            _ => {}
        }
        escaped = character == '\\' && !escaped;
        if let Some(last) = components.last_mut() {
            last.push(character);
        }
    }
    components
}

struct Walk<'a> {
    shell: &'a Shell,
    found: Vec<String>,
}

impl Walk<'_> {
    fn descend(&mut self, prefix: &str, components: &[String]) {
        let Some((first, rest)) = components.split_first() else {
            self.found.push(prefix.to_owned());
            return;
        };
        if self.found.len() >= MOST {
            return;
        }
        if first == "**" && self.shell.shopt(Shopt::Globstar) {
            self.any_depth(prefix, rest);
        } else if pattern::is_pattern(first) {
            self.matching(prefix, first, rest);
        } else {
            self.plain(prefix, &pattern::unescape(first), rest);
        }
    }

    fn plain(&mut self, prefix: &str, name: &str, rest: &[String]) {
        let path = format!("{prefix}{name}");
        let absolute = self.shell.absolute(if path.is_empty() { "." } else { &path });
        match rest {
            [] if path.is_empty() => {}
            [] if name.is_empty() || std::fs::symlink_metadata(&absolute).is_ok() => self.found.push(path),
            [] => {}
            _ if name.is_empty() || std::path::Path::new(&absolute).is_dir() => self.descend(&format!("{path}/"), rest),
            _ => {}
        }
    }

    fn names(&self, prefix: &str) -> Vec<(String, std::fs::FileType)> {
        let folder = self.shell.absolute(if prefix.is_empty() { "." } else { prefix });
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        entries
            .flatten()
            .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.file_type().ok()?)))
            .collect()
    }

    fn matching(&mut self, prefix: &str, component: &str, rest: &[String]) {
        let pattern = self.shell.glob_component(component);
        let hidden = self.shell.shopt(Shopt::Dotglob) || pattern.starts_with_dot();
        for (name, kind) in self.names(prefix) {
            if (name.starts_with('.') && !hidden) || !pattern.matches(&name) {
                continue;
            }
            if rest.is_empty() {
                self.found.push(format!("{prefix}{name}"));
            } else if kind.is_dir() || kind.is_symlink() && self.is_directory(prefix, &name) {
                self.descend(&format!("{prefix}{name}/"), rest);
            }
        }
    }

    fn is_directory(&self, prefix: &str, name: &str) -> bool {
        std::path::Path::new(&self.shell.absolute(&format!("{prefix}{name}"))).is_dir()
    }

    /// `**`: this directory and all below it, symbolic links not followed.
    fn any_depth(&mut self, prefix: &str, rest: &[String]) {
        if rest.is_empty() {
            if !prefix.is_empty() {
                self.found.push(prefix.to_owned());
            }
        } else {
            self.descend(prefix, rest);
        }
        for (name, kind) in self.names(prefix) {
            if name.starts_with('.') && !self.shell.shopt(Shopt::Dotglob) {
                continue;
            }
            if kind.is_dir() {
                if rest.is_empty() {
                    self.found.push(format!("{prefix}{name}"));
                    self.below(&format!("{prefix}{name}/"));
                } else {
                    self.any_depth(&format!("{prefix}{name}/"), rest);
                }
            } else if rest.is_empty() {
                self.found.push(format!("{prefix}{name}"));
            }
        }
    }

    fn below(&mut self, prefix: &str) {
        let before = self.found.len();
        self.any_depth(prefix, &[]);
        // The directory itself was listed without its slash.
        if self.found.get(before).is_some_and(|first| first == prefix) {
            self.found.remove(before);
        }
    }
}
