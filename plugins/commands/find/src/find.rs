//! GNU find.

mod exec;
mod expression;
mod newer;
mod number;
mod parse;
mod print;
mod visit;
mod walk;

use posix::stop::Stop;

pub(crate) fn main(arguments: &[String]) -> i32 {
    match parse::read(&arguments[1.min(arguments.len())..]) {
        Ok(search) => walk::run(search),
        Err(Stop::Said(text)) => {
            print!("{text}");
            0
        }
        Err(Stop::Problem(problem)) => {
            eprintln!("find: {problem}");
            1
        }
    }
}
