//! Commands, by their letters.

use posix::regex::control;

use super::{Parser, compiled};
use crate::script::{Action, Case, Part, Substitute};

impl Parser<'_> {
    pub(super) fn action(&mut self, letter: char) -> Result<Action, String> {
        let action = match letter {
            '{' => return Ok(Action::Block(0)),
            '#' => {
                self.line();
                return Ok(Action::Nothing);
            }
            ':' => {
                let label = self.word(";");
                self.labels.insert(label, self.commands.len());
                return Ok(Action::Nothing);
            }
            'a' => return self.text().map(Action::Append),
            'i' => return self.text().map(Action::Insert),
            'c' => return self.text().map(Action::Change),
            'r' => return Ok(Action::ReadFile(self.line())),
            'R' => return Ok(Action::ReadLine(self.line())),
            'w' => return Ok(Action::WriteFile(self.line())),
            'W' => return Ok(Action::WriteFirst(self.line())),
            'b' => self.jump(Action::Branch(None)),
            't' => self.jump(Action::BranchIfReplaced(None)),
            'T' => self.jump(Action::BranchUnlessReplaced(None)),
            's' => Action::Substitute(Box::new(self.substitute()?)),
            'y' => self.transliterate()?,
            'q' => Action::Quit { code: self.code(), prints: true },
            'Q' => Action::Quit { code: self.code(), prints: false },
            'd' => Action::Delete,
            'D' => Action::DeleteFirst,
            'F' => Action::FileName,
            'g' => Action::Get,
            'G' => Action::GetAppend,
            'h' => Action::Hold,
            'H' => Action::HoldAppend,
            'x' => Action::Exchange,
            'l' => {
                self.skip(" \t");
                self.number();
                Action::List
            }
            'n' => Action::Next,
            'N' => Action::NextAppend,
            'p' => Action::Print,
            'P' => Action::PrintFirst,
            '=' => Action::LineNumber,
            'z' => Action::Zap,
            'v' => {
                self.line();
                return Ok(Action::Nothing);
            }
            'e' => return Err("the command 'e' is not built in".into()),
            other => return Err(format!("unknown command: `{other}'")),
        };
        self.end(letter)?;
        Ok(action)
    }

    fn code(&mut self) -> i32 {
        self.skip(" \t");
        self.number().and_then(|code| u8::try_from(code).ok()).map_or(0, i32::from)
    }

    /// The rest of the line.
    fn line(&mut self) -> String {
        self.skip(" \t");
        let mut line = String::new();
        while let Some(character) = self.left.next_if(|next| *next != '\n') {
            line.push(character);
        }
        line
    }

    fn word(&mut self, also_ends: &str) -> String {
        self.skip(" \t");
        let mut word = String::new();
        while let Some(character) = self.left.next_if(|next| !next.is_whitespace() && !also_ends.contains(*next)) {
            word.push(character);
        }
        word
    }

    fn jump(&mut self, action: Action) -> Action {
        let label = self.word(";}");
        if !label.is_empty() {
            self.jumps.push((self.commands.len(), label));
        }
        action
    }

    /// The lines of `a`, `i` and `c`: behind the letter, or behind a backslash and a line's end. A backslash before a line's
    /// end goes on.
    fn text(&mut self) -> Result<String, String> {
        self.skip(" \t");
        if self.left.next_if_eq(&'\\').is_some() {
            let mut blanks = String::new();
            while let Some(blank) = self.left.next_if(|next| " \t".contains(*next)) {
                blanks.push(blank);
            }
            // Behind a backslash on the same line, blanks are part of the text.
            if self.left.next_if_eq(&'\n').is_none() {
                return Ok(blanks + &self.text_lines());
            }
        }
        if self.left.peek().is_none() {
            return Err("expected \\ after `a', `c' or `i'".into());
        }
        Ok(self.text_lines())
    }

    fn text_lines(&mut self) -> String {
        let mut text = String::new();
        while let Some(character) = self.left.next() {
            match character {
                '\n' => break,
                '\\' => match self.left.next() {
                    Some('t') => text.push('\t'),
                    Some(other) => text.push(other),
                    None => {}
                },
                other => text.push(other),
            }
        }
        text.push('\n');
        text
    }

    fn substitute(&mut self) -> Result<Substitute, String> {
        let unterminated = "unterminated `s' command";
        let delimiter = self.left.next().filter(|next| *next != '\n' && *next != '\\').ok_or(unterminated)?;
        let pattern = self.until(delimiter, true).ok_or(unterminated)?;
        let replacement = self.until(delimiter, false).ok_or(unterminated)?;
        let mut substitute = Substitute {
            pattern: None,
            replacement: parts(&replacement),
            first: 1,
            all: false,
            prints: false,
            file: None,
        };
        let mut flags = String::new();
        loop {
            match self.left.peek().copied() {
                Some('g') => substitute.all = true,
                Some('p') => substitute.prints = true,
                Some('i' | 'I') => flags.push('i'),
                Some('m' | 'M') => flags.push('m'),
                Some('e') => return Err("the flag 'e' of `s' is not built in".into()),
                Some('0'..='9') => {
                    substitute.first =
                        self.number().filter(|first| *first > 0).ok_or("number option to `s' may not be zero")?;
                    continue;
                }
                Some('w') => {
                    self.left.next();
                    substitute.file = Some(self.line());
                    break;
                }
                _ => break,
            }
            self.left.next();
        }
        substitute.pattern = compiled(&pattern, self.extended, &flags)?;
        self.check_groups(&substitute)?;
        Ok(substitute)
    }

    fn check_groups(&self, substitute: &Substitute) -> Result<(), String> {
        let Some(pattern) = &substitute.pattern else { return Ok(()) };
        let groups = substitute.replacement.iter().filter_map(|part| match part {
            Part::Group(group) => Some(*group),
            Part::Text(_) | Part::Case(_) => None,
        });
        match groups.max() {
            Some(most) if most >= pattern.captures_len() => {
                Err(format!("invalid reference \\{most} on `s' command's RHS"))
            }
            _ => Ok(()),
        }
    }

    fn transliterate(&mut self) -> Result<Action, String> {
        let unterminated = "unterminated `y' command";
        let delimiter = self.left.next().ok_or(unterminated)?;
        let from = plain(&self.until(delimiter, false).ok_or(unterminated)?);
        let to = plain(&self.until(delimiter, false).ok_or(unterminated)?);
        if from.len() != to.len() {
            return Err("strings for `y' command are different lengths".into());
        }
        Ok(Action::Transliterate(from.into_iter().zip(to).collect()))
    }
}

