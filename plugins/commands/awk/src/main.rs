//! `awk`: POSIX's language and what gawk's one-liners use beside it. Text is UTF-8; what is not is read with replacements.

mod ast;
mod bytes;
mod format;
mod lex;
mod options;
mod parse;
mod run;
mod value;

/// What awk ends with when it cannot go on.
const TROUBLE: i32 = 2;

fn main() {
    place::run(|arguments| match options::read(&arguments) {
        Ok(options::Wanted::Text(text)) => {
            print!("{text}");
            0
        }
        Ok(options::Wanted::Program(options)) => awk(*options),
        Err(problem) => failed(&problem),
    })
}

fn awk(options: options::Options) -> i32 {
    match parse::program(&options.source) {
        Ok(program) => run::run(program, options).unwrap_or_else(|problem| failed(&problem)),
        Err(problem) => failed(&problem),
    }
}

fn failed(problem: &str) -> i32 {
    eprintln!("awk: {problem}");
    TROUBLE
}
