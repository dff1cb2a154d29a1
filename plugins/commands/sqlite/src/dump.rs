//! `.dump` and `.schema`: a database as SQL that makes it.

use std::io::Write;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::show::Problem;
use crate::values;

/// One object of a database, with the statement that makes it.
struct Object {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

/// In the order in which they were made.
fn objects(connection: &Connection) -> rusqlite::Result<Vec<Object>> {
    let query = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid";
    let mut statement = connection.prepare(query)?;
    let objects = statement.query_map([], |row| {
        Ok(Object { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    })?;
    objects.collect()
}

/// A name as SQL has it: in quotes if it is not a plain one.
pub(crate) fn name(name: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let is_plain = name.chars().all(plain) && !name.starts_with(|first: char| first.is_ascii_digit());
    if is_plain && !name.is_empty() && !is_keyword(name) { name.into() } else { quoted_name(name) }
}

pub(crate) fn quoted_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The words that name nothing without quotes.
fn is_keyword(word: &str) -> bool {
    const KEYWORDS: &str = " add all alter and as autoincrement between case check collate commit constraint create default \
        deferrable delete distinct drop else escape except exists foreign from group having if in index insert intersect into is \
        isnull join limit not notnull null on or order primary references returning select set table then to transaction union \
        unique update using values when where ";
    KEYWORDS.contains(&format!(" {} ", word.to_lowercase()))
}

/// A value that stays on its line.
pub(crate) fn value(value: ValueRef<'_>) -> String {
    let text = values::quoted(value);
    let is_text = matches!(value, ValueRef::Text(_));
    if !is_text || !text.contains(['\n', '\r']) {
        return text;
    }
    let marked = text.replace('\n', "\\n").replace('\r', "\\r");
    let mut out = marked;
    for (character, mark) in [("10", "\\n"), ("13", "\\r")] {
        if out.contains(mark) {
            out = format!("replace({out},'{mark}',char({character}))");
        }
    }
    out
}

/// A table whose name is quoted may be one that SQLite itself makes, so that making it again is no mistake.
fn statement(sql: &str) -> String {
    match sql.strip_prefix("CREATE TABLE ") {
        Some(rest) if rest.starts_with(['"', '\'']) => format!("CREATE TABLE IF NOT EXISTS {rest}"),
        _ => sql.into(),
    }
}

/// Everything, or the tables and views that `wanted` names.
pub(crate) fn dump(connection: &Connection, wanted: &[String], out: &mut dyn Write) -> Result<(), Problem> {
    let is_wanted = |object: &&Object| wanted.is_empty() || wanted.iter().any(|name| like(name, &object.table));
    let objects = objects(connection)?;
    let objects: Vec<&Object> = objects.iter().filter(is_wanted).collect();
    let is_own = |object: &&&Object| object.name.starts_with("sqlite_");
    writeln!(out, "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;")?;
    for table in objects.iter().filter(|object| object.kind == "table" && !is_own(object)) {
        writeln!(out, "{};", statement(&table.sql))?;
        rows(connection, &table.name, out)?;
    }
    for table in objects.iter().filter(|object| object.kind == "table" && object.name == "sqlite_sequence") {
        writeln!(out, "DELETE FROM {};", table.name)?;
        rows(connection, &table.name, out)?;
    }
    for object in objects.iter().filter(|object| object.kind != "table") {
        writeln!(out, "{};", object.sql)?;
    }
    writeln!(out, "COMMIT;")?;
    Ok(())
}

fn rows(connection: &Connection, table: &str, out: &mut dyn Write) -> Result<(), Problem> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {}", quoted_name(table)))?;
    let (columns, table) = (statement.column_count(), name(table));
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let values: Vec<String> = (0..columns).map(|at| row.get_ref(at).map(value)).collect::<Result<_, _>>()?;
        writeln!(out, "INSERT INTO {table} VALUES({});", values.join(","))?;
    }
    Ok(())
}

pub(crate) fn schema(connection: &Connection, wanted: Option<&str>, out: &mut dyn Write) -> Result<(), Problem> {
    let is_wanted = |object: &&Object| wanted.is_none_or(|name| like(name, &object.table) || like(name, &object.name));
    for object in objects(connection)?.iter().filter(is_wanted) {
        write!(out, "{}", statement(&object.sql))?;
        if object.kind == "view" {
            let columns = connection.prepare(&format!("SELECT * FROM {}", quoted_name(&object.name)))?;
            let columns: Vec<String> = columns.column_names().map(name).collect();
            write!(out, "\n/* {}({}) */", name(&object.name), columns.join(","))?;
        }
        writeln!(out, ";")?;
    }
    Ok(())
}

/// Without case, and with `%` for any letters.
pub(crate) fn like(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('%');
    let first = parts.next().unwrap_or_default();
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut ends = left.is_empty();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
        ends = left.is_empty() || part.is_empty();
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(["t", "odd name", "order", "1a"].map(name).join(" "), "t \"odd name\" \"order\" \"1a\"");
    }

    #[test]
    fn values_stay_on_their_line() {
        assert_eq!(value(ValueRef::Text(b"a\nb")), "replace('a\\nb','\\n',char(10))");
        assert_eq!(value(ValueRef::Real(0.5)), "0.5");
    }

    #[test]
    fn a_pattern_names_tables() {
        assert!(like("T%", "tables") && like("t", "T") && !like("t", "tt") && like("%s", "tables") && !like("%x", "t"));
    }
}
