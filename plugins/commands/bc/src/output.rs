//! What is printed, in lines of 70 characters at most: longer ones go on after a backslash.

use std::io::{self, Write};

const LINE: usize = 70;

pub(crate) struct Output {
    column: usize,
    line: usize,
    text: String,
}

impl Output {
    /// `BC_LINE_LENGTH` is the length of a line; 0 for one of any length.
    pub(crate) fn new() -> Self {
        let given = std::env::var("BC_LINE_LENGTH").ok().and_then(|length| length.parse().ok());
        Self { column: 0, line: given.unwrap_or(LINE), text: String::new() }
    }

    pub(crate) fn put(&mut self, text: &str) {
        for character in text.chars() {
            if character == '\n' {
                self.column = 0;
            } else {
                self.column += 1;
                if self.line > 2 && self.column == self.line - 1 {
                    self.text.push_str("\\\n");
                    self.column = 1;
                }
            }
            self.text.push(character);
        }
    }

    /// Somebody who reads no more ends the program without a word.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let text = std::mem::take(&mut self.text);
        let mut out = io::stdout();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}
