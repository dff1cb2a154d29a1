//! `.gitmodules`: where a commit says that its submodules come from.
//!
//! It is read strictly and for these few words only; no part of it is ever handed to git's configuration.
//! Source: <https://git-scm.com/docs/gitmodules>, <https://git-scm.com/docs/git-config#_syntax>.

use std::collections::BTreeMap;

/// The most bytes of such a file.
pub(crate) const LARGEST: u64 = 1 << 20;

/// What a file says of one submodule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Module {
    path: Option<String>,
    url: Option<String>,
    update: Option<String>,
}

/// The URLs of a file by the paths that they are for. Of two that say something of the same path or key, the first
/// counts; one that says that it isn't to be updated has none. When it can't be read, the line is the error.
pub(crate) fn urls(text: &str) -> Result<BTreeMap<String, String>, usize> {
    let mut urls = BTreeMap::new();
    for module in parse(text)?.into_values() {
        if let Module { path: Some(path), url: Some(url), update } = module
            && update.as_deref() != Some("none")
        {
            urls.entry(path).or_insert(url);
        }
    }
    Ok(urls)
}

fn parse(text: &str) -> Result<BTreeMap<String, Module>, usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut reader = Reader { rest: &text, line: 1 };
    let mut modules = BTreeMap::new();
    let mut section = None;
    while let Some(first) = reader.significant() {
        let line = reader.line;
        if first == '[' {
            section = reader.header().ok_or(line)?;
            continue;
        }
        let (key, value) = reader.entry().ok_or(line)?;
        let Some(name) = &section else { continue };
        let module: &mut Module = modules.entry(String::clone(name)).or_default();
        match key.to_ascii_lowercase().as_str() {
            "path" => &mut module.path,
            "url" => &mut module.url,
            "update" => &mut module.update,
            _ => continue,
        }
        .get_or_insert(value);
    }
    Ok(modules)
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let next = letters.next()?;
        self.rest = letters.as_str();
        self.line += usize::from(next == '\n');
        Some(next)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, mut is_one: impl FnMut(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(letter) = self.peek().filter(|letter| is_one(*letter)) {
            taken.push(letter);
            self.next();
        }
        taken
    }

    /// What comes after space, empty lines and comments; it isn't taken.
    fn significant(&mut self) -> Option<char> {
        loop {
            match self.peek()? {
                '#' | ';' => drop(self.take(|letter| letter != '\n')),
                letter if letter.is_ascii_whitespace() => drop(self.next()),
                letter => return Some(letter),
            }
        }
    }

    /// The name of a submodule's section; `Some(None)` for any other section.
    fn header(&mut self) -> Option<Option<String>> {
        self.next();
        let kind = self.take(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.'));
        self.take(is_blank);
        let name = match self.next()? {
            ']' if !kind.is_empty() => return Some(None),
            '"' => self.quoted()?,
            _ => return None,
        };
        let is_whole = self.next()? == ']' && !kind.is_empty();
        is_whole.then(|| kind.eq_ignore_ascii_case("submodule").then_some(name))
    }

    fn quoted(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            match self.next()? {
                '"' => return Some(name),
                '\n' => return None,
                '\\' => name.push(self.next().filter(|letter| *letter != '\n')?),
                letter => name.push(letter),
            }
        }
    }

    /// A key and its value, which is empty if there is none.
    fn entry(&mut self) -> Option<(String, String)> {
        let key = self.take(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        self.take(is_blank);
        match self.peek() {
            _ if !key.starts_with(|first: char| first.is_ascii_alphabetic()) => None,
            Some('=') => {
                self.next();
                self.take(is_blank);
                Some((key, self.value()?))
            }
            None | Some('\n' | '#' | ';') => Some((key, String::new())),
            Some(_) => None,
        }
    }

    fn value(&mut self) -> Option<String> {
        let (mut value, mut is_quoted, mut kept) = (String::new(), false, 0);
        loop {
            match self.next() {
                None | Some('\n') if is_quoted => return None,
                None | Some('\n') => break,
                Some('#' | ';') if !is_quoted => {
                    self.take(|letter| letter != '\n');
                    break;
                }
                Some('"') => is_quoted = !is_quoted,
                Some('\\') => value.extend(self.escaped()?),
                Some(letter) => value.push(letter),
            }
            // Space counts when something comes after it.
            if is_quoted || !value.ends_with(is_blank) {
                kept = value.len();
            }
        }
        value.truncate(kept);
        Some(value)
    }

    /// The letter that is meant; `Some(None)` where a line goes on in the next.
    fn escaped(&mut self) -> Option<Option<char>> {
        Some(match self.next()? {
            '\n' => None,
            'n' => Some('\n'),
            't' => Some('\t'),
            'b' => Some('\u{8}'),
            letter @ ('"' | '\\') => Some(letter),
            _ => return None,
        })
    }
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, String)> {
        urls(text).unwrap().into_iter().collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(path, url)| ((*path).to_owned(), (*url).to_owned())).collect()
    }

    #[test]
    fn paths_and_urls_are_read_as_git_writes_them() {
        let text = "[submodule \"lib/a\"]\n\tpath = lib/a\n\turl = https://a.example/a.git\n\tbranch = main\n\
                    [submodule \"b\"]\n\turl = ../b.git\n\tpath = b\n\tignore = dirty\n\tshallow\n";
        assert_eq!(of(text), pairs(&[("b", "../b.git"), ("lib/a", "https://a.example/a.git")]));
        assert_eq!(of(&text.replace('\n', "\r\n")), of(text));
        assert_eq!(of(&format!("\u{feff}{text}")), of(text));
    }

    #[test]
    fn comments_quotes_escapes_and_long_lines_are_gits() {
        let text = "# a comment\n; another\n[SubModule \"x \\\" y \\\\\"] PATH = \" a b \"  c \t # end\n\
                    Url = https://a.example/\\\nx\"x;y\"\\\"; rest\n[core]\n\tpath = no\n\turl = no\n[a \"b\"]\nurl = no";
        assert_eq!(of(text), pairs(&[(" a b   c", "https://a.example/xx;y\"")]));
    }

    #[test]
    fn what_is_said_twice_counts_once_and_what_is_half_said_or_not_wanted_does_not() {
        let text = "[submodule \"a\"]\npath=p\nurl=first\nurl=second\n[submodule \"b\"]\npath=p\nurl=third\n\
                    [submodule \"c\"]\npath=q\n[submodule \"d\"]\nurl=u\n\
                    [submodule \"e\"]\npath=r\nurl=u\nupdate=none\n[submodule \"a\"]\nurl=fourth\n";
        assert_eq!(of(text), pairs(&[("p", "first")]));
        assert_eq!(of(""), []);
    }

    #[test]
    fn what_is_no_configuration_is_an_error_with_its_line() {
        for (text, line) in [
            ("[submodule", 1),
            ("\n[submodule \"a\n\"]", 2),
            ("[submodule \"a\"\n]", 1),
            ("[]\n", 1),
            ("[ \"a\"]\n", 1),
            ("[submodule \"a\"]\n= x", 2),
            ("[submodule \"a\"]\n1a = x", 2),
            ("[submodule \"a\"]\npath x", 2),
            ("[submodule \"a\"]\n\npath = \"x\n", 3),
            ("[submodule \"a\"]\npath = \\x", 2),
            ("[submodule \"a\"]\npath = x\\", 2),
            ("ä = x", 1),
            ("[submodule \"a\"] ]", 1),
        ] {
            assert_eq!(urls(text), Err(line), "{text:?}");
        }
    }
}
