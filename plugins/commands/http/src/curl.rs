//! curl: one transfer after the other, each with the options of all.

mod data;
mod form;
mod glob;
mod options;
mod request;
mod sink;
mod transfer;
mod write_out;

use std::io::Write;
use std::time::Duration;

use options::{Options, Output};
use transfer::{Told, Transfer};

pub(crate) use request::attached_name;

const VERSION: &str = "curl 7.88.1 (wasm32-wasip2) skep\nProtocols: http https\nFeatures: libz\n";
/// The longest that is waited before a transfer is tried again.
const LONGEST_WAIT: u32 = 600;

/// Why a transfer, or all of it, came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    /// As curl has them.
    pub(crate) code: i32,
    /// Without the command's name; what was asked for when the code is 0.
    pub(crate) message: String,
    /// It is said even to those who want silence, because nothing on the way could change it.
    pub(crate) denied: bool,
}

impl Stop {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), denied: false }
    }

    fn usage(message: impl Into<String>) -> Self {
        Self::new(2, format!("{}\ncurl: try 'curl --help' for more information", message.into()))
    }

    fn said(text: &str) -> Self {
        Self::new(0, text)
    }
}

pub(crate) fn run(arguments: &[String]) -> i32 {
    match Options::read(arguments).and_then(|options| all(&options)) {
        Ok(code) => code,
        Err(Stop { code: 0, message, .. }) => {
            print!("{message}");
            0
        }
        Err(Stop { code, message, .. }) => {
            eprintln!("curl: {message}");
            code
        }
    }
}

/// The code of the last one counts.
fn all(options: &Options) -> Result<i32, Stop> {
    let mut code = 0;
    let mut number = 0;
    for (at, pattern) in options.urls.iter().enumerate() {
        let urls = if options.globoff { vec![pattern.clone()] } else { glob::urls(pattern)? };
        for url in urls {
            code = one(options, &url, output(options, at), number);
            number += 1;
            if code != 0 && options.fail_early {
                return Ok(code);
            }
        }
    }
    Ok(code)
}

fn output(options: &Options, at: usize) -> Option<Output> {
    let given = options.outputs.get(at).cloned();
    given.or_else(|| options.remote_name_all.then_some(Output::Remote))
}

fn one(options: &Options, url: &str, output: Option<Output>, number: usize) -> i32 {
    let (mut tries, mut wait) = (0, 1);
    loop {
        let mut transfer = Transfer::new(options, url, output.clone(), number);
        let result = transfer.run();
        let told = transfer.told(&result);
        if tries < options.retries && again(options, &told) {
            tries += 1;
            std::thread::sleep(Duration::from_secs(options.retry_delay.unwrap_or(wait).into()));
            wait = (wait * 2).min(LONGEST_WAIT);
            continue;
        }
        if let Err(stop) = &result
            && (!options.silent || options.show_error || stop.denied)
        {
            eprintln!("curl: ({}) {}", stop.code, stop.message);
        }
        say(options, &told);
        return told.code;
    }
}

/// Whether it may go better the next time.
fn again(options: &Options, told: &Told) -> bool {
    let transient = told.code == 28 || matches!(told.status, 408 | 429 | 500 | 502 | 503 | 504);
    transient || (options.retry_all && told.code != 0)
}

fn say(options: &Options, told: &Told) {
    let Some(template) = &options.write_out else { return };
    let (output, errors) = write_out::write(template, told);
    print!("{output}");
    // A reader that went away ends the command.
    std::io::stdout().flush().unwrap_or_default();
    eprint!("{errors}");
}
