//! JavaScript: QuickJS, and what of Node's modules a script of files needs. No packages are installed and no thread is
//! started; requests go through the host. What is missing says so.

mod engine;
mod files;
mod host;
mod modules;
mod options;
mod resolve;
mod web;

use engine::Engine;
use options::{Options, Program};
use posix::stop::Stop;

/// The code of a command line that asks for something that there is not, as Node has it.
const BAD_OPTION: i32 = 9;

fn main() {
    place::run(|arguments| match options::read(&arguments) {
        Ok(options) => run(&arguments, &options),
        Err(Stop::Said(text)) => {
            print!("{text}");
            0
        }
        Err(Stop::Problem(text)) => {
            eprintln!("{}: {text}", place::name_of(&arguments));
            BAD_OPTION
        }
    })
}

fn run(arguments: &[String], options: &Options) -> i32 {
    match Engine::new(arguments, options).and_then(|engine| engine.run(options)) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("{}: {problem}", place::name_of(arguments));
            1
        }
    }
}

impl Program {
    /// What `process.argv[1]` is.
    fn path(&self) -> Option<String> {
        match self {
            Self::File(path) => Some(resolve::absolute(path)),
            Self::Text(_) | Self::Input => None,
        }
    }
}
