//! What goes on from one statement to the next.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, BufRead, BufWriter, Write};

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection, OpenFlags};

use crate::options::Options;
use crate::show::{Problem, Show};

pub(crate) struct Shell {
    pub(crate) connection: Connection,
    pub(crate) file: String,
    pub(crate) show: Show,
    pub(crate) out: Out,
    pub(crate) bails: bool,
    pub(crate) echoes: bool,
}

/// Where rows go.
pub(crate) struct Out {
    pub(crate) to: Box<dyn Write>,
    /// For one statement only.
    pub(crate) once: bool,
}

impl Default for Out {
    fn default() -> Self {
        Self { to: Box::new(BufWriter::with_capacity(64 * 1024, io::stdout())), once: false }
    }
}

impl Out {
    pub(crate) fn file(path: &str, once: bool) -> io::Result<Self> {
        Ok(Self { to: Box::new(BufWriter::new(File::create(path)?)), once })
    }
}

/// Why a text is not run to its end.
pub(crate) enum Stop {
    /// `.quit`, with its code, or a reader that went away.
    Quit(i32),
    /// Said already; SQLite's code of it.
    Failed(i32),
}

/// Where a text comes from, which decides what is said of its mistakes.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    Argument,
    /// It begins in this line of a script.
    Script(usize),
}

pub(crate) fn run(options: Options) -> i32 {
    let file = options.file.clone().unwrap_or_else(|| ":memory:".into());
    let connection = match open(&file, options.read_only) {
        Ok(connection) => connection,
        Err(error) => {
            eprintln!("Error: unable to open database \"{file}\": {error}");
            return 1;
        }
    };
    let (show, bails, echoes) = (options.show.clone(), options.bails, options.echoes);
    let mut shell = Shell { connection, file, show, out: Out::default(), bails, echoes };
    let result = shell.everything(&options);
    // Nobody who reads no more is told so.
    shell.out.to.flush().unwrap_or_default();
    match result {
        Ok(code) | Err(Stop::Quit(code) | Stop::Failed(code)) => code,
    }
}

pub(crate) fn open(file: &str, read_only: bool) -> rusqlite::Result<Connection> {
    let mut flags = OpenFlags::default();
    if read_only {
        flags.remove(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE);
        flags.insert(OpenFlags::SQLITE_OPEN_READ_ONLY);
    }
    Connection::open_with_flags(if file.is_empty() { ":memory:" } else { file }, flags)
}

impl Shell {
    fn everything(&mut self, options: &Options) -> Result<i32, Stop> {
        for text in options.first.iter().chain(&options.texts) {
            self.text(text, Origin::Argument)?;
        }
        if options.texts.is_empty() {
            return self.script(&mut io::stdin().lock());
        }
        Ok(0)
    }

    /// Goes on after a mistake, unless `-bail` was said; 1 if there was one.
    pub(crate) fn script(&mut self, input: &mut dyn BufRead) -> Result<i32, Stop> {
        let (mut pending, mut begins, mut number, mut code) = (String::new(), 1, 0, 0);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let ended = input.read_until(b'\n', &mut bytes).unwrap_or(0) == 0;
            number += 1;
            let line = String::from_utf8_lossy(&bytes);
            if pending.trim().is_empty() {
                pending.clear();
                begins = number;
            }
            let is_command = pending.is_empty() && line.starts_with('.');
            if !is_command {
                pending.push_str(&line);
            }
            let text = if is_command { line.trim_end().to_owned() } else { pending.clone() };
            if is_command || ended || is_complete(&pending) {
                pending.clear();
                match self.text(&text, Origin::Script(begins)) {
                    Err(Stop::Failed(_)) if !self.bails => code = 1,
                    Err(Stop::Failed(_)) => return Err(Stop::Failed(1)),
                    other => other?,
                }
            }
            if ended {
                return Ok(code);
            }
        }
    }

    /// A dot command, or statements.
    pub(crate) fn text(&mut self, text: &str, origin: Origin) -> Result<(), Stop> {
        if self.echoes && !text.trim().is_empty() {
            writeln!(self.out.to, "{}", text.trim_end()).map_err(gone)?;
        }
        let done = match text.strip_prefix('.') {
            Some(command) => return self.command(command, origin),
            None => self.statements(text, origin),
        };
        if self.out.once && !text.trim().is_empty() {
            self.out.to.flush().map_err(gone)?;
            self.out = Out::default();
        }
        done
    }

    fn statements(&mut self, sql: &str, origin: Origin) -> Result<(), Stop> {
        let mut batch = Batch::new(&self.connection, sql);
        loop {
            let mut statement = match batch.next() {
                Ok(Some(statement)) => statement,
                Ok(None) => return Ok(()),
                Err(error) => return Err(complain(&mut self.out, &error, origin, "in prepare", "Parse")),
            };
            match self.show.rows(&mut statement, &mut self.out.to) {
                Ok(()) => {}
                Err(Problem::Output(error)) => return Err(gone(error)),
                Err(Problem::Sql(error)) => {
                    return Err(complain(&mut self.out, &error, origin, "stepping", "Runtime"));
                }
            }
        }
    }
}

/// Nobody reads any longer.
pub(crate) fn gone(_: io::Error) -> Stop {
    Stop::Quit(0)
}

fn complain(out: &mut Out, error: &rusqlite::Error, origin: Origin, doing: &str, kind: &str) -> Stop {
    let (message, code) = match error {
        rusqlite::Error::SqlInputError { error, msg, .. } => (msg.clone(), error.extended_code),
        rusqlite::Error::SqliteFailure(error, message) => {
            (message.clone().unwrap_or_else(|| error.to_string()), error.extended_code)
        }
        other => (other.to_string(), 1),
    };
    // What was shown before comes before what is said of it.
    out.to.flush().unwrap_or_default();
    // The plain code, without the bits that say more.
    let code = code & 0xff;
    let number = if code > 1 { format!(" ({code})") } else { String::new() };
    match origin {
        Origin::Argument => eprintln!("Error: {doing}, {message}{number}"),
        Origin::Script(line) => eprintln!("{kind} error near line {line}: {message}{number}"),
    }
    Stop::Failed(code.max(1))
}

/// Whether the text ends with the end of a statement.
fn is_complete(text: &str) -> bool {
    if !text.trim_end().ends_with(';') {
        return false;
    }
    let Ok(text) = CString::new(text) else { return true };
    // SAFETY: the text ends with a zero byte, and is only looked at.
    unsafe { rusqlite::ffi::sqlite3_complete(text.as_ptr()) != 0 }
}
