//! POSIX basic and extended regular expressions, with GNU's additions, in the words of Rust's.

use std::iter::Peekable;
use std::str::Chars;

/// The translation, and whether it refers back to a group.
#[derive(Debug, PartialEq, Eq)]
pub struct Translated {
    pub pattern: String,
    pub refers_back: bool,
}

/// Where a character stands decides what it is: `*` at the beginning is itself.
struct Translation<'a> {
    left: Peekable<Chars<'a>>,
    extended: bool,
    pattern: String,
    refers_back: bool,
    /// Nothing that could be repeated stands before.
    at_start: bool,
    open: usize,
    escapes: Escapes,
}

/// What a backslash before a letter or in a bracket expression is, beside what all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escapes {
    /// grep's, find's: nothing.
    None,
    /// sed's: `\n`, `\t` and their kin are control characters.
    Control,
    /// awk's: in brackets too it takes the meaning from what follows.
    All,
}

/// As grep has it.
pub fn translate(pattern: &str, extended: bool) -> Translated {
    translated(pattern, extended, Escapes::None)
}

/// As sed has it.
pub fn translate_sed(pattern: &str, extended: bool) -> Translated {
    translated(pattern, extended, Escapes::Control)
}

/// As awk has it, whose expressions are extended.
pub fn translate_awk(pattern: &str) -> String {
    translated(pattern, true, Escapes::All).pattern
}

/// The control character that a letter stands for after a backslash.
pub fn control(letter: char) -> Option<char> {
    Some(match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'f' => '\x0c',
        'v' => '\x0b',
        'a' => '\x07',
        _ => return None,
    })
}

fn translated(pattern: &str, extended: bool, escapes: Escapes) -> Translated {
    let left = pattern.chars().peekable();
    let mut translation =
        Translation { left, extended, pattern: String::new(), refers_back: false, at_start: true, open: 0, escapes };
    while let Some(character) = translation.left.next() {
        translation.take(character);
    }
    Translated { pattern: translation.pattern, refers_back: translation.refers_back }
}

