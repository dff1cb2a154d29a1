//! `envsubst`: variables of the environment in a text.

use std::io::{self, Read, Write};

use crate::Stop;

pub(crate) fn envsubst(arguments: &[String]) -> Result<i32, Stop> {
    let (mut lists, mut only) = (false, None);
    for word in &arguments[1..] {
        match word.as_str() {
            "-v" | "--variables" => lists = true,
            "-h" | "--help" => {
                println!("Usage: envsubst [-v] [SHELL-FORMAT]");
                return Ok(0);
            }
            option if option.starts_with('-') => return Err(Stop::Problem(format!("unknown option '{option}'"))),
            format => only = Some(names(format)),
        }
    }
    if lists {
        only.unwrap_or_default().iter().for_each(|name| println!("{name}"));
        return Ok(0);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let value = |name: &str| {
        let wanted = only.as_ref().is_none_or(|only| only.iter().any(|one| one == name));
        wanted.then(|| std::env::var(name).unwrap_or_default())
    };
    io::stdout().write_all(substituted(&String::from_utf8_lossy(&bytes), value).as_bytes())?;
    Ok(0)
}

fn names(format: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut left = format;
    while let Some(at) = left.find('$') {
        left = &left[at + 1..];
        if let Some((name, length)) = reference(left) {
            names.push(name.to_owned());
            left = &left[length..];
        }
    }
    names
}

/// The name that stands behind a dollar, in braces or not, and how long that is.
fn reference(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix('{').unwrap_or(text);
    let length = inner.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(inner.len());
    let name = &inner[..length];
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if inner.len() == text.len() {
        return Some((name, length));
    }
    inner[length..].starts_with('}').then_some((name, length + 2))
}

/// What is no reference to a variable that is to be replaced stays as it is.
fn substituted(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let (mut out, mut left) = (String::new(), text);
    while let Some(at) = left.find('$') {
        let (before, behind) = left.split_at(at);
        out.push_str(before);
        let replaced = reference(&behind[1..]).and_then(|(name, length)| Some((value(name)?, length)));
        match replaced {
            Some((value, length)) => {
                out.push_str(&value);
                left = &behind[1 + length..];
            }
            None => {
                out.push('$');
                left = &behind[1..];
            }
        }
    }
    out + left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_other_dollars_stay() {
        let value = |name: &str| (name != "KEEP").then(|| name.to_lowercase());
        assert_eq!(substituted("$A ${B}x $KEEP ${C-d} $1 $", value), "a bx $KEEP ${C-d} $1 $");
        assert_eq!(names("$A and ${B}, ${C-d}"), ["A", "B"]);
    }
}
