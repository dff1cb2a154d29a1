//! `.import`: rows of a text into a table.

use rusqlite::{Connection, params_from_iter};

use crate::dump::quoted_name;

pub(crate) struct Import {
    pub(crate) separator: String,
    pub(crate) skip: usize,
    pub(crate) file: String,
    pub(crate) table: String,
}

impl Import {
    /// A table that is not there is made of the first row's names.
    pub(crate) fn run(&self, connection: &Connection, text: &str) -> Result<(), String> {
        let mut rows = records(text, self.separator.chars().next().unwrap_or('|'));
        rows.drain(..self.skip.min(rows.len()));
        let mut rows = rows.into_iter();
        let said = |error: rusqlite::Error| error.to_string();
        if !connection.table_exists(None, self.table.as_str()).map_err(said)? {
            let names = rows.next().ok_or_else(|| format!("{}: empty file", self.file))?.cells;
            let columns: Vec<String> = names.iter().map(|name| format!("{} TEXT", quoted_name(name))).collect();
            let table = quoted_name(&self.table);
            connection
                .execute_batch(&format!("CREATE TABLE IF NOT EXISTS {table}(\n{})", columns.join(", ")))
                .map_err(said)?;
        }
        let begins = connection.is_autocommit();
        if begins {
            connection.execute_batch("BEGIN").map_err(said)?;
        }
        let result = self.insert(connection, rows);
        if begins {
            connection.execute_batch("COMMIT").map_err(said)?;
        }
        result
    }

    fn insert(&self, connection: &Connection, rows: impl Iterator<Item = Record>) -> Result<(), String> {
        let table = quoted_name(&self.table);
        let said = |error: rusqlite::Error| error.to_string();
        let columns = connection.prepare(&format!("SELECT * FROM {table}")).map_err(said)?.column_count();
        let marks = vec!["?"; columns].join(",");
        let mut insert = connection.prepare(&format!("INSERT INTO {table} VALUES({marks})")).map_err(said)?;
        for Record { line, cells } in rows {
            let (file, found) = (&self.file, cells.len());
            if found < columns {
                eprintln!("{file}:{line}: expected {columns} columns but found {found} - filling the rest with NULL");
            } else if found > columns {
                eprintln!("{file}:{line}: expected {columns} columns but found {found} - extras ignored");
            }
            let cells = cells.iter().map(Some).chain(std::iter::repeat(None)).take(columns);
            let inserted = insert.execute(params_from_iter(cells));
            inserted.map_err(|error| format!("{file}:{line}: INSERT failed: {error}"))?;
        }
        Ok(())
    }
}

struct Record {
    line: usize,
    cells: Vec<String>,
}

/// Cells may be in quotes, and hold separators and line ends then.
fn records(text: &str, separator: char) -> Vec<Record> {
    let (mut records, mut cells, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut first_line) = (1, 1);
    let (mut in_quotes, mut is_quoted) = (false, false);
    let mut left = text.chars().peekable();
    while let Some(character) = left.next() {
        line += usize::from(character == '\n');
        match character {
            '"' if in_quotes && left.peek() == Some(&'"') => cell.extend(left.next()),
            '"' if in_quotes => in_quotes = false,
            '"' if cell.is_empty() && !is_quoted => (in_quotes, is_quoted) = (true, true),
            other if in_quotes => cell.push(other),
            '\r' if left.peek() == Some(&'\n') => {}
            '\n' => {
                cells.push(std::mem::take(&mut cell));
                records.push(Record { line: first_line, cells: std::mem::take(&mut cells) });
                (first_line, is_quoted) = (line, false);
            }
            other if other == separator => {
                cells.push(std::mem::take(&mut cell));
                is_quoted = false;
            }
            other => cell.push(other),
        }
    }
    if !cell.is_empty() || !cells.is_empty() || is_quoted {
        cells.push(cell);
        records.push(Record { line: first_line, cells });
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_separators_and_line_ends() {
        let records = records("a,\"b,\"\"c\"\"\nd\",\r\ne,\"\"\n", ',');
        let cells: Vec<_> = records.iter().map(|record| (record.line, record.cells.join("|"))).collect();
        assert_eq!(cells, [(1, "a|b,\"c\"\nd|".to_owned()), (3, "e|".to_owned())]);
    }
}
