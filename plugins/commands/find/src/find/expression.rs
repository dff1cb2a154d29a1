//! The expression that decides what is done with each file.

use std::time::SystemTime;

use regex_lite::Regex;

use super::exec::Exec;
use super::number::{Mode, Number, Size};
use super::print::Format;

pub(super) enum Expression {
    And(Vec<Expression>),
    Or(Vec<Expression>),
    /// `,`: all, and the value of the last.
    List(Vec<Expression>),
    Not(Box<Expression>),
    Test(Test),
    Action(Action),
}

/// Which of a file's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    Read,
    Written,
}

pub(super) enum Test {
    Always(bool),
    /// The file's own name, or its whole path, against a pattern.
    Name(Regex),
    Path(Regex),
    LinkName(Regex),
    /// The types that match, as their letters.
    Type(String),
    /// The same of what a link leads to.
    TargetType(String),
    Size(Size),
    Empty,
    Age {
        clock: Clock,
        number: Number,
        /// In seconds.
        unit: i64,
    },
    Newer {
        clock: Clock,
        than: SystemTime,
    },
    Mode(Mode),
    /// A bit of the owner's.
    Allows(u32),
    Links(Number),
    Inode(Number),
    SameFile(u64),
    /// Files here belong to one user and one group.
    Owner(bool),
}

pub(super) enum Action {
    Print {
        end: char,
    },
    /// Into a file, which is written at the end.
    PrintInto {
        file: usize,
        end: char,
    },
    Format(Format),
    FormatInto {
        file: usize,
        format: Format,
    },
    List,
    Delete,
    Prune,
    Quit,
    Exec(Exec),
    /// Several files a command, which is run when there are enough: which of the search's batches.
    Batch(usize),
}

/// Everything that a command line asks for.
pub(super) struct Search {
    pub(super) roots: Vec<String>,
    pub(super) expression: Expression,
    pub(super) batches: Vec<Exec>,
    /// The files that are printed into.
    pub(super) files: Vec<String>,
    pub(super) links: Links,
    pub(super) least_depth: usize,
    pub(super) most_depth: usize,
    pub(super) contents_first: bool,
    pub(super) now: SystemTime,
}

/// Which links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    Never,
    OnCommandLine,
    Always,
}
