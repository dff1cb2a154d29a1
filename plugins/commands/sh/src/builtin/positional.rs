//! `shift`.

use crate::options::Shopt;
use crate::state::Shell;
use crate::stop::Run;

pub(super) fn shift(shell: &mut Shell, words: &[String]) -> Run {
    if words.len() > 2 {
        return super::misuse(shell, "shift", "too many arguments").map(|_| 1);
    }
    let count = match words.get(1).map(|word| word.parse::<i64>()) {
        None => 1,
        Some(Ok(count)) if count >= 0 => count as usize,
        Some(Ok(_)) => {
            return super::misuse(shell, "shift", &format!("{}: shift count out of range", words[1])).map(|_| 1);
        }
        Some(Err(_)) => {
            return super::misuse(shell, "shift", &format!("{}: numeric argument required", words[1])).map(|_| 1);
        }
    };
    if count > shell.state.positional.len() {
        if shell.shopt(Shopt::ShiftVerbose) {
            shell.complain(&format!("shift: {count}: shift count out of range"));
        }
        return Ok(1);
    }
    shell.state.positional.drain(..count);
    Ok(0)
}
