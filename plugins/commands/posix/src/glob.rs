//! Shell patterns as regular expressions.

/// The regular expression that matches exactly what the pattern does. `*` and `?` match a slash and a leading dot too, unless
/// `in_component`, where they stop at a slash.
pub fn to_regex(pattern: &str, folds_case: bool, in_component: bool) -> String {
    let any = if in_component { "[^/]" } else { "." };
    let mut regex = String::from(if folds_case { "(?si)^" } else { "(?s)^" });
    let mut left = pattern.chars().peekable();
    while let Some(character) = left.next() {
        match character {
            '*' => regex.extend([any, "*"]),
            '?' => regex.push_str(any),
            '[' => match bracket(left.clone().collect()) {
                Some((class, length)) => {
                    regex.push_str(&class);
                    left.nth(length - 1);
                }
                None => literal(&mut regex, '['),
            },
            '\\' => literal(&mut regex, left.next().unwrap_or('\\')),
            other => literal(&mut regex, other),
        }
    }
    regex.push('$');
    regex
}

fn literal(regex: &mut String, character: char) {
    if "\\.+*?()|[]{}^$#&-~".contains(character) {
        regex.push('\\');
    }
    regex.push(character);
}

/// The class that begins after `[`, and how many characters of the pattern it takes.
fn bracket(rest: Vec<char>) -> Option<(String, usize)> {
    let negated = matches!(rest.first(), Some('!' | '^'));
    let mut class = String::from(if negated { "[^" } else { "[" });
    let start = usize::from(negated);
    let mut at = start;
    loop {
        match *rest.get(at)? {
            ']' if at > start => break,
            '[' if rest.get(at + 1) == Some(&':') => {
                let length = rest[at..].iter().position(|character| *character == ']')?;
                class.extend(&rest[at..=at + length]);
                at += length;
            }
            '-' if at > start && rest.get(at + 1).is_some_and(|next| *next != ']') => class.push('-'),
            character => literal(&mut class, character),
        }
        at += 1;
    }
    class.push(']');
    Some((class, at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        regex_lite::Regex::new(&to_regex(pattern, false, false)).unwrap().is_match(text)
    }

    #[test]
    fn a_pattern_matches_the_whole_text() {
        assert!(matches("*.rs", "a.rs") && matches("*.rs", "src/a.rs") && !matches("*.rs", "a.rs.bak"));
        assert!(matches("a?c", "abc") && !matches("a?c", "ac"));
        assert!(matches("{a,b}", "{a,b}") && matches(r"\*", "*") && !matches(r"\*", "x"));
    }

    #[test]
    fn brackets_hold_ranges_negations_and_classes() {
        assert!(matches("[a-c]x", "bx") && !matches("[a-c]x", "dx"));
        assert!(matches("[!a]", "b") && !matches("[!a]", "a"));
        assert!(matches("[[:digit:]]*", "1abc") && !matches("[[:digit:]]*", "abc"));
        assert!(matches("[]]", "]") && matches("[a", "[a"));
    }
}
