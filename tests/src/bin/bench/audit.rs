//! The audit agent on a large repository, beside what reading it all takes without a sandbox.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use skep_engine::{Engine, Submission};
use skep_model::{Happening, RunId};
use skep_tests::host::Site;
use skep_tests::kit;

use crate::args::Plan;
use crate::measure::{self, median};
use crate::table::{Row, Unit};
use crate::{house, tree};

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let site = Site::new();
    let repository = site.beside("repository");
    let size = tree::grow(&repository, plan.amount(6_000, 1_000))?;
    let runtime = measure::runtime()?;
    let environments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../environments");
    let engine = runtime.block_on(house::open_with(&house::folder(&site), &kit::plugins(), &environments))?;
    let (mut copies, mut thoughts) = (Vec::new(), Vec::new());
    let audit = || {
        let audited = runtime.block_on(audit(&engine, &repository))?;
        copies.push(audited.copy);
        thoughts.push(audited.thought);
        Ok(audited.all)
    };
    let pair = measure::pair(plan, "the audit", audit, || plainly(&repository, size))?;
    runtime.block_on(engine.shutdown(Duration::from_secs(10)));
    let (copy, thought) = (median(copies), median(thoughts));
    let megabytes = size.bytes as f64 / 1e6;
    Ok(vec![
        Row::new(format!("audit of {} files, {megabytes:.0} MB", size.files), Unit::Millis.of(pair.figure)).against(
            "grep -rn TODO, and a walk",
            pair.floor,
            pair.ratio,
        ),
        Row::new("  of that, the copy into the workspace", Unit::Millis.of(copy)).against(
            "the same",
            pair.floor,
            copy / pair.floor,
        ),
        Row::new("  of that, the agent and its tools", Unit::Millis.of(thought)).against(
            "the same",
            pair.floor,
            thought / pair.floor,
        ),
        Row::new("  of that, acceptance and removal", Unit::Millis.of(pair.figure - copy - thought)),
    ])
}

/// Times in milliseconds.
struct Audited {
    all: f64,
    copy: f64,
    thought: f64,
}

async fn audit(engine: &Engine, repository: &Path) -> Result<Audited> {
    let repo = repository.to_str().context("a temporary folder with an odd name")?.to_owned();
    let submission = house::submission("audit", "repo-readonly", "Take stock of this repository.");
    let began = Instant::now();
    let run = house::run(engine, Submission { repos: vec![repo], ..submission }).await?;
    let all = began.elapsed().as_secs_f64() * 1e3;
    let attempt = time_of(engine, run, |what| matches!(what, Happening::Attempt { .. }))?;
    let prepared = time_of(engine, run, |what| matches!(what, Happening::Prepared { .. }))?;
    let ended = time_of(engine, run, |what| matches!(what, Happening::Ended { .. }))?;
    Ok(Audited { all, copy: prepared - attempt, thought: ended - prepared })
}

fn time_of(engine: &Engine, run: RunId, is_it: impl Fn(&Happening) -> bool) -> Result<f64> {
    let events = engine.events(run, 1, usize::MAX)?;
    let found = events.into_iter().find(|(_, event)| is_it(&event.what));
    Ok(found.context("an audit without one of its events")?.1.at.0 as f64)
}

fn plainly(repository: &Path, size: tree::Size) -> Result<f64> {
    let began = Instant::now();
    // Into /dev/null grep would write nothing and end with its first match.
    let grep = Command::new("grep").args(["-rn", "TODO"]).arg(repository).stderr(Stdio::inherit()).output();
    ensure!(grep.context("grep can't be started")?.status.success(), "grep found nothing");
    let walked = tree::walk(repository)?;
    ensure!(walked == size, "the walk found {walked:?}, but there are {size:?}");
    Ok(began.elapsed().as_secs_f64() * 1e3)
}
