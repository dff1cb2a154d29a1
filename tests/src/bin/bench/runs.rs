//! Whole runs per second: accepted durably, executed, ended durably.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use skep_engine::{Engine, Submission};
use skep_tests::host::Site;
use tokio::task::JoinSet;

use crate::args::Plan;
use crate::table::{Row, Target, Unit};
use crate::{disk, house, measure};

const SUBMITTERS: usize = 64;
/// About what the journal writes for the acceptance of a run.
const ACCEPTANCE: usize = 700;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let site = Site::new();
    site.agent("noop");
    let runtime = measure::runtime()?;
    let engine = runtime.block_on(house::open(&house::folder(&site)))?;
    let time = Duration::from_millis(plan.amount(2_000, 700) as u64);
    runtime.block_on(per_second(&engine, Duration::from_millis(300)))?;
    let ours = || runtime.block_on(per_second(&engine, time));
    let floor = || disk::syncs(ACCEPTANCE, time / 2);
    let pair = measure::pair(plan, "runs of the no-op agent", ours, floor)?;
    runtime.block_on(engine.shutdown(Duration::from_secs(10)));
    Ok(vec![
        Row::new(format!("durable no-op runs, {SUBMITTERS} submitters"), Unit::PerSecond.of(pair.figure))
            .against("write + fdatasync", pair.floor, pair.ratio)
            .target(Target::AtLeast(3_000.0)),
    ])
}

async fn per_second(engine: &Arc<Engine>, time: Duration) -> Result<f64> {
    let (mut submitters, mut runs) = (JoinSet::new(), 0);
    let began = Instant::now();
    for number in 0..SUBMITTERS {
        submitters.spawn(submit(Arc::clone(engine), format!("submitter-{number}"), began + time));
    }
    while let Some(submitted) = submitters.join_next().await {
        runs += submitted??;
    }
    Ok(f64::from(runs) / began.elapsed().as_secs_f64())
}

/// One run after the other.
async fn submit(engine: Arc<Engine>, submitter: String, until: Instant) -> Result<u32> {
    let mut runs = 0;
    while Instant::now() < until {
        let submission = house::submission("noop", "bare", "");
        house::run(&engine, Submission { submitter: Some(submitter.clone()), ..submission }).await?;
        runs += 1;
    }
    Ok(runs)
}
