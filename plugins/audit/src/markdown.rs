//! The report for people. `audit.json` has everything; here long lists are cut, and say so.

use std::fmt::{self, Display, Write};

use crate::report::Report;

/// The most rows of one table.
const ROWS: usize = 100;

pub(crate) fn render(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string doesn't fail.
    let written = write_all(&mut text, report);
    debug_assert!(written.is_ok());
    text
}

fn write_all(out: &mut String, report: &Report) -> fmt::Result {
    writeln!(out, "# Audit\n\n{}", report.summary())?;
    languages(out, report)?;
    tests(out, report)?;
    secrets(out, report)?;
    markers(out, report)?;
    large_files(out, report)?;
    licences(out, report)?;
    manifests(out, report)
}

fn languages(out: &mut String, report: &Report) -> fmt::Result {
    let rows = report
        .languages
        .iter()
        .map(|total| format!("{} | {} | {} | {}", total.language, total.files, total.lines, bytes(total.bytes)));
    table(out, "Languages", "language | files | lines | size", rows, report.files_truncated)
}

fn tests(out: &mut String, report: &Report) -> fmt::Result {
    let tests = &report.tests;
    let ratio = tests.ratio.map_or_else(|| "no code".to_owned(), |ratio| format!("{ratio:.2}"));
    writeln!(
        out,
        "\n## Tests\n\n{} lines of tests, {} lines of other code: {ratio}.",
        tests.test_lines, tests.code_lines
    )?;
    writeln!(out, "Told by names and folders, and in Rust by `mod tests`.")
}

fn secrets(out: &mut String, report: &Report) -> fmt::Result {
    let secrets = &report.secrets;
    let rows = secrets
        .findings
        .iter()
        .map(|found| format!("{} | {} | {}", place(&found.path, found.line), found.kind, found.masked));
    table(out, "Likely secrets", "place | kind | value, masked", rows, secrets.truncated)?;
    if secrets.placeholders > 0 {
        writeln!(
            out,
            "\nLeft out, because they look like placeholders or are not random enough: {}.",
            secrets.placeholders
        )?;
    }
    if !secrets.unclear.is_empty() {
        let places: Vec<String> =
            secrets.unclear.iter().take(ROWS).map(|found| place(&found.path, found.line)).collect();
        let all = secrets.unclear.len();
        writeln!(
            out,
            "\nLook at these {all} places yourself, their lines are too long to be told: {}{}",
            places.join(", "),
            more(all > ROWS)
        )?;
    }
    Ok(())
}

fn markers(out: &mut String, report: &Report) -> fmt::Result {
    let markers = &report.markers;
    let rows = markers
        .places
        .iter()
        .map(|found| format!("{} | {} | {}", place(&found.path, found.line), found.marker, code(&found.text)));
    table(out, "Open ends", "place | marker | line", rows, markers.truncated)?;
    let counts = &markers.counts;
    writeln!(
        out,
        "\nTODO {}, FIXME {}, XXX {}, HACK {}{}",
        counts.todo,
        counts.fixme,
        counts.xxx,
        counts.hack,
        more(markers.truncated)
    )
}

fn large_files(out: &mut String, report: &Report) -> fmt::Result {
    let kind = |binary| if binary { "binary" } else { "text" };
    let rows = report
        .large_files
        .iter()
        .map(|file| format!("{} | {} | {}", code(&file.path), bytes(file.bytes), kind(file.binary)));
    table(out, "Files over 1 MiB", "file | size | content", rows, report.files_truncated)
}

fn licences(out: &mut String, report: &Report) -> fmt::Result {
    let rows = report
        .licences
        .found
        .iter()
        .map(|found| format!("{} | {}", code(&found.path), found.licence.unwrap_or("unrecognised")));
    table(out, "Licences", "file | licence", rows, false)?;
    if report.licences.left_out > 0 {
        writeln!(out, "\n{} more licence files were not read.", report.licences.left_out)?;
    }
    Ok(())
}

fn manifests(out: &mut String, report: &Report) -> fmt::Result {
    let rows = report.manifests.iter().map(|found| format!("{} | {}", code(&found.path), found.ecosystem));
    table(out, "Dependency manifests", "file | for", rows, report.files_truncated)
}

fn table(
    out: &mut String,
    title: &str,
    head: &str,
    rows: impl ExactSizeIterator<Item = String>,
    truncated: bool,
) -> fmt::Result {
    writeln!(out, "\n## {title}\n")?;
    let all = rows.len();
    if all == 0 {
        return writeln!(out, "None found{}.", more(truncated));
    }
    writeln!(out, "| {head} |\n|{}", "---|".repeat(head.split(" | ").count()))?;
    for row in rows.take(ROWS) {
        writeln!(out, "| {row} |")?;
    }
    match (truncated, all > ROWS) {
        (true, _) => {
            writeln!(out, "\nTruncated: the first {} shown of more; not everything was looked at.", all.min(ROWS))
        }
        (false, true) => writeln!(out, "\nThe first {ROWS} shown of {all}; audit.json has all."),
        (false, false) => Ok(()),
    }
}

fn more(truncated: bool) -> &'static str {
    if truncated { ", and more than were looked at" } else { "" }
}

fn place(path: &str, line: u64) -> String {
    code(format!("{path}:{line}"))
}

/// Text of a repository as code in a table's cell, so that it is neither markup nor the cell's border.
fn code(text: impl Display) -> String {
    let text = text.to_string().replace(['\r', '\n', '\t'], " ").replace('|', "\\|");
    let longest_run = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest_run + 1);
    if longest_run > 0 { format!("{fence} {text} {fence}") } else { format!("{fence}{text}{fence}") }
}

fn bytes(count: u64) -> String {
    match count {
        0..1_024 => format!("{count} B"),
        1_024..1_048_576 => format!("{:.1} KiB", count as f64 / 1_024.0),
        _ => format!("{:.1} MiB", count as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_repository_stays_in_its_cell() {
        assert_eq!(code("a | b\n# c"), "`a \\| b # c`");
        assert_eq!(code("x ``y`` z"), "``` x ``y`` z ```");
    }
}
