//! Dependency audit with cargo-deny, by the rules of deny.toml.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo;
use crate::checkout::Checkout;

/// How long the advisory database may take to answer before the audit goes on without it.
const PATIENCE: Duration = Duration::from_secs(45);

const MISSING: &str = "cargo-deny is not installed; run 'cargo install cargo-deny --locked', or .ci/run, which does";

/// Licences, bans and sources of everything we compile: they need no network, so they always count.
pub(crate) fn rules(checkout: &Checkout) -> Result<()> {
    let installed = deny(&checkout.root).arg("--version").output().is_ok_and(|output| output.status.success());
    ensure!(installed, MISSING);
    for workspace in workspaces(checkout) {
        check(checkout, deny(&workspace), &["bans", "licenses", "sources"])?;
    }
    Ok(())
}

/// Known vulnerabilities, if their database can be reached; otherwise says that nobody looked.
pub(crate) fn advisories(checkout: &Checkout) -> Result<()> {
    if let Err(reason) = fetch(&checkout.root) {
        eprintln!("[deny] advisories were NOT checked: {reason:#}");
        return Ok(());
    }
    for workspace in workspaces(checkout) {
        let mut deny = deny(&workspace);
        deny.arg("--offline");
        check(checkout, deny, &["advisories"])?;
    }
    Ok(())
}

fn workspaces(checkout: &Checkout) -> Vec<PathBuf> {
    std::iter::once(checkout.root.clone()).chain(checkout.guest_workspaces()).collect()
}

fn check(checkout: &Checkout, mut deny: Command, what: &[&str]) -> Result<()> {
    deny.arg("--config").arg(checkout.root.join("deny.toml"));
    cargo::run(deny.args(["check", "--hide-inclusion-graph"]).args(what))
}

fn deny(workspace: &Path) -> Command {
    let mut command = Command::new("cargo-deny");
    command.current_dir(workspace);
    command
}

fn fetch(root: &Path) -> Result<()> {
    let child = deny(root).args(["fetch", "db"]).stderr(Stdio::piped()).spawn().context(MISSING)?;
    let id = child.id();
    let (done, waiting) = mpsc::channel();
    thread::spawn(move || done.send(child.wait_with_output()));
    let Ok(output) = waiting.recv_timeout(PATIENCE) else {
        cargo::run(Command::new("kill").arg(id.to_string()))?;
        bail!("the database did not answer within {} seconds", PATIENCE.as_secs());
    };
    let output = output?;
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given").trim();
    ensure!(output.status.success(), "the database cannot be fetched ({reason})");
    Ok(())
}
