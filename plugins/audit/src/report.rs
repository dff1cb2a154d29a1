//! From what was found to what is reported. `audit.json` is this, as it stands.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::languages::{self, Purpose};
use crate::licence;
use crate::manifests;
use crate::markers::{self, Tally};
use crate::secrets::{Detector, Finding, Verdict};
use crate::survey::{CountedFile, Matches, Survey};
use crate::tests_share;

/// From this size on a file is very large, in bytes.
const LARGE: u64 = 1 << 20;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
    pub(crate) binary_files: u64,
    /// More files are there than were looked at.
    pub(crate) files_truncated: bool,
    /// Most lines first.
    pub(crate) languages: Vec<LanguageTotal>,
    pub(crate) tests: TestShare,
    pub(crate) markers: Markers,
    pub(crate) secrets: Secrets,
    /// Largest first.
    pub(crate) large_files: Vec<LargeFile>,
    pub(crate) licences: Licences,
    pub(crate) manifests: Vec<Manifest>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LanguageTotal {
    pub(crate) language: String,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
}

#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct TestShare {
    pub(crate) code_lines: u64,
    pub(crate) test_lines: u64,
    /// Lines of tests per line of other code; absent without other code.
    pub(crate) ratio: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Markers {
    pub(crate) counts: Tally,
    pub(crate) places: Vec<Marker>,
    /// More are there than these.
    pub(crate) truncated: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Marker {
    pub(crate) path: String,
    pub(crate) line: u64,
    pub(crate) marker: &'static str,
    pub(crate) text: String,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Secrets {
    pub(crate) findings: Vec<Finding>,
    /// Matches left out because they look like placeholders or are not random enough.
    pub(crate) placeholders: u64,
    /// Places with a match too far into a long line to be told apart.
    pub(crate) unclear: Vec<Place>,
    /// More are there than these.
    pub(crate) truncated: bool,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) line: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct LargeFile {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) binary: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Licences {
    pub(crate) found: Vec<Licence>,
    /// Licence files that were not read.
    pub(crate) left_out: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct Licence {
    pub(crate) path: String,
    /// SPDX name; absent when the text is not known.
    pub(crate) licence: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Manifest {
    pub(crate) path: String,
    pub(crate) ecosystem: &'static str,
}

impl Report {
    pub(crate) fn new(survey: &Survey, detector: &Detector) -> Self {
        let files = &survey.count.files;
        Self {
            files: files.len() as u64,
            bytes: files.iter().map(|file| file.size).sum(),
            lines: files.iter().map(|file| file.lines).sum(),
            binary_files: files.iter().filter(|file| file.binary).count() as u64,
            files_truncated: survey.count.truncated,
            languages: languages(files),
            tests: tests(files, &survey.rust_tests),
            markers: markers(&survey.markers, detector),
            secrets: secrets(survey, detector),
            large_files: large_files(files),
            licences: licences(survey),
            manifests: manifests(files),
        }
    }

    /// The run's summary: one paragraph.
    pub(crate) fn summary(&self) -> String {
        let more = if self.files_truncated { " (there are more)" } else { "" };
        let ratio = self
            .tests
            .ratio
            .map_or_else(|| "no code".to_owned(), |ratio| format!("{ratio:.2} lines of tests per line of code"));
        format!(
            "{} files{more}, {} lines, {}; {ratio}; {} open ends (TODO, FIXME, XXX, HACK){}; {} likely secrets{}; {} files over 1 MiB; \
             licence: {}; {} dependency manifests. Details are in audit.md and audit.json.",
            self.files,
            self.lines,
            self.main_languages(),
            self.markers.counts.total(),
            at_least(self.markers.truncated),
            self.secrets.findings.len(),
            at_least(self.secrets.truncated),
            self.large_files.len(),
            self.licence_names(),
            self.manifests.len(),
        )
    }

    /// Up to three languages that have a twentieth of the lines or more.
    fn main_languages(&self) -> String {
        let main = self.languages.iter().filter(|total| total.lines > 0 && total.lines * 20 >= self.lines);
        let main: Vec<&str> = main.take(3).map(|total| total.language.as_str()).collect();
        if main.is_empty() { "no known language".to_owned() } else { format!("mostly {}", main.join(", ")) }
    }

    /// The licences' names, each once.
    pub(crate) fn licence_names(&self) -> String {
        let mut names: Vec<&str> =
            self.licences.found.iter().map(|found| found.licence.unwrap_or("unrecognised")).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() { "none found".to_owned() } else { names.join(", ") }
    }
}

fn at_least(truncated: bool) -> &'static str {
    if truncated { " and more" } else { "" }
}

fn languages(files: &[CountedFile]) -> Vec<LanguageTotal> {
    let mut totals: BTreeMap<String, LanguageTotal> = BTreeMap::new();
    for file in files {
        let language = language_name(file);
        let total =
            totals.entry(language.clone()).or_insert_with(|| LanguageTotal { language, ..LanguageTotal::default() });
        total.files += 1;
        total.bytes += file.size;
        total.lines += file.lines;
    }
    let mut totals: Vec<LanguageTotal> = totals.into_values().collect();
    totals.sort_by_key(|total| Reverse((total.lines, total.bytes)));
    totals
}

fn language_name(file: &CountedFile) -> String {
    match languages::of(&file.path) {
        Some(language) if !file.binary => language.name.to_owned(),
        _ if file.binary => "(binary)".to_owned(),
        _ => "(other text)".to_owned(),
    }
}

/// Test files count whole; of a Rust source, what follows the beginning of its own tests.
fn tests(files: &[CountedFile], rust_tests: &Matches) -> TestShare {
    let starts: HashMap<&str, u64> = rust_tests.lines().map(|(path, line)| (path, line.number)).collect();
    let is_code =
        |file: &&CountedFile| languages::of(&file.path).is_some_and(|language| language.purpose == Purpose::Code);
    let mut share = TestShare::default();
    for file in files.iter().filter(is_code) {
        let test_lines = match starts.get(file.path.as_str()) {
            _ if tests_share::is_test(&file.path) => file.lines,
            Some(&start) => (file.lines + 1).saturating_sub(start),
            None => 0,
        };
        share.test_lines += test_lines;
        share.code_lines += file.lines - test_lines;
    }
    share.ratio = (share.code_lines > 0).then(|| share.test_lines as f64 / share.code_lines as f64);
    share
}

fn markers(matches: &Matches, detector: &Detector) -> Markers {
    let mut counts = Tally::default();
    let mut places = Vec::new();
    for (path, line) in matches.lines() {
        // A line that was cut before its marker still counts as the commonest one.
        let marker = markers::first(&line.text).unwrap_or("TODO");
        counts.add(marker);
        let text = markers::shown(&detector.redact(&line.text));
        places.push(Marker { path: path.to_owned(), line: line.number, marker, text });
    }
    Markers { counts, places, truncated: matches.truncated }
}

fn secrets(survey: &Survey, detector: &Detector) -> Secrets {
    let known = survey.known_secrets.lines().map(|(path, line)| (path, line.number, detector.known(&line.text)));
    let assigned =
        survey.assigned_secrets.lines().map(|(path, line)| (path, line.number, detector.assigned(&line.text)));
    let truncated = survey.known_secrets.truncated || survey.assigned_secrets.truncated;
    let mut secrets = Secrets { truncated, ..Secrets::default() };
    for (path, line, verdict) in known.chain(assigned) {
        let path = path.to_owned();
        match verdict {
            // A known form that is also assigned to a telling name is one secret.
            Verdict::Secret { .. } if secrets.findings.iter().any(|found| found.path == path && found.line == line) => {
            }
            Verdict::Secret { kind, masked } => secrets.findings.push(Finding { path, line, kind, masked }),
            Verdict::Placeholder => secrets.placeholders += 1,
            Verdict::Unclear => secrets.unclear.push(Place { path, line }),
        }
    }
    secrets.findings.sort_by(|one, other| (&one.path, one.line).cmp(&(&other.path, other.line)));
    secrets
}

fn large_files(files: &[CountedFile]) -> Vec<LargeFile> {
    let large = files.iter().filter(|file| file.size >= LARGE);
    let mut large: Vec<LargeFile> =
        large.map(|file| LargeFile { path: file.path.clone(), bytes: file.size, binary: file.binary }).collect();
    large.sort_by_key(|file| Reverse(file.bytes));
    large
}

fn licences(survey: &Survey) -> Licences {
    let found = survey
        .licence_files
        .iter()
        .map(|file| Licence { path: file.path.clone(), licence: licence::recognise(&file.text) });
    Licences { found: found.collect(), left_out: survey.licences_left_out }
}

fn manifests(files: &[CountedFile]) -> Vec<Manifest> {
    let found = files.iter().filter_map(|file| Some((file, manifests::ecosystem(&file.path)?)));
    found.map(|(file, ecosystem)| Manifest { path: file.path.clone(), ecosystem }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::{Count, LicenceFile, MatchedFile, MatchedLine};

    fn file(path: &str, lines: u64) -> CountedFile {
        CountedFile { path: path.to_owned(), size: lines * 10, lines, binary: false }
    }

    fn matches(path: &str, lines: &[(u64, &str)]) -> Matches {
        let lines = lines.iter().map(|&(number, text)| MatchedLine { number, text: text.to_owned() }).collect();
        Matches { files: vec![MatchedFile { path: path.to_owned(), lines }], truncated: false }
    }

    fn report(survey: &Survey) -> Report {
        Report::new(survey, &Detector::new().expect("the patterns compile"))
    }

    #[test]
    fn files_are_summed_up_by_language_and_by_tests() {
        let files = vec![file("src/a.rs", 100), file("tests/b.rs", 30), file("README.md", 500), file("Cargo.toml", 10)];
        let count = Count { files, truncated: false };
        let report =
            report(&Survey { count, rust_tests: matches("src/a.rs", &[(81, "mod tests {")]), ..Survey::default() });
        let languages: Vec<_> = report.languages.iter().map(|total| (total.language.as_str(), total.files)).collect();
        assert_eq!(languages, [("Markdown", 1), ("Rust", 2), ("TOML", 1)]);
        assert_eq!(report.tests, TestShare { code_lines: 80, test_lines: 50, ratio: Some(0.625) });
        assert_eq!(report.manifests[0].ecosystem, "Cargo");
    }

    #[test]
    fn an_empty_repository_has_a_report_too() {
        let summary = report(&Survey::default()).summary();
        assert!(summary.starts_with("0 files, 0 lines, no known language; no code; 0 open ends"), "{summary}");
        assert!(summary.contains("licence: none found"), "{summary}");
    }

    #[test]
    fn a_secret_in_two_searches_is_one_finding_and_its_value_is_nowhere() {
        let value = format!("ghp_{}", "a1B2c3".repeat(6));
        let line = format!("token = \"{value}\" # TODO remove");
        let found = || matches("x.py", &[(7, &line)]);
        let survey =
            Survey { known_secrets: found(), assigned_secrets: found(), markers: found(), ..Survey::default() };
        let report = report(&survey);
        let places: Vec<_> = report.secrets.findings.iter().map(|found| (found.line, found.kind.as_str())).collect();
        assert_eq!(places, [(7, "GitHub token")]);
        let json = serde_json::to_string(&report).expect("a report is JSON");
        let markdown = crate::markdown::render(&report);
        assert!(!json.contains("a1B2c3") && !markdown.contains("a1B2c3"), "{markdown}");
    }

    #[test]
    fn what_was_cut_off_is_said() {
        let mut survey = Survey { markers: matches("a.rs", &[(1, "TODO")]), ..Survey::default() };
        survey.count.truncated = true;
        survey.markers.truncated = true;
        let report = report(&survey);
        assert!(
            report.summary().contains("(there are more)")
                && report.summary().contains("1 open ends (TODO, FIXME, XXX, HACK) and more")
        );
        assert!(crate::markdown::render(&report).contains("the first 1 shown of more"));
    }

    #[test]
    fn licences_and_large_files_are_listed() {
        let licence = LicenceFile { path: "LICENSE".into(), text: "Apache License Version 2.0".into() };
        let large = CountedFile { path: "a.bin".into(), size: 2 << 20, lines: 0, binary: true };
        let count = Count { files: vec![large], truncated: false };
        let survey = Survey { licence_files: vec![licence], count, ..Survey::default() };
        let report = report(&survey);
        assert_eq!((report.licence_names().as_str(), report.large_files[0].bytes), ("Apache-2.0", 2 << 20));
    }
}
