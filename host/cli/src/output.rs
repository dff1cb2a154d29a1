//! What is printed, and how: results on standard output, everything about them on standard error.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::args::{Colour, Format, Globals};
use crate::paths;
use crate::readable::harmless;

/// The width of a fact's name.
const FACT: usize = 14;

/// The styles that are used, each for one meaning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    pub(crate) strong: Style,
    pub(crate) dim: Style,
    pub(crate) good: Style,
    pub(crate) bad: Style,
    pub(crate) notice: Style,
    pub(crate) voice: Style,
}

const PLAIN: Palette = Palette {
    strong: Style::new(),
    dim: Style::new(),
    good: Style::new(),
    bad: Style::new(),
    notice: Style::new(),
    voice: Style::new(),
};

const COLOURED: Palette = Palette {
    strong: Style::new().bold(),
    dim: Style::new().dimmed(),
    good: AnsiColor::Green.on_default().bold(),
    bad: AnsiColor::Red.on_default().bold(),
    notice: AnsiColor::Yellow.on_default(),
    voice: AnsiColor::Cyan.on_default().bold(),
};

/// Where and how to print.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) format: Format,
    /// Standard output is a terminal: lines that are overwritten are welcome there.
    pub(crate) terminal: bool,
    pub(crate) palette: Palette,
    /// How this program was called, for hints that can be copied.
    pub(crate) command: String,
}

impl Output {
    pub(crate) fn new(globals: &Globals) -> Self {
        let terminal = io::stdout().is_terminal();
        let usual = if terminal { Format::Pretty } else { Format::Text };
        let format = globals.output.unwrap_or(usual);
        let coloured = format == Format::Pretty && is_coloured(globals.color, terminal);
        Self {
            format,
            terminal,
            palette: if coloured { COLOURED } else { PLAIN },
            command: paths::command(globals.data.as_deref()),
        }
    }

    /// One line.
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }

    /// One JSON document for `json`, one line for `ndjson`.
    pub(crate) fn json(&self, value: &impl Serialize) -> io::Result<()> {
        let text = match self.format {
            Format::Json => serde_json::to_string_pretty(value),
            Format::Ndjson | Format::Pretty | Format::Text => serde_json::to_string(value),
        };
        self.line(&text?)
    }

    /// What is known of one thing: a name and a value a line; what is empty is left out.
    pub(crate) fn facts(&self, facts: &[(&str, String)]) -> io::Result<()> {
        facts.iter().filter(|(_, value)| !value.is_empty()).try_for_each(|(name, value)| match self.format {
            Format::Pretty => {
                let value = harmless(value).replace('\n', &format!("\n{:FACT$}", ""));
                self.line(&format!("{}{value}", self.styled(self.palette.dim, &format!("{name:<FACT$}"))))
            }
            Format::Text | Format::Json | Format::Ndjson => {
                self.line(&format!("{name}\t{}", harmless(value).replace('\n', "\\n")))
            }
        })
    }

    /// Whether JSON is wanted.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self.format, Format::Json | Format::Ndjson)
    }

    /// A text in a style.
    pub(crate) fn styled(&self, style: Style, text: &str) -> String {
        format!("{style}{text}{style:#}")
    }
}

fn is_coloured(wish: Colour, terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    match wish {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => terminal && !set("NO_COLOR") && !dumb,
    }
}

/// Something about the work that is not its result. Nobody waits for it: a closed standard error is no reason to stop.
pub(crate) fn note(text: &str) {
    writeln!(io::stderr().lock(), "{text}").unwrap_or_default();
}
