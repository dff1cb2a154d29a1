//! Whatever a guest says, somebody sends, or a disk refuses: every run comes to an end, and the end says why.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use skep_engine::{Error, MESSAGE_BYTES, PROMPT_BYTES, Submission};
use skep_journal::storage::Storage;
use skep_journal::storage::fault::{Fault, FaultStorage};
use skep_model::{Content, Happening, INLINE_BYTES, LimitKind, Limits, Outcome, RunId, RunState};
use skep_tests::checker;
use skep_tests::host::{Host, Site, plain_folder, until, usual};
use skep_tests::kit;

/// What `before` and `after` leave of a prompt that is as long as any may be.
fn filled(before: &str, after: &str) -> String {
    format!("{before}{}{after}", "n".repeat(PROMPT_BYTES - before.len() - after.len()))
}

fn submission(agent: &str, environment: &str, prompt: &str) -> Submission {
    Submission {
        prompt: prompt.to_owned(),
        agent: Some(agent.to_owned()),
        environment: Some(environment.to_owned()),
        ..Submission::default()
    }
}

fn blob_with(site: &Site, hex: &str) -> PathBuf {
    let path = site.data().join("blobs").join(&hex[..2]).join(hex);
    assert!(path.is_file(), "{}", path.display());
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_of_a_megabyte_is_cut_and_still_ends_the_run() {
    let site = Site::new();
    site.agent("fails");
    let host = site.host().await;
    let run = host.submit("fails", "bare", &filled("why: ", "")).await;
    host.end(run).await;
    match host.events(run).pop().map(|(_, event)| event.what) {
        Some(Happening::Ended { outcome: Outcome::GuestError(reason), .. }) => {
            assert!(
                reason.starts_with("why: nnn") && reason.ends_with("… (cut: 1048576 bytes in all)"),
                "{}",
                &reason[..80]
            );
            assert!(reason.len() <= INLINE_BYTES);
        }
        other => panic!("{:?}", other.map(|what| what.kind())),
    }
    host.exact(run).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_a_megabyte_are_refused_and_the_brain_goes_on() {
    let site = Site::new();
    site.agent("caller").agent("reports").effects();
    let host = site.host().await;
    let call = filled(r#"[{"name": "effects.env"}, {"name": ""#, r#""}]"#);
    let run = host.submit("caller", "effects", &call).await;
    let record = host.end(run).await;
    assert_eq!(record.state, RunState::Succeeded, "{:?}", record.outcome);
    host.exact(run).await;
    let path = filled(r#"[{"name": "a", "path": ""#, r#""}]"#);
    let media_type = filled(r#"[{"name": "a", "media_type": ""#, r#"", "content": "c"}]"#);
    let name = filled(r#"[{"content": "c", "name": ""#, r#""}]"#);
    for prompt in [path, media_type, name] {
        let run = host.submit("reports", "effects", &prompt).await;
        let record = host.end(run).await;
        assert_eq!(record.outcome.map(|outcome| outcome.message()), Some("invalid-arguments".into()));
        assert!(
            host.events(run).iter().all(|(_, event)| event.encode().len() < 64 << 10 || event.what.kind() == "queued")
        );
        host.exact(run).await;
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_prints_is_in_the_transcript_before_its_answer_however_much_it_is() {
    let site = Site::new();
    site.agent("caller").effects();
    let grants = "tools = [\"effects.*\"]\n[tool_limits]\nlog_bytes = \"16m\"\n";
    kit::environment(&site.environments(), "loud", grants);
    let host = site.host_with(|config| config.tool_maxima.log_bytes = 16 << 20).await;
    let run = host.submit("caller", "loud", r#"[{"name": "effects.print", "arguments": {"megabytes": 8}}]"#).await;
    let record = host.end(run).await;
    assert_eq!(record.outcome.map(|outcome| outcome.message()), Some(r#"[{"ok":null}]"#.into()));
    let events = host.events(run);
    let printed = |(_, event): &&(u64, skep_model::Event)| matches!(event.what, Happening::Printed { .. });
    assert_eq!(events.iter().filter(printed).count(), 8 << 10);
    let kinds: Vec<_> = events.iter().map(|(_, event)| event.what.kind()).filter(|kind| *kind != "printed").collect();
    assert_eq!(kinds, ["queued", "attempt", "began", "started", "finished", "ended"]);
    assert_eq!(events.iter().rev().nth(1).map(|(_, event)| event.what.kind()), Some("finished"));
    host.exact(run).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_grow_when_they_are_made_printable_name_no_blob_that_is_not_there() {
    let site = Site::new();
    site.agent("prints");
    let host = site.host().await;
    let run = host.submit("prints", "bare", &"\u{7}".repeat(8_000)).await;
    assert_eq!(host.end(run).await.state, RunState::Succeeded);
    host.exact(run).await;
    let report = host.engine.store().verify(|_| {}).expect("the store can be read");
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_kept_count_as_output() {
    let site = Site::new();
    site.agent("reports").effects();
    let grants = "tools = [\"effects.*\"]\nworkspace = \"read\"\nrepo = \"required\"\n";
    kit::environment(&site.environments(), "repo", grants);
    plain_folder(&site.beside("folder"));
    std::fs::write(site.beside("folder/large"), vec![b'l'; 600 << 10]).expect("a temporary folder can be written");
    let host = site.host().await;
    let file = json!({ "name": "large", "media_type": "text/plain", "path": "large" });
    let submitted = |files: Vec<Value>| Submission {
        repos: vec![site.beside("folder").display().to_string()],
        limits: vec!["output_bytes=1m".into()],
        ..submission("reports", "repo", &Value::from(files).to_string())
    };
    let once = host.engine.submit(submitted(vec![file.clone()])).await.expect("it is accepted");
    assert_eq!(host.end(once).await.state, RunState::Succeeded);
    host.exact(once).await;
    let twice = host.engine.submit(submitted(vec![file.clone(), file])).await.expect("it is accepted");
    let outcome = host.end(twice).await.outcome;
    let Some(Outcome::Limit(hit)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((hit.limit, hit.value, hit.reached), (LimitKind::OutputBytes, 1 << 20, 1200 << 10));
    host.exact(twice).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_does_not_wake_a_run_that_sleeps() {
    let site = Site::new();
    site.agent("sleeps");
    let host = site.host().await;
    let run = host.submit("sleeps", "bare", "1500").await;
    host.engine.send(run, "ada", "early").await.expect("the message is taken");
    until("it sleeps outside memory", || host.engine.parked() == 1).await;
    host.engine.send(run, "ada", "late").await.expect("the message is taken");
    let mut awake = 0;
    for _ in 0..200 {
        awake += usize::from(host.engine.parked() == 0);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(awake, 0, "of 200 looks");
    assert_eq!(host.end(run).await.state, RunState::Succeeded);
    host.exact(run).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_bounded_in_size_and_in_number() {
    let site = Site::new();
    site.agent("sleeps").agent("chatter");
    let host = site.host().await;
    let run = host.submit("sleeps", "bare", "3600000").await;
    let long = "m".repeat(MESSAGE_BYTES + 1);
    assert!(matches!(host.engine.send(run, "ada", &long).await, Err(Error::Invalid(_))));
    assert!(matches!(host.engine.send(run, &"a".repeat(257), "hello").await, Err(Error::Invalid(_))));
    let refused = async {
        for count in 0.. {
            match host.engine.send(run, "ada", "hello").await {
                Ok(()) => {}
                Err(Error::Unheard { unheard, .. }) => return (count, unheard),
                Err(error) => panic!("{error}"),
            }
        }
        unreachable!("it counts for ever")
    };
    assert_eq!(refused.await, (1_000, 1_000));
    host.engine.cancel(run, &"because ".repeat(1 << 20)).await.expect("it can be cancelled");
    let record = host.end(run).await;
    assert_eq!(record.state, RunState::Cancelled);
    let chatter = host.submit("chatter", "bare", "").await;
    host.engine.send(chatter, "ada", &long[1..]).await.expect("the message is taken");
    host.engine.send(chatter, "ada", "stop").await.expect("the message is taken");
    assert_eq!(host.end(chatter).await.state, RunState::Succeeded);
    host.exact(chatter).await;
    host.stop().await;
}

/// A host whose journal and blobs are on a disk that can be full, and that takes room for a page at a time.
async fn on_a_small_disk(site: &Site, linger: Duration) -> (Host, FaultStorage) {
    let disk = FaultStorage::new();
    let data = site.data();
    for folder in data.ancestors().collect::<Vec<_>>().into_iter().rev() {
        disk.create_dir(folder).expect("the disk is empty");
    }
    let mut store = skep_state::Config::new(site.data());
    store.storage = std::sync::Arc::new(disk.clone());
    store.journal.reserve_bytes = 4096;
    let engine = site.engine_on(store, skep_engine::Config { linger, ..usual() });
    engine.start().await.expect("the engine starts");
    (Host { engine }, disk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_while_the_disk_is_full_and_goes_on_when_there_is_room() {
    let site = Site::new();
    site.agent("counter-calls").agent("chatter");
    let (host, disk) = on_a_small_disk(&site, Duration::from_millis(20)).await;
    let waiting = host.submit("chatter", "bare", "").await;
    let run = host.submit("counter-calls", "bare", r#"{"times": 30000}"#).await;
    disk.plan(Fault::DiskFull, 3);
    until("both wait outside memory", || host.engine.parked() == 2).await;
    let stopped_at = host.engine.record(run).expect("it has a record").last_seq;
    assert!(!host.engine.record(run).expect("it has a record").state.is_terminal());
    let refused = async {
        loop {
            if let Err(error) = host.engine.send(waiting, "ada", &"m".repeat(1000)).await {
                return error;
            }
        }
    };
    assert_eq!(refused.await.to_string(), "the disk is full");
    disk.make_room();
    let record = host.end(run).await;
    assert_eq!(record.outcome.map(|outcome| outcome.message()), Some("30000".into()));
    assert!(record.last_seq > stopped_at && record.attempt == 1);
    assert_eq!(checker::journal(&host.events(run)), Vec::<String>::new());
    host.exact(run).await;
    host.engine.send(waiting, "ada", "stop").await.expect("the message is taken");
    assert_eq!(host.end(waiting).await.state, RunState::Succeeded);
    host.exact(waiting).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_finds_no_room_does_not_disturb_the_run_that_it_was_for() {
    let site = Site::new();
    site.agent("chatter");
    let (host, disk) = on_a_small_disk(&site, Duration::from_secs(60)).await;
    let run = host.submit("chatter", "bare", "").await;
    until("it waits in memory", || host.engine.record(run).is_ok_and(|record| record.open_calls.len() == 1)).await;
    disk.plan(Fault::DiskFull, 1);
    let refused = host.engine.send(run, "ada", &"m".repeat(10_000)).await;
    assert_eq!(refused.map_err(|error| error.to_string()), Err("the disk is full".to_owned()));
    disk.make_room();
    host.engine.send(run, "ada", "stop").await.expect("the message is taken");
    let record = host.end(run).await;
    assert_eq!(record.outcome.map(|outcome| outcome.message()), Some("stopped by ada after 0 messages".into()));
    assert_eq!(record.attempt, 1);
    host.exact(run).await;
    host.stop().await;
}

async fn ends_as_error(site: &Site, run: RunId, word: &str) {
    let host = site.host_with(|config| config.max_attempts = 3).await;
    let record = host.end(run).await;
    let message = record.outcome.as_ref().map(Outcome::message).unwrap_or_default();
    assert_eq!(record.state, RunState::Error, "{message}");
    assert!(message.contains(word), "{message}");
    host.engine.wait_all().await.expect("nothing is left");
    assert!(!site.data().join("workspaces").join(run.to_string()).exists(), "its workspace is gone");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_agent_is_lost_ends_as_an_error() {
    let site = Site::new();
    site.agent("chatter");
    let host = site.host().await;
    let run = host.submit("chatter", "bare", "").await;
    until("it waits outside memory", || host.engine.parked() == 1).await;
    host.stop().await;
    let hex = skep_model::Digest::of(&kit::guest("chatter")).hex();
    std::fs::remove_file(blob_with(&site, &hex)).expect("it can be removed");
    ends_as_error(&site, run, &hex).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_prompt_is_damaged_ends_as_an_error() {
    let site = Site::new();
    site.agent("echo");
    let engine = site.engine(usual());
    let prompt = "p".repeat(100_000);
    let run = engine.submit(submission("echo", "bare", &prompt)).await.expect("it is accepted");
    drop(engine);
    let hex = skep_model::Digest::of(prompt.as_bytes()).hex();
    std::fs::write(blob_with(&site, &hex), "damaged").expect("it can be written");
    ends_as_error(&site, run, &hex).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_taken_up_again_and_again_is_given_up() {
    let site = Site::new();
    site.agent("chatter");
    let mut run = None;
    for _ in 0..3 {
        let host = site.host().await;
        if run.is_none() {
            run = Some(host.submit("chatter", "bare", "").await);
        }
        until("it waits outside memory", || host.engine.parked() == 1).await;
        host.stop().await;
    }
    ends_as_error(&site, run.expect("it was submitted"), "taken up 3 times without an end; given up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_of_before_the_machines_start_is_not_trusted() {
    let site = Site::new();
    site.agent("caller").effects();
    let host = site.host().await;
    let prompt = r#"[{"name": "effects.sleep-then-append", "arguments": {"file": "log", "line": "x", "ms": 60000}}]"#;
    let run = host.submit("caller", "effects", prompt).await;
    until("the call is under way", || host.engine.record(run).is_ok_and(|record| record.calls == 1)).await;
    assert_eq!(host.engine.shutdown(Duration::ZERO).await, [run]);
    drop(host);
    let marker = site.data().join("workspaces").join(format!("{run}.boot"));
    assert!(Path::new(&marker).is_file());
    std::fs::write(marker, "another start").expect("it can be written");
    ends_as_error(&site, run, "the machine was started again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_journal_is_damaged_ends_as_an_error_that_says_where() {
    let site = Site::new();
    site.agent("chatter").agent("noop");
    let host = site.host().await;
    let run = host.submit("chatter", "bare", "").await;
    until("it waits outside memory", || host.engine.parked() == 1).await;
    host.stop().await;
    let segment =
        std::fs::read_dir(site.data().join("journal")).expect("it can be listed").flatten().map(|entry| entry.path());
    let segment = segment.max().expect("there is a segment");
    let mut bytes = std::fs::read(&segment).expect("it can be read");
    let place = bytes.windows(8).position(|window| window == b"\"queued\"").expect("the first event is there");
    bytes[place] ^= 1;
    std::fs::write(&segment, bytes).expect("it can be written");
    let host = site.host().await;
    let record = host.end(run).await;
    let Some(Outcome::HostFault(reason)) = &record.outcome else { panic!("{:?}", record.outcome) };
    assert_eq!(record.state, RunState::Error);
    assert!(reason.contains("segment 1"), "{reason}");
    let refused = host.engine.cancel(run, "enough").await.expect_err("it has ended").to_string();
    assert_eq!(refused, format!("run {run} has ended; nothing more can be added to it"));
    host.engine.wait_all().await.expect("nothing is left that can end");
    assert_eq!(host.end(host.submit("noop", "bare", "").await).await.state, RunState::Succeeded, "others go on");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wall_stands_around_the_preparation_too() {
    let site = Site::new();
    site.agent("noop").effects();
    kit::environment(
        &site.environments(),
        "repo",
        "tools = [\"effects.*\"]\nworkspace = \"read\"\nrepo = \"required\"\n",
    );
    // A server that takes connections and never says anything.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("https://{}/repository", listener.local_addr().expect("it has an address"));
    let host = site.host_with(|config| config.repo.allow_private = true).await;
    let submission =
        Submission { repos: vec![url], limits: vec!["wall_ms=300".into()], ..submission("noop", "repo", "") };
    let run = host.engine.submit(submission).await.expect("it is accepted");
    let outcome = host.end(run).await.outcome;
    let Some(Outcome::Limit(hit)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((hit.limit, hit.value), (LimitKind::WallMs, 300));
    assert!((300..10_000).contains(&hit.reached), "{hit}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wall_goes_on_while_no_host_is_there() {
    let site = Site::new();
    site.agent("chatter");
    let host = site.host().await;
    let run = host.submit_limited("chatter", "bare", "", &["wall_ms=1000"]).await;
    until("it waits outside memory", || host.engine.parked() == 1).await;
    host.stop().await;
    tokio::time::sleep(Duration::from_millis(1000)).await;
    let host = site.host().await;
    let record = host.end(run).await;
    assert!(matches!(record.outcome, Some(Outcome::Limit(hit)) if hit.limit == LimitKind::WallMs), "{record:?}");
    assert_eq!(record.attempt, 1, "nothing is begun that is over");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cancelled_while_it_waits_keeps_what_it_used_and_a_run_counts_its_tools() {
    let site = Site::new();
    site.agent("chatter").agent("caller").effects();
    let spin = "tools = [\"effects.*\"]\n[tool_limits]\ncpu_ms = 100\n";
    kit::environment(&site.environments(), "spin", spin);
    let host = site.host().await;
    let waiting = host.submit("chatter", "bare", "").await;
    until("it waits outside memory", || host.engine.parked() == 1).await;
    host.engine.cancel(waiting, "enough").await.expect("it can be cancelled");
    let usage = host.end(waiting).await.usage;
    assert!(usage.calls == 1 && usage.cpu_us > 0 && usage.memory_bytes > 0, "{usage:?}");
    let spun = host.submit("caller", "spin", r#"[{"name": "effects.spin"}]"#).await;
    let usage = host.end(spun).await.usage;
    assert!(usage.cpu_us >= 100_000, "{usage:?}");
    host.exact(spun).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_an_event_holds_is_whole_and_a_longer_one_is_a_blob() {
    let site = Site::new();
    site.agent("echo");
    let host = site.host().await;
    for (bytes, inline) in [(INLINE_BYTES, true), (INLINE_BYTES + 1, false)] {
        let text = "t".repeat(bytes);
        let run = host.submit("echo", "bare", &text).await;
        assert_eq!(host.end(run).await.state, RunState::Succeeded);
        let said = host.events(run).into_iter().find_map(|(_, event)| match event.what {
            Happening::Said { text } => Some(text),
            _ => None,
        });
        assert_eq!(matches!(&said, Some(Content::Inline(said)) if *said == text), inline);
        host.exact(run).await;
    }
    let fixed = skep_engine::Submission { limits: vec!["stack_bytes=1k".into()], ..submission("echo", "bare", "") };
    let refused = host.engine.submit(fixed).await.map_err(|error| error.to_string());
    let stack = Limits::RUN.stack_bytes;
    assert_eq!(
        refused,
        Err(format!("limit out of range: stack_bytes is fixed by the engine at {stack}; leave it out"))
    );
    host.stop().await;
}
