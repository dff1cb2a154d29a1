//! What the first execution of a command takes longer than the next, its compiled code being in the cache.

use anyhow::{Result, ensure};

use crate::args::Plan;
use crate::measure::{self, median};
use crate::shell::Shell;
use crate::table::{Row, Target, Unit};

/// Executions of which the quickest says what one takes that has nothing to load.
const WARM: usize = 3;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let runtime = measure::runtime()?;
    let _inside = runtime.enter();
    let mut shell = Shell::new(&["unix"])?;
    let names = shell.components();
    // Whatever was not yet compiled is compiled now.
    runtime.block_on(loads(&shell, &names))?;
    let mut rounds = Vec::new();
    for round in 1..=plan.rounds() {
        shell.unload()?;
        rounds.push(runtime.block_on(loads(&shell, &names))?);
        eprintln!("  loading commands: round {round} of {}", plan.rounds());
    }
    let each = |at: usize| median(rounds.iter().map(|round| round[at]).collect());
    let loads: Vec<(f64, &str)> = names.iter().enumerate().map(|(at, name)| (each(at), name.as_str())).collect();
    let mean = loads.iter().map(|(took, _)| took).sum::<f64>() / loads.len() as f64;
    let (most, slowest) = loads.iter().copied().max_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or_default();
    let count = names.len();
    Ok(vec![
        Row::new(format!("cold load of a command, mean of {count}"), Unit::Millis.of(mean)).target(Target::AtMost(5.0)),
        Row::new(format!("  the slowest of them, that of {slowest}"), Unit::Millis.of(most))
            .target(Target::AtMost(5.0)),
    ])
}

/// The load of each, in milliseconds.
async fn loads(shell: &Shell, names: &[String]) -> Result<Vec<f64>> {
    let mut all = Vec::new();
    for name in names {
        let cold = answer(shell, name).await?;
        let mut warm = f64::INFINITY;
        for _ in 0..WARM {
            warm = warm.min(answer(shell, name).await?);
        }
        all.push((cold - warm).max(0.0));
    }
    Ok(all)
}

/// It need not know the option, as long as it is there to say so.
async fn answer(shell: &Shell, name: &str) -> Result<f64> {
    let (took, ending, said) = shell.execute(&[name, "--version"]).await;
    ensure!(!matches!(ending.code, 126 | 127), "{name} can't be executed: {said}");
    Ok(took)
}
