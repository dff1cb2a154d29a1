//! Where something that nests ends: `$(…)`, `${…}`, quotes, brackets. All positions are byte offsets; every character that
//! matters is ASCII.

/// After the closing `'`.
pub(crate) fn single_quote(text: &str, start: usize) -> Option<usize> {
    text[start..].find('\'').map(|length| start + length + 1)
}

/// After the closing `'` of `$'…'`, where backslashes count.
pub(crate) fn ansi_quote(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'\'' => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// After the closing `"`.
pub(crate) fn double_quote(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return Some(at + 1),
            _ => at = step(text, at, true)?,
        }
    }
    None
}

pub(crate) fn backquote(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'`' => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// Past one unit: an escape, a quoted string, an expansion, or one character.
pub(crate) fn step(text: &str, at: usize, in_double: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let next = bytes.get(at + 1).copied();
    match bytes[at] {
        b'\\' => Some((at + 1 + next_length(text, at + 1)).min(bytes.len())),
        b'\'' if !in_double => single_quote(text, at + 1),
        b'"' => double_quote(text, at + 1),
        b'`' => backquote(text, at + 1),
        b'$' if next == Some(b'\'') && !in_double => ansi_quote(text, at + 2),
        b'$' if next == Some(b'{') => brace(text, at + 2, in_double),
        b'$' if next == Some(b'(') => parenthesis(text, at + 2),
        b'$' if next == Some(b'[') => bracket(text, at + 2),
        _ => Some(at + next_length(text, at)),
    }
}

fn next_length(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
}

/// After the `}` that closes `${`.
pub(crate) fn brace(text: &str, start: usize, in_double: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    // Quotes in the pattern of `${x#…}` count even within double quotes; in the word of `${x:-…}` they don't.
    let literal_quotes = in_double && !takes_pattern(&text[start..]);
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'}' => return Some(at + 1),
            _ => at = step(text, at, literal_quotes)?,
        }
    }
    None
}

fn takes_pattern(inner: &str) -> bool {
    let name = inner.trim_start_matches(['!', '#']);
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
    let mut rest = &name[end..];
    if end == 0 {
        rest = rest.strip_prefix(['@', '*', '?', '-', '$']).unwrap_or(rest);
    }
    if rest.starts_with('[') {
        rest = rest.find(']').map_or("", |close| &rest[close + 1..]);
    }
    rest.starts_with(['#', '%', '/', '^', ','])
}

/// After the `]` that closes `[`.
pub(crate) fn bracket(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (start, 1);
    while at < bytes.len() {
        match bytes[at] {
            b'[' => (at, depth) = (at + 1, depth + 1),
            b']' if depth == 1 => return Some(at + 1),
            b']' => (at, depth) = (at + 1, depth - 1),
            _ => at = step(text, at, false)?,
        }
    }
    None
}

/// If `$((` begins arithmetic: the position after its `))`. `start` is after `$((`.
pub(crate) fn arithmetic(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (start, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'(' => (at, depth) = (at + 1, depth + 1),
            b')' if depth > 0 => (at, depth) = (at + 1, depth - 1),
            b')' if bytes.get(at + 1) == Some(&b')') => return Some(at + 2),
            b')' => return None,
            _ => at = step(text, at, true)?,
        }
    }
    None
}

/// After the `)` that closes `$(`. Knows comments, here-documents, and the lone `)` of `case` patterns.
pub(crate) fn parenthesis(text: &str, start: usize) -> Option<usize> {
    Commands { text, at: start, open: Vec::new(), here: Vec::new(), word_start: true, command_start: true }.end()
}

enum Open {
    Parenthesis,
    Case,
}

struct Commands<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Open>,
    here: Vec<(String, bool)>,
    word_start: bool,
    command_start: bool,
}

