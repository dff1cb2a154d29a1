//! `for`, `while`, `until`, and how `break` and `continue` leave them.

use crate::ast::{ArithmeticFor, For, List, While};
use crate::state::Shell;
use crate::stop::{Run, Stop};

/// What a loop does after one turn.
enum Turn {
    Next,
    Leave,
}

impl Shell {
    pub(super) fn in_loop(&mut self, run: impl FnOnce(&mut Self) -> Run) -> Run {
        self.state.loops += 1;
        let result = run(self);
        self.state.loops -= 1;
        result
    }

    fn turn(&mut self, body: &List, status: &mut i32) -> Run<Turn> {
        match self.run_list(body) {
            Ok(code) => *status = code,
            Err(Stop::Break(1)) => {
                *status = 0;
                return Ok(Turn::Leave);
            }
            Err(Stop::Continue(1)) => *status = 0,
            Err(Stop::Break(levels)) => return Err(Stop::Break(levels - 1)),
            Err(Stop::Continue(levels)) => return Err(Stop::Continue(levels - 1)),
            Err(stop) => return Err(stop),
        }
        Ok(Turn::Next)
    }

    /// One turn for those whose loop is written elsewhere: true when the loop is over.
    pub(super) fn turn_ends(&mut self, body: &List, status: &mut i32) -> Run<bool> {
        Ok(matches!(self.turn(body, status)?, Turn::Leave))
    }

    pub(super) fn run_for(&mut self, clause: &For) -> Run {
        let words = match &clause.words {
            Some(words) => self.all_fields(words)?,
            None => self.state.positional.clone(),
        };
        if !crate::parse::parameter::is_identifier(&clause.name) {
            self.complain(&format!("`{}': not a valid identifier", clause.name));
            return Ok(1);
        }
        self.in_loop(|shell| {
            let mut status = 0;
            for word in words {
                shell.trace_for(clause)?;
                if !shell.assign(&clause.name, None, word, false)? {
                    return Ok(1);
                }
                if matches!(shell.turn(&clause.body, &mut status)?, Turn::Leave) {
                    break;
                }
            }
            Ok(status)
        })
    }

    pub(super) fn run_while(&mut self, clause: &While) -> Run {
        self.in_loop(|shell| {
            let mut status = 0;
            loop {
                let condition = match shell.as_condition(|shell| shell.run_list(&clause.condition)) {
                    Err(Stop::Break(1)) => break,
                    Err(Stop::Continue(1)) => continue,
                    Err(Stop::Break(levels)) => return Err(Stop::Break(levels - 1)),
                    Err(Stop::Continue(levels)) => return Err(Stop::Continue(levels - 1)),
                    other => other?,
                };
                if (condition == 0) == clause.until || matches!(shell.turn(&clause.body, &mut status)?, Turn::Leave) {
                    break;
                }
            }
            Ok(status)
        })
    }

    pub(super) fn run_arithmetic_for(&mut self, clause: &ArithmeticFor) -> Run {
        let start = self.quoted(&clause.start)?;
        self.arithmetic(&start)?;
        self.in_loop(|shell| {
            let mut status = 0;
            loop {
                let condition = shell.quoted(&clause.condition)?;
                if !condition.trim().is_empty() && shell.arithmetic(&condition)? == 0 {
                    break;
                }
                if matches!(shell.turn(&clause.body, &mut status)?, Turn::Leave) {
                    break;
                }
                let step = shell.quoted(&clause.step)?;
                shell.arithmetic(&step)?;
            }
            Ok(status)
        })
    }
}
