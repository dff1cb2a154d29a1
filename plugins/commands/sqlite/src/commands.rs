//! Dot commands.

use std::fs;
use std::io::{self, BufReader, Write};

use rusqlite::Connection;

use crate::dump;
use crate::import::Import;
use crate::shell::{Origin, Out, Shell, Stop, gone, open};
use crate::show::{Mode, Problem};

const HELP: &str = "\
.backup FILE  .changes on|off  .databases  .dump [TABLE]  .echo on|off  .exit [CODE]  .headers on|off  .import FILE TABLE
.indexes [TABLE]  .mode MODE  .nullvalue TEXT  .once FILE  .open FILE  .output [FILE]  .print TEXT  .quit  .read FILE
.save FILE  .schema [PATTERN]  .separator COL [ROW]  .tables [PATTERN]
";

/// The width that names are laid out for.
const WIDTH: usize = 80;

impl Shell {
    pub(crate) fn command(&mut self, text: &str, origin: Origin) -> Result<(), Stop> {
        let words = words(text);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let Some((name, arguments)) = words.split_first() else { return Ok(()) };
        if ["quit", "exit", "q"].contains(name) {
            return Err(Stop::Quit(arguments.first().and_then(|code| code.parse().ok()).unwrap_or(0)));
        }
        match self.known(name, arguments) {
            Ok(()) => Ok(()),
            Err(Problem::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Err(gone(error)),
            Err(Problem::Output(error)) => Err(self.refuse(&posix::reason(&error), origin)),
            Err(Problem::Sql(error)) => Err(self.refuse(&error.to_string(), origin)),
        }
    }

    fn refuse(&mut self, problem: &str, origin: Origin) -> Stop {
        self.out.to.flush().unwrap_or_default();
        match origin {
            Origin::Argument => eprintln!("Error: {problem}"),
            Origin::Script(line) => eprintln!("Error: near line {line}: {problem}"),
        }
        Stop::Failed(1)
    }

    fn known(&mut self, name: &str, arguments: &[&str]) -> Result<(), Problem> {
        let out = &mut self.out.to;
        match (name, arguments) {
            ("tables" | "table", _) => tables(&self.connection, arguments.first().copied(), out),
            ("schema", _) => dump::schema(&self.connection, arguments.first().copied(), out),
            ("dump", _) => {
                let wanted: Vec<String> = arguments.iter().map(|name| (*name).to_owned()).collect();
                dump::dump(&self.connection, &wanted, out)
            }
            ("indexes" | "indices" | "index", _) => indexes(&self.connection, arguments.first().copied(), out),
            ("databases", _) => databases(&self.connection, out),
            ("import", _) => self.import(arguments),
            ("mode", ["insert", table @ ..]) => {
                self.show.mode = Mode::Insert((*table.first().unwrap_or(&"table")).to_owned());
                Ok(())
            }
            ("mode", [mode, ..]) => {
                let mode = Mode::named(mode).ok_or_else(|| {
                    said("mode should be one of: box column csv html insert json line list markdown quote table tabs")
                })?;
                self.show.set(mode, true);
                Ok(())
            }
            ("headers" | "header", [value]) => given(&mut self.show.headers, Some(is_on(value))),
            ("nullvalue", [text]) => given(&mut self.show.null, unescaped(text)),
            ("separator", [columns, rows @ ..]) => {
                self.show.separator = unescaped(columns);
                if let Some(rows) = rows.first() {
                    self.show.line_end = unescaped(rows);
                }
                Ok(())
            }
            ("output", []) | ("output" | "once", ["stdout"]) => given(&mut self.out, Out::default()),
            ("output" | "once", [file]) => {
                out.flush()?;
                let opened = Out::file(file, name == "once")?;
                given(&mut self.out, opened)
            }
            ("print", words) => Ok(writeln!(out, "{}", words.join(" "))?),
            ("help", _) => Ok(write!(out, "{HELP}")?),
            ("echo", [value]) => given(&mut self.echoes, is_on(value)),
            ("bail", [value]) => given(&mut self.bails, is_on(value)),
            ("read", [file]) => self.read(file),
            ("open", [file]) => {
                self.connection = open(file, false)?;
                given(&mut self.file, (*file).to_owned())
            }
            ("backup" | "save", [file] | ["main", file]) => {
                // SQLite itself does not write over what is there.
                if fs::metadata(file).is_ok() {
                    fs::remove_file(file)?;
                }
                self.connection.execute("VACUUM INTO ?", [file]).map(drop).map_err(Problem::from)
            }
            // What only changes how long something takes, or how it looks on a terminal.
            ("timer" | "width" | "changes" | "stats" | "eqp" | "timeout" | "prompt" | "explain", _) => Ok(()),
            _ => Err(said(&format!("unknown command or invalid arguments:  \"{name}\". Enter \".help\" for help"))),
        }
    }

    fn read(&mut self, file: &str) -> Result<(), Problem> {
        let mut input = BufReader::new(fs::File::open(file)?);
        match self.script(&mut input) {
            Ok(0) | Err(Stop::Quit(_)) => Ok(()),
            Ok(_) | Err(Stop::Failed(_)) => Err(said(&format!("in {file}"))),
        }
    }

    fn import(&mut self, arguments: &[&str]) -> Result<(), Problem> {
        let (mut separator, mut skip, mut places) = (self.show.separator.clone(), 0, Vec::new());
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match *word {
                "--csv" | "-csv" => separator = ",".into(),
                "--skip" | "-skip" => skip = words.next().and_then(|count| count.parse().ok()).unwrap_or(0),
                "--ascii" | "-ascii" | "-v" => {}
                place => places.push(place.to_owned()),
            }
        }
        let [file, table] = places.as_slice() else { return Err(said("usage: .import [--csv] [--skip N] FILE TABLE")) };
        let text = if file == "/dev/stdin" || file == "-" {
            io::read_to_string(io::stdin())
        } else {
            fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        };
        let text = text.map_err(|_| said(&format!("cannot open \"{file}\"")))?;
        let import = Import { separator, skip, file: file.clone(), table: table.clone() };
        import.run(&self.connection, &text).map_err(|problem| said(&problem))
    }
}

