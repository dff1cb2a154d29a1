//! Runs cargo, and reads what it built.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// One compiled target, as cargo's JSON messages describe it.
pub(crate) struct Artifact {
    /// The Cargo.toml of the package it belongs to.
    pub(crate) manifest: PathBuf,
    pub(crate) target: String,
    pub(crate) files: Vec<PathBuf>,
    /// The program, if it is one.
    pub(crate) executable: Option<PathBuf>,
    /// It is the target's tests, which cargo gives the target's own name.
    pub(crate) tests: bool,
}

/// The cargo that runs this xtask.
pub(crate) fn cargo(folder: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(folder);
    command
}

/// Runs a command to its end; its output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", line(command)))?;
    ensure!(status.success(), "{} ended with {status}", line(command));
    Ok(())
}

/// Runs a command to its end and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {}", line(command)))?;
    ensure!(output.status.success(), "{} ended with {}", line(command), output.status);
    String::from_utf8(output.stdout).with_context(|| format!("{} printed bytes that are not UTF-8", line(command)))
}

/// Runs a `cargo build`, showing its progress, and returns everything it compiled or found compiled.
pub(crate) fn build(command: &mut Command) -> Result<Vec<Artifact>> {
    command.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
    if !crate::stage::watched() {
        command.arg("--quiet");
    }
    let mut child = command.spawn().with_context(|| format!("cannot start {}", line(command)))?;
    let Some(stdout) = child.stdout.take() else { bail!("{} has no standard output", line(command)) };
    let mut artifacts = Vec::new();
    for message in BufReader::new(stdout).lines() {
        artifacts.extend(artifact(&message?));
    }
    let status = child.wait()?;
    ensure!(status.success(), "{} ended with {status}; its messages are above", line(command));
    Ok(artifacts)
}

fn artifact(message: &str) -> Option<Artifact> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message["reason"] != "compiler-artifact" {
        return None;
    }
    let files = message["filenames"].as_array()?.iter().filter_map(Value::as_str).map(PathBuf::from).collect();
    Some(Artifact {
        manifest: message["manifest_path"].as_str()?.into(),
        target: message["target"]["name"].as_str()?.into(),
        files,
        executable: message["executable"].as_str().map(PathBuf::from),
        tests: message["profile"]["test"] == true,
    })
}

/// The command as a person would type it, for messages.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words: Vec<_> = std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy()).collect();
    format!("'{}'", words.join(" "))
}
