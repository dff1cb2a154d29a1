//! Why a command does not begin, or does not go on.

use std::io;

#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    /// All that was asked for is this text.
    Said(String),
    /// What is wrong, without the command's name.
    Problem(String),
}

impl From<lexopt::Error> for Stop {
    fn from(problem: lexopt::Error) -> Self {
        Self::Problem(problem.to_string())
    }
}

impl From<io::Error> for Stop {
    fn from(problem: io::Error) -> Self {
        Self::Problem(crate::reason(&problem))
    }
}

impl From<String> for Stop {
    fn from(problem: String) -> Self {
        Self::Problem(problem)
    }
}
