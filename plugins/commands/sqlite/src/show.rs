//! How rows are shown.

mod grid;

use std::io::{self, Write};

use rusqlite::types::ValueRef;
use rusqlite::{Rows, Statement};

use crate::values;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Mode {
    #[default]
    List,
    Csv,
    Json,
    Line,
    Quote,
    Html,
    /// Into this table.
    Insert(String),
    Column,
    Table,
    Box,
    Markdown,
}

#[derive(Debug, Clone)]
pub(crate) struct Show {
    pub(crate) mode: Mode,
    /// Whether names come before the rows; where nobody said so, it depends on the mode.
    pub(crate) headers: Option<bool>,
    pub(crate) separator: String,
    pub(crate) line_end: String,
    pub(crate) null: String,
}

impl Default for Show {
    fn default() -> Self {
        Self { mode: Mode::List, headers: None, separator: "|".into(), line_end: "\n".into(), null: String::new() }
    }
}

impl Mode {
    /// `tabs` is a list with another separator.
    pub(crate) fn named(name: &str) -> Option<(Self, Option<&'static str>)> {
        Some(match name {
            "list" => (Self::List, Some("|")),
            "tabs" => (Self::List, Some("\t")),
            "csv" => (Self::Csv, Some(",")),
            "quote" => (Self::Quote, Some(",")),
            "json" => (Self::Json, None),
            "line" | "lines" => (Self::Line, None),
            "html" => (Self::Html, None),
            "column" | "columns" => (Self::Column, None),
            "table" => (Self::Table, None),
            "box" => (Self::Box, None),
            "markdown" => (Self::Markdown, None),
            _ => return None,
        })
    }
}

impl Show {
    /// As `.mode` does it, or as an option of the command line.
    pub(crate) fn set(&mut self, (mode, separator): (Mode, Option<&str>), by_command: bool) {
        if let Some(separator) = separator {
            self.separator = separator.into();
        }
        if by_command {
            self.line_end = if mode == Mode::Csv { "\r\n" } else { "\n" }.into();
            if mode == Mode::Column && self.headers.is_none() {
                self.headers = Some(true);
            }
        }
        self.mode = mode;
    }

    fn heads(&self) -> bool {
        self.headers.unwrap_or(false)
    }

    fn plain(&self, value: ValueRef<'_>) -> String {
        values::plain(value).unwrap_or_else(|| self.null.clone())
    }

    /// Runs a statement and shows its rows.
    pub(crate) fn rows(&self, statement: &mut Statement<'_>, out: &mut dyn Write) -> Result<(), Problem> {
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let rows = statement.raw_query();
        match self.mode {
            Mode::Column | Mode::Table | Mode::Box | Mode::Markdown => grid::rows(self, &names, rows, out),
            Mode::Json => self.json(&names, rows, out),
            _ => self.one_by_one(&names, rows, out),
        }
    }

    fn one_by_one(&self, names: &[String], mut rows: Rows<'_>, out: &mut dyn Write) -> Result<(), Problem> {
        let mut first = true;
        while let Some(row) = rows.next()? {
            let values: Vec<ValueRef<'_>> = (0..names.len()).map(|at| row.get_ref(at)).collect::<Result<_, _>>()?;
            if first && self.heads() {
                self.header(names, out)?;
            }
            self.row(names, &values, first, out)?;
            first = false;
        }
        Ok(())
    }

    fn header(&self, names: &[String], out: &mut dyn Write) -> io::Result<()> {
        let shown = |name: &String| match self.mode {
            Mode::Csv => self.csv(name),
            Mode::Quote => values::quoted(ValueRef::Text(name.as_bytes())),
            _ => name.clone(),
        };
        match self.mode {
            Mode::Line | Mode::Insert(_) => Ok(()),
            Mode::Html => {
                let names: Vec<String> = names.iter().map(|name| format!("<TH>{}</TH>", html(name))).collect();
                writeln!(out, "<TR>{}\n</TR>", names.join("\n"))
            }
            _ => {
                let names: Vec<String> = names.iter().map(shown).collect();
                write!(out, "{}{}", names.join(&self.separator), self.line_end)
            }
        }
    }

    fn row(&self, names: &[String], values: &[ValueRef<'_>], first: bool, out: &mut dyn Write) -> io::Result<()> {
        let all = |shown: &dyn Fn(ValueRef<'_>) -> String| -> Vec<String> {
            values.iter().map(|value| shown(*value)).collect()
        };
        match &self.mode {
            Mode::Csv => {
                let shown = |value: ValueRef<'_>| {
                    values::plain(value).map_or_else(|| self.null.clone(), |text| self.csv(&text))
                };
                write!(out, "{}{}", all(&shown).join(&self.separator), self.line_end)
            }
            Mode::Quote => write!(out, "{}{}", all(&values::quoted).join(&self.separator), self.line_end),
            Mode::Insert(table) => {
                writeln!(
                    out,
                    "INSERT INTO {} VALUES({});",
                    crate::dump::name(table),
                    all(&crate::dump::value).join(",")
                )
            }
            Mode::Html => {
                let cells = all(&|value| format!("<TD>{}</TD>", html(&self.plain(value))));
                writeln!(out, "<TR>{}\n</TR>", cells.join("\n"))
            }
            Mode::Line => {
                if !first {
                    writeln!(out)?;
                }
                let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(5);
                names
                    .iter()
                    .zip(all(&|value| self.plain(value)))
                    .try_for_each(|(name, value)| writeln!(out, "{name:>width$} = {value}"))
            }
            _ => write!(out, "{}{}", all(&|value| self.plain(value)).join(&self.separator), self.line_end),
        }
    }

    /// In quotes, if it holds anything that is not plain.
    fn csv(&self, text: &str) -> String {
        let special = |character: char| character <= ' ' || matches!(character, '"' | '\'') || !character.is_ascii();
        if text.is_empty() || text.contains(special) || text.contains(&self.separator) {
            return format!("\"{}\"", text.replace('"', "\"\""));
        }
        text.into()
    }

    fn json(&self, names: &[String], mut rows: Rows<'_>, out: &mut dyn Write) -> Result<(), Problem> {
        let mut first = true;
        while let Some(row) = rows.next()? {
            let mut members = Vec::new();
            for (at, name) in names.iter().enumerate() {
                members.push(format!("{}:{}", values::json_text(name), values::json(row.get_ref(at)?)));
            }
            write!(out, "{}{{{}}}", if first { "[" } else { ",\n" }, members.join(","))?;
            first = false;
        }
        if !first {
            writeln!(out, "]")?;
        }
        Ok(())
    }
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Why rows are not shown to their end.
#[derive(Debug)]
pub(crate) enum Problem {
    Sql(rusqlite::Error),
    /// Nobody reads them, or they cannot be written.
    Output(io::Error),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
