//! What looks at many files: the host walks, these tools ask and bound the answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skep::search::{self, GrepOptions, Selection};

use crate::found::{File, by_file, within};
use crate::path::Inside;

/// The most entries, lines or files that a caller may ask for.
const MOST: u32 = 50_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GlobArguments {
    /// Patterns, relative to the workspace: `*.toml` at any depth, `src/**/*.rs` below `src`; `!target/**` takes away.
    patterns: Vec<String>,
    /// The folder to look in; the whole workspace when left out.
    #[serde(default)]
    path: String,
    /// Find hidden files and folders too.
    #[serde(default)]
    hidden: bool,
    /// Find what `.gitignore` leaves out too.
    #[serde(default)]
    ignored: bool,
    /// The most entries to answer.
    #[serde(default = "glob_limit")]
    limit: u32,
}

const fn glob_limit() -> u32 {
    1_000
}

#[derive(Serialize)]
pub(crate) struct GlobAnswer {
    found: Vec<Entry>,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
struct Entry {
    path: String,
    kind: String,
    size: u64,
}

pub(crate) fn glob(arguments: GlobArguments) -> skep::Result<GlobAnswer> {
    let limit = arguments.limit.min(MOST);
    let selection = selection(&arguments.path, arguments.patterns, arguments.hidden, arguments.ignored)?;
    let entries = search::glob(&selection, limit)?;
    let (found, all) = within(entries.found, |entry| entry.path.len());
    let found = found.into_iter().map(|search::Entry { path, kind, size }| Entry { path, kind, size }).collect();
    let truncated = entries.truncated || !all;
    Ok(GlobAnswer { found, truncated, note: note(truncated, "entries") })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrepArguments {
    /// A regular expression of the Rust crate `regex`; each line is searched by itself.
    pattern: String,
    /// The folder or file to search; the whole workspace when left out.
    #[serde(default)]
    path: String,
    /// Which files, for example `*.rs`, `docs/**`; `!target/**` takes away. All when empty.
    #[serde(default)]
    globs: Vec<String>,
    /// Upper and lower case are the same.
    #[serde(default)]
    ignore_case: bool,
    /// Lines to show before and after each that matches.
    #[serde(default)]
    context: u32,
    /// Search hidden files and folders too.
    #[serde(default)]
    hidden: bool,
    /// Search what `.gitignore` leaves out too.
    #[serde(default)]
    ignored: bool,
    /// The most lines to answer.
    #[serde(default = "grep_limit")]
    limit: u32,
    /// The most matching lines of one file.
    #[serde(default = "grep_limit_per_file")]
    limit_per_file: u32,
}

const fn grep_limit() -> u32 {
    500
}

const fn grep_limit_per_file() -> u32 {
    100
}

#[derive(Serialize)]
pub(crate) struct GrepAnswer {
    files: Vec<File>,
    files_searched: u64,
    binary_skipped: u64,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

pub(crate) fn grep(arguments: GrepArguments) -> skep::Result<GrepAnswer> {
    let options = GrepOptions {
        pattern: arguments.pattern,
        case_insensitive: arguments.ignore_case,
        limit: arguments.limit.min(MOST),
        limit_per_file: arguments.limit_per_file,
        context: arguments.context,
    };
    let selection = selection(&arguments.path, arguments.globs, arguments.hidden, arguments.ignored)?;
    let matches = search::grep(&selection, &options)?;
    let (lines, all) = within(matches.lines, |line| line.path.len() + line.text.len());
    let truncated = matches.truncated || !all;
    Ok(GrepAnswer {
        files: by_file(lines),
        files_searched: matches.files_searched,
        binary_skipped: matches.binary_skipped,
        truncated,
        note: note(truncated, "lines"),
    })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountArguments {
    /// The folder or file to count; the whole workspace when left out.
    #[serde(default)]
    path: String,
    /// Which files, for example `*.rs`, `docs/**`; `!target/**` takes away. All when empty.
    #[serde(default)]
    globs: Vec<String>,
    /// Count hidden files too.
    #[serde(default)]
    hidden: bool,
    /// Count what `.gitignore` leaves out too.
    #[serde(default)]
    ignored: bool,
    /// The most files to answer.
    #[serde(default = "glob_limit")]
    limit: u32,
}

#[derive(Serialize)]
pub(crate) struct CountAnswer {
    files: Vec<Count>,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
struct Count {
    path: String,
    size: u64,
    lines: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    binary: bool,
}

pub(crate) fn count(arguments: CountArguments) -> skep::Result<CountAnswer> {
    let limit = arguments.limit.min(MOST);
    let selection = selection(&arguments.path, arguments.globs, arguments.hidden, arguments.ignored)?;
    let counts = search::count_lines(&selection, limit)?;
    let (files, all) = within(counts.files, |count| count.path.len());
    let files = files
        .into_iter()
        .map(|search::Count { path, size, lines, binary }| Count { path, size, lines, binary })
        .collect();
    let truncated = counts.truncated || !all;
    Ok(CountAnswer { files, truncated, note: note(truncated, "files") })
}

fn selection(path: &str, globs: Vec<String>, hidden: bool, ignored: bool) -> skep::Result<Selection> {
    let path = Inside::parse(path)?.as_str().to_owned();
    Ok(Selection { path, globs, hidden, respect_ignore: !ignored })
}

fn note(truncated: bool, what: &str) -> Option<String> {
    truncated.then(|| {
        format!(
            "truncated: there are more {what}; narrow the path and the patterns, or raise the limit (at most {MOST})"
        )
    })
}
