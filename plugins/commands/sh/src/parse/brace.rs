//! Brace expansion, which is text before anything else is looked at: `a{b,c}d`, `{1..9..2}`, `{a..e}`.

use super::scan;

/// More words than this from one word is a mistake, or an attack on the memory of the shell.
const MOST: usize = 200_000;

/// The words that one word stands for; itself when it has no brace expression.
pub(crate) fn expand(text: &str) -> Vec<String> {
    if !text.contains('{') {
        return vec![text.into()];
    }
    let mut words = Vec::new();
    expand_onto(text, &mut words);
    words
}

fn expand_onto(text: &str, words: &mut Vec<String>) {
    let Some((start, end, middles)) = first_expression(text) else {
        words.push(text.into());
        return;
    };
    let mut tails = Vec::new();
    expand_onto(&text[end..], &mut tails);
    for middle in middles {
        for tail in &tails {
            if words.len() < MOST {
                words.push(format!("{}{middle}{tail}", &text[..start]));
            }
        }
    }
}

/// The first brace expression: where it is, and what it stands for.
fn first_expression(text: &str) -> Option<(usize, usize, Vec<String>)> {
    let mut at = 0;
    while at < text.len() {
        if text.as_bytes()[at] == b'{'
            && let Some((end, commas)) = closing(text, at + 1)
            && let Some(middles) = alternatives(&text[at + 1..end - 1], &commas, at + 1)
        {
            return Some((at, end, middles));
        }
        at = scan::step(text, at, false)?;
    }
    None
}

/// After the `}`, and where its commas are.
fn closing(text: &str, start: usize) -> Option<(usize, Vec<usize>)> {
    let (mut at, mut depth, mut commas) = (start, 0, Vec::new());
    while at < text.len() {
        match text.as_bytes()[at] {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some((at + 1, commas)),
            b'}' => depth -= 1,
            b',' if depth == 0 => commas.push(at),
            _ => {
                at = scan::step(text, at, false)?;
                continue;
            }
        }
        at += 1;
    }
    None
}

fn alternatives(inner: &str, commas: &[usize], offset: usize) -> Option<Vec<String>> {
    if commas.is_empty() {
        return sequence(inner);
    }
    let mut words = Vec::new();
    let mut start = 0;
    for comma in commas.iter().map(|comma| comma - offset).chain([inner.len()]) {
        expand_onto(&inner[start..comma], &mut words);
        start = comma + 1;
    }
    Some(words)
}

fn sequence(inner: &str) -> Option<Vec<String>> {
    let mut parts = inner.split("..");
    let (first, last) = (parts.next()?, parts.next()?);
    let step: i64 = parts.next().map_or(Some(1), |step| step.parse().ok())?;
    if parts.next().is_some() {
        return None;
    }
    if let (Ok(from), Ok(to)) = (first.parse::<i64>(), last.parse::<i64>()) {
        let width = if zero_padded(first) || zero_padded(last) { first.len().max(last.len()) } else { 0 };
        return Some(steps(from, to, step).map(|number| padded(number, width)).collect());
    }
    let (from, to) = (letter(first)?, letter(last)?);
    let letters = steps(from.into(), to.into(), step).filter_map(|code| char::from_u32(code as u32));
    Some(letters.map(|character| if character == '\\' { "\\\\".into() } else { character.to_string() }).collect())
}

fn zero_padded(text: &str) -> bool {
    let digits = text.trim_start_matches('-');
    digits.len() > 1 && digits.starts_with('0')
}

fn padded(number: i64, width: usize) -> String {
    format!("{number:0width$}")
}

fn letter(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii_alphabetic() => Some(*byte),
        _ => None,
    }
}

fn steps(from: i64, to: i64, step: i64) -> impl Iterator<Item = i64> {
    let size = step.unsigned_abs().max(1);
    let count = from.abs_diff(to) / size;
    let sign = if to >= from { 1 } else { -1 };
    (0..=count.min(MOST as u64)).map(move |index| from + sign * (index * size) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> String {
        expand(text).join(" ")
    }

    #[test]
    fn braces_are_expanded_as_bash_does() {
        assert_eq!(joined("a{b,c}d"), "abd acd");
        assert_eq!(joined("{1..5..2}"), "1 3 5");
        assert_eq!(joined("{08..10}"), "08 09 10");
        assert_eq!(joined("{c..a}"), "c b a");
        assert_eq!(joined("{a,b{1,2}}x"), "ax b1x b2x");
        assert_eq!(joined("${x}{a,}"), "${x}a ${x}");
        assert_eq!(joined("{a}"), "{a}");
        assert_eq!(joined("'{a,b}'"), "'{a,b}'");
        assert_eq!(joined("{a,b"), "{a,b");
        assert_eq!(joined("x{,{a,b}}"), "x xa xb");
    }
}
