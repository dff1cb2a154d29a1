//! `if`, `case`, `(( ))`.

use crate::ast::{AfterArm, Case, List, Word};
use crate::expand::pattern::Pattern;
use crate::options::Shopt;
use crate::state::Shell;
use crate::stop::Run;

impl Shell {
    pub(super) fn run_if(&mut self, arms: &[(Option<List>, List)]) -> Run {
        for (condition, body) in arms {
            let holds = match condition {
                None => true,
                Some(condition) => self.as_condition(|shell| shell.run_list(condition))? == 0,
            };
            if holds {
                return self.run_list(body);
            }
        }
        Ok(0)
    }

    pub(super) fn run_case(&mut self, clause: &Case) -> Run {
        let subject = self.single(&clause.subject)?;
        let mut falls_through = false;
        let mut status = 0;
        for arm in &clause.arms {
            if !falls_through && !self.any_matches(&arm.patterns, &subject)? {
                continue;
            }
            status = arm.body.as_ref().map_or(Ok(0), |body| self.run_list(body))?;
            match arm.after {
                AfterArm::Leave => return Ok(status),
                AfterArm::FallThrough => falls_through = true,
                AfterArm::TestNext => falls_through = false,
            }
        }
        Ok(status)
    }

    fn any_matches(&mut self, patterns: &[Word], subject: &str) -> Run<bool> {
        for pattern in patterns {
            let pattern = self.pattern(pattern)?;
            if Pattern::new(&pattern, self.shopt(Shopt::Nocasematch)).matches(subject) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn run_arithmetic(&mut self, expression: &Word) -> Run {
        let text = self.quoted(expression)?;
        self.trace(&format!("(( {} ))", text.trim()))?;
        match self.arithmetic(&text) {
            Ok(value) => Ok(i32::from(value == 0)),
            Err(crate::stop::Stop::Discard(status)) => Ok(status),
            Err(stop) => Err(stop),
        }
    }
}
