//! What this machine has of its own to hold a figure against.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

/// What these words take in a folder, in milliseconds. They have to succeed.
pub(crate) fn millis(words: &[&str], folder: &Path) -> Result<f64> {
    let began = Instant::now();
    let mut command = Command::new(words[0]);
    let status = command.args(&words[1..]).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null()).status();
    ensure!(status.context("it can't be started")?.success(), "{words:?} failed");
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

/// The program that a name stands for, if it is here: it is asked itself, since what is found on the path may be a script that
/// looks for it each time.
pub(crate) fn interpreter(ask: &[&str]) -> Option<String> {
    let output = Command::new(ask[0]).args(&ask[1..]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !path.is_empty()).then_some(path)
}
