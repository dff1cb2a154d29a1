//! `skep run start`: accept, watch, tell.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;
use skep_engine::{Engine, Submission};
use skep_model::{RunId, RunState};

use crate::args_run::StartArgs;
use crate::exit::{Exit, problem};
use crate::follow::{self, Watched};
use crate::host::Settings;
use crate::output::{Output, note};
use crate::signals::Signals;
use crate::transcript::Transcript;
use crate::{readable, run_batch, run_end};

/// How long other runs have to come to a durable place when this one has ended.
const GRACE: Duration = Duration::from_secs(2);
/// More than this of a prompt or a context is not read; the engine takes less and says so.
const LARGEST_TEXT: u64 = 64 << 20;

pub(crate) async fn start(settings: &Settings, out: &Output, args: StartArgs) -> Result<Exit> {
    if let Some(file) = &args.batch {
        return run_batch::start(settings, out, file, args.detach).await;
    }
    let submission = submission(&args)?;
    let store = settings.open()?;
    let engine = settings.engine(&store)?;
    if args.detach {
        let run = engine.submit(submission).await?;
        accepted(out, run)?;
        note(&format!("accepted; `{} run resume` works on it", out.command));
        return Ok(Exit::Done);
    }
    let result = watch(&engine, out, &args, submission).await;
    leave(&engine, out).await;
    result
}

async fn watch(engine: &Engine, out: &Output, args: &StartArgs, submission: Submission) -> Result<Exit> {
    take_up(engine).await?;
    let mut signals = Signals::listen()?;
    let run = engine.submit(submission).await?;
    let silent = args.quiet || out.format == crate::args::Format::Json;
    if !out.is_json() && !args.quiet {
        note(&format!("run {run}"));
    }
    let transcript = (!silent).then(|| Transcript::live(out, engine.store(), run));
    let watched = follow::one(engine, run, transcript, &mut signals).await?;
    told(engine, out, run, &watched, args.quiet)
}

/// What came of the run that was watched.
pub(crate) fn told(engine: &Engine, out: &Output, run: RunId, watched: &Watched, quiet: bool) -> Result<Exit> {
    Ok(match watched {
        Watched::Ended(record) => {
            run_end::show(engine.store(), out, record, quiet)?;
            Exit::of_run(record.state)
        }
        Watched::Waits => run_end::for_people(out, &[run]),
        Watched::Left => {
            note(&format!("left; run {run} stays and goes on with `{} run resume`", out.command));
            Exit::Left
        }
    })
}

/// Starts the engine, and says so if that starts other runs too.
pub(crate) async fn take_up(engine: &Engine) -> Result<usize> {
    let unfinished = engine.start().await?;
    if unfinished > 0 {
        let runs = if unfinished == 1 {
            "an unfinished run".to_owned()
        } else {
            format!("{} unfinished runs", readable::count(unfinished as u64))
        };
        note(&format!("taking up {runs} of before"));
    }
    Ok(unfinished)
}

/// Ends the engine. What is under way stays durable and is taken up at the next start.
pub(crate) async fn leave(engine: &Engine, out: &Output) {
    let left = engine.shutdown(GRACE).await;
    if !left.is_empty() {
        note(&format!("unfinished and kept: {}; `{} run resume` goes on with them", left.len(), out.command));
    }
}

/// What the public API answers to a submission.
#[derive(Serialize)]
struct Accepted {
    run_id: RunId,
    task_id: RunId,
    state: RunState,
}

/// What the public API answers to a submission; the bare id for people and line tools.
pub(crate) fn accepted(out: &Output, run: RunId) -> Result<()> {
    match out.is_json() {
        true => out.json(&Accepted { run_id: run, task_id: run, state: RunState::Queued })?,
        false => out.line(&run.to_string())?,
    }
    Ok(())
}

fn submission(args: &StartArgs) -> Result<Submission> {
    let context = args.context.as_deref().map(context).transpose()?;
    Ok(Submission {
        prompt: args.prompt.as_deref().map(|text| given(text, "prompt")).transpose()?.unwrap_or_default(),
        title: args.title.clone(),
        context,
        agent: args.agent.clone(),
        environment: args.env.clone(),
        repos: args.repo.iter().map(|repo| located(repo)).collect::<Result<_>>()?,
        limits: args.limit.clone(),
        submitter: args.submitter.clone(),
        priority: args.priority,
        metadata: metadata(&args.metadata)?,
    })
}

/// A text that was given as such, as `@FILE` or as `-`.
pub(crate) fn given(text: &str, what: &str) -> Result<String> {
    let (source, bytes) = match text.strip_prefix('@') {
        Some(file) => (file, read(&mut std::fs::File::open(file).with_context(|| unreadable(what, file))?)),
        None if text == "-" => ("standard input", read(&mut std::io::stdin().lock())),
        None => return Ok(text.to_owned()),
    };
    let bytes = bytes.with_context(|| unreadable(what, source))?;
    String::from_utf8(bytes).map_err(|_| problem(Exit::Refused, format!("the {what} in {source} is not UTF-8 text")))
}

fn unreadable(what: &str, source: &str) -> crate::exit::Problem {
    crate::exit::Problem { exit: Exit::Refused, message: format!("the {what} can't be read from {source}") }
}

fn read(source: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(LARGEST_TEXT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn context(text: &str) -> Result<serde_json::Map<String, serde_json::Value>> {
    let wrong = |error| problem(Exit::Refused, format!("--context must be one JSON object: {error}"));
    serde_json::from_str(&given(text, "context")?).map_err(wrong)
}

fn metadata(pairs: &[String]) -> Result<BTreeMap<String, String>> {
    let wrong = |pair: &str| problem(Exit::Usage, format!("--metadata {pair:?} is no KEY=VALUE"));
    let split = |pair: &String| {
        pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())).ok_or_else(|| wrong(pair))
    };
    pairs.iter().map(split).collect()
}

/// The repository as the host can find it again from any folder.
pub(crate) fn located(repo: &str) -> Result<String> {
    if repo.contains("://") {
        return Ok(repo.to_owned());
    }
    let path = Path::new(repo).canonicalize().map_err(|error| {
        let hint = if error.kind() == std::io::ErrorKind::NotFound {
            "; check the path, or write a URL as https://…"
        } else {
            ""
        };
        problem(Exit::Refused, format!("the repository {repo:?} can't be read: {error}{hint}"))
    })?;
    if !path.is_dir() {
        return Err(problem(
            Exit::Refused,
            format!("the repository {repo:?} is no folder; name the folder of the repository"),
        ));
    }
    let text = path.into_os_string().into_string();
    text.map_err(|path| {
        problem(Exit::Refused, format!("the repository's path {path:?} is not UTF-8; give it another name"))
    })
}
