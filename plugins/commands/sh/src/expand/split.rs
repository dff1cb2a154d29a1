//! Word splitting at the characters of IFS.

use super::fields::Part;
use super::pattern;

/// One field: stretches of text, each quoted or not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Field(Vec<(String, bool)>);

impl Field {
    fn push(&mut self, text: &str, quoted: bool) {
        match self.0.last_mut() {
            Some((last, same)) if *same == quoted => last.push_str(text),
            _ => self.0.push((text.to_owned(), quoted)),
        }
    }

    pub(crate) fn text(&self) -> String {
        self.0.iter().map(|(text, _)| text.as_str()).collect()
    }

    pub(crate) fn may_match(&self) -> bool {
        self.0.iter().any(|(text, quoted)| !quoted && text.contains(['*', '?', '[', '(']))
    }

    pub(crate) fn pattern(&self) -> String {
        self.0.iter().map(|(text, quoted)| if *quoted { pattern::escape(text) } else { text.clone() }).collect()
    }
}

struct Splitter<'a> {
    separators: &'a str,
    done: Vec<Field>,
    current: Option<Field>,
    /// White space just ended a field; one other separator after it belongs to the same end.
    after_space: bool,
}

pub(crate) fn split(parts: &[Part], separators: &str) -> Vec<Field> {
    let mut splitter = Splitter { separators, done: Vec::new(), current: None, after_space: false };
    for part in parts {
        match part {
            Part::Literal(text) => splitter.push(text, false),
            Part::Quoted(text) => splitter.push(text, true),
            Part::Split(text) => splitter.split(text),
            Part::Break(_) => splitter.end(),
        }
    }
    splitter.end();
    splitter.done
}

impl Splitter<'_> {
    fn push(&mut self, text: &str, quoted: bool) {
        self.after_space = false;
        self.current.get_or_insert_default().push(text, quoted);
    }

    fn end(&mut self) {
        self.done.extend(self.current.take());
    }

    fn split(&mut self, text: &str) {
        let mut start = 0;
        for (at, character) in text.char_indices() {
            if !self.separators.contains(character) {
                continue;
            }
            if start < at {
                self.push(&text[start..at], false);
            }
            self.separate(" \t\n".contains(character));
            start = at + character.len_utf8();
        }
        if start < text.len() {
            self.push(&text[start..], false);
        }
    }

    fn separate(&mut self, space: bool) {
        match (space, self.current.is_some()) {
            (true, true) => (self.end(), self.after_space = true).0,
            (true, false) => {}
            (false, true) => (self.end(), self.after_space = false).0,
            (false, false) if self.after_space => self.after_space = false,
            (false, false) => self.done.push(Field::default()),
        }
    }
}

/// The fields of `read`: at most so many, the last of which keeps its separators. `escaped` holds characters that a backslash
/// protected, each of which is `true` in the second half of its pair.
pub(crate) fn read_fields(text: &[(char, bool)], separators: &str, most: usize) -> Vec<String> {
    let separates = |(character, escaped): &(char, bool)| !escaped && separators.contains(*character);
    let space = |pair: &(char, bool)| separates(pair) && " \t\n".contains(pair.0);
    let mut rest = trim(text, space);
    let mut fields = Vec::new();
    while !rest.is_empty() {
        if fields.len() + 1 == most {
            fields.push(last_field(rest, separates, space));
            break;
        }
        let end = rest.iter().position(separates).unwrap_or(rest.len());
        fields.push(rest[..end].iter().map(|(character, _)| *character).collect());
        rest = &rest[end..];
        let spaces = rest.iter().take_while(|pair| space(pair)).count();
        rest = &rest[spaces..];
        if rest.first().is_some_and(|pair| separates(pair) && !space(pair)) {
            rest = &rest[1..];
            let spaces = rest.iter().take_while(|pair| space(pair)).count();
            rest = &rest[spaces..];
        }
    }
    fields
}

fn trim(text: &[(char, bool)], space: impl Fn(&(char, bool)) -> bool) -> &[(char, bool)] {
    let start = text.iter().take_while(|pair| space(pair)).count();
    let text = &text[start..];
    let end = text.iter().rev().take_while(|pair| space(pair)).count();
    &text[..text.len() - end]
}

/// What is left over goes to the last name whole, but one separator at its end is dropped if it is the only one.
fn last_field(
    rest: &[(char, bool)],
    separates: impl Fn(&(char, bool)) -> bool,
    space: impl Fn(&(char, bool)) -> bool,
) -> String {
    let mut rest = rest;
    if let Some((last, before)) = rest.split_last()
        && separates(last)
        && !trim(before, &space).iter().any(&separates)
    {
        rest = trim(before, &space);
    }
    rest.iter().map(|(character, _)| *character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, separators: &str) -> Vec<String> {
        split(&[Part::Split(text.into())], separators).iter().map(Field::text).collect()
    }

    #[test]
    fn fields_are_split_as_posix_says() {
        assert_eq!(texts("  a  b ", " \t\n"), ["a", "b"]);
        assert_eq!(texts("a::b:", ":"), ["a", "", "b"]);
        assert_eq!(texts(" a , b ,, c ", " ,"), ["a", "b", "", "c"]);
        assert_eq!(texts(":a", ":"), ["", "a"]);
        assert!(texts("", " ").is_empty());
    }
}
