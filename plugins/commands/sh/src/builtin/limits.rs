//! `umask`, `ulimit`, `times`: the host decides, these answer sensibly.

use crate::state::Shell;
use crate::stop::Run;

pub(super) fn umask(shell: &mut Shell, words: &[String]) -> Run {
    let operands: Vec<&String> = words[1..].iter().filter(|word| !word.starts_with('-')).collect();
    let symbolic = words.iter().any(|word| word == "-S");
    match operands.first() {
        None if symbolic => {
            let mask = shell.state.umask;
            let letters = |shift: u32| {
                let bits = !(mask >> shift) & 7;
                [(4, 'r'), (2, 'w'), (1, 'x')]
                    .iter()
                    .filter(|(bit, _)| bits & bit != 0)
                    .map(|(_, c)| *c)
                    .collect::<String>()
            };
            let text = format!("u={},g={},o={}\n", letters(6), letters(3), letters(0));
            shell.print(&text)?;
        }
        None => {
            let text = format!("{:04o}\n", shell.state.umask);
            shell.print(&text)?;
        }
        Some(mode) => match u32::from_str_radix(mode, 8) {
            Ok(mask) if mask <= 0o777 => shell.state.umask = mask,
            Ok(_) => return super::misuse(shell, "umask", &format!("{mode}: octal number out of range")).map(|_| 1),
            Err(_) => match symbolic_mask(mode, shell.state.umask) {
                Some(mask) => shell.state.umask = mask,
                None => {
                    return super::misuse(shell, "umask", &format!("`{mode}': invalid symbolic mode operator"))
                        .map(|_| 1);
                }
            },
        },
    }
    Ok(0)
}

/// `u=rwx,g-w`: what is allowed, of which the mask is the opposite.
fn symbolic_mask(mode: &str, mask: u32) -> Option<u32> {
    let mut allowed = !mask & 0o777;
    for clause in mode.split(',') {
        let at = clause.find(['=', '+', '-'])?;
        let mut who = 0;
        for letter in clause[..at].chars() {
            who |= match letter {
                'u' => 0o700,
                'g' => 0o070,
                'o' => 0o007,
                'a' => 0o777,
                _ => return None,
            };
        }
        let who = if at == 0 { 0o777 } else { who };
        let mut bits = 0;
        for letter in clause[at + 1..].chars() {
            bits |= match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                _ => return None,
            };
        }
        allowed = match clause.as_bytes()[at] {
            b'=' => (allowed & !who) | (bits & who),
            b'+' => allowed | (bits & who),
            _ => allowed & !(bits & who),
        };
    }
    Some(!allowed & 0o777)
}

pub(super) fn ulimit(shell: &mut Shell, words: &[String]) -> Run {
    let sets = words[1..].iter().any(|word| !word.starts_with('-'));
    let letter = words.get(1).and_then(|word| word.strip_prefix('-')).and_then(|word| word.chars().last());
    let text = match letter {
        _ if sets => return Ok(0),
        Some('n') => "1024\n",
        Some('s') => "8192\n",
        Some('c') => "0\n",
        _ => "unlimited\n",
    };
    shell.print(text)?;
    Ok(0)
}

pub(super) fn times(shell: &mut Shell, _: &[String]) -> Run {
    shell.print("0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n")?;
    Ok(0)
}
