//! How deep a text nests, judged roughly and before anything recurses over it: by its brackets and its words.

use super::SyntaxError;

const OPENING: &[&str] = &["if", "do", "case"];
const CLOSING: &[&str] = &["fi", "done", "esac"];

pub(super) fn check(text: &str, first_line: u32, deepest: u32) -> Result<(), SyntaxError> {
    if text.len() < deepest as usize {
        return Ok(());
    }
    let (mut brackets, mut compounds) = (0_u32, 0_u32);
    for (line, content) in (first_line..).zip(text.lines()) {
        for word in content.split([' ', '\t', ';', '&', '|', '(', ')']) {
            compounds += u32::from(OPENING.contains(&word));
            compounds = compounds.saturating_sub(u32::from(CLOSING.contains(&word)));
            if compounds > deepest {
                return Err(too_deep(line));
            }
        }
        for byte in content.bytes() {
            match byte {
                b'(' | b'{' => brackets += 1,
                b')' | b'}' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            if brackets > deepest {
                return Err(too_deep(line));
            }
        }
    }
    Ok(())
}

fn too_deep(line: u32) -> SyntaxError {
    SyntaxError { message: "syntax error: nested too deeply".into(), line, incomplete: false }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_nests_too_deeply_is_refused_before_it_is_read() {
        let text = |depth: usize| format!("{}echo x;{}", "if true; then ".repeat(depth), " fi;".repeat(depth));
        assert!(super::check(&text(50), 1, 60).is_ok());
        assert!(super::check(&text(70), 1, 60).is_err());
        assert!(super::check(&format!("echo $(({}1))", "(".repeat(70)), 1, 60).is_err());
    }
}
