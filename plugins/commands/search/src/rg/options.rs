//! What an rg command line asks for.

use grep_printer::SummaryKind;
use ignore::types::{Types, TypesBuilder};

use crate::pattern::{Case, Extent, Matching, Syntax};

mod flags;

pub(super) use flags::read;

/// Why there is no answer of found or not found.
#[derive(Debug)]
pub(super) enum Stop {
    /// Help or version was asked for and printed.
    Said,
    Problem(String),
    /// Some files could not be searched, which was reported.
    Failed {
        found: bool,
        quiet: bool,
    },
}

impl From<lexopt::Error> for Stop {
    fn from(problem: lexopt::Error) -> Self {
        Self::Problem(problem.to_string())
    }
}

impl From<ignore::Error> for Stop {
    fn from(problem: ignore::Error) -> Self {
        Self::Problem(problem.to_string())
    }
}

impl From<std::io::Error> for Stop {
    fn from(problem: std::io::Error) -> Self {
        Self::Problem(problem.to_string())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Search,
    ListFiles,
    ListTypes,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Shown {
    Lines,
    Json,
    Summary(SummaryKind),
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Order {
    pub(super) by_time: bool,
    pub(super) reversed: bool,
}

#[derive(Debug)]
pub(super) struct Options {
    pub(super) task: Task,
    pub(super) patterns: Vec<String>,
    pub(super) matching: Matching,
    pub(super) paths: Vec<String>,
    /// The current folder is searched because none was named.
    pub(super) implied_folder: bool,
    pub(super) shown: Shown,
    pub(super) quiet: bool,
    pub(super) silent: bool,
    pub(super) names: bool,
    pub(super) heading: bool,
    pub(super) line_numbers: bool,
    pub(super) columns: bool,
    pub(super) byte_offsets: bool,
    pub(super) only_matching: bool,
    pub(super) vimgrep: bool,
    pub(super) trims: bool,
    pub(super) includes_zero: bool,
    pub(super) null_after_name: bool,
    pub(super) null_data: bool,
    pub(super) crlf: bool,
    pub(super) inverted: bool,
    pub(super) multi_line: bool,
    pub(super) passes_through: bool,
    pub(super) stops_on_nonmatch: bool,
    pub(super) colors: bool,
    pub(super) replacement: Option<String>,
    pub(super) context_separator: Option<String>,
    pub(super) most: Option<u64>,
    pub(super) most_columns: Option<u64>,
    pub(super) previews_long_lines: bool,
    pub(super) most_depth: Option<usize>,
    pub(super) most_bytes: Option<u64>,
    pub(super) before: usize,
    pub(super) after: usize,
    pub(super) binary_as_text: bool,
    pub(super) searches_binary: bool,
    pub(super) hidden: bool,
    pub(super) respects_ignore_files: bool,
    pub(super) respects_parents: bool,
    pub(super) respects_git: bool,
    pub(super) requires_git: bool,
    pub(super) follows_links: bool,
    pub(super) ignore_files: Vec<String>,
    /// Each with whether it is blind to case.
    pub(super) globs: Vec<(String, bool)>,
    pub(super) globs_fold_case: bool,
    pub(super) types: Types,
    pub(super) order: Order,
}

impl Options {
    fn new() -> Self {
        Self {
            task: Task::Search,
            patterns: Vec::new(),
            matching: Matching {
                syntax: Syntax::Modern { looks_around: false },
                case: Case::Sensitive,
                extent: Extent::Anywhere,
                line_end: Some(b'\n'),
                dot_matches_line_end: false,
            },
            paths: Vec::new(),
            implied_folder: false,
            shown: Shown::Lines,
            quiet: false,
            silent: false,
            names: false,
            heading: false,
            line_numbers: false,
            columns: false,
            byte_offsets: false,
            only_matching: false,
            vimgrep: false,
            trims: false,
            includes_zero: false,
            null_after_name: false,
            null_data: false,
            crlf: false,
            inverted: false,
            multi_line: false,
            passes_through: false,
            stops_on_nonmatch: false,
            colors: false,
            replacement: None,
            context_separator: Some("--".into()),
            most: None,
            most_columns: None,
            previews_long_lines: false,
            most_depth: None,
            most_bytes: None,
            before: 0,
            after: 0,
            binary_as_text: false,
            searches_binary: false,
            hidden: false,
            respects_ignore_files: true,
            respects_parents: true,
            respects_git: true,
            requires_git: true,
            follows_links: false,
            ignore_files: Vec::new(),
            globs: Vec::new(),
            globs_fold_case: false,
            types: Types::empty(),
            order: Order::default(),
        }
    }

    pub(super) fn reads_input(&self) -> bool {
        self.paths == ["-"]
    }
}

fn types() -> TypesBuilder {
    let mut types = TypesBuilder::new();
    types.add_defaults();
    types
}
