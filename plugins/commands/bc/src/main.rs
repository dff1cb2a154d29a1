//! `bc`: POSIX's calculator with what GNU's adds to it, numbers in decimal digits of any length.

mod ast;
mod digits;
mod lex;
mod number;
mod output;
mod parse;
mod run;

use std::io::Read;

use lexopt::{Arg, Parser, ValueExt};
use run::{Ending, Run};

const HELP: &str = "Usage: bc [-l] [-q] [-s] [-w] [FILE ...]\n";

fn main() {
    place::run(|arguments| calculate(&arguments).unwrap_or_else(failed))
}

fn failed(problem: String) -> i32 {
    eprintln!("bc: {problem}");
    1
}

fn calculate(arguments: &[String]) -> Result<i32, String> {
    let (mut files, mut library) = (Vec::new(), false);
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next().map_err(|problem| problem.to_string())? {
        match argument {
            Arg::Short('l') | Arg::Long("mathlib") => library = true,
            Arg::Short('q' | 's' | 'w' | 'i') | Arg::Long("quiet" | "standard" | "warn" | "interactive") => {}
            Arg::Short('h') | Arg::Long("help") => return Ok(said(HELP)),
            Arg::Short('v') | Arg::Long("version") => {
                return Ok(said(concat!("bc (skep ", env!("CARGO_PKG_VERSION"), ")\n")));
            }
            Arg::Value(file) => files.push(file.string().map_err(|problem| problem.to_string())?),
            other => return Err(other.unexpected().to_string()),
        }
    }
    let mut run = Run::new(library);
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(|problem| format!("{file}: {}", posix::reason(&problem)))?;
        if run.program(&text, file) == Ending::Halted {
            return Ok(0);
        }
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|problem| posix::reason(&problem))?;
    run.program(&text, "(standard_in)");
    Ok(0)
}

fn said(text: &str) -> i32 {
    print!("{text}");
    0
}
