//! Names that are git's own folder on some file system, though they look different.

/// Whether a file of this name would be `.git` somewhere: with letters of another size, with what Windows drops from
/// the end of a name or takes for its short form, or with the characters that macOS doesn't see. These are the rules of
/// git's `core.protectNTFS` and `core.protectHFS`.
pub(crate) fn is_git(name: &[u8]) -> bool {
    let to_windows = name.split(|byte| matches!(byte, b':' | b'\\')).next().unwrap_or_default();
    let trimmed = to_windows.len() - to_windows.iter().rev().take_while(|byte| matches!(byte, b' ' | b'.')).count();
    let to_windows = &to_windows[..trimmed];
    let to_mac: String = String::from_utf8_lossy(name).chars().filter(|c| !is_unseen(*c)).collect();
    to_windows.eq_ignore_ascii_case(b".git")
        || to_windows.eq_ignore_ascii_case(b"git~1")
        || to_mac.eq_ignore_ascii_case(".git")
}

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_gits_folder_is_known_and_nothing_else() {
        for name in [
            ".git",
            ".GIT",
            ".git ",
            ".git. .",
            "git~1",
            "GIT~1",
            ".git::$INDEX_ALLOCATION",
            ".git\\config",
            ".g\u{200c}it",
            "\u{feff}.Git",
        ] {
            assert!(is_git(name.as_bytes()), "{name:?}");
        }
        for name in
            ["", ".", "..", ".gitignore", ".git-blame", "git", "git~2", " .git", ".git\u{301}", "a\\.git", "x:.git"]
        {
            assert!(!is_git(name.as_bytes()), "{name:?}");
        }
    }
}
