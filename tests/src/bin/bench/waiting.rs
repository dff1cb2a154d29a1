//! What a run costs that waits: nothing but its place on the board and its row.

use std::time::{Duration, Instant};

use anyhow::Result;
use skep_tests::host::Site;

use crate::args::Plan;
use crate::table::{Row, Target, Unit};
use crate::{house, measure};

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let runs = plan.amount(10_000, 2_000);
    let site = Site::new();
    site.agent("chatter");
    measure::runtime()?.block_on(wait(&site, runs))
}

async fn wait(site: &Site, runs: usize) -> Result<Vec<Row>> {
    let engine = house::open(&house::folder(site)).await?;
    let idle = measure::resident()?;
    eprintln!("  an idle host: {idle} KiB");
    let began = Instant::now();
    house::submit_many(&engine, "chatter", runs).await?;
    eprintln!("  {runs} runs accepted after {:.1?}", began.elapsed());
    house::parked(&engine, runs).await;
    let (took, resident) = (began.elapsed(), measure::resident()?);
    engine.shutdown(Duration::ZERO).await;
    let each = (resident - idle) / runs as f64;
    Ok(vec![
        Row::new(format!("memory of each of {runs} runs that wait"), Unit::KibiBytes.of(each))
            .target(Target::AtMost(64.0)),
        Row::new("  of the idle host", Unit::MebiBytes.of(idle / 1024.0)),
        Row::new("  runs that come and begin to wait", Unit::PerSecond.of(runs as f64 / took.as_secs_f64())),
    ])
}
