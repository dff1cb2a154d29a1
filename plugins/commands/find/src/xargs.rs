//! GNU xargs.

mod commands;
mod items;
mod options;
mod run;

use std::io::Read;

use options::Options;
use posix::stop::Stop;

/// What xargs ends with when it cannot begin.
const CANNOT: i32 = 1;

pub(crate) fn main(arguments: &[String]) -> i32 {
    let result = options::read(arguments).and_then(|options| {
        let items = items::of(&input(&options)?, &options.splitting)?;
        let commands = commands::of(items, &options)?;
        Ok(run::all(commands, &options))
    });
    match result {
        Ok(code) => code,
        Err(Stop::Said(text)) => {
            print!("{text}");
            0
        }
        Err(Stop::Problem(problem)) => {
            eprintln!("xargs: {problem}");
            CANNOT
        }
    }
}

fn input(options: &Options) -> Result<String, Stop> {
    let mut bytes = Vec::new();
    let read = match options.file.as_deref() {
        None | Some("-") => std::io::stdin().lock().read_to_end(&mut bytes),
        Some(path) => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    let name = options.file.as_deref().unwrap_or("standard input");
    read.map_err(|problem| Stop::Problem(format!("cannot read '{name}': {}", posix::reason(&problem))))?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|problem| String::from_utf8_lossy(problem.as_bytes()).into_owned()))
}
