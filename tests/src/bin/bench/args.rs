//! The command line.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::BENCHES;

/// What was asked for.
pub(crate) enum Command {
    Help,
    /// All benches whose names hold one of these words, or all.
    Table(Plan, Vec<String>),
    /// One bench, in a process of its own; its rows go to standard output as JSON.
    Alone(Plan, String),
    /// The process that `resume` kills: so many runs on the data folder in this folder.
    HoldInFlight(PathBuf, usize),
}

/// How much is measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Plan {
    pub(crate) quick: bool,
    pub(crate) json: bool,
}

impl Plan {
    /// How often figure and floor alternate.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 3 } else { 7 }
    }

    /// The usual amount, or the one for those who are in a hurry.
    pub(crate) fn amount(&self, usual: usize, quick: usize) -> usize {
        if self.quick { quick } else { usual }
    }
}

pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Command> {
    let (mut plan, mut filters, mut alone) = (Plan::default(), Vec::new(), None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-h" | "--help" => return Ok(Command::Help),
            "--quick" => plan.quick = true,
            "--json" => plan.json = true,
            "--alone" => alone = Some(words.next().context("--alone NAME")?),
            "--hold-in-flight" => {
                let folder = words.next().context("--hold-in-flight FOLDER RUNS")?;
                let runs = words.next().context("--hold-in-flight FOLDER RUNS")?.parse()?;
                return Ok(Command::HoldInFlight(folder.into(), runs));
            }
            option if option.starts_with('-') => bail!("there is no option {option}\n\n{}", help()),
            _ => filters.push(word),
        }
    }
    Ok(match alone {
        Some(name) => Command::Alone(plan, name),
        None => Command::Table(plan, filters),
    })
}

pub(crate) fn names() -> String {
    format!("the benches are {}", BENCHES.iter().map(|bench| bench.name).collect::<Vec<_>>().join(", "))
}

pub(crate) fn help() -> String {
    let benches: String = BENCHES.iter().map(|bench| format!("  {:12} {}\n", bench.name, bench.about)).collect();
    format!(
        "cargo xtask bench [-- [--quick] [--json] NAME…]\n\n{benches}\n\
         A name chooses all benches that hold it. --quick measures less and says less. Data folders are made below TMPDIR,\n\
         so it is that disk whose speed is the floor."
    )
}
