//! Redirections: files opened, numbers shared, closed and put back.

use std::rc::Rc;

use crate::ast::{Descriptor, Direction, Piece, Redirect, Target, Word};
use crate::expand::process::Leftover;
use crate::files::Stream;
use crate::options::Opt;
use crate::process::{self, Failure, OpenOptions};
use crate::run::subshell::Work;
use crate::state::Shell;
use crate::stop::Run;

/// What redirections replaced, in order.
pub(crate) type Saved = Vec<(u32, Option<Rc<Stream>>)>;

/// A here-document of up to this many bytes goes into a pipe, which must be able to hold it while nobody reads.
const FITS_A_PIPE: usize = 4096;

const READ: OpenOptions =
    OpenOptions { read: true, write: false, append: false, create: false, truncate: false, exclusive: false };
const WRITE: OpenOptions =
    OpenOptions { read: false, write: true, append: false, create: true, truncate: true, exclusive: false };
const APPEND: OpenOptions =
    OpenOptions { read: false, write: true, append: true, create: true, truncate: false, exclusive: false };
const READ_WRITE: OpenOptions =
    OpenOptions { read: true, write: true, append: false, create: true, truncate: false, exclusive: false };

impl Shell {
    /// Carries out redirections; what they replaced is put in `saved` in any case. False: one failed, and the reason was told.
    pub(crate) fn redirect(&mut self, redirects: &[Redirect], saved: &mut Saved) -> Run<bool> {
        for redirect in redirects {
            if !self.redirect_one(redirect, saved)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(crate) fn put_back(&mut self, saved: Saved) {
        for (number, stream) in saved.into_iter().rev() {
            self.files.replace(number, stream);
        }
    }

    fn redirect_one(&mut self, redirect: &Redirect, saved: &mut Saved) -> Run<bool> {
        let number = match &redirect.descriptor {
            Descriptor::Number(number) => *number,
            Descriptor::Variable(name) => match self.variable_number(name, &redirect.target)? {
                Some(number) => number,
                None => return Ok(false),
            },
        };
        // `{name}>` outlives its command; that is what it is for.
        let mut unsaved = Vec::new();
        let saved = if matches!(redirect.descriptor, Descriptor::Variable(_)) { &mut unsaved } else { saved };
        match &redirect.target {
            Target::Read(word) => self.open_at(number, word, READ, saved),
            Target::Write(word) => self.open_unless_there(number, word, saved),
            Target::Clobber(word) => self.open_at(number, word, WRITE, saved),
            Target::Append(word) => self.open_at(number, word, APPEND, saved),
            Target::ReadWrite(word) => self.open_at(number, word, READ_WRITE, saved),
            Target::Both(word, append) => {
                let opened = if *append {
                    self.open_at(1, word, APPEND, saved)?
                } else {
                    self.open_unless_there(1, word, saved)?
                };
                if opened {
                    let output = self.files.get(1);
                    saved.push((2, self.files.replace(2, output)));
                }
                Ok(opened)
            }
            Target::Duplicate(word, direction) => self.share(number, word, *direction, saved),
            Target::Here(word) => {
                let text = self.quoted(word)?;
                self.here(number, text, saved)
            }
            Target::HereString(word) => {
                let text = self.single(word)? + "\n";
                self.here(number, text, saved)
            }
        }
    }

    fn variable_number(&mut self, name: &str, target: &Target) -> Run<Option<u32>> {
        if let Target::Duplicate(word, _) = target
            && self.single(word)? == "-"
        {
            let number = self.lookup(name).and_then(|text| text.parse().ok());
            if number.is_none() {
                self.complain(&format!("{name}: Bad file descriptor"));
            }
            return Ok(number);
        }
        let number = self.files.free();
        self.assign(name, None, number.to_string(), false)?;
        Ok(Some(number))
    }

    fn path(&mut self, word: &Word) -> Run<Option<String>> {
        let mut fields = self.fields(word)?;
        if fields.len() == 1 {
            return Ok(fields.pop());
        }
        let shown = self.single(word)?;
        self.complain(&format!("{}: ambiguous redirect", if shown.is_empty() { "\"\"" } else { &shown }));
        Ok(None)
    }

    fn open_unless_there(&mut self, number: u32, word: &Word, saved: &mut Saved) -> Run<bool> {
        if self.on(Opt::Noclobber) {
            let Some(path) = self.path(word)? else { return Ok(false) };
            let there = std::fs::metadata(self.absolute(&path)).is_ok_and(|metadata| metadata.is_file());
            if there && path != "/dev/null" {
                self.complain(&format!("{path}: cannot overwrite existing file"));
                return Ok(false);
            }
        }
        self.open_at(number, word, WRITE, saved)
    }

    fn open_at(&mut self, number: u32, word: &Word, options: OpenOptions, saved: &mut Saved) -> Run<bool> {
        if let [Piece::Process(Direction::Output, command)] = word.as_slice() {
            return self.open_pipe_to(number, command, saved);
        }
        let Some(path) = self.path(word)? else { return Ok(false) };
        match self.open(&path, options) {
            Ok(stream) => {
                saved.push((number, self.files.replace(number, Some(stream))));
                Ok(true)
            }
            Err(failure) => {
                self.complain(&format!("{path}: {}", failure.message));
                Ok(false)
            }
        }
    }

    /// `> >(…)`: a pipe that is open for as long as the number is, which after `exec` is until the shell ends.
    fn open_pipe_to(&mut self, number: u32, command: &Rc<str>, saved: &mut Saved) -> Run<bool> {
        let (reader, writer) = self.new_pipe()?;
        let mut files = self.files.clone();
        files.put(0, reader);
        let Some(child) = self.start_subshell(&files, &Work::Substitution(command.to_string())) else {
            return Ok(false);
        };
        let writer = Rc::new(Stream::Host(writer));
        self.leftovers.push(Leftover::Await(child, Rc::downgrade(&writer)));
        saved.push((number, self.files.replace(number, Some(writer))));
        Ok(true)
    }

    pub(crate) fn open_to_read(&self, path: &str) -> Result<Rc<Stream>, Failure> {
        self.open(path, READ)
    }

    /// Opens a path; the names of `/dev` that mean a number are the shell's own business.
    fn open(&self, path: &str, options: OpenOptions) -> Result<Rc<Stream>, Failure> {
        let number = match path {
            "/dev/stdin" => Some(0),
            "/dev/stdout" => Some(1),
            "/dev/stderr" => Some(2),
            _ => path.strip_prefix("/dev/fd/").and_then(|number| number.parse().ok()),
        };
        if let Some(number) = number {
            let missing = || Failure { kind: "not-found".into(), message: "No such file or directory".into() };
            return self.files.get(number).ok_or_else(missing);
        }
        if path.is_empty() {
            return Err(Failure { kind: "not-found".into(), message: "No such file or directory".into() });
        }
        process::open(&self.absolute(path), options).map(|handle| Rc::new(Stream::Host(handle)))
    }

    /// `n>&m`, `n>&-`, `n>&m-`.
    fn share(&mut self, number: u32, word: &Word, direction: Direction, saved: &mut Saved) -> Run<bool> {
        let Some(text) = self.path(word)? else { return Ok(false) };
        if text == "-" {
            saved.push((number, self.files.replace(number, None)));
            return Ok(true);
        }
        let (digits, moves) = match text.strip_suffix('-') {
            Some(digits) => (digits, true),
            None => (text.as_str(), false),
        };
        let Ok(source) = digits.parse::<u32>() else {
            if direction == Direction::Output && number == 1 {
                return self.redirect_one(
                    &Redirect { descriptor: Descriptor::Number(1), target: Target::Both(word.clone(), false) },
                    saved,
                );
            }
            self.complain(&format!("{text}: ambiguous redirect"));
            return Ok(false);
        };
        let Some(stream) = self.files.get(source) else {
            self.complain(&format!("{source}: Bad file descriptor"));
            return Ok(false);
        };
        saved.push((number, self.files.replace(number, Some(stream))));
        if moves && source != number {
            saved.push((source, self.files.replace(source, None)));
        }
        Ok(true)
    }

    fn here(&mut self, number: u32, text: String, saved: &mut Saved) -> Run<bool> {
        let bytes = crate::text::to_bytes(&text);
        let handle = if bytes.len() <= FITS_A_PIPE { self.here_pipe(&bytes)? } else { self.here_file(&bytes)? };
        saved.push((number, self.files.replace(number, Some(Rc::new(Stream::Host(handle))))));
        Ok(true)
    }

    fn here_pipe(&mut self, bytes: &[u8]) -> Run<process::Handle> {
        let (reader, writer) = self.new_pipe()?;
        if let Err(failure) = writer.write(bytes) {
            self.complain(&format!("here-document: {}", failure.message));
        }
        Ok(reader)
    }

    fn here_file(&mut self, bytes: &[u8]) -> Run<process::Handle> {
        let path = self.temporary_path();
        let written = self.open_temporary(&path)?.write(bytes).and_then(|()| process::open(&path, READ));
        std::fs::remove_file(&path).unwrap_or_default();
        written.map_err(|failure| {
            self.complain(&format!("here-document: {}", failure.message));
            crate::stop::Stop::Discard(1)
        })
    }
}