impl Commands<'_> {
    fn end(mut self) -> Option<usize> {
        while let Some(byte) = self.text.as_bytes().get(self.at).copied() {
            if byte == b')' && self.open.is_empty() {
                return Some(self.at + 1);
            }
            self.take(byte)?;
        }
        None
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        match byte {
            b'#' if self.word_start => {
                self.at = self.text[self.at..].find('\n').map_or(self.text.len(), |n| self.at + n)
            }
            b'\n' => self.newline()?,
            b' ' | b'\t' => (self.at, self.word_start) = (self.at + 1, true),
            b'(' => self.operator(Some(Open::Parenthesis)),
            b')' => {
                if matches!(self.open.last(), Some(Open::Parenthesis)) {
                    self.open.pop();
                }
                self.operator(None);
            }
            b';' | b'&' | b'|' => self.operator(None),
            b'<' if self.text[self.at..].starts_with("<<") && !self.text[self.at..].starts_with("<<<") => {
                self.here_tag()?
            }
            b'<' if self.text[self.at..].starts_with("<<<") => (self.at, self.word_start) = (self.at + 3, true),
            b'<' | b'>' => (self.at, self.word_start) = (self.at + 1, true),
            _ if self.word_start && byte.is_ascii_lowercase() => self.keyword(),
            _ => {
                self.at = step(self.text, self.at, false)?;
                (self.word_start, self.command_start) = (false, false);
            }
        }
        Some(())
    }

    fn operator(&mut self, open: Option<Open>) {
        self.open.extend(open);
        (self.at, self.word_start, self.command_start) = (self.at + 1, true, true);
    }

    fn keyword(&mut self) {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = &rest[..end];
        let stands_alone = rest[end..].chars().next().is_none_or(|c| c.is_whitespace() || ";&|()<>".contains(c));
        if self.command_start && stands_alone && word == "case" {
            self.open.push(Open::Case);
        } else if self.command_start && stands_alone && word == "esac" && matches!(self.open.last(), Some(Open::Case)) {
            self.open.pop();
        }
        let before_command = ["if", "then", "else", "elif", "do", "while", "until", "in"].contains(&word);
        (self.at, self.word_start, self.command_start) = (self.at + end, false, before_command && stands_alone);
    }

    fn here_tag(&mut self) -> Option<()> {
        self.at += 2;
        let tabs = self.text[self.at..].starts_with('-');
        self.at += usize::from(tabs);
        self.at += self.text[self.at..].len() - self.text[self.at..].trim_start_matches([' ', '\t']).len();
        let start = self.at;
        while self.text.as_bytes().get(self.at).is_some_and(|byte| !b" \t\n;&|()<>".contains(byte)) {
            self.at = step(self.text, self.at, false)?;
        }
        let tag = self.text[start..self.at].replace(['\'', '"', '\\'], "");
        self.here.push((tag, tabs));
        Some(())
    }

    fn newline(&mut self) -> Option<()> {
        self.at += 1;
        (self.word_start, self.command_start) = (true, true);
        for (tag, tabs) in std::mem::take(&mut self.here) {
            loop {
                let rest = self.text.get(self.at..)?;
                let line = rest.lines().next()?;
                let shown = if tabs { line.trim_start_matches('\t') } else { line };
                if shown == tag {
                    self.at += line.len();
                    break;
                }
                // `$(cat <<X … X)`: the closing parenthesis may follow the tag.
                if shown.strip_prefix(tag.as_str()).is_some_and(|after| after.starts_with(')')) {
                    self.at += line.len() - shown.len() + tag.len();
                    break;
                }
                self.at += line.len() + 1;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_substitutions_end_where_they_should() {
        for text in [
            "echo ')' )",
            "case x in a) echo;; esac)",
            "echo # )\n)",
            "cat <<'E'\n)'\nE\n)",
            "(a; b) | c)",
            "echo \"$(echo ')')\")",
        ] {
            assert_eq!(parenthesis(text, 0), Some(text.len()), "{text}");
        }
    }
}
