//! `diff`, `cmp` and `patch`: differences between files, found, told and applied.

mod cmp;
mod diff;
mod patch;

use posix::stop::Stop;

/// What all three end with when something could not be read or understood.
const TROUBLE: i32 = 2;

fn main() {
    place::run(|mut arguments| {
        place::name_standard_input(&mut arguments);
        match place::name_of(&arguments) {
            "cmp" => cmp::main(&arguments),
            "patch" => patch::main(&arguments),
            _ => diff::main(&arguments),
        }
    })
}

/// The code of a command that did not begin, which says why.
fn stopped(name: &str, stop: Stop) -> i32 {
    match stop {
        Stop::Said(text) => {
            print!("{text}");
            0
        }
        Stop::Problem(problem) => {
            eprintln!("{name}: {problem}");
            TROUBLE
        }
    }
}
