//! The words of a program, one at a time, since what is wrong with one line must not keep the next from being calculated.

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    Number(String),
    Name(String),
    Text(String),
    Sign(&'static str),
    NewLine,
    End,
    /// A character that means nothing.
    Unknown(char),
}

const SIGNS: &[&str] = &[
    "+=", "-=", "*=", "/=", "%=", "^=", "++", "--", "<=", ">=", "==", "!=", "&&", "||", "+", "-", "*", "/", "%", "^",
    "=", "<", ">", "!", "(", ")", "[", "]", "{", "}", ",", ";", ".",
];

pub(crate) struct Lexer<'a> {
    left: &'a str,
    pub(crate) line: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { left: text, line: 1 }
    }

    pub(crate) fn next(&mut self) -> Token {
        self.skip_blanks();
        let Some(first) = self.left.chars().next() else { return Token::End };
        match first {
            '\n' => {
                self.line += 1;
                self.take(1);
                Token::NewLine
            }
            '"' => self.text(),
            'a'..='z' => Token::Name(self.take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')),
            '0'..='9' | 'A'..='F' => self.number(),
            '.' if self.left[1..].starts_with(|next: char| next.is_ascii_digit() || ('A'..='F').contains(&next)) => {
                self.number()
            }
            other => match SIGNS.iter().find(|sign| self.left.starts_with(**sign)) {
                Some(sign) => {
                    self.take(sign.len());
                    Token::Sign(sign)
                }
                None => {
                    self.take(other.len_utf8());
                    Token::Unknown(other)
                }
            },
        }
    }

    /// Whether these signs come next, blanks or not.
    pub(crate) fn is_followed_by(&self, signs: &str) -> bool {
        let mut left = self.left.chars().filter(|character| *character != ' ');
        signs.chars().all(|sign| left.next() == Some(sign))
    }

    /// Everything up to the end of the line, which could not be understood.
    pub(crate) fn skip_line(&mut self) {
        self.take_while(|character| character != '\n');
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, left) = self.left.split_at(bytes.min(self.left.len()));
        self.left = left;
        taken
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let end = self.left.find(|character| !wanted(character)).unwrap_or(self.left.len());
        self.take(end).to_owned()
    }

    fn skip_blanks(&mut self) {
        loop {
            let start = self.left.len();
            self.take_while(|character| character == ' ' || character == '\t' || character == '\r');
            if self.left.starts_with("\\\n") {
                self.take(2);
                self.line += 1;
            } else if self.left.starts_with('#') {
                self.skip_line();
            } else if self.left.starts_with("/*") {
                let comment = self.take(self.left.find("*/").map_or(self.left.len(), |end| end + 2));
                self.line += comment.matches('\n').count();
            }
            if self.left.len() == start {
                return;
            }
        }
    }

    fn text(&mut self) -> Token {
        self.take(1);
        let text = self.take_while(|character| character != '"');
        self.line += text.matches('\n').count();
        self.take(1);
        Token::Text(text)
    }

    /// Digits, of which a backslash may end a line.
    fn number(&mut self) -> Token {
        let (mut digits, mut point) = (String::new(), false);
        loop {
            match self.left.chars().next() {
                Some(digit @ ('0'..='9' | 'A'..='F')) => digits.push(digit),
                Some('.') if !point => {
                    point = true;
                    digits.push('.');
                }
                Some('\\') if self.left.starts_with("\\\n") => {
                    self.line += 1;
                    self.take(1);
                }
                _ => return Token::Number(digits),
            }
            self.take(1);
        }
    }
}
