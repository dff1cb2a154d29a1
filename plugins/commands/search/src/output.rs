//! What a search prints, whatever was searched: one of ripgrep's printers over standard output.

use std::ffi::OsStr;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use grep_matcher::Matcher;
use grep_printer::{JSON, Standard, Summary};
use grep_searcher::Searcher;
use termcolor::{Ansi, NoColor, WriteColor};

pub(crate) type Out = Box<dyn WriteColor>;

pub(crate) enum Printer {
    Lines(Box<Standard<Out>>),
    Summary(Summary<Out>),
    Json(JSON<Out>),
}

/// Standard output, written in large pieces.
pub(crate) fn standard_output(colors: bool) -> Out {
    let out = BufWriter::with_capacity(64 * 1024, io::stdout());
    if colors { Box::new(Ansi::new(out)) } else { Box::new(NoColor::new(out)) }
}

/// What is searched, and what it is called in the output.
pub(crate) enum Source<'a> {
    File(&'a Path),
    StandardInput(&'a str),
}

impl Printer {
    /// Whether anything matched.
    pub(crate) fn search<M: Matcher>(
        &mut self,
        searcher: &mut Searcher,
        by: &M,
        source: &Source<'_>,
    ) -> io::Result<bool> {
        match source {
            Source::File(path) => self.search_in(searcher, by, path, std::fs::File::open(path)?),
            Source::StandardInput(name) => {
                self.search_in(searcher, by, Path::new(OsStr::new(name)), io::stdin().lock())
            }
        }
    }

    fn search_in<M: Matcher, R: Read>(
        &mut self,
        searcher: &mut Searcher,
        by: &M,
        path: &Path,
        from: R,
    ) -> io::Result<bool> {
        match self {
            Self::Lines(printer) => {
                let mut sink = printer.sink_with_path(by, path);
                searcher.search_reader(by, from, &mut sink)?;
                Ok(sink.has_match())
            }
            Self::Summary(printer) => {
                let mut sink = printer.sink_with_path(by, path);
                searcher.search_reader(by, from, &mut sink)?;
                Ok(sink.has_match())
            }
            Self::Json(printer) => {
                let mut sink = printer.sink_with_path(by, path);
                searcher.search_reader(by, from, &mut sink)?;
                Ok(sink.has_match())
            }
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Lines(printer) => printer.get_mut().flush(),
            Self::Summary(printer) => printer.get_mut().flush(),
            Self::Json(printer) => printer.get_mut().flush(),
        }
    }
}
