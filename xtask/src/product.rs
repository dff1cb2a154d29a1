//! Runs what the repository builds: the program, its tests, its benchmarks.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::{self, cargo};
use crate::checkout::Checkout;
use crate::guests;
use crate::registry;
use crate::stage::stage;

/// `cargo xtask run`: what a newcomer sees first.
pub(crate) fn run(checkout: &Checkout, rest: &[String]) -> Result<()> {
    // The audit needs no image, and a newcomer shall not wait for one.
    let is_named = |option: &str| rest.iter().any(|word| word == option || word.starts_with(&format!("{option}=")));
    if is_named("--env") {
        guests::build(checkout)?
    } else {
        guests::build_plugins(checkout)?
    }
    let skep = skep(checkout, &["--package", "skep"])?;
    let mut command = Command::new(skep);
    command.arg("--plugins").arg(checkout.guests().join("plugins"));
    command.arg("--images").arg(checkout.guests().join("images"));
    command.args(["run", "start", "--agent", "audit", "--env", "repo-readonly"]);
    if !is_named("--repo") {
        command.arg("--repo").arg(&checkout.root);
    }
    // The report is what a newcomer came for, also where the output is not a terminal.
    if std::env::var_os("SKEP_OUTPUT").is_none() {
        command.env("SKEP_OUTPUT", "pretty");
    }
    Err(command.args(rest).exec()).context("cannot start skep")
}

/// `cargo xtask test`, with arguments for the test runner. The runner that most tests are in has the last word.
pub(crate) fn test(checkout: &Checkout, rest: &[String]) -> Result<()> {
    guests::build(checkout)?;
    // Tests start the real program. Building it together with them lets both share every compiled dependency.
    let skep = skep(checkout, &["--workspace", "--bins", "--tests"])?;
    let nextest = has_nextest();
    if rest.is_empty() {
        test_guests(checkout)?;
        if nextest {
            stage("tests", "examples in the documentation, which nextest leaves out", || {
                cargo::run(cargo(&checkout.root).args(["test", "--quiet", "--workspace", "--doc"]))
            })?;
        }
    }
    let mut tests = cargo(&checkout.root);
    let runner = if nextest { &["nextest", "run", "--workspace"][..] } else { &["test", "--workspace"] };
    // One failure is no reason not to know of others.
    tests.args(runner).arg("--no-fail-fast");
    // Tests of other things need none, and those of images say what is missing.
    match registry::program() {
        Ok(program) => drop(tests.env("SKEP_TEST_REGISTRY", program)),
        Err(error) => eprintln!("[tests] tests of registries will fail: {error:#}"),
    }
    cargo::run(with_guests(&mut tests, checkout).env("SKEP_BIN", &skep).args(rest))
}

/// What guests test of themselves, without a host around them, runs on this machine's own target.
fn test_guests(checkout: &Checkout) -> Result<()> {
    for workspace in checkout.guest_workspaces() {
        let name = workspace.strip_prefix(&checkout.root).unwrap_or(&workspace);
        stage("tests", &format!("{}/, without a host", name.display()), || {
            let mut tests = cargo(&workspace);
            tests.args(["test", "--quiet", "--workspace", "--target-dir"]).arg(checkout.guest_build());
            cargo::run(&mut tests)
        })?;
    }
    Ok(())
}

/// `cargo xtask bench`, with arguments for the benchmark program.
pub(crate) fn bench(checkout: &Checkout, rest: &[String]) -> Result<()> {
    guests::build(checkout)?;
    let mut bench = cargo(&checkout.root);
    bench.args(["run", "--release", "--package", "skep-tests", "--bin", "bench", "--"]);
    cargo::run(with_guests(&mut bench, checkout).args(rest))
}

fn with_guests<'a>(command: &'a mut Command, checkout: &Checkout) -> &'a mut Command {
    command
        .env("SKEP_PLUGINS", checkout.guests().join("plugins"))
        .env("SKEP_TEST_GUESTS", checkout.guests().join("tests"))
}

/// Builds the host and returns the path of the program.
fn skep(checkout: &Checkout, selection: &[&str]) -> Result<PathBuf> {
    let doing = "building (wasmtime makes the first time a long one)";
    let artifacts = stage("host", doing, || cargo::build(cargo(&checkout.root).arg("build").args(selection)))?;
    let mut programs = artifacts.into_iter().filter(|artifact| artifact.target == "skep" && !artifact.tests);
    let skep = programs.find_map(|artifact| artifact.executable);
    skep.context("cargo built no program named skep; host/cli must have a binary of that name")
}

fn has_nextest() -> bool {
    Command::new("cargo-nextest").args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success())
}
