//! A host is killed with many runs in flight; the next one takes all of them up.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use skep_tests::host::Site;

use crate::args::Plan;
use crate::table::{Row, Unit};
use crate::{house, measure};

const READY: &str = "ready";

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let runs = plan.amount(1_000, 200);
    let mut times = Vec::new();
    for round in 1..=plan.amount(3, 1) {
        times.push(after_a_kill(runs)?.as_secs_f64() * 1e3);
        eprintln!("  resume: round {round}, {:.0} ms", times[round - 1]);
    }
    let all = measure::median(times);
    Ok(vec![
        Row::new(format!("after kill -9: {runs} runs wait again, none lost"), Unit::Millis.of(all)),
        Row::new("  of that, each run", Unit::Micros.of(all * 1e3 / runs as f64)),
    ])
}

/// From the opening of the data folder until the last brain has been fed its journal and waits where it had waited.
fn after_a_kill(runs: usize) -> Result<Duration> {
    let site = Site::new();
    site.agent("chatter");
    let folder = house::folder(&site);
    let mut host = start(&folder, runs)?;
    let ready = BufReader::new(host.stdout.take().context("a child's output")?).lines().next().transpose()?;
    // SIGKILL: nothing of the host gets to say goodbye.
    host.kill()?;
    host.wait()?;
    ensure!(ready.as_deref() == Some(READY), "the host that was to be killed said {ready:?}");
    measure::runtime()?.block_on(resume(&folder, runs))
}

fn start(folder: &Path, runs: usize) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--hold-in-flight").arg(folder).arg(runs.to_string()).stdout(Stdio::piped());
    Ok(command.spawn()?)
}

async fn resume(folder: &Path, runs: usize) -> Result<Duration> {
    let began = Instant::now();
    let engine = house::open(folder).await?;
    house::parked(&engine, runs).await;
    let took = began.elapsed();
    let unfinished = engine.store().state().unfinished()?;
    ensure!(unfinished.len() == runs, "{runs} runs were accepted and {} are there", unfinished.len());
    ensure!(unfinished.iter().all(|record| record.attempt == 2), "a run was not taken up for a second time");
    engine.shutdown(Duration::ZERO).await;
    Ok(took)
}

/// The host that is killed: says when all its runs wait for a message, and goes on until it dies.
pub(crate) fn hold_in_flight(folder: &Path, runs: usize) -> Result<()> {
    measure::runtime()?.block_on(async {
        let engine = house::open(folder).await?;
        house::submit_many(&engine, "chatter", runs).await?;
        house::parked(&engine, runs).await;
        println!("{READY}");
        std::future::pending().await
    })
}
