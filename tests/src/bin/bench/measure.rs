//! Medians of rounds in which figure and floor take turns, so that whatever else the machine does meets both.

use anyhow::{Context, Result};
use tokio::runtime::Runtime;

use crate::args::Plan;

/// Medians over all rounds; the ratio is the median of the rounds' ratios.
pub(crate) struct Pair {
    pub(crate) figure: f64,
    pub(crate) floor: f64,
    pub(crate) ratio: f64,
}

/// Measures both in turns, once in each of the plan's rounds.
pub(crate) fn pair(
    plan: &Plan,
    what: &str,
    figure: impl FnMut() -> Result<f64>,
    floor: impl FnMut() -> Result<f64>,
) -> Result<Pair> {
    slices(plan, 1, what, figure, floor)
}

/// Measures both in turns, so many times in each round: for what takes so little time that many turns pass before anybody
/// else wants the processor.
pub(crate) fn slices(
    plan: &Plan,
    slices: usize,
    what: &str,
    mut figure: impl FnMut() -> Result<f64>,
    mut floor: impl FnMut() -> Result<f64>,
) -> Result<Pair> {
    let (mut figures, mut floors) = (Vec::new(), Vec::new());
    for round in 1..=plan.rounds() {
        for _ in 0..slices {
            figures.push(figure()?);
            floors.push(floor()?);
        }
        eprintln!("  {what}: round {round} of {}", plan.rounds());
    }
    let ratio = median(figures.iter().zip(&floors).map(|(figure, floor)| figure / floor).collect());
    Ok(Pair { figure: median(figures), floor: median(floors), ratio })
}

/// The middle one; zero when there is none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The runtime that the host has too.
pub(crate) fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Resident memory of this process in KiB, from proc_pid_status(5).
pub(crate) fn resident() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
