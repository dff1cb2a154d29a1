//! How much of a glob pattern is taken. Patterns come from callers and from repositories, and what compiles them recurses into
//! each brace and allocates for each byte, so they are bounded before they get there.

/// The longest pattern, in bytes.
pub const GLOB_BYTES: usize = 4 * 1024;
/// The most opening braces of one pattern; each may nest in the one before.
pub const GLOB_BRACES: usize = 16;
/// Room for the ignore rules that hold in one folder, its own and those of the folders above, in bytes.
pub const IGNORE_ROOM: usize = 512 * 1024;

/// What a rule takes of the room beside its text, about as a compiled one does.
const RULE_BYTES: usize = 32;
/// What a file of rules takes, however few they are.
const FILE_BYTES: usize = 4 * 1024;

/// Whether a pattern is small enough to be compiled.
pub fn glob_fits(pattern: &str) -> bool {
    pattern.len() <= GLOB_BYTES && pattern.bytes().filter(|byte| *byte == b'{').count() <= GLOB_BRACES
}

/// The rules of an ignore file that are taken: those that fit, as long as there is `room`, which the folders above have left.
/// A rule that is left out ignores nothing.
pub fn ignore_rules<'a>(text: &'a str, room: &mut usize) -> impl Iterator<Item = &'a str> {
    *room = room.saturating_sub(FILE_BYTES);
    let lines = text.trim_start_matches('\u{feff}').lines();
    let rules = lines.filter(|line| !line.trim_end().is_empty() && !line.starts_with('#') && glob_fits(line));
    rules.take_while(|line| {
        let left = room.checked_sub(line.len() + RULE_BYTES);
        *room = left.unwrap_or(0);
        left.is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str, mut room: usize) -> Vec<&str> {
        ignore_rules(text, &mut room).collect()
    }

    #[test]
    fn a_rule_that_is_too_large_is_left_out_and_the_others_hold() {
        let deep = format!("{}a{}", "{".repeat(60_000), "}".repeat(60_000));
        let long = "a".repeat(GLOB_BYTES + 1);
        let text = format!("\u{feff}target/\n\n# no rule\n{deep}\n{long}\n{{a,b}}\r\n");
        assert_eq!(taken(&text, IGNORE_ROOM), ["target/", "{a,b}"]);
    }

    #[test]
    fn rules_are_taken_as_long_as_there_is_room() {
        let text = "abc\n".repeat(1_000);
        let mut room = FILE_BYTES + 10 * (3 + RULE_BYTES) + 7;
        assert_eq!(ignore_rules(&text, &mut room).count(), 10);
        assert_eq!(room, 0);
        assert_eq!(taken(&text, FILE_BYTES), [""; 0]);
    }
}
