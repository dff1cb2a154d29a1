//! wget: each URL into a file, unless it goes to standard output.

mod get;
mod log;
mod names;
mod options;

use std::path::Path;

use get::Get;
use log::Log;
use options::Options;

use crate::url::Url;

/// Why something came to nothing: wget's own code, and a message without its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) code: i32,
    pub(crate) message: String,
    /// It is said even to those who want silence, because nothing on the way could change it.
    pub(crate) denied: bool,
}

const GENERIC: i32 = 1;
const USAGE: i32 = 2;
const FILES: i32 = 3;
const NETWORK: i32 = 4;
const CERTIFICATE: i32 = 5;
const LOGIN: i32 = 6;
const SERVER: i32 = 8;

impl Stop {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), denied: false }
    }
}

pub(crate) fn run(arguments: &[String]) -> i32 {
    match Options::read(arguments).and_then(|options| all(&options)) {
        Ok(code) => code,
        Err(Stop { code: 0, message, .. }) => {
            println!("{message}");
            0
        }
        Err(Stop { code, message, .. }) => {
            eprintln!("wget: {message}");
            code
        }
    }
}

fn all(options: &Options) -> Result<i32, Stop> {
    let mut log = Log::new(options)?;
    let mut urls = options.urls.clone();
    if let Some(path) = &options.input {
        urls.extend(listed(path)?);
    }
    let mut output = names::Output::new(options)?;
    let mut codes = Vec::new();
    for url in &urls {
        let result =
            Url::read(url).map_err(|_| Stop::new(GENERIC, format!("{url}: Invalid URL or unsupported scheme")));
        let result = result.and_then(|url| Get { options, log: &mut log, output: &mut output }.get(url));
        if let Err(stop) = result {
            log.problem(&stop);
            codes.push(stop.code);
        }
    }
    // The lowest number is the gravest, but for the generic one.
    Ok(codes.into_iter().min().unwrap_or(0))
}

/// The URLs in a file, or in standard input.
fn listed(path: &str) -> Result<Vec<String>, Stop> {
    let text =
        if path == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(Path::new(path)) };
    let text = text.map_err(|problem| Stop::new(GENERIC, format!("{path}: {}", posix::reason(&problem))))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