fn plain(text: &str) -> Vec<char> {
    let mut characters = Vec::new();
    let mut left = text.chars();
    while let Some(character) = left.next() {
        match (character, character == '\\') {
            (_, true) => characters.extend(left.next().map(|next| control(next).unwrap_or(next))),
            (other, false) => characters.push(other),
        }
    }
    characters
}

fn parts(text: &str) -> Vec<Part> {
    let (mut parts, mut plain) = (Vec::new(), String::new());
    let mut left = text.chars();
    while let Some(character) = left.next() {
        let part = match character {
            '&' => Part::Group(0),
            '\\' => match left.next() {
                Some(digit @ '0'..='9') => Part::Group(digit.to_digit(10).unwrap_or_default() as usize),
                Some('U') => Part::Case(Case::Upper),
                Some('L') => Part::Case(Case::Lower),
                Some('u') => Part::Case(Case::NextUpper),
                Some('l') => Part::Case(Case::NextLower),
                Some('E') => Part::Case(Case::End),
                other => {
                    plain.extend(other.map(|next| control(next).unwrap_or(next)));
                    continue;
                }
            },
            other => {
                plain.push(other);
                continue;
            }
        };
        parts.push(Part::Text(std::mem::take(&mut plain)));
        parts.push(part);
    }
    parts.push(Part::Text(plain));
    parts.retain(|part| *part != Part::Text(String::new()));
    parts
}
