//! The text of a pattern, taken apart.

use super::{Member, Node};

pub(super) fn parse(text: &str) -> Vec<Node> {
    let characters: Vec<char> = text.chars().collect();
    Parser { characters: &characters, at: 0 }.sequence(false)
}

struct Parser<'a> {
    characters: &'a [char],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn sequence(&mut self, in_group: bool) -> Vec<Node> {
        let mut nodes = Vec::new();
        while let Some(character) = self.peek(0) {
            if in_group && (character == '|' || character == ')') {
                break;
            }
            let group = self.peek(1) == Some('(') && "?*+@!".contains(character);
            if group && let Some(node) = self.group(character) {
                nodes.push(node);
                continue;
            }
            nodes.push(self.single(character));
        }
        nodes
    }

    fn single(&mut self, character: char) -> Node {
        if character == '['
            && let Some(class) = self.class()
        {
            return class;
        }
        self.at += 1;
        match character {
            '?' => Node::Any,
            '*' => Node::Star,
            '\\' => {
                let escaped = self.peek(0);
                self.at += usize::from(escaped.is_some());
                Node::Char(escaped.unwrap_or('\\'))
            }
            other => Node::Char(other),
        }
    }

    fn group(&mut self, kind: char) -> Option<Node> {
        let start = self.at;
        self.at += 2;
        let mut alternatives = vec![self.sequence(true)];
        while self.peek(0) == Some('|') {
            self.at += 1;
            alternatives.push(self.sequence(true));
        }
        if self.peek(0) != Some(')') {
            self.at = start;
            return None;
        }
        self.at += 1;
        Some(Node::Group(kind, alternatives))
    }

    fn class(&mut self) -> Option<Node> {
        let start = self.at;
        self.at += 1;
        let negated = matches!(self.peek(0), Some('!' | '^'));
        self.at += usize::from(negated);
        let mut members = Vec::new();
        loop {
            match self.peek(0) {
                None => {
                    self.at = start;
                    return None;
                }
                Some(']') if !members.is_empty() => break,
                Some('[') if matches!(self.peek(1), Some(':' | '.' | '=')) && self.named(&mut members) => {}
                Some(_) => self.range(&mut members),
            }
        }
        self.at += 1;
        Some(Node::Class { negated, members })
    }

    fn named(&mut self, members: &mut Vec<Member>) -> bool {
        let kind = self.peek(1).unwrap_or(':');
        let rest = &self.characters[self.at + 2..];
        let Some(length) = rest.windows(2).position(|pair| pair == [kind, ']']) else { return false };
        let name: String = rest[..length].iter().collect();
        self.at += length + 4;
        match (kind, name.chars().next()) {
            (':', _) => members.push(Member::Named(name)),
            (_, Some(character)) => members.push(Member::Range(character, character)),
            _ => {}
        }
        true
    }

    fn member_character(&mut self) -> char {
        if self.peek(0) == Some('\\') && self.peek(1).is_some() {
            self.at += 1;
        }
        self.at += 1;
        self.characters[self.at - 1]
    }

    fn range(&mut self, members: &mut Vec<Member>) {
        let from = self.member_character();
        let to = if self.peek(0) == Some('-') && self.peek(1).is_some_and(|next| next != ']') {
            self.at += 1;
            self.member_character()
        } else {
            from
        };
        members.push(Member::Range(from, to));
    }
}
