//! What the sandbox adds to wasmtime.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use skep_model::{Content, Digest, Limits, Outcome, Stream, Timestamp};
use skep_sandbox::{Agent, Answer, Config, Door, Ended, Meter, Request, Sandbox, Stop, Task};
use skep_tests::kit;

use crate::args::Plan;
use crate::bare::{Bare, Pool};
use crate::measure::{self, Pair};
use crate::table::{Row, Target, Unit};

/// Runs of one side before it is the other's turn, and turns of a round.
const RUNS: u32 = 100;
const SLICES: usize = 50;

/// A door behind which there is nothing.
struct Nowhere;

#[async_trait::async_trait]
impl Door for Nowhere {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    async fn say(&mut self, _: String) -> Result<(), Stop> {
        Ok(())
    }

    async fn log(&mut self, _: Stream, _: String) -> Result<(), Stop> {
        Ok(())
    }

    async fn call(&mut self, _: Request) -> Result<Answer, Stop> {
        Ok(Ok("null".to_owned()))
    }

    async fn call_many(&mut self, requests: Vec<Request>) -> Result<Vec<Answer>, Stop> {
        Ok(requests.iter().map(|_| Ok("null".to_owned())).collect())
    }
}

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let same = against(plan, Pool::Warm)?;
    let plain = against(plan, Pool::Plain)?;
    let row = |pair: &Pair| Row::new("Sandbox::run of a no-op agent", Unit::Micros.of(pair.figure));
    Ok(vec![
        row(&same)
            .against("bare wasmtime with the sandbox's pool", same.floor, same.ratio)
            .target(Target::RatioAtMost(1.5)),
        row(&plain).against("bare wasmtime with its own pool", plain.floor, plain.ratio),
    ])
}

fn against(plan: &Plan, pool: Pool) -> Result<Pair> {
    let wasm = kit::guest("noop");
    let runtime = measure::runtime()?;
    let _inside = runtime.enter();
    let sandbox = Sandbox::new(Config::default())?;
    let (agent, floor) = (sandbox.agent(Digest::of(&wasm), &wasm)?, Bare::new(&wasm, pool).map_err(bare)?);
    let ours = || runtime.block_on(micros_each(async || run(&sandbox, &agent).await));
    let theirs = || runtime.block_on(micros_each(async || floor.run().await.map_err(bare)));
    measure::slices(plan, SLICES, "a run of the no-op agent", ours, theirs)
}

fn bare(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("bare wasmtime: {error:#}")
}

async fn run(sandbox: &Sandbox, agent: &Agent) -> Result<()> {
    let task = Task { run: String::new(), prompt: String::new(), context: "{}".to_owned(), seed: 1 };
    let meter = Arc::new(Meter::new(Limits::RUN));
    let ended = sandbox.run(agent, task, Box::new(Nowhere), meter, Duration::from_secs(3_600)).await;
    let nothing = Outcome::Completed(Content::Inline(String::new()));
    ensure!(matches!(&ended, Ended::Outcome(outcome) if *outcome == nothing), "the no-op agent ended as {ended:?}");
    Ok(())
}

async fn micros_each(work: impl AsyncFn() -> Result<()>) -> Result<f64> {
    let began = Instant::now();
    for _ in 0..RUNS {
        work().await?;
    }
    Ok(began.elapsed().as_secs_f64() * 1e6 / f64::from(RUNS))
}
