//! A script, read.

use std::rc::Rc;

use fancy_regex::Regex;

pub(crate) struct Script {
    pub(crate) commands: Vec<Command>,
}

pub(crate) struct Command {
    pub(crate) addresses: Addresses,
    /// Where the addresses do not hold.
    pub(crate) negated: bool,
    pub(crate) action: Action,
}

pub(crate) enum Addresses {
    Every,
    One(Address),
    /// The range's number among all, which knows whether it has begun.
    Range(Address, End, usize),
}

#[derive(Clone)]
pub(crate) enum Address {
    Line(usize),
    Last,
    /// The first, and every so many from there.
    Step(usize, usize),
    Matching(Pattern),
}

pub(crate) enum End {
    Address(Address),
    /// So many lines more.
    More(usize),
    /// The next line whose number is a multiple.
    Multiple(usize),
}

/// None: the one that was used last.
pub(crate) type Pattern = Option<Rc<Regex>>;

pub(crate) enum Action {
    /// The place after its end, for when the addresses do not hold.
    Block(usize),
    Nothing,
    /// Where to go; the end of the script without a label.
    Branch(Option<usize>),
    BranchIfReplaced(Option<usize>),
    BranchUnlessReplaced(Option<usize>),
    Append(String),
    Insert(String),
    Change(String),
    Delete,
    DeleteFirst,
    FileName,
    Get,
    GetAppend,
    Hold,
    HoldAppend,
    Exchange,
    List,
    Next,
    NextAppend,
    Print,
    PrintFirst,
    Quit {
        code: i32,
        prints: bool,
    },
    ReadFile(String),
    ReadLine(String),
    WriteFile(String),
    WriteFirst(String),
    LineNumber,
    Substitute(Box<Substitute>),
    Transliterate(Vec<(char, char)>),
    Zap,
}

pub(crate) struct Substitute {
    pub(crate) pattern: Pattern,
    pub(crate) replacement: Vec<Part>,
    /// From 1.
    pub(crate) first: usize,
    pub(crate) all: bool,
    pub(crate) prints: bool,
    pub(crate) file: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    /// 0 is the whole match.
    Group(usize),
    Case(Case),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Upper,
    Lower,
    NextUpper,
    NextLower,
    End,
}
