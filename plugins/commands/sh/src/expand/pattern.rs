//! Shell patterns. Matching moves a set of positions through the pattern, so that it takes polynomial time on any input and
//! gives the shortest and the longest match alike.

mod read;

use read::parse;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Char(char),
    Any,
    Star,
    Class {
        negated: bool,
        members: Vec<Member>,
    },
    /// `?(…)`, `*(…)`, `+(…)`, `@(…)`, `!(…)`.
    Group(char, Vec<Vec<Node>>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Member {
    Range(char, char),
    Named(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    nodes: Vec<Node>,
    ignore_case: bool,
}

/// The characters that mean something in a pattern.
pub(crate) const SPECIAL: &[char] = &['*', '?', '[', ']', '\\', '(', ')', '|', '!', '+', '@', '-', '^'];

/// Text that matches itself only.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if SPECIAL.contains(&character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

pub(crate) fn unescape(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(characters.next().unwrap_or('\\')),
            _ => plain.push(character),
        }
    }
    plain
}

/// Whether a pattern has anything to match by.
pub(crate) fn is_pattern(text: &str) -> bool {
    parse(text).iter().any(|node| !matches!(node, Node::Char(_)))
}

impl Member {
    fn has(&self, character: char) -> bool {
        match self {
            Member::Range(from, to) => (*from..=*to).contains(&character),
            Member::Named(name) => match name.as_str() {
                "alpha" => character.is_alphabetic(),
                "digit" => character.is_ascii_digit(),
                "alnum" => character.is_alphanumeric(),
                "upper" => character.is_uppercase(),
                "lower" => character.is_lowercase(),
                "space" => character.is_whitespace() || character == '\x0b',
                "blank" => character == ' ' || character == '\t',
                "punct" => character.is_ascii_punctuation(),
                "print" => !character.is_control(),
                "graph" => !character.is_control() && !character.is_whitespace(),
                "cntrl" => character.is_control(),
                "xdigit" => character.is_ascii_hexdigit(),
                "word" => character.is_alphanumeric() || character == '_',
                _ => false,
            },
        }
    }
}

impl Pattern {
    pub(crate) fn new(text: &str, ignore_case: bool) -> Self {
        Pattern { nodes: parse(text), ignore_case }
    }

    /// The text that is the only one to match, if that is so.
    pub(crate) fn literal(&self) -> Option<String> {
        let characters = self.nodes.iter().map(|node| if let Node::Char(c) = node { Some(*c) } else { None });
        if self.ignore_case { None } else { characters.collect() }
    }

    pub(crate) fn starts_with_dot(&self) -> bool {
        self.nodes.first() == Some(&Node::Char('.'))
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let characters: Vec<char> = text.chars().collect();
        self.ends(&characters, 0).last() == Some(&characters.len())
    }

    /// Where matches that begin here may end, ascending.
    pub(crate) fn ends(&self, text: &[char], start: usize) -> Vec<usize> {
        self.walk(&self.nodes, text, vec![start])
    }

    fn walk(&self, nodes: &[Node], text: &[char], mut positions: Vec<usize>) -> Vec<usize> {
        for node in nodes {
            if positions.is_empty() {
                break;
            }
            positions = self.advance(node, text, positions);
        }
        positions
    }

    fn advance(&self, node: &Node, text: &[char], positions: Vec<usize>) -> Vec<usize> {
        match node {
            Node::Star => (positions[0]..=text.len()).collect(),
            Node::Group(kind, alternatives) => self.group(*kind, alternatives, text, positions),
            _ => {
                let fits = |at: &usize| text.get(*at).is_some_and(|character| self.takes(node, *character));
                positions.into_iter().filter(fits).map(|at| at + 1).collect()
            }
        }
    }

    fn takes(&self, node: &Node, character: char) -> bool {
        match node {
            Node::Char(wanted) => *wanted == character || self.ignore_case && same_letter(*wanted, character),
            Node::Class { negated, members } => {
                let has = |character| members.iter().any(|member| member.has(character));
                let folded =
                    self.ignore_case && (character.to_lowercase().any(has) || character.to_uppercase().any(has));
                (has(character) || folded) != *negated
            }
            _ => true,
        }
    }

    fn group(&self, kind: char, alternatives: &[Vec<Node>], text: &[char], positions: Vec<usize>) -> Vec<usize> {
        let once = |positions: &[usize]| {
            let mut next: Vec<usize> =
                alternatives.iter().flat_map(|nodes| self.walk(nodes, text, positions.to_vec())).collect();
            next.sort_unstable();
            next.dedup();
            next
        };
        match kind {
            '@' => once(&positions),
            '?' => merged(once(&positions), positions),
            '!' => {
                let rest = |start: usize| {
                    let taken = once(&[start]);
                    (start..=text.len()).filter(move |at| taken.binary_search(at).is_err())
                };
                merged(positions.into_iter().flat_map(rest).collect(), Vec::new())
            }
            _ => {
                let mut reached = once(&positions);
                let mut frontier = reached.clone();
                while !frontier.is_empty() {
                    frontier = once(&frontier).into_iter().filter(|at| reached.binary_search(at).is_err()).collect();
                    reached = merged(reached, frontier.clone());
                }
                if kind == '*' { merged(reached, positions) } else { reached }
            }
        }
    }
}

fn merged(mut left: Vec<usize>, right: Vec<usize>) -> Vec<usize> {
    left.extend(right);
    left.sort_unstable();
    left.dedup();
    left
}

fn same_letter(left: char, right: char) -> bool {
    left.to_lowercase().eq(right.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_bash() {
        for (pattern, text, expected) in [
            ("a*c", "abbc", true),
            ("a?c", "ac", false),
            ("[!a-c]x", "dx", true),
            ("[]a]", "]", true),
            ("[[:upper:]]*", "Abc", true),
            ("@(ab|cd)e", "cde", true),
            ("+(ab)", "ababab", true),
            ("*(ab)c", "c", true),
            ("!(*.txt)", "a.rs", true),
            ("!(*.txt)", "a.txt", false),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("[", "[", true),
            ("[a-", "[a-", true),
            ("*", "", true),
        ] {
            assert_eq!(Pattern::new(pattern, false).matches(text), expected, "{pattern} {text}");
        }
    }
}
