//! Everything the audit asks of the `files` plugin: a few searches over the whole workspace at once, then the licence texts.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use skep::tools::{self, Call};

use crate::{licence, markers, secrets, tests_share};

/// The most files that are counted.
const FILES: u32 = 50_000;
/// The most lines that one search brings.
const LINES: u32 = 5_000;
/// The most licence files that are read, those nearest to the root first.
const LICENCES: usize = 12;

/// What `files.count` answers.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Count {
    pub(crate) files: Vec<CountedFile>,
    pub(crate) truncated: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CountedFile {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) lines: u64,
    #[serde(default)]
    pub(crate) binary: bool,
}

/// What `files.grep` answers.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Matches {
    pub(crate) files: Vec<MatchedFile>,
    pub(crate) truncated: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MatchedFile {
    pub(crate) path: String,
    pub(crate) lines: Vec<MatchedLine>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MatchedLine {
    pub(crate) number: u64,
    pub(crate) text: String,
}

impl Matches {
    /// Path and line of each match.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&str, &MatchedLine)> {
        self.files.iter().flat_map(|file| file.lines.iter().map(|line| (file.path.as_str(), line)))
    }
}

/// A licence file, as far as it was read.
#[derive(Debug)]
pub(crate) struct LicenceFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What was found, before anybody thought about it.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) count: Count,
    pub(crate) markers: Matches,
    pub(crate) known_secrets: Matches,
    pub(crate) assigned_secrets: Matches,
    /// Where Rust sources begin their tests.
    pub(crate) rust_tests: Matches,
    pub(crate) licence_files: Vec<LicenceFile>,
    /// Licence files beyond those that were read.
    pub(crate) licences_left_out: usize,
}

pub(crate) fn look() -> skep::Result<Survey> {
    let mut answers = tools::call_many::<Value>(searches()?).into_iter();
    let mut survey = Survey {
        count: next(&mut answers)?,
        markers: next(&mut answers)?,
        known_secrets: next(&mut answers)?,
        assigned_secrets: next(&mut answers)?,
        rust_tests: next(&mut answers)?,
        ..Survey::default()
    };
    let licences = licence_paths(&survey.count);
    survey.licences_left_out = licences.len().saturating_sub(LICENCES);
    survey.licence_files = read_licences(&licences[..licences.len().min(LICENCES)])?;
    Ok(survey)
}

/// In the order of the survey's fields.
fn searches() -> skep::Result<[Call; 5]> {
    let grep = |pattern: &str, globs: &[&str], per_file: u32| {
        let arguments =
            json!({ "pattern": pattern, "globs": globs, "hidden": true, "limit": LINES, "limit_per_file": per_file });
        Call::new("files.grep", &arguments)
    };
    Ok([
        Call::new("files.count", &json!({ "hidden": true, "limit": FILES }))?,
        grep(markers::PATTERN, &[], 200)?,
        grep(&secrets::known_pattern(), &[], 50)?,
        grep(secrets::ASSIGNED_PATTERN, secrets::ASSIGNED_GLOBS, 50)?,
        grep(tests_share::RUST_PATTERN, &["*.rs"], 1)?,
    ])
}

fn next<T: DeserializeOwned>(answers: &mut impl Iterator<Item = skep::Result<Value>>) -> skep::Result<T> {
    let answer = answers.next().ok_or("the host answered fewer calls than were made")??;
    Ok(serde_json::from_value(answer)?)
}

fn licence_paths(count: &Count) -> Vec<&str> {
    let paths = count.files.iter().filter(|file| !file.binary).map(|file| file.path.as_str());
    let mut paths: Vec<&str> = paths.filter(|path| licence::is_licence_file(path)).collect();
    paths.sort_by_key(|path| (path.matches('/').count(), *path));
    paths
}

#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    text: String,
}

fn read_licences(paths: &[&str]) -> skep::Result<Vec<LicenceFile>> {
    let read = |path: &&str| Call::new("files.read", &json!({ "path": path, "lines": 400, "lossy": true }));
    let calls = paths.iter().map(read).collect::<skep::Result<Vec<_>>>()?;
    let answers = tools::call_many::<Read>(calls);
    let texts = paths.iter().zip(answers).map(|(path, answer)| {
        // A licence that can't be read, for example a link out of the workspace, is still a file of that name.
        LicenceFile { path: (*path).to_owned(), text: answer.map(|read| read.text).unwrap_or_default() }
    });
    Ok(texts.collect())
}
