//! Splits the input into items.

use posix::stop::Stop;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Splitting {
    /// Ends each item, and quotes are nothing special.
    pub(super) delimiter: Option<char>,
    /// Each line is one item, without what blanks it begins with.
    pub(super) by_line: bool,
    /// It matters which line an item is of.
    pub(super) keeps_lines: bool,
    /// The item that ends the input.
    pub(super) end: Option<String>,
}

/// One argument, and the line that it is of, from 0.
pub(super) type Item = (String, usize);

pub(super) fn of(text: &str, splitting: &Splitting) -> Result<Vec<Item>, Stop> {
    if let Some(delimiter) = splitting.delimiter {
        let text = text.strip_suffix(delimiter).unwrap_or(text);
        let pieces: Vec<&str> = if text.is_empty() { Vec::new() } else { text.split(delimiter).collect() };
        return Ok(pieces.into_iter().enumerate().map(|(at, piece)| (piece.to_owned(), at)).collect());
    }
    let mut items = if splitting.by_line { lines(text)? } else { Splitter::new(text).words(splitting.keeps_lines)? };
    if let Some(end) = &splitting.end {
        let ends = items.iter().position(|(item, _)| item == end);
        items.truncate(ends.unwrap_or(items.len()));
    }
    Ok(items)
}

fn lines(text: &str) -> Result<Vec<Item>, Stop> {
    let lines = text.lines().map(|line| line.trim_start_matches([' ', '\t'])).filter(|line| !line.is_empty());
    lines.enumerate().map(|(at, line)| Ok((Splitter::new(line).unquoted()?, at))).collect()
}

struct Splitter<'a>(std::iter::Peekable<std::str::Chars<'a>>);

impl<'a> Splitter<'a> {
    fn new(text: &'a str) -> Self {
        Self(text.chars().peekable())
    }

    /// Words, in which quotes and backslashes protect. A line that ends in a blank goes on, where lines matter.
    fn words(mut self, keeps_lines: bool) -> Result<Vec<Item>, Stop> {
        let (mut items, mut word, mut line, mut before) = (Vec::new(), None::<String>, 0, '\n');
        while let Some(character) = self.0.next() {
            match character {
                ' ' | '\t' | '\n' => {
                    items.extend(word.take().map(|word| (word, line)));
                    let goes_on = keeps_lines && matches!(before, ' ' | '\t' | '\n');
                    line += usize::from(character == '\n' && !goes_on);
                }
                other => self.take(other, word.get_or_insert_default())?,
            }
            before = character;
        }
        items.extend(word.map(|word| (word, line)));
        Ok(items)
    }

    /// The whole text as one word.
    fn unquoted(mut self) -> Result<String, Stop> {
        let mut word = String::new();
        while let Some(character) = self.0.next() {
            self.take(character, &mut word)?;
        }
        Ok(word)
    }

    fn take(&mut self, character: char, word: &mut String) -> Result<(), Stop> {
        match character {
            '\'' | '"' => self.quoted(character, word)?,
            '\\' => word.extend(self.0.next()),
            other => word.push(other),
        }
        Ok(())
    }

    fn quoted(&mut self, quote: char, word: &mut String) -> Result<(), Stop> {
        for character in self.0.by_ref() {
            match character {
                _ if character == quote => return Ok(()),
                '\n' => break,
                other => word.push(other),
            }
        }
        let kind = if quote == '"' { "double" } else { "single" };
        Err(Stop::Problem(format!(
            "unmatched {kind} quote; by default quotes are special to xargs unless you use the -0 option"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, splitting: &Splitting) -> Vec<String> {
        of(text, splitting).unwrap().into_iter().map(|(item, _)| item).collect()
    }

    #[test]
    fn blanks_separate_and_quotes_protect() {
        assert_eq!(split("a 'b c'\n\"d\"e\\ f\n\n", &Splitting::default()), ["a", "b c", "de f"]);
        assert!(of("it's", &Splitting::default()).is_err());
    }

    #[test]
    fn a_delimiter_makes_everything_else_plain() {
        let splitting = Splitting { delimiter: Some('\0'), ..Splitting::default() };
        assert_eq!(split("a b\0it's\0", &splitting), ["a b", "it's"]);
        assert_eq!(split("", &splitting), [""; 0]);
    }

    #[test]
    fn a_line_is_one_item_where_it_replaces() {
        let splitting = Splitting { by_line: true, ..Splitting::default() };
        assert_eq!(split("  a b \n\nc\n", &splitting), ["a b ", "c"]);
    }

    #[test]
    fn lines_are_counted_and_may_go_on() {
        let splitting = Splitting { keeps_lines: true, ..Splitting::default() };
        let lines: Vec<usize> = of("a b\nc \nd\ne", &splitting).unwrap().into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, [0, 0, 1, 1, 2]);
    }

    #[test]
    fn an_item_may_end_the_input() {
        let splitting = Splitting { end: Some("END".into()), ..Splitting::default() };
        assert_eq!(split("a END b", &splitting), ["a"]);
    }
}
