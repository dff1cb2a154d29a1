//! What survives: waits outside memory, restarts, cancels, crashes in the middle of calls, and exact replays of all of it.

use std::time::Duration;

use skep_model::{Content, Happening, Outcome, RunState};
use skep_tests::host::{Site, until};
use skep_tests::kit;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_leaves_memory_and_comes_back_for_each_message() {
    let site = Site::new();
    site.agent("chatter");
    let host = site.host().await;
    let run = host.submit("chatter", "bare", "").await;
    for (count, text) in ["one", "two", "stop"].into_iter().enumerate() {
        until("the run waits outside memory", || host.engine.parked() == 1).await;
        assert_eq!(
            host.events(run).iter().filter(|(_, event)| matches!(event.what, Happening::Said { .. })).count(),
            count
        );
        host.engine.send(run, "ada", text).await.expect("the message is taken");
    }
    let record = host.end(run).await;
    assert_eq!(record.outcome, Some(Outcome::Completed(Content::Inline("stopped by ada after 2 messages".into()))));
    assert_eq!(record.attempt, 1, "waiting is no new attempt");
    host.exact(run).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_sent_at_once_arrive_once_each_and_in_order() {
    let site = Site::new();
    site.agent("chatter");
    let host = site.host().await;
    let run = host.submit("chatter", "bare", "").await;
    for number in 0..50 {
        host.engine.send(run, "ada", &number.to_string()).await.expect("the message is taken");
    }
    host.engine.send(run, "ada", "stop").await.expect("the message is taken");
    host.end(run).await;
    let said = host.events(run).into_iter().filter_map(|(_, event)| match event.what {
        Happening::Said { text: Content::Inline(text) } => Some(text),
        _ => None,
    });
    let said = said.collect::<Vec<_>>();
    assert_eq!(said, (0..50).map(|number| format!("ada: {number}")).collect::<Vec<_>>());
    host.exact(run).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_survives_a_restart_of_the_host() {
    let site = Site::new();
    site.agent("chatter").agent("sleeps");
    let host = site.host().await;
    let (run, asleep) = (host.submit("chatter", "bare", "").await, host.submit("sleeps", "bare", "1500").await);
    host.engine.send(run, "ada", "before").await.expect("the message is taken");
    until("both wait", || host.engine.parked() == 2).await;
    assert_eq!(host.engine.shutdown(Duration::from_secs(5)).await, [], "waiting runs need no drain");
    drop(host);

    let host = site.host().await;
    host.engine.send(run, "bob", "stop").await.expect("the message is taken");
    let record = host.end(run).await;
    assert_eq!(record.outcome.map(|outcome| outcome.message()), Some("stopped by bob after 1 messages".into()));
    assert_eq!(record.attempt, 2);
    host.exact(run).await;
    let woken = host.end(asleep).await.outcome.expect("it has ended").message();
    let slept: serde_json::Value = serde_json::from_str(&woken).expect("it returns JSON");
    assert!(slept["instant_ms"].as_u64().is_some_and(|ms| (1500..10_000).contains(&ms)), "{slept}");
    host.exact(asleep).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_and_randomness_are_the_same_in_a_replay_and_differ_between_runs() {
    let site = Site::new();
    site.agent("clock-and-random");
    let host = site.host().await;
    let (one, other) =
        (host.submit("clock-and-random", "bare", "").await, host.submit("clock-and-random", "bare", "").await);
    let (first, second) = (host.end(one).await.outcome, host.end(other).await.outcome);
    assert!(matches!(first, Some(Outcome::Completed(_))), "{first:?}");
    assert_ne!(first, second);
    host.exact(one).await;
    host.exact(other).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_was_swapped_behind_its_digest_is_not_run() {
    let site = Site::new();
    kit::agent(&site.plugins(), "turncoat", &kit::guest("diverge-a"));
    let host = site.host().await;
    let run = host.submit("turncoat", "bare", "").await;
    host.end(run).await;
    host.stop().await;
    let hex = skep_model::Digest::of(&kit::guest("diverge-a")).hex();
    let blob = walk(&site.data().join("blobs"))
        .into_iter()
        .find(|path| path.to_string_lossy().contains(&hex))
        .expect("the blob is there");
    std::fs::write(&blob, kit::guest("diverge-b")).expect("it can be written");
    let host = site.host().await;
    let error = host.engine.replay(run).await.expect_err("a swapped component is not run");
    assert!(error.to_string().contains(&hex[..12]), "{error}");
    host.stop().await;
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_ends_a_run_wherever_it_is() {
    let site = Site::new();
    site.agent("chatter").agent("loop-forever").agent("caller").effects();
    let host = site.host_with(|config| config.concurrency = 3).await;
    let waiting = host.submit("chatter", "bare", "").await;
    until("it waits", || host.engine.parked() == 1).await;
    let spinning = host.submit("loop-forever", "bare", "").await;
    let calling = host.submit("caller", "effects", r#"[{"name": "effects.slow", "arguments": {"ms": 60000}}]"#).await;
    until("the call is under way", || host.engine.record(calling).is_ok_and(|record| record.calls == 1)).await;
    for run in [waiting, spinning, calling] {
        host.engine.cancel(run, "ada: enough").await.expect("it can be cancelled");
        let record = host.end(run).await;
        assert_eq!(
            (record.state, record.outcome),
            (RunState::Cancelled, Some(Outcome::Cancelled("ada: enough".into())))
        );
    }
    assert!(host.engine.cancel(waiting, "again").await.is_err(), "an ended run can't be cancelled");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_cut_off_is_repeated_only_when_it_is_idempotent() {
    let site = Site::new();
    site.agent("caller").effects();
    let prompt = r#"[{"name": "effects.sleep-then-append", "arguments": {"file": "log", "line": "x", "ms": 2000}},
        {"name": "effects.slow", "arguments": {"ms": 1}}]"#;
    let host = site.host().await;
    let run = host.submit("caller", "effects", prompt).await;
    until("the call is under way", || host.engine.record(run).is_ok_and(|record| record.open_calls.len() == 1)).await;
    assert_eq!(host.engine.shutdown(Duration::ZERO).await, [run], "it was dropped in the middle");
    drop(host);
    let host = site.host().await;
    let record = host.end(run).await;
    let answers = record.outcome.expect("it has ended").message();
    let answers: Vec<serde_json::Value> = serde_json::from_str(&answers).unwrap_or_else(|_| panic!("{answers}"));
    assert_eq!(answers[0]["error"]["kind"], "interrupted", "{answers:?}");
    assert!(answers[1]["ok"].is_number(), "{answers:?}");
    assert_eq!(record.attempt, 2);
    host.exact(run).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_larger_than_an_event_are_blobs_and_come_back_whole() {
    let site = Site::new();
    site.agent("caller").agent("echo").effects();
    let host = site.host().await;
    let run = host.submit("caller", "effects", r#"[{"name": "effects.flood", "arguments": {"megabytes": 1}}]"#).await;
    assert_eq!(host.end(run).await.state, RunState::Succeeded);
    host.exact(run).await;
    let long = "0123456789".repeat(10_000);
    let echoed = host.submit("echo", "bare", &long).await;
    assert_eq!(host.end(echoed).await.state, RunState::Succeeded);
    host.exact(echoed).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_code_in_the_cache_is_not_loaded() {
    let site = Site::new();
    site.agent("echo");
    let host = site.host().await;
    host.outcome("echo", "bare", "hello", &[]).await;
    host.stop().await;
    let cached: Vec<_> = walk(&site.data().join("cache"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "cwasm"))
        .collect();
    assert_eq!(cached.len(), 1);
    let mut code = std::fs::read(&cached[0]).expect("it can be read");
    let middle = code.len() / 2;
    code[middle] ^= 1;
    std::fs::write(&cached[0], &code).expect("it can be written");
    let host = site.host().await;
    let outcome = host.outcome("echo", "bare", "hello", &[]).await;
    assert_eq!(outcome.message(), "hello");
    assert_ne!(std::fs::read(&cached[0]).expect("it is there again"), code, "it was compiled again");
    host.stop().await;
}
