//! `grep`, `egrep`, `fgrep` and `rg`: two command lines over one searcher, which is ripgrep's.

mod backtracking;
mod grep;
mod output;
mod pattern;
mod rg;
mod words;

/// What both end with when something could not be read or understood.
const TROUBLE: i32 = 2;

fn main() {
    place::run(|mut arguments| {
        place::name_standard_input(&mut arguments);
        if place::name_of(&arguments) == "rg" { rg::main(&arguments) } else { grep::main(&arguments) }
    })
}
