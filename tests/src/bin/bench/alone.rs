//! A process for each bench.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::BENCHES;
use crate::args::Plan;
use crate::table::Row;

/// Has a bench measured by another process of this program.
pub(crate) fn ask(plan: &Plan, name: &str) -> Result<Vec<Row>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--alone", name]);
    if plan.quick {
        command.arg("--quick");
    }
    let output = command.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the bench {name} ended with {}", output.status);
    serde_json::from_slice(&output.stdout).with_context(|| format!("the bench {name} printed something else than rows"))
}

/// Is that process.
pub(crate) fn answer(plan: &Plan, name: &str) -> Result<()> {
    let bench = BENCHES.iter().find(|bench| bench.name == name).context("there is no such bench")?;
    serde_json::to_writer(std::io::stdout().lock(), &(bench.measure)(plan)?)?;
    Ok(())
}