impl Translation<'_> {
    fn take(&mut self, character: char) {
        match character {
            '\\' => self.escaped(),
            '[' => self.bracket(),
            '*' if self.at_start => self.literal('*'),
            '*' => self.repeat("*"),
            '^' if self.extended || self.at_start => self.pattern.push('^'),
            '$' if self.extended || self.ends_here() => self.atom("$"),
            '.' => self.atom("."),
            '(' | ')' | '|' | '{' | '+' | '?' if self.extended => self.operator(character),
            other => self.literal(other),
        }
    }

    fn escaped(&mut self) {
        match self.left.next() {
            None => self.literal('\\'),
            Some(letter) if self.escapes != Escapes::None && control(letter).is_some() => {
                self.literal(control(letter).unwrap_or(letter));
            }
            Some('y') if self.escapes == Escapes::All => self.pattern.push_str(r"\b"),
            Some(character @ ('(' | ')' | '|' | '{' | '+' | '?')) if !self.extended => self.operator(character),
            Some(digit @ '1'..='9') => {
                self.refers_back = true;
                // A group, so that a digit that follows does not make another number of it.
                self.atom(&format!("(?:\\{digit})"));
            }
            Some('<') => self.pattern.push_str(r"\b{start}"),
            Some('>') => self.atom(r"\b{end}"),
            Some('`') => self.pattern.push_str(r"\A"),
            Some('\'') => self.atom(r"\z"),
            Some(character @ ('w' | 'W' | 's' | 'S' | 'b' | 'B')) => self.atom(&format!("\\{character}")),
            Some(other) => self.literal(other),
        }
    }

    fn operator(&mut self, character: char) {
        match character {
            '(' => self.open_group(),
            ')' if self.open == 0 => self.literal(')'),
            ')' => {
                self.open -= 1;
                self.atom(")");
            }
            '|' => {
                self.pattern.push('|');
                self.at_start = true;
            }
            '{' => self.interval(),
            repeat if self.at_start => self.literal(repeat),
            repeat => self.repeat(&repeat.to_string()),
        }
    }

    fn open_group(&mut self) {
        self.open += 1;
        self.pattern.push('(');
        self.at_start = true;
    }

    /// Repeating a repetition is the same as repeating the whole, which Rust would read as laziness.
    fn repeat(&mut self, operator: &str) {
        let repeated = matches!(self.pattern.chars().last(), Some('*' | '+' | '?')) && !self.pattern.ends_with(['\\']);
        let literal = self.pattern.chars().rev().nth(1) == Some('\\');
        if !repeated || literal {
            self.pattern.push_str(operator);
        }
    }

    fn interval(&mut self) {
        let text: String = self.left.clone().take_while(|character| *character != '}').collect();
        let bounds = text.strip_suffix('\\').filter(|_| !self.extended).unwrap_or(&text);
        let valid = !bounds.is_empty() && bounds.chars().all(|c| c.is_ascii_digit() || c == ',') && bounds != ",";
        if self.at_start || !valid {
            return self.literal('{');
        }
        self.left.nth(text.chars().count());
        let lower = if bounds.starts_with(',') { "0" } else { "" };
        self.pattern.push_str(&format!("{{{lower}{bounds}}}"));
    }

    /// A bracket expression: backslashes are themselves there, and Rust's set operators have to be told apart.
    fn bracket(&mut self) {
        let mut inside = String::from("[");
        inside.extend(self.left.next_if_eq(&'^'));
        if self.left.next_if_eq(&']').is_some() {
            inside.push_str("\\]");
        }
        while let Some(character) = self.left.next() {
            match character {
                ']' => {
                    inside.push(']');
                    return self.atom(&inside);
                }
                '[' => self.class(&mut inside),
                '\\' if self.escapes != Escapes::None => self.escaped_in_bracket(&mut inside),
                '\\' | '&' | '~' => inside.extend(['\\', character]),
                '-' if self.left.peek() == Some(&']') || inside == "[" || inside == "[^" => inside.push_str("\\-"),
                other => inside.push(other),
            }
        }
        // Unclosed: left for the engine to complain about.
        self.pattern.push_str(&inside);
    }

    fn escaped_in_bracket(&mut self, inside: &mut String) {
        let next = self.left.peek().copied();
        let meant = next.and_then(control).or(next.filter(|_| self.escapes == Escapes::All));
        if meant.is_some() {
            self.left.next();
        }
        match meant {
            Some(character) if character.is_alphanumeric() => inside.push(character),
            other => inside.extend(['\\', other.unwrap_or('\\')]),
        }
    }

    fn class(&mut self, inside: &mut String) {
        let Some(kind) = self.left.next_if(|next| matches!(next, ':' | '.' | '=')) else {
            return inside.push_str("\\[");
        };
        let name: String = self.left.by_ref().take_while(|character| *character != kind).collect();
        self.left.next_if_eq(&']');
        match kind {
            ':' => inside.push_str(&format!("[:{name}:]")),
            _ => name.chars().for_each(|character| inside.extend(['\\', character])),
        }
    }

    fn ends_here(&mut self) -> bool {
        let rest: String = self.left.clone().take(2).collect();
        rest.is_empty() || rest == "\\)" || rest == "\\|"
    }

    fn literal(&mut self, character: char) {
        if "\\.+*?()|[]{}^$#&-~/".contains(character) {
            self.pattern.push('\\');
        }
        self.pattern.push(character);
        self.at_start = false;
    }

    fn atom(&mut self, text: &str) {
        self.pattern.push_str(text);
        self.at_start = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(pattern: &str) -> String {
        translate(pattern, false).pattern
    }

    fn extended(pattern: &str) -> String {
        translate(pattern, true).pattern
    }

    #[test]
    fn operators_are_escaped_in_basic_expressions_and_bare_in_extended_ones() {
        assert_eq!(basic(r"a\(b\|c\)\{2\}d+"), r"a(b|c){2}d\+");
        assert_eq!(extended(r"a(b|c){2}d+"), r"a(b|c){2}d+");
        assert_eq!(extended(r"a\(b"), r"a\(b");
        assert_eq!(basic("f(x)"), r"f\(x\)");
    }

    #[test]
    fn an_operator_with_nothing_before_it_is_itself() {
        assert_eq!(basic("*a"), r"\*a");
        assert_eq!(basic(r"\(*a\)"), r"(\*a)");
        assert_eq!(basic("^*a"), r"^\*a");
        assert_eq!(basic("a^b$c"), r"a\^b\$c");
        assert_eq!(extended("{ x }"), r"\{ x \}");
    }

    #[test]
    fn brackets_hold_backslashes_and_classes() {
        assert_eq!(basic(r"[\n]"), r"[\\n]");
        assert_eq!(basic("[]a]"), r"[\]a]");
        assert_eq!(basic("[^[:space:]x-]"), r"[^[:space:]x\-]");
        assert_eq!(extended("[a[]"), r"[a\[]");
    }

    #[test]
    fn sed_and_awk_know_control_characters_and_awk_takes_backslashes_in_brackets() {
        assert_eq!(translate_sed(r"a\tb\.[\n.]", false).pattern, "a\tb\\.[\\\n.]");
        assert_eq!(translate_awk(r"[\]\/x]+\/"), r"[\]\/x]+\/");
        assert_eq!(translate_sed(r"[\.]", false).pattern, r"[\\.]");
    }

    #[test]
    fn a_back_reference_is_noticed() {
        assert!(translate(r"\(a\)\1", false).refers_back);
        assert!(!translate(r"(a)", true).refers_back);
    }

    #[test]
    fn every_translation_is_understood_by_the_engine() {
        for pattern in ["a**", "[[:alpha:]_][[:alnum:]_]*", r"\<word\>", r"x\{,3\}", "a&&b", "[a&&b]", "#", "a-b/c"] {
            let translated = basic(pattern);
            assert!(regex_lite::Regex::new(&translated).is_ok(), "{pattern} became {translated}");
        }
    }
}
