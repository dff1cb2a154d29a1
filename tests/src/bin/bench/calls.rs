//! What one call through the door costs, at the beginning of a run and after thousands of others.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use skep_engine::Engine;
use skep_tests::host::Site;

use crate::args::Plan;
use crate::table::{Row, Target, Unit};
use crate::{house, measure};

const FEW: usize = 10;
/// How often a short run is repeated for each long one. The quickest counts: what ten calls take is less than what one sync
/// takes longer than another.
const REPEATS: usize = 100;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let site = Site::new();
    site.agent("counter-calls").effects();
    let runtime = measure::runtime()?;
    let engine = runtime.block_on(house::open(&house::folder(&site)))?;
    let say = |times: usize| json!({ "times": times });
    let tool = |times: usize| json!({ "times": times, "name": "effects.env" });
    let rows = vec![
        row(plan, "say", &|job| runtime.block_on(run(&engine, "bare", &job)), &say)?,
        row(plan, "a tool call", &|job| runtime.block_on(run(&engine, "effects", &job)), &tool)?,
    ];
    runtime.block_on(engine.shutdown(Duration::from_secs(10)));
    Ok(rows)
}

fn row(plan: &Plan, what: &str, run: &dyn Fn(Value) -> Result<f64>, job: &dyn Fn(usize) -> Value) -> Result<Row> {
    let many = plan.amount(10_000, 2_000);
    let repeats = plan.amount(REPEATS, REPEATS / 4);
    run(job(FEW))?;
    let each = |times: usize, repeats: usize| {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for _ in 0..repeats {
            without.push(run(job(0))?);
            with.push(run(job(times))?);
        }
        Ok((least(with) - least(without)) / times as f64)
    };
    let pair = measure::pair(plan, what, || each(many, 2), || each(FEW, repeats))?;
    Ok(Row::new(format!("{what}, each of {many} in a run"), Unit::Micros.of(pair.figure))
        .against(format!("each of {FEW} in a run"), pair.floor, pair.ratio)
        .target(Target::RatioAtMost(1.2)))
}

fn least(times: Vec<f64>) -> f64 {
    times.into_iter().fold(f64::INFINITY, f64::min)
}

/// A whole run, in microseconds.
async fn run(engine: &Engine, environment: &str, job: &Value) -> Result<f64> {
    let submission = house::submission("counter-calls", environment, &job.to_string());
    let began = Instant::now();
    house::run(engine, submission).await?;
    Ok(began.elapsed().as_secs_f64() * 1e6)
}
