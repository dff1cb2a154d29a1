//! Everything CI checks, the quick checks first; they share one target folder and one profile.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::cargo::{self, cargo};
use crate::checkout::Checkout;
use crate::stage::{seconds, stage};
use crate::{conformance, deny, guests, layers, product};

type Check = fn(&Checkout) -> Result<()>;

const CHECKS: &[(&str, Check)] = &[
    ("fmt", fmt),
    ("lockfiles", lockfiles),
    ("layers", layers::check),
    ("deny", deny::rules),
    ("advisories", deny::advisories),
    ("guests", guests::build),
    ("clippy", clippy),
    ("clippy of guests", clippy_guests),
    ("docs", docs),
    ("conformance", conformance::check),
    ("tests", tests),
];

pub(crate) fn run(checkout: &Checkout) -> Result<()> {
    let mut times = Vec::new();
    let result = CHECKS.iter().try_for_each(|(name, check)| {
        let started = Instant::now();
        let result = stage("ci", name, || check(checkout));
        times.push((*name, started.elapsed()));
        result.with_context(|| format!("{name} failed"))
    });
    print_times(&times);
    result
}

fn print_times(times: &[(&str, Duration)]) {
    eprintln!("[ci] times:");
    for (name, time) in times {
        eprintln!("[ci]   {:>7}  {name}", seconds(*time));
    }
    eprintln!("[ci]   {:>7}  in all", seconds(times.iter().map(|(_, time)| *time).sum()));
}

fn fmt(checkout: &Checkout) -> Result<()> {
    cargo::run(cargo(&checkout.root).args(["fmt", "--all", "--check"]))?;
    for workspace in checkout.guest_workspaces() {
        cargo::run(cargo(&workspace).args(["fmt", "--all", "--check"]))?;
    }
    Ok(())
}

/// A lockfile that doesn't fit its manifests would be changed by the first build, unseen.
fn lockfiles(checkout: &Checkout) -> Result<()> {
    for workspace in std::iter::once(checkout.root.clone()).chain(checkout.guest_workspaces()) {
        let mut metadata = cargo(&workspace);
        metadata.args(["metadata", "--locked", "--format-version", "1"]);
        cargo::output(&mut metadata)
            .with_context(|| format!("run 'cargo check' in {} and commit its Cargo.lock", workspace.display()))?;
    }
    Ok(())
}

fn clippy(checkout: &Checkout) -> Result<()> {
    cargo::run(cargo(&checkout.root).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Guests are checked for this machine's own target, since clippy may not have the standard library of wasm32-wasip2.
/// The bans of clippy.toml are the host's: to a guest, a sleep is a durable timer.
fn clippy_guests(checkout: &Checkout) -> Result<()> {
    for workspace in checkout.guest_workspaces() {
        let mut clippy = cargo(&workspace);
        clippy.args(["clippy", "--workspace", "--target-dir"]).arg(checkout.guest_build());
        cargo::run(clippy.args(["--", "-D", "warnings", "-A", "clippy::disallowed_methods"]))?;
    }
    Ok(())
}

fn docs(checkout: &Checkout) -> Result<()> {
    let mut doc = cargo(&checkout.root);
    cargo::run(doc.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

fn tests(checkout: &Checkout) -> Result<()> {
    product::test(checkout, &[])
}
