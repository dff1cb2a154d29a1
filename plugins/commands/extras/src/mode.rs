//! `chmod`. Files here have no modes (posix::mode says which ones they seem to have), so a mode that is understood is taken
//! for files that are there, and nothing happens: a script that makes its output executable or private goes on as it expects.

use std::path::Path;

use crate::Stop;

pub(crate) fn chmod(arguments: &[String]) -> Result<i32, Stop> {
    let is_option =
        |word: &&String| word.starts_with("--") || ["-R", "-v", "-c", "-f", "-Rv", "-Rf"].contains(&word.as_str());
    let reference = arguments.iter().any(|word| word.starts_with("--reference"));
    let words: Vec<&String> = arguments[1..].iter().filter(|word| !is_option(word)).collect();
    let files = match words.split_first() {
        _ if reference => words.as_slice(),
        Some((mode, files)) if is_mode(mode) => files,
        Some((mode, _)) => return Err(Stop::Problem(format!("invalid mode: '{mode}'"))),
        None => return Err(Stop::Problem("missing operand".into())),
    };
    if files.is_empty() {
        return Err(Stop::Problem("missing operand after the mode".into()));
    }
    let mut code = 0;
    for file in files.iter().filter(|file| !Path::new(file).exists()) {
        eprintln!("chmod: cannot access '{file}': No such file or directory");
        code = 1;
    }
    Ok(code)
}

fn is_mode(text: &str) -> bool {
    let octal = text.trim_start_matches(['+', '-', '=']);
    if !octal.is_empty() && octal.len() <= 5 && octal.chars().all(|digit| digit.is_digit(8)) {
        return true;
    }
    text.split(',').all(|clause| {
        let actions = clause.trim_start_matches(['u', 'g', 'o', 'a']);
        actions.starts_with(['+', '-', '=']) && actions.chars().all(|letter| "+-=rwxXstugo".contains(letter))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn modes_are_octal_or_symbolic() {
        for mode in ["755", "0644", "+x", "u+x,go-w", "a=rX", "-w"] {
            assert!(super::is_mode(mode), "{mode}");
        }
        for mode in ["", "x", "9", "u", "u+q"] {
            assert!(!super::is_mode(mode), "{mode}");
        }
    }
}
