//! Options of builtins: letters in one or more words that begin with `-`.

/// What was given, in order, and the operands.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) letters: Vec<(char, Option<String>)>,
    pub(super) operands: Vec<String>,
}

impl Given {
    pub(super) fn has(&self, letter: char) -> bool {
        self.letters.iter().any(|(given, _)| *given == letter)
    }

    pub(super) fn value(&self, letter: char) -> Option<&str> {
        self.letters.iter().rev().find(|(given, _)| *given == letter).and_then(|(_, value)| value.as_deref())
    }
}

/// Reads options as `getopt` does: `known` has the letters, each followed by a colon if it takes a value.
pub(super) fn read(words: &[String], known: &str) -> Result<Given, String> {
    let mut given = Given::default();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word == "--" {
            at += 1;
            break;
        }
        if !word.starts_with('-') || word.len() < 2 {
            break;
        }
        at += 1;
        let letters = word[1..].char_indices();
        for (position, letter) in letters {
            let Some(place) = known.find(letter).filter(|_| letter != ':') else {
                return Err(format!("-{letter}: invalid option"));
            };
            if !known[place + letter.len_utf8()..].starts_with(':') {
                given.letters.push((letter, None));
                continue;
            }
            let attached = &word[1 + position + letter.len_utf8()..];
            let value = if attached.is_empty() {
                let value = words.get(at).cloned().ok_or_else(|| format!("-{letter}: option requires an argument"))?;
                at += 1;
                value
            } else {
                attached.to_owned()
            };
            given.letters.push((letter, Some(value)));
            break;
        }
    }
    given.operands = words[at.min(words.len())..].to_vec();
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_values_are_read() {
        let words: Vec<String> = ["-rp", "a b", "-n3", "--", "-x"].map(String::from).to_vec();
        let given = read(&words, "rp:n:").unwrap();
        assert!(given.has('r'));
        assert_eq!((given.value('p'), given.value('n')), (Some("a b"), Some("3")));
        assert_eq!(given.operands, ["-x"]);
        assert!(read(&words, "r").is_err());
    }
}
