//! `find` and `xargs`: what to look for, and what to run for it.

mod find;
mod xargs;

fn main() {
    place::run(
        |arguments| {
            if place::name_of(&arguments) == "xargs" { xargs::main(&arguments) } else { find::main(&arguments) }
        },
    )
}
