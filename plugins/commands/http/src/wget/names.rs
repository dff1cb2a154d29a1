//! Where what was fetched is put, and what its file is called.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::options::Options;
use super::{FILES, GENERIC, Stop};
use crate::url::{Url, decoded};

/// All into one, or each into its own.
pub(crate) enum Output {
    Standard,
    /// `-O`: made at once, whatever comes of it.
    One(String, File),
    Each,
}

/// What one body is written to.
pub(crate) enum Place<'a> {
    Standard,
    One(&'a str, &'a mut File),
    Own(String, File),
}

fn failed(path: &str, problem: &io::Error) -> Stop {
    Stop::new(FILES, format!("{path}: {}", posix::reason(problem)))
}

impl Output {
    pub(crate) fn new(options: &Options) -> Result<Self, Stop> {
        match options.output.as_deref().filter(|_| !options.spider) {
            None => Ok(Self::Each),
            Some("-") => Ok(Self::Standard),
            Some(path) => {
                let file = File::create(path);
                let file = file.map_err(|problem| Stop { code: GENERIC, ..failed(path, &problem) })?;
                Ok(Self::One(path.to_owned(), file))
            }
        }
    }

    pub(crate) fn place(&mut self, name: &str) -> Result<Place<'_>, Stop> {
        match self {
            Self::Standard => Ok(Place::Standard),
            Self::One(path, file) => Ok(Place::One(path, file)),
            Self::Each => {
                let folder = Path::new(name).parent().unwrap_or(Path::new(""));
                let made = fs::create_dir_all(folder).and_then(|()| File::create(name));
                Ok(Place::Own(name.to_owned(), made.map_err(|problem| failed(name, &problem))?))
            }
        }
    }
}

impl Place<'_> {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Standard => "STDOUT",
            Self::One(path, _) => path,
            Self::Own(path, _) => path,
        }
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let written = match self {
            Self::Standard => io::stdout().write_all(bytes),
            Self::One(_, file) => file.write_all(bytes),
            Self::Own(_, file) => file.write_all(bytes),
        };
        written.map_err(|problem| failed(self.name(), &problem))
    }
}

/// The name of a URL's file, be there one of that name or not.
pub(crate) fn of(options: &Options, url: &Url, disposition: Option<&str>) -> String {
    let given = disposition.filter(|_| options.content_disposition).and_then(crate::curl::attached_name);
    let name = given.unwrap_or_else(|| from_url(url));
    options.folder.as_ref().map_or(name.clone(), |folder| format!("{}/{name}", folder.trim_end_matches('/')))
}

fn from_url(url: &Url) -> String {
    let one = |text: &str| decoded(text).replace('/', "%2F");
    let name = match url.file_name() {
        "" => "index.html".to_owned(),
        name => one(name),
    };
    match url.target.split_once('?') {
        Some((_, query)) => format!("{name}?{}", one(query)),
        None => name,
    }
}

/// The name with the first number behind it that is free, if it is taken.
pub(crate) fn free(name: String) -> String {
    if !Path::new(&name).exists() {
        return name;
    }
    let mut numbered = (1..u32::MAX).map(|number| format!("{name}.{number}"));
    numbered.find(|name| !Path::new(name).exists()).unwrap_or(name)
}
