//! `trap`. No signals arrive here: those a script sends itself with `kill $$` are carried out at once.

use crate::state::Shell;
use crate::stop::{Run, Stop};

/// Signals by number, as far as scripts name them.
pub(crate) const SIGNALS: &[(i32, &str)] = &[
    (1, "HUP"),
    (2, "INT"),
    (3, "QUIT"),
    (4, "ILL"),
    (5, "TRAP"),
    (6, "ABRT"),
    (7, "BUS"),
    (8, "FPE"),
    (9, "KILL"),
    (10, "USR1"),
    (11, "SEGV"),
    (12, "USR2"),
    (13, "PIPE"),
    (14, "ALRM"),
    (15, "TERM"),
    (16, "STKFLT"),
    (17, "CHLD"),
    (18, "CONT"),
    (19, "STOP"),
    (20, "TSTP"),
    (21, "TTIN"),
    (22, "TTOU"),
    (23, "URG"),
    (24, "XCPU"),
    (25, "XFSZ"),
    (26, "VTALRM"),
    (27, "PROF"),
    (28, "WINCH"),
    (29, "IO"),
    (30, "PWR"),
    (31, "SYS"),
];

/// The name without SIG of a signal, or of one of the shell's own occasions.
pub(crate) fn name_of(text: &str) -> Option<String> {
    let upper = text.to_uppercase();
    let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
    if bare == "0" || bare == "EXIT" {
        return Some("EXIT".into());
    }
    if ["ERR", "DEBUG", "RETURN"].contains(&bare) {
        return Some(bare.to_owned());
    }
    let number = text.parse::<i32>().ok();
    SIGNALS.iter().find(|(code, name)| Some(*code) == number || *name == bare).map(|(_, name)| (*name).to_owned())
}

pub(crate) fn number_of(name: &str) -> Option<i32> {
    SIGNALS.iter().find(|(_, known)| *known == name).map(|(number, _)| *number)
}

impl Shell {
    /// Runs what was set for an occasion; `$?` is as before afterwards.
    pub(crate) fn run_trap(&mut self, occasion: &str) -> Run<()> {
        let Some(action) = self.state.traps.get(occasion).cloned() else { return Ok(()) };
        if self.in_trap || action.is_empty() {
            return Ok(());
        }
        let (status, line) = (self.state.status, self.state.line);
        self.in_trap = true;
        let outer = self.before_trap.replace(status);
        let result = self.run_text(&action, line);
        self.before_trap = outer;
        self.in_trap = false;
        self.state.line = line;
        result?;
        self.state.status = status;
        Ok(())
    }

    /// The EXIT trap may change the status by `exit`.
    pub(crate) fn run_exit_trap(&mut self, status: i32) -> i32 {
        let Some(action) = self.state.traps.get("EXIT").cloned() else { return status };
        self.state.status = status;
        self.before_trap = Some(status);
        self.in_trap = false;
        let line = self.state.line;
        if let Err(error) = self.parse(&action, line) {
            self.complain(&error.message);
            return status;
        }
        match self.run_text(&action, line) {
            Err(Stop::Exit(changed)) => changed,
            _ => status,
        }
    }

    /// A signal to this very shell.
    pub(crate) fn receive(&mut self, signal: &str) -> Run<()> {
        match self.state.traps.get(signal).map(String::as_str) {
            Some("") if signal != "KILL" => Ok(()),
            Some(_) if signal != "KILL" => self.run_trap(signal),
            _ if ["CHLD", "CONT", "URG", "WINCH"].contains(&signal) => Ok(()),
            _ => Err(Stop::Exit(128 + number_of(signal).unwrap_or(0))),
        }
    }
}
