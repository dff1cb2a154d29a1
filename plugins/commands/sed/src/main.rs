//! `sed`, with GNU's additions.

mod execute;
mod input;
mod options;
mod output;
mod parse;
mod script;
mod substitute;
mod text;

/// What sed ends with when its script is not understood, and when a file cannot be read.
const BAD_SCRIPT: i32 = 1;
const UNREADABLE: i32 = 2;

fn main() {
    place::run(|mut arguments| {
        place::name_standard_input(&mut arguments);
        match options::read(&arguments) {
            Ok(options::Wanted::Text(text)) => {
                print!("{text}");
                0
            }
            Ok(options::Wanted::Script(options)) => sed(&options),
            Err(problem) => bad_script(&problem),
        }
    })
}

fn sed(options: &options::Options) -> i32 {
    match parse::script(&options.script, options.extended) {
        Ok(script) => execute::run(&script, options),
        Err(problem) => bad_script(&problem),
    }
}

fn bad_script(problem: &str) -> i32 {
    eprintln!("sed: {problem}");
    BAD_SCRIPT
}
