//! Who is worked on, and when: bounds, turns, and submissions whose sender goes away.

use std::time::Duration;

use skep_engine::{Config, Engine, Error, Submission};
use skep_model::{RunId, RunState};
use skep_tests::host::{Host, Site, until, usual};

const SLOW: &str = r#"[{"name": "effects.slow", "arguments": {"ms": 100}}]"#;

fn of(submitter: &str, agent: &str, environment: &str, prompt: &str) -> Submission {
    Submission {
        prompt: prompt.to_owned(),
        agent: Some(agent.to_owned()),
        environment: Some(environment.to_owned()),
        submitter: Some(submitter.to_owned()),
        ..Submission::default()
    }
}

fn in_progress(engine: &Engine, runs: &[RunId]) -> usize {
    let states = runs.iter().map(|run| engine.record(*run).expect("it has a record").state);
    states.filter(|state| *state == RunState::InProgress).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_runs_are_worked_on_at_once_than_the_host_is_for() {
    let site = Site::new();
    site.agent("caller").effects();
    let host = site.host_with(|config| config.concurrency = 2).await;
    let mut runs = Vec::new();
    for _ in 0..6 {
        runs.push(host.submit("caller", "effects", SLOW).await);
    }
    let mut most = 0;
    while runs.iter().any(|run| !host.engine.record(*run).expect("it has a record").state.is_terminal()) {
        most = most.max(in_progress(&host.engine, &runs));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(most, 2);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_host_says_so_and_takes_more_when_a_run_has_ended() {
    let site = Site::new();
    site.agent("chatter");
    let host = site.host_with(|config| config.queue = 2).await;
    let (first, _second) = (host.submit("chatter", "bare", "").await, host.submit("chatter", "bare", "").await);
    let refused = host.engine.submit(of("ada", "chatter", "bare", "")).await;
    assert!(matches!(refused, Err(Error::Full { unfinished: 2 })), "{refused:?}");
    host.engine.cancel(first, "make room").await.expect("it can be cancelled");
    host.end(first).await;
    host.submit("chatter", "bare", "").await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn submitters_with_backlogs_take_turns() {
    let site = Site::new();
    site.agent("caller").effects();
    let engine = site.engine(Config { concurrency: 1, ..usual() });
    let mut runs = Vec::new();
    for submitter in ["a", "b", "c"] {
        for _ in 0..3 {
            let prompt = SLOW.replace("100", "5");
            runs.push(engine.submit(of(submitter, "caller", "effects", &prompt)).await.expect("it is accepted"));
        }
    }
    engine.start().await.expect("the engine starts");
    engine.wait_all().await.expect("all end");
    let mut records: Vec<_> = runs.iter().map(|run| engine.record(*run).expect("it has a record")).collect();
    records.sort_by_key(|record| record.started_at);
    let order: String = records.iter().map(|record| record.submitter.as_str()).collect();
    assert_eq!(order, "abcabcabc");
    engine.shutdown(Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_submitted_before_the_start_is_taken_up_once() {
    let site = Site::new();
    site.agent("chatter");
    let engine = site.engine(usual());
    let run = engine.submit(of("ada", "chatter", "bare", "")).await.expect("it is accepted");
    assert_eq!(engine.start().await.expect("the engine starts"), 1);
    until("it waits outside memory", || engine.parked() == 1).await;
    engine.send(run, "ada", "stop").await.expect("the message is taken");
    let host = Host { engine };
    let record = host.end(run).await;
    assert_eq!((record.state, record.attempt), (RunState::Succeeded, 1));
    host.engine.wait_all().await.expect("nothing is left");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_whose_sender_goes_away_is_either_not_there_or_ends() {
    let site = Site::new();
    site.agent("noop");
    let host = site.host_with(|config| config.queue = 64).await;
    host.submit("noop", "bare", "").await;
    for patience in 0..40 {
        let submitting = host.engine.submit(of("ada", "noop", "bare", ""));
        // Dropped after so many looks at it, whatever it was doing.
        tokio::select! {
            biased;
            submitted = submitting => drop(submitted.expect("it is accepted")),
            () = async { for _ in 0..patience { tokio::task::yield_now().await } } => {}
        }
    }
    let all = tokio::time::timeout(Duration::from_secs(60), host.engine.wait_all()).await;
    all.expect("every accepted run is in the queue").expect("all end");
    host.stop().await;
    let engine = site.engine(usual());
    for run in engine.store().state().all_runs() {
        let record = engine.record(run.expect("the state can be read")).expect("it has a record");
        assert_eq!(record.state, RunState::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_told_that_the_host_was_shut_down() {
    let site = Site::new();
    site.agent("chatter");
    let host = site.host().await;
    let run = host.submit("chatter", "bare", "").await;
    until("it waits outside memory", || host.engine.parked() == 1).await;
    let engine = std::sync::Arc::clone(&host.engine);
    let (waited, all, ()) = tokio::join!(engine.wait(run), engine.wait_all(), host.stop());
    assert!(matches!(waited, Err(Error::ShuttingDown)), "{waited:?}");
    assert!(matches!(all, Err(Error::ShuttingDown)), "{all:?}");
    assert!(matches!(engine.wait(run).await, Err(Error::ShuttingDown)), "also when it was before");
}
