//! Patterns that a finite automaton cannot decide (back-references, look-around), one line at a time.

use fancy_regex::Regex;
use grep_matcher::{Captures, Match, Matcher};

pub(crate) struct Backtracking(Regex);

/// The groups of one match, the whole one first.
pub(crate) struct Groups(Vec<Option<Match>>);

impl Backtracking {
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        Regex::new(pattern).map(Self).map_err(|problem| problem.to_string())
    }
}

impl Captures for Groups {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Option<Match> {
        self.0.get(index).copied().flatten()
    }
}

/// A line that is not UTF-8 has no match, since the engine works on characters.
fn text(line: &[u8]) -> Option<&str> {
    std::str::from_utf8(line).ok()
}

impl Matcher for Backtracking {
    type Captures = Groups;
    type Error = String;

    fn find_at(&self, line: &[u8], at: usize) -> Result<Option<Match>, String> {
        let Some(line) = text(line).filter(|line| at <= line.len()) else { return Ok(None) };
        let found = self.0.find_from_pos(line, at).map_err(|problem| problem.to_string())?;
        Ok(found.map(|found| Match::new(found.start(), found.end())))
    }

    fn new_captures(&self) -> Result<Groups, String> {
        Ok(Groups(vec![None; self.0.captures_len()]))
    }

    fn capture_count(&self) -> usize {
        self.0.captures_len()
    }

    fn capture_index(&self, name: &str) -> Option<usize> {
        self.0.capture_names().position(|known| known == Some(name))
    }

    fn captures_at(&self, line: &[u8], at: usize, groups: &mut Groups) -> Result<bool, String> {
        let Some(line) = text(line).filter(|line| at <= line.len()) else { return Ok(false) };
        let found = self.0.captures_from_pos(line, at).map_err(|problem| problem.to_string())?;
        let Some(found) = found else { return Ok(false) };
        for (index, group) in groups.0.iter_mut().enumerate() {
            *group = found.get(index).map(|group| Match::new(group.start(), group.end()));
        }
        Ok(true)
    }
}
