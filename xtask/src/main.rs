//! `cargo xtask`: the commands that a person or CI gives this repository.

mod cargo;
mod checkout;
mod ci;
mod conformance;
mod deny;
mod guests;
mod help;
mod layers;
mod product;
mod registry;
mod stage;

use std::process::ExitCode;

use anyhow::{Result, bail};

use checkout::Checkout;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_else(|| "--help".into());
    let rest = without_separator(arguments.collect());
    match dispatch(&command, &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, rest: &[String]) -> Result<()> {
    let checkout = Checkout::here();
    if rest.iter().any(|word| word == "--help" || word == "-h") && command != "run" {
        print!("{}", help::TEXT);
        return Ok(());
    }
    match command {
        "run" => product::run(&checkout, rest),
        "test" => product::test(&checkout, rest),
        "bench" => product::bench(&checkout, rest),
        "guests" => alone(rest).and_then(|()| guests::build(&checkout)),
        "conformance" => alone(rest).and_then(|()| conformance::check(&checkout)),
        "layers" => alone(rest).and_then(|()| layers::check(&checkout)),
        "ci" => alone(rest).and_then(|()| ci::run(&checkout)),
        "help" | "--help" | "-h" => {
            print!("{}", help::TEXT);
            Ok(())
        }
        unknown => bail!("there is no command '{unknown}'; 'cargo xtask --help' lists them"),
    }
}

/// `cargo xtask run -- --repo X` and `cargo xtask run --repo X` mean the same.
fn without_separator(mut words: Vec<String>) -> Vec<String> {
    if words.first().is_some_and(|word| word == "--") {
        words.remove(0);
    }
    words
}

fn alone(rest: &[String]) -> Result<()> {
    match rest.first() {
        None => Ok(()),
        Some(word) => bail!("this command takes no arguments, but was given '{word}'"),
    }
}
