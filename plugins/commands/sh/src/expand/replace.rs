//! `${x#…}`, `${x%…}` and `${x/…/…}` on one string.

use super::pattern::Pattern;
use crate::ast::Anchor;

pub(super) fn without_prefix(text: &str, pattern: &Pattern, longest: bool) -> String {
    if let Some(literal) = pattern.literal() {
        return text.strip_prefix(literal.as_str()).unwrap_or(text).to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let ends = pattern.ends(&characters, 0);
    let end = if longest { ends.last() } else { ends.first() };
    characters[end.copied().unwrap_or(0)..].iter().collect()
}

pub(super) fn without_suffix(text: &str, pattern: &Pattern, longest: bool) -> String {
    if let Some(literal) = pattern.literal() {
        return text.strip_suffix(literal.as_str()).unwrap_or(text).to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let reaches_end = |start: &usize| pattern.ends(&characters, *start).last() == Some(&characters.len());
    let start =
        if longest { (0..=characters.len()).find(reaches_end) } else { (0..=characters.len()).rev().find(reaches_end) };
    characters[..start.unwrap_or(characters.len())].iter().collect()
}

/// What takes the place of a match: text, and the match itself where `&` stood.
pub(super) enum Replacement {
    Text(String),
    Match,
}

pub(super) fn replace(text: &str, anchor: Anchor, pattern: &Pattern, replacement: &[Replacement]) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    if pattern.literal().is_some_and(|literal| literal.is_empty()) && matches!(anchor, Anchor::First | Anchor::All) {
        return text.to_owned();
    }
    while at <= characters.len() {
        let end = found(&characters, at, anchor, pattern);
        match end {
            Some(end) => {
                insert(replacement, &characters[at..end], &mut result);
                if anchor != Anchor::All || end == characters.len() {
                    result.extend(&characters[end..]);
                    return result;
                }
                // An empty match must not stand still.
                result.extend(characters.get(end).filter(|_| end == at));
                at = end.max(at + 1);
            }
            None if anchor == Anchor::Start => return text.to_owned(),
            None => {
                result.extend(characters.get(at));
                at += 1;
            }
        }
    }
    result
}

/// Where the longest match that begins here ends, if one does.
fn found(characters: &[char], at: usize, anchor: Anchor, pattern: &Pattern) -> Option<usize> {
    let ends = pattern.ends(characters, at);
    match anchor {
        Anchor::End => ends.last().copied().filter(|end| *end == characters.len()),
        Anchor::All if at == characters.len() && at > 0 => None,
        _ => ends.last().copied(),
    }
}

fn insert(replacement: &[Replacement], matched: &[char], onto: &mut String) {
    for part in replacement {
        match part {
            Replacement::Text(text) => onto.push_str(text),
            Replacement::Match => onto.extend(matched),
        }
    }
}
