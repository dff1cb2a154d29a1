//! Lists: the same items as a table, as lines, as a document or as a stream of objects.

use std::io;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::args::Format;
use crate::output::Output;
use crate::readable::one_line;
use crate::wire::PageInfo;

/// A column: its head, and what stands in it.
pub(crate) type Column<T> = (&'static str, fn(&T) -> String);

/// The widest that a cell of a table for people gets.
const CELL: usize = 72;

/// A list of items.
pub(crate) struct Listing<'a, T> {
    /// The items' name in a JSON document.
    pub(crate) key: &'static str,
    pub(crate) items: &'a [T],
    pub(crate) columns: &'a [Column<T>],
    /// What the public API says of a part of a list.
    pub(crate) page_info: Option<PageInfo>,
}

impl<T: Serialize> Serialize for Listing<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_map(None)?;
        document.serialize_entry(self.key, self.items)?;
        if let Some(page_info) = &self.page_info {
            document.serialize_entry("page_info", page_info)?;
        }
        document.end()
    }
}

impl<T: Serialize> Listing<'_, T> {
    pub(crate) fn print(self, out: &Output) -> io::Result<()> {
        match out.format {
            Format::Json => out.json(&self),
            Format::Ndjson => self.items.iter().try_for_each(|item| out.json(item)),
            Format::Text => self.items.iter().try_for_each(|item| out.line(&self.cells(item, usize::MAX).join("\t"))),
            Format::Pretty => self.table(out),
        }
    }

    fn cells(&self, item: &T, limit: usize) -> Vec<String> {
        self.columns.iter().map(|(_, cell)| one_line(&cell(item), limit)).collect()
    }

    fn table(&self, out: &Output) -> io::Result<()> {
        let heads: Vec<String> = self.columns.iter().map(|(head, _)| (*head).to_owned()).collect();
        let rows: Vec<Vec<String>> = self.items.iter().map(|item| self.cells(item, CELL)).collect();
        let widths: Vec<usize> = (0..heads.len())
            .map(|column| rows.iter().chain([&heads]).map(|row| row[column].chars().count()).max().unwrap_or(0))
            .collect();
        out.line(&out.styled(out.palette.dim, &aligned(&heads, &widths)))?;
        rows.iter().try_for_each(|row| out.line(&aligned(row, &widths)))
    }
}

fn aligned(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}
