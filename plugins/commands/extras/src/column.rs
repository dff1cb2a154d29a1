//! `column`: a table of words, or as many columns as fit.

use lexopt::{Arg, Parser, ValueExt};

use crate::{Stop, input};

/// Characters a line where nobody says how many.
const WIDTH: usize = 80;

struct Options {
    table: bool,
    separators: Option<String>,
    between: String,
    width: usize,
    files: Vec<String>,
}

pub(crate) fn column(arguments: &[String]) -> Result<i32, Stop> {
    let mut options = Options { table: false, separators: None, between: "  ".into(), width: WIDTH, files: Vec::new() };
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('t') | Arg::Long("table") => options.table = true,
            Arg::Short('s') | Arg::Long("separator") => options.separators = Some(parser.value()?.string()?),
            Arg::Short('o') | Arg::Long("output-separator") => options.between = parser.value()?.string()?,
            Arg::Short('c') | Arg::Long("output-width") => options.width = parser.value()?.parse()?,
            Arg::Value(value) => options.files.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let (bytes, code) = input::of_all("column", &options.files);
    let text = String::from_utf8_lossy(&bytes);
    print!("{}", if options.table { table(&text, &options) } else { filled(&text, options.width) });
    Ok(code)
}

fn cells<'a>(line: &'a str, options: &Options) -> Vec<&'a str> {
    match &options.separators {
        Some(separators) => line.split(|character| separators.contains(character)).collect(),
        None => line.split_whitespace().collect(),
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn table(text: &str, options: &Options) -> String {
    let rows: Vec<Vec<&str>> =
        text.lines().filter(|line| !line.trim().is_empty()).map(|line| cells(line, options)).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| length(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut written = String::new();
    for row in &rows {
        let last = row.len().saturating_sub(1);
        for (column, cell) in row.iter().enumerate() {
            written.push_str(cell);
            if column < last {
                written.push_str(&" ".repeat(widths[column] - length(cell)));
                written.push_str(&options.between);
            }
        }
        written.push('\n');
    }
    written
}

/// Down the columns first, each as wide as the widest entry and a tab.
fn filled(text: &str, width: usize) -> String {
    let entries: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let cell = (entries.iter().map(|entry| length(entry)).max().unwrap_or(0) / 8 + 1) * 8;
    let columns = (width / cell).max(1);
    let rows = entries.len().div_ceil(columns);
    let mut written = String::new();
    for row in 0..rows {
        let line: Vec<&str> = entries.iter().skip(row).step_by(rows).copied().collect();
        let last = line.len() - 1;
        for (column, entry) in line.iter().enumerate() {
            written.push_str(entry);
            written.push_str(&" ".repeat(if column < last { cell - length(entry) } else { 0 }));
        }
        written.push('\n');
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_columns_as_wide_as_their_widest_cell() {
        let options =
            Options { table: true, separators: Some(",".into()), between: " | ".into(), width: 80, files: Vec::new() };
        assert_eq!(table("a,bb\nccc,d\n", &options), "a   | bb\nccc | d\n");
    }

    #[test]
    fn entries_fill_columns_downwards() {
        assert_eq!(filled("a\nb\nc\n", 16), "a       c\nb\n");
    }
}
