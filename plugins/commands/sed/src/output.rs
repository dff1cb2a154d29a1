//! Where lines go: standard output, or a file in the place of the one that is read; and the files of `w`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Stdout, Write};

use crate::text;

pub(crate) struct Output {
    main: Main,
    files: HashMap<String, BufWriter<File>>,
    end: u8,
    /// The last line had no end, which is written when another follows.
    open: bool,
}

enum Main {
    Standard(BufWriter<Stdout>),
    Replacement(Vec<u8>),
}

impl Output {
    pub(crate) fn new(end: u8) -> Self {
        let main = Main::Standard(BufWriter::with_capacity(32 * 1024, io::stdout()));
        Self { main, files: HashMap::new(), end, open: false }
    }

    /// From now on it is kept, for the file that it replaces.
    pub(crate) fn keep(&mut self) -> io::Result<()> {
        self.flush()?;
        (self.main, self.open) = (Main::Replacement(Vec::new()), false);
        Ok(())
    }

    pub(crate) fn kept(&mut self) -> Vec<u8> {
        match &mut self.main {
            Main::Standard(_) => Vec::new(),
            Main::Replacement(kept) => std::mem::take(kept),
        }
    }

    fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.main {
            Main::Standard(standard) => standard.write_all(bytes),
            Main::Replacement(kept) => kept.write_all(bytes),
        }
    }

    pub(crate) fn line(&mut self, line: &str, ended: bool) -> io::Result<()> {
        self.text(line)?;
        self.open = !ended;
        if ended { self.raw(&[self.end]) } else { Ok(()) }
    }

    /// As it is.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        if std::mem::take(&mut self.open) {
            self.raw(&[self.end])?;
        }
        self.raw(&text::encoded(text))
    }

    pub(crate) fn line_to(&mut self, path: &str, line: &str) -> io::Result<()> {
        if path == "/dev/stdout" {
            return self.line(line, true);
        }
        if path == "/dev/stderr" {
            return io::stderr().write_all(&[text::encoded(line), vec![self.end]].concat());
        }
        if !self.files.contains_key(path) {
            self.files.insert(path.to_owned(), BufWriter::new(File::create(path)?));
        }
        let Some(file) = self.files.get_mut(path) else { return Ok(()) };
        file.write_all(&[text::encoded(line), vec![self.end]].concat())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        for file in self.files.values_mut() {
            file.flush()?;
        }
        match &mut self.main {
            Main::Standard(standard) => standard.flush(),
            Main::Replacement(_) => Ok(()),
        }
    }
}
