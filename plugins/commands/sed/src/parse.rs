//! From text to a script.

mod action;

use std::collections::HashMap;
use std::iter::Peekable;
use std::rc::Rc;
use std::str::Chars;

use fancy_regex::Regex;

use crate::script::{Action, Address, Addresses, Command, End, Pattern, Script};

pub(crate) fn script(text: &str, extended: bool) -> Result<Script, String> {
    let mut parser = Parser {
        // What begins so is as if -n was given, which the first line of a file may ask for.
        left: text.chars().peekable(),
        extended,
        commands: Vec::new(),
        open: Vec::new(),
        ranges: 0,
        labels: HashMap::new(),
        jumps: Vec::new(),
    };
    while parser.command()? {}
    parser.finish()
}

struct Parser<'a> {
    left: Peekable<Chars<'a>>,
    extended: bool,
    commands: Vec<Command>,
    /// Where blocks begin that are not closed yet.
    open: Vec<usize>,
    ranges: usize,
    labels: HashMap<String, usize>,
    /// Commands whose labels are looked up at the end.
    jumps: Vec<(usize, String)>,
}

fn compiled(pattern: &str, extended: bool, flags: &str) -> Result<Pattern, String> {
    if pattern.is_empty() {
        return Ok(None);
    }
    let translated = posix::regex::translate_sed(pattern, extended).pattern;
    let regex = Regex::new(&format!("(?s{flags}){translated}"));
    regex.map(|regex| Some(Rc::new(regex))).map_err(|problem| format!("expression '{pattern}': {problem}"))
}

impl Parser<'_> {
    fn skip(&mut self, blanks: &str) {
        while self.left.next_if(|next| blanks.contains(*next)).is_some() {}
    }

    fn number(&mut self) -> Option<usize> {
        let mut digits = String::new();
        while let Some(digit) = self.left.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        digits.parse().ok()
    }

    /// Whether there was one.
    fn command(&mut self) -> Result<bool, String> {
        self.skip(" \t\n;");
        if self.left.peek().is_none() {
            return Ok(false);
        }
        let addresses = self.addresses()?;
        self.skip(" \t");
        let mut negated = false;
        while self.left.next_if_eq(&'!').is_some() {
            negated = true;
            self.skip(" \t");
        }
        let Some(letter) = self.left.next() else { return Err("missing command".into()) };
        if letter == '}' {
            self.close()?;
            self.end(letter)?;
            return Ok(true);
        }
        let action = self.action(letter)?;
        if letter == '{' {
            self.open.push(self.commands.len());
        }
        self.commands.push(Command { addresses, negated, action });
        Ok(true)
    }

    fn close(&mut self) -> Result<(), String> {
        let open = self.open.pop().ok_or("unexpected `}'")?;
        self.commands[open].action = Action::Block(self.commands.len());
        Ok(())
    }

    /// After most commands there may be a blank, a semicolon, a comment or a closing brace.
    fn end(&mut self, letter: char) -> Result<(), String> {
        self.skip(" \t\r");
        match self.left.peek() {
            None | Some('}' | '#') => Ok(()),
            Some(';' | '\n') => {
                self.left.next();
                Ok(())
            }
            Some(_) => Err(format!("extra characters after command '{letter}'")),
        }
    }

    fn addresses(&mut self) -> Result<Addresses, String> {
        let Some(first) = self.address()? else { return Ok(Addresses::Every) };
        self.skip(" \t");
        if self.left.next_if_eq(&',').is_none() {
            return Ok(Addresses::One(first));
        }
        self.skip(" \t");
        let end = match self.left.peek() {
            Some('+') => {
                self.left.next();
                End::More(self.number().ok_or("a number is missing after ,+")?)
            }
            Some('~') => {
                self.left.next();
                End::Multiple(self.number().ok_or("a number is missing after ,~")?)
            }
            _ => End::Address(self.address()?.ok_or("unexpected `,'")?),
        };
        self.ranges += 1;
        Ok(Addresses::Range(first, end, self.ranges - 1))
    }

    fn address(&mut self) -> Result<Option<Address>, String> {
        match self.left.peek().copied() {
            Some('0'..='9') => {
                let first = self.number().unwrap_or(0);
                if self.left.next_if_eq(&'~').is_none() {
                    return Ok(Some(Address::Line(first)));
                }
                Ok(Some(Address::Step(first, self.number().unwrap_or(0))))
            }
            Some('$') => {
                self.left.next();
                Ok(Some(Address::Last))
            }
            Some('/') => {
                self.left.next();
                self.matching('/').map(Some)
            }
            Some('\\') => {
                self.left.next();
                let delimiter = self.left.next().ok_or("an expression is missing after a backslash")?;
                self.matching(delimiter).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn matching(&mut self, delimiter: char) -> Result<Address, String> {
        let pattern = self.until(delimiter, true).ok_or("unterminated address regex")?;
        let mut flags = String::new();
        while let Some(flag) = self.left.next_if(|next| "IM".contains(*next)) {
            flags.push(flag.to_ascii_lowercase());
        }
        compiled(&pattern, self.extended, &flags).map(Address::Matching)
    }

    /// Everything up to the delimiter, which has no backslash before it where it is meant; in expressions it may stand in
    /// brackets.
    fn until(&mut self, delimiter: char, is_regex: bool) -> Option<String> {
        let (mut text, mut in_bracket) = (String::new(), false);
        while let Some(character) = self.left.next() {
            match character {
                '\\' => {
                    let next = self.left.next()?;
                    if next != delimiter || in_bracket {
                        text.push('\\');
                    } else if is_regex && !delimiter.is_alphanumeric() && "*.[]^$+?(){}|".contains(delimiter) {
                        // What would be an operator is the character itself.
                        text.push_str(&format!("[{delimiter}]"));
                        continue;
                    }
                    text.push(next);
                }
                '[' if is_regex && !in_bracket => {
                    in_bracket = true;
                    text.push('[');
                    text.extend(self.left.next_if_eq(&'^'));
                    text.extend(self.left.next_if_eq(&']'));
                }
                '[' if in_bracket => self.class(&mut text),
                ']' if in_bracket => {
                    in_bracket = false;
                    text.push(']');
                }
                found if found == delimiter && !in_bracket => return Some(text),
                '\n' if is_regex => return None,
                other => text.push(other),
            }
        }
        None
    }

    /// `[:alpha:]`, whose own bracket does not close the expression's.
    fn class(&mut self, text: &mut String) {
        text.push('[');
        if self.left.next_if_eq(&':').is_some() {
            text.push(':');
            for character in self.left.by_ref() {
                text.push(character);
                if character == ']' {
                    break;
                }
            }
        }
    }

    fn finish(mut self) -> Result<Script, String> {
        if !self.open.is_empty() {
            return Err("unmatched `{'".into());
        }
        for (command, label) in std::mem::take(&mut self.jumps) {
            let place = *self.labels.get(&label).ok_or_else(|| format!("can't find label for jump to `{label}'"))?;
            match &mut self.commands[command].action {
                Action::Branch(to) | Action::BranchIfReplaced(to) | Action::BranchUnlessReplaced(to) => {
                    *to = Some(place)
                }
                _ => {}
            }
        }
        Ok(Script { commands: self.commands })
    }
}
