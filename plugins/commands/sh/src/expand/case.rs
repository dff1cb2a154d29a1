//! `${x^}`, `${x^^}`, `${x,}`, `${x,,}`, `${x~}`, `${x~~}`.

use super::pattern::Pattern;

/// `change` is `^`, `,` or `~`. Only characters that match the pattern change; without one, all may.
pub(super) fn change(text: &str, change: char, all: bool, pattern: Option<&Pattern>) -> String {
    let mut changed = String::with_capacity(text.len());
    for (at, character) in text.chars().enumerate() {
        let wanted =
            (all || at == 0) && pattern.is_none_or(|pattern| pattern.matches(character.encode_utf8(&mut [0; 4])));
        match change {
            '^' if wanted => changed.extend(character.to_uppercase()),
            ',' if wanted => changed.extend(character.to_lowercase()),
            '~' if wanted && character.is_uppercase() => changed.extend(character.to_lowercase()),
            '~' if wanted => changed.extend(character.to_uppercase()),
            _ => changed.push(character),
        }
    }
    changed
}
