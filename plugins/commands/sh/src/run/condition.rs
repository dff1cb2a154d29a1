//! `[[ … ]]`.

use crate::ast::{Condition, Piece, Word};
use crate::builtin::test;
use crate::expand::fields::Part;
use crate::expand::pattern::Pattern;
use crate::options::Shopt;
use crate::state::Shell;
use crate::stop::{Run, Stop};

impl Shell {
    pub(super) fn run_condition(&mut self, condition: &Condition) -> Run {
        match self.holds(condition) {
            Ok(holds) => Ok(i32::from(!holds)),
            Err(Stop::Discard(status)) => Ok(status),
            Err(stop) => Err(stop),
        }
    }

    fn holds(&mut self, condition: &Condition) -> Run<bool> {
        Ok(match condition {
            Condition::And(left, right) => self.holds(left)? && self.holds(right)?,
            Condition::Or(left, right) => self.holds(left)? || self.holds(right)?,
            Condition::Not(inner) => !self.holds(inner)?,
            Condition::Unary(operator, word) => {
                let operand = self.single(word)?;
                self.trace(&format!("[[ {operator} {} ]]", crate::expand::quote::traced(&operand)))?;
                test::unary(self, operator, &operand)?
            }
            Condition::Binary(operator, left, right) => self.compares(operator, left, right)?,
        })
    }

    fn compares(&mut self, operator: &str, left: &Word, right: &Word) -> Run<bool> {
        let subject = self.single(left)?;
        match operator {
            "=" | "!=" => {
                let pattern = self.pattern(right)?;
                self.trace(&format!(
                    "[[ {} {} {pattern} ]]",
                    crate::expand::quote::traced(&subject),
                    if operator == "=" { "==" } else { operator }
                ))?;
                let matches = Pattern::new(&pattern, self.shopt(Shopt::Nocasematch)).matches(&subject);
                Ok(matches == (operator == "="))
            }
            "=~" => self.matches_regex(&subject, right),
            "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
                let right = self.single(right)?;
                let (left, right) = (self.arithmetic(&subject)?, self.arithmetic(&right)?);
                Ok(test::compare_numbers(operator, left, right))
            }
            _ => {
                let right = self.single(right)?;
                self.trace(&format!(
                    "[[ {} {operator} {} ]]",
                    crate::expand::quote::traced(&subject),
                    crate::expand::quote::traced(&right)
                ))?;
                Ok(test::binary(self, operator, &subject, &right)?.unwrap_or(false))
            }
        }
    }

    fn matches_regex(&mut self, subject: &str, word: &Word) -> Run<bool> {
        let source = self.regex_source(word)?;
        let folded = if self.shopt(Shopt::Nocasematch) { "(?is)" } else { "(?s)" };
        let Ok(regex) = regex_lite::Regex::new(&format!("{folded}{source}")) else {
            return Err(Stop::Discard(2));
        };
        let captures = regex.captures(subject);
        let groups: Vec<String> = captures
            .iter()
            .flat_map(|captures| captures.iter())
            .map(|group| group.map_or(String::new(), |found| found.as_str().to_owned()))
            .collect();
        self.state.vars.put_array("BASH_REMATCH", groups);
        Ok(captures.is_some())
    }

    /// A POSIX extended expression in the crate's syntax; what was quoted matches only itself.
    fn regex_source(&mut self, word: &Word) -> Run<String> {
        let mut parts = Vec::new();
        for piece in word {
            match piece {
                // `\x` outside of quotes is the expression's own escape.
                Piece::Quoted(text) if text.chars().count() == 1 => parts.push(Part::Quoted(text.clone())),
                _ => self.parts(&vec![piece.clone()], false, &mut parts)?,
            }
        }
        let mut source = String::new();
        for part in &parts {
            match part {
                Part::Quoted(text) => source.push_str(&regex_lite::escape(text)),
                Part::Literal(text) | Part::Split(text) => source.push_str(text),
                Part::Break(text) => source.push_str(text),
            }
        }
        Ok(translated(&source))
    }
}

/// Inside of `[…]` a backslash is an ordinary character in POSIX and `[`, `&&`, `--`, `~~` are special in the crate; `{` that
/// begins no count is an ordinary character.
fn translated(source: &str) -> String {
    let mut result = String::with_capacity(source.len());
    let characters: Vec<char> = source.chars().collect();
    let mut at = 0;
    while at < characters.len() {
        match characters[at] {
            '\\' if at + 1 < characters.len() => {
                at += 1;
                match characters[at] {
                    '<' | '>' => result.push_str("\\b"),
                    'b' | 'B' | 'w' | 'W' | 's' | 'S' => result.extend(['\\', characters[at]]),
                    other if other.is_alphanumeric() => result.push(other),
                    other => result.push_str(&regex_lite::escape(other.encode_utf8(&mut [0; 4]))),
                }
            }
            '[' => {
                at = bracket(&characters, at, &mut result);
                continue;
            }
            '{' if !characters.get(at + 1).is_some_and(|next| next.is_ascii_digit() || *next == ',') => {
                result.push_str("\\{")
            }
            other => result.push(other),
        }
        at += 1;
    }
    result
}

fn bracket(characters: &[char], start: usize, result: &mut String) -> usize {
    result.push('[');
    let mut at = start + 1;
    if characters.get(at) == Some(&'^') {
        result.push('^');
        at += 1;
    }
    let first = at;
    while let Some(character) = characters.get(at) {
        match character {
            ']' if at > first => {
                result.push(']');
                return at + 1;
            }
            '[' if characters.get(at + 1) == Some(&':') => {
                let end = (at..characters.len()).find(|end| characters[*end] == ']' && characters[end - 1] == ':');
                let end = end.unwrap_or(at);
                result.extend(&characters[at..=end]);
                at = end;
            }
            '-' => result.push(if at == first || characters.get(at + 1) == Some(&']') { '\u{0}' } else { '-' }),
            '[' | ']' | '\\' | '&' | '~' => result.extend(['\\', *character]),
            other => result.push(*other),
        }
        if result.ends_with('\u{0}') {
            result.pop();
            result.push_str("\\-");
        }
        at += 1;
    }
    at
}
