//! From text to tokens. Whether a slash divides or begins an expression depends on what stands before it.

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Number(f64),
    Text(String),
    Regex(String),
    Name(String),
    /// A name with a parenthesis right behind it.
    Called(String),
    /// Keywords and signs, as they are written.
    Sign(&'static str),
    Newline,
}

const KEYWORDS: &[&str] = &[
    "BEGIN", "END", "function", "func", "if", "else", "while", "for", "do", "break", "continue", "next", "nextfile",
    "exit", "return", "delete", "in", "getline", "print", "printf", "switch", "case", "default",
];

/// The longest first.
const SIGNS: &[&str] = &[
    "**=", "&&", "||", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=", "^=", "++", "--", ">>", "!~", "**", "|&",
    "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", ">", "<", "|", "?", ":", "~", "$", "=",
];

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new() };
    while let Some(next) = lexer.rest().chars().next() {
        lexer.take(next)?;
    }
    lexer.tokens.push(Token::Newline);
    Ok(lexer.tokens)
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn problem(&self, what: &str) -> String {
        let line = self.text[..self.at.min(self.text.len())].matches('\n').count() + 1;
        format!("syntax error in line {line}: {what}")
    }

    fn take(&mut self, next: char) -> Result<(), String> {
        match next {
            '\n' => {
                self.at += 1;
                self.tokens.push(Token::Newline);
            }
            ' ' | '\t' | '\r' => self.at += 1,
            '\\' if self.rest().starts_with("\\\n") => self.at += 2,
            '\\' if self.rest().starts_with("\\\r\n") => self.at += 3,
            '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
            '"' => self.string()?,
            '/' if self.begins_regex() => self.regex()?,
            '0'..='9' => self.number(),
            '.' if self.rest()[1..].starts_with(|digit: char| digit.is_ascii_digit()) => self.number(),
            letter if letter.is_ascii_alphabetic() || letter == '_' => self.word(),
            _ => {
                let sign = SIGNS.iter().find(|sign| self.rest().starts_with(**sign));
                let sign = sign.ok_or_else(|| self.problem(&format!("'{next}'")))?;
                self.at += sign.len();
                self.tokens.push(Token::Sign(sign));
            }
        }
        Ok(())
    }

    fn begins_regex(&self) -> bool {
        !matches!(
            self.tokens.last(),
            Some(Token::Number(_) | Token::Text(_) | Token::Name(_) | Token::Sign(")" | "]" | "$" | "++" | "--"))
        )
    }

    fn number(&mut self) {
        let rest = self.rest();
        if let Some(digits) = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
            let length = digits.chars().take_while(char::is_ascii_hexdigit).count();
            if length > 0 {
                let number = u64::from_str_radix(&digits[..length], 16).unwrap_or(u64::MAX);
                self.at += 2 + length;
                return self.tokens.push(Token::Number(number as f64));
            }
        }
        let (number, length) = crate::value::leading_number(rest);
        self.at += length.max(1);
        self.tokens.push(Token::Number(number));
    }

    fn word(&mut self) {
        let is_part = |character: &char| character.is_ascii_alphanumeric() || *character == '_';
        let word: String = self.rest().chars().take_while(is_part).collect();
        self.at += word.len();
        let token = match KEYWORDS.iter().find(|keyword| **keyword == word) {
            Some(&"func") => Token::Sign("function"),
            Some(keyword) => Token::Sign(keyword),
            None if self.rest().starts_with('(') => Token::Called(word),
            None => Token::Name(word),
        };
        self.tokens.push(token);
    }

    fn string(&mut self) -> Result<(), String> {
        let start = self.at + 1;
        let mut end = start;
        let bytes = self.text.as_bytes();
        while bytes.get(end).is_some_and(|byte| *byte != b'"') {
            end += 1 + usize::from(bytes[end] == b'\\');
        }
        let content = self.text.get(start..end).ok_or_else(|| self.problem("a string is not closed"))?;
        if bytes.get(end).is_none() {
            return Err(self.problem("a string is not closed"));
        }
        self.tokens.push(Token::Text(unescaped(content)));
        self.at = end + 1;
        Ok(())
    }

    fn regex(&mut self) -> Result<(), String> {
        let start = self.at + 1;
        let (mut end, mut in_bracket) = (start, false);
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(end) {
                None | Some(b'\n') => return Err(self.problem("a regular expression is not closed")),
                Some(b'\\') => end += 1,
                Some(b'[') if !in_bracket => {
                    in_bracket = true;
                    // A bracket that comes first is one of the characters.
                    end += usize::from(bytes.get(end + 1) == Some(&b'^'));
                    end += usize::from(bytes.get(end + 1) == Some(&b']'));
                }
                Some(b'[') if bytes.get(end + 1) == Some(&b':') => {
                    end += self.text[end..].find(":]").map_or(0, |length| length + 1);
                }
                Some(b']') => in_bracket = false,
                Some(b'/') if !in_bracket => break,
                Some(_) => {}
            }
            end += 1;
        }
        self.tokens.push(Token::Regex(self.text[start..end].to_owned()));
        self.at = end + 1;
        Ok(())
    }
}

/// What a string's escapes stand for. A backslash that means nothing stays, since the string may become an expression.
pub(crate) fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut left = text.chars().peekable();
    while let Some(character) = left.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match left.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('a') => out.push('\x07'),
            Some('b') => out.push('\x08'),
            Some('f') => out.push('\x0c'),
            Some('v') => out.push('\x0b'),
            Some('\n') => {}
            Some(same @ ('"' | '\\' | '/')) => out.push(same),
            Some('x') => out.push(coded(&mut left, None, 16, 2)),
            Some(digit @ '0'..='7') => out.push(coded(&mut left, Some(digit), 8, 3)),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

fn coded(left: &mut std::iter::Peekable<std::str::Chars<'_>>, first: Option<char>, radix: u32, most: usize) -> char {
    let mut digits: String = first.into_iter().collect();
    while digits.len() < most {
        let Some(digit) = left.next_if(|next| next.is_digit(radix)) else { break };
        digits.push(digit);
    }
    u32::from_str_radix(&digits, radix).ok().and_then(char::from_u32).unwrap_or('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_divides_after_a_value_and_begins_an_expression_otherwise() {
        assert_eq!(tokens("a/2").unwrap()[1], Token::Sign("/"));
        assert_eq!(tokens("$1~/a[/]b/").unwrap()[3], Token::Regex("a[/]b".into()));
        assert_eq!(tokens("/\\//").unwrap()[0], Token::Regex("\\/".into()));
    }

    #[test]
    fn escapes_are_read_and_unknown_ones_stay() {
        assert_eq!(unescaped(r#"a\tb\"\101\."#), "a\tb\"A\\.");
    }
}
