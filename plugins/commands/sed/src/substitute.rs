//! `s`.

use fancy_regex::{Captures, Regex};

use crate::script::{Case, Part, Substitute};

/// The text with its replacements; nothing if there were none.
pub(crate) fn replaced(text: &str, regex: &Regex, substitute: &Substitute) -> Result<Option<String>, String> {
    let (mut out, mut at, mut seen, mut any) = (String::new(), 0, 0, false);
    let mut last_end = None;
    for found in regex.captures_iter(text) {
        let found = found.map_err(|problem| problem.to_string())?;
        let Some(whole) = found.get(0) else { continue };
        // Nothing is matched right behind a match.
        if whole.start() == whole.end() && last_end == Some(whole.start()) {
            continue;
        }
        (last_end, seen) = (Some(whole.end()), seen + 1);
        if seen < substitute.first {
            continue;
        }
        out.push_str(&text[at..whole.start()]);
        put(&mut out, &substitute.replacement, &found);
        (at, any) = (whole.end(), true);
        if !substitute.all {
            break;
        }
    }
    out.push_str(&text[at..]);
    Ok(any.then_some(out))
}

fn put(out: &mut String, parts: &[Part], found: &Captures<'_>) {
    let (mut case, mut next) = (Case::End, None);
    for part in parts {
        let text = match part {
            Part::Text(text) => text.as_str(),
            Part::Group(group) => found.get(*group).map_or("", |group| group.as_str()),
            Part::Case(one @ (Case::NextUpper | Case::NextLower)) => {
                next = Some(*one);
                continue;
            }
            Part::Case(other) => {
                (case, next) = (*other, None);
                continue;
            }
        };
        let mut characters = text.chars();
        if let Some(first) = characters.next() {
            match next.take() {
                Some(Case::NextUpper) => out.extend(first.to_uppercase()),
                Some(_) => out.extend(first.to_lowercase()),
                None => cased(out, case, &first.to_string()),
            }
        }
        cased(out, case, characters.as_str());
    }
}

fn cased(out: &mut String, case: Case, text: &str) {
    match case {
        Case::Upper => out.push_str(&text.to_uppercase()),
        Case::Lower => out.push_str(&text.to_lowercase()),
        Case::NextUpper | Case::NextLower | Case::End => out.push_str(text),
    }
}
