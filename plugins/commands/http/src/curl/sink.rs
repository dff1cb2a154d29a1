//! Where what was received goes: standard output, or a file that is made when the first of it comes.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

pub(crate) enum Sink {
    Output,
    File { path: String, create_dirs: bool, file: Option<File> },
}

impl Sink {
    pub(crate) fn file(path: String, create_dirs: bool) -> Self {
        if path == "-" { Self::Output } else { Self::File { path, create_dirs, file: None } }
    }

    /// An empty body makes an empty file.
    pub(crate) fn begin(&mut self) -> io::Result<()> {
        self.opened().map(drop)
    }

    /// The file, if it goes into one.
    fn opened(&mut self) -> io::Result<Option<&mut File>> {
        let Self::File { path, create_dirs, file } = self else { return Ok(None) };
        if file.is_none() {
            *file = Some(made(path, *create_dirs)?);
        }
        Ok(file.as_mut())
    }

    /// Nothing for standard output.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Output => "",
            Self::File { path, .. } => path,
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.opened()? {
            Some(file) => file.write(bytes),
            None => io::stdout().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Output => io::stdout().flush(),
            Self::File { file, .. } => file.as_mut().map_or(Ok(()), File::flush),
        }
    }
}

fn made(path: &str, create_dirs: bool) -> io::Result<File> {
    if let Some(folder) = Path::new(path).parent().filter(|_| create_dirs) {
        std::fs::create_dir_all(folder)?;
    }
    File::create(path)
}