fn said(problem: &str) -> Problem {
    Problem::Output(io::Error::other(problem.to_owned()))
}

fn given<T>(place: &mut T, value: T) -> Result<(), Problem> {
    *place = value;
    Ok(())
}

fn is_on(word: &str) -> bool {
    ["on", "yes", "true", "1"].contains(&word)
}

fn column(connection: &Connection, query: &str) -> rusqlite::Result<Vec<String>> {
    connection.prepare(query)?.query_map([], |row| row.get(0))?.collect()
}

fn tables(connection: &Connection, pattern: Option<&str>, out: &mut dyn Write) -> Result<(), Problem> {
    let query = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";
    let mut names = column(connection, query)?;
    names.retain(|name| pattern.is_none_or(|pattern| dump::like(pattern, name)));
    in_columns(&names, out)
}

/// Names below each other, and then beside.
fn in_columns(names: &[String], out: &mut dyn Write) -> Result<(), Problem> {
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let rows = names.len().div_ceil((WIDTH / (width + 2)).max(1));
    for first in 0..rows {
        let line: Vec<String> = names[first..].iter().step_by(rows).map(|name| format!("{name:<width$}")).collect();
        writeln!(out, "{}", line.join("  "))?;
    }
    Ok(())
}

fn indexes(connection: &Connection, table: Option<&str>, out: &mut dyn Write) -> Result<(), Problem> {
    let query = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name LIKE ?1 ORDER BY 1";
    let mut statement = connection.prepare(query)?;
    let names = statement.query_map([table.unwrap_or("%")], |row| row.get(0))?;
    in_columns(&names.collect::<rusqlite::Result<Vec<String>>>()?, out)
}

fn databases(connection: &Connection, out: &mut dyn Write) -> Result<(), Problem> {
    let mut statement = connection.prepare("SELECT name, file FROM pragma_database_list")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for (name, file) in rows.collect::<rusqlite::Result<Vec<_>>>()? {
        let file = if file.is_empty() { "\"\"" } else { &file };
        let writes = if connection.is_readonly(name.as_str())? { "r/o" } else { "r/w" };
        writeln!(out, "{name}: {file} {writes}")?;
    }
    Ok(())
}

/// Words are separated by blanks, and may be in quotes of either kind; double ones know escapes.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut left) = (Vec::new(), text.trim());
    while let Some(first) = left.chars().next() {
        let end = match first {
            '"' | '\'' => left[1..].find(first).map_or(left.len(), |end| end + 1),
            _ => left.find(char::is_whitespace).unwrap_or(left.len()),
        };
        let (word, rest) = left.split_at(end);
        words.push(match first {
            '"' => unescaped(&word[1..]),
            '\'' => word[1..].to_owned(),
            _ => word.to_owned(),
        });
        left = rest.trim_start_matches(['"', '\'']).trim_start();
    }
    words
}

pub(crate) fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut left = text.chars();
    while let Some(character) = left.next() {
        match if character == '\\' { left.next() } else { None } {
            None => out.push(character),
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some(other) => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_may_be_quoted() {
        assert_eq!(words("import 'a b.csv'  \"t\\tx\" c"), ["import", "a b.csv", "t\tx", "c"]);
        assert!(words(" ").is_empty());
    }
}
