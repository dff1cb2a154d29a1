//! Rows in columns that are as wide as what is in them.

use std::io::{self, Write};

use rusqlite::Rows;

use super::{Mode, Problem, Show};

/// The lines of a table: how a line begins, goes on and ends.
struct Lines {
    top: Option<[&'static str; 4]>,
    below_names: [&'static str; 4],
    bottom: Option<[&'static str; 4]>,
    /// Before, between and behind the cells of a row.
    cells: [&'static str; 3],
}

const TABLE: Lines = Lines {
    top: Some(["+", "-", "+", "+"]),
    below_names: ["+", "-", "+", "+"],
    bottom: Some(["+", "-", "+", "+"]),
    cells: ["| ", " | ", " |"],
};
const BOX: Lines = Lines {
    top: Some(["┌", "─", "┬", "┐"]),
    below_names: ["├", "─", "┼", "┤"],
    bottom: Some(["└", "─", "┴", "┘"]),
    cells: ["│ ", " │ ", " │"],
};
const MARKDOWN: Lines =
    Lines { top: None, below_names: ["|", "-", "|", "|"], bottom: None, cells: ["| ", " | ", " |"] };

pub(super) fn rows(show: &Show, names: &[String], mut rows: Rows<'_>, out: &mut dyn Write) -> Result<(), Problem> {
    let mut table: Vec<Vec<String>> = Vec::new();
    while let Some(row) = rows.next()? {
        let mut cells = Vec::new();
        for at in 0..names.len() {
            cells.push(show.plain(row.get_ref(at)?));
        }
        table.push(cells);
    }
    if table.is_empty() {
        return Ok(());
    }
    let counted = |text: &String| text.chars().count();
    // A column is as wide as its name even where names are not shown.
    let width = |at: usize| table.iter().map(|row| counted(&row[at])).max().unwrap_or(0).max(counted(&names[at]));
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    match show.mode {
        Mode::Table => bordered(&TABLE, names, &table, &widths, out)?,
        Mode::Box => bordered(&BOX, names, &table, &widths, out)?,
        Mode::Markdown => bordered(&MARKDOWN, names, &table, &widths, out)?,
        _ => {
            if show.heads() {
                let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                row(names, &widths, ["", "  ", ""], out)?;
                row(&dashes, &widths, ["", "  ", ""], out)?;
            }
            table.iter().try_for_each(|cells| row(cells, &widths, ["", "  ", ""], out))?;
        }
    }
    Ok(())
}

fn row(
    cells: &[String],
    widths: &[usize],
    [before, between, behind]: [&str; 3],
    out: &mut dyn Write,
) -> io::Result<()> {
    let cells: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    writeln!(out, "{before}{}{behind}", cells.join(between))
}

fn bordered(
    lines: &Lines,
    names: &[String],
    table: &[Vec<String>],
    widths: &[usize],
    out: &mut dyn Write,
) -> io::Result<()> {
    let line = |parts: &[&str; 4], out: &mut dyn Write| {
        let [first, dash, between, last] = parts;
        let dashes: Vec<String> = widths.iter().map(|width| dash.repeat(width + 2)).collect();
        writeln!(out, "{first}{}{last}", dashes.join(between))
    };
    if let Some(top) = &lines.top {
        line(top, out)?;
    }
    let centred: Vec<String> = names.iter().zip(widths).map(|(name, width)| format!("{name:^width$}")).collect();
    row(&centred, widths, lines.cells, out)?;
    line(&lines.below_names, out)?;
    table.iter().try_for_each(|cells| row(cells, widths, lines.cells, out))?;
    lines.bottom.as_ref().map_or(Ok(()), |bottom| line(bottom, out))
}
