//! `skep run start --batch`: many runs, accepted as fast as the disk syncs.

use std::io::BufRead;
use std::path::Path;

use anyhow::{Context, Result};
use futures_util::StreamExt;
use serde_json::json;
use skep_engine::{Engine, Submission};
use skep_model::{RunId, RunState};
use tokio::sync::mpsc;

use crate::exit::{Exit, Problem, problem};
use crate::follow::{self, Waited};
use crate::host::Settings;
use crate::output::{Output, note};
use crate::run_end;
use crate::run_start::{accepted, leave, located, take_up};
use crate::signals::Signals;

/// Submissions under way at once; they share the journal's syncs.
const AT_ONCE: usize = 64;

pub(crate) async fn start(settings: &Settings, out: &Output, file: &Path, detach: bool) -> Result<Exit> {
    let lines = open(file)?;
    let store = settings.open()?;
    let engine = settings.engine(&store)?;
    if detach {
        return Ok(accept(&engine, out, lines).await?.exit());
    }
    take_up(&engine).await?;
    let result = run(&engine, out, lines).await;
    leave(&engine, out).await;
    result
}

async fn run(engine: &Engine, out: &Output, lines: mpsc::Receiver<Line>) -> Result<Exit> {
    let mut signals = Signals::listen()?;
    let taken = tokio::select! {
        taken = accept(engine, out, lines) => taken?,
        _ = signals.next() => return Ok(Exit::Left),
    };
    let mut worst = taken.exit();
    let tell = |record: &skep_model::Record| {
        worst = worse(worst, record.state);
        run_end::in_a_list(engine.store(), out, record)
    };
    match follow::each(engine, taken.runs, &mut signals, tell).await? {
        Waited::All => Ok(worst),
        Waited::ForPeople(runs) => Ok(run_end::for_people(out, &runs)),
        Waited::Left => Ok(Exit::Left),
    }
}

/// The first of: refused, ERROR, FAILED, CANCELLED, done.
fn worse(worst: Exit, state: RunState) -> Exit {
    let rank = |exit| {
        [Exit::Refused, Exit::Error, Exit::Failed, Exit::Cancelled].iter().position(|other| *other == exit).unwrap_or(9)
    };
    [worst, Exit::of_run(state)].into_iter().min_by_key(|exit| rank(*exit)).unwrap_or(worst)
}

type Line = (usize, std::io::Result<String>);

/// The file's lines, read by a thread of their own: a slow writer of standard input keeps nobody from being accepted.
fn open(file: &Path) -> Result<mpsc::Receiver<Line>> {
    let (sender, receiver) = mpsc::channel(AT_ONCE);
    let source: Box<dyn BufRead + Send> = if file == Path::new("-") {
        Box::new(std::io::BufReader::new(std::io::stdin()))
    } else {
        let message = format!("the batch can't be read from {}", file.display());
        Box::new(std::io::BufReader::new(std::fs::File::open(file).context(Problem { exit: Exit::Refused, message })?))
    };
    std::thread::Builder::new().name("skep-batch".into()).spawn(move || {
        for line in source.lines().enumerate().map(|(index, line)| (index + 1, line)) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    })?;
    Ok(receiver)
}

/// What became of a batch.
#[derive(Default)]
struct Taken {
    runs: Vec<RunId>,
    refused: usize,
}

impl Taken {
    fn exit(&self) -> Exit {
        if self.refused == 0 { Exit::Done } else { Exit::Refused }
    }
}

async fn accept(engine: &Engine, out: &Output, lines: mpsc::Receiver<Line>) -> Result<Taken> {
    let lines = futures_util::stream::unfold(lines, |mut lines| async move { Some((lines.recv().await?, lines)) });
    let blank = |(_, line): &Line| std::future::ready(!line.as_ref().is_ok_and(|line| line.trim().is_empty()));
    let mut answers =
        std::pin::pin!(lines.filter(blank).map(|(number, line)| submit(engine, number, line)).buffered(AT_ONCE));
    let mut taken = Taken::default();
    while let Some((number, answer)) = answers.next().await {
        match answer {
            Ok(run) => {
                taken.runs.push(run);
                accepted(out, run)?;
            }
            Err(error) => {
                taken.refused += 1;
                refused(out, number, &error)?;
            }
        }
    }
    note(&format!("{} accepted, {} refused", taken.runs.len(), taken.refused));
    Ok(taken)
}

async fn submit(engine: &Engine, number: usize, line: std::io::Result<String>) -> (usize, Result<RunId>) {
    let read = || {
        let mut submission: Submission =
            serde_json::from_str(&line?).map_err(|error| problem(Exit::Refused, format!("no submission: {error}")))?;
        submission.repos = submission.repos.iter().map(|repo| located(repo)).collect::<Result<_>>()?;
        Ok(submission)
    };
    let answer = match read() {
        Ok(submission) => engine.submit(submission).await.map_err(Into::into),
        Err(error) => Err(error),
    };
    (number, answer)
}

fn refused(out: &Output, number: usize, error: &anyhow::Error) -> Result<()> {
    let text = crate::told(error);
    match out.is_json() {
        true => out.json(&json!({ "line": number, "error": text }))?,
        false => note(&format!("line {number}: {text}")),
    }
    Ok(())
}
