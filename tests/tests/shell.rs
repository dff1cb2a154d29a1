//! The shell of a run: lines that an agent has executed, and what becomes of those that go too far.

use std::time::Duration;

use serde_json::{Value, json};
use skep_engine::Config;
use skep_model::{Content, Happening, LimitKind, Outcome, RunId, RunState};
use skep_tests::host::{ALLOCATIONS, Host, Site};
use skep_tests::kit;

/// A host whose compiled commands are kept for the next test.
async fn host(site: &Site) -> Host {
    host_with(site, |_| {}).await
}

async fn host_with(site: &Site, change: impl FnOnce(&mut Config)) -> Host {
    let with_cache = |config: &mut Config| {
        config.sandbox.cache = Some(kit::compiled());
        change(config);
    };
    site.host_with(with_cache).await
}

/// What came of the lines, each a call of its own: the answer, or the failure's kind and message.
async fn lines(host: &Host, lines: &[&str]) -> (RunId, Vec<Value>) {
    let steps: Vec<_> =
        lines.iter().map(|line| json!({ "name": "shell.run", "arguments": { "command": line } })).collect();
    calls(host, &steps).await
}

async fn calls(host: &Host, steps: &[Value]) -> (RunId, Vec<Value>) {
    let run = host.submit("caller", "shell", &Value::from(steps).to_string()).await;
    host.end(run).await;
    let last = host.events(run).pop();
    match last.map(|(_, event)| event.what) {
        Some(Happening::Ended { outcome: Outcome::Completed(content), .. }) => {
            let answers: Vec<Value> = serde_json::from_str(&whole(host, content)).expect("the caller returns a list");
            (run, answers)
        }
        other => panic!("{other:?}"),
    }
}

/// The record has a long text's beginning only.
fn whole(host: &Host, content: Content) -> String {
    match content {
        Content::Inline(text) => text,
        Content::Blob { blob, .. } => {
            String::from_utf8(host.engine.store().blobs().get(&blob).expect("the blob is there")).expect("it is text")
        }
    }
}

fn ok(answer: &Value) -> (u64, &str) {
    let ok = &answer["ok"];
    let code = ok["exit_code"].as_u64().unwrap_or_else(|| panic!("no answer of the shell: {answer}"));
    (code, ok["output"].as_str().unwrap_or_default())
}

/// What one line answers.
async fn one(host: &Host, line: &str) -> Value {
    lines(host, &[line]).await.1.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_share_the_workspace_and_nothing_else() {
    let site = Site::new();
    let host = host(site.shell("[env]\nGREETING = \"hello\"\n")).await;
    let (run, answers) = lines(
        &host,
        &[
            "pwd; echo $GREETING > note; cd /tmp; export X=1",
            "pwd; cat note; echo \"[$X]\"",
            "printf 'b\\na\\n' | sort | tee sorted | wc -l; ls",
            "nosuch; echo $?; exit 3",
        ],
    )
    .await;
    assert_eq!(ok(&answers[0]), (0, "/workspace\n"));
    assert_eq!(ok(&answers[1]), (0, "/workspace\nhello\n[]\n"));
    assert_eq!(ok(&answers[2]), (0, "2\nnote\nsorted\n"));
    let (code, output) = ok(&answers[3]);
    assert!(code == 3 && output.contains("nosuch: command not found") && output.ends_with("127\n"), "{output}");
    host.exact(run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_reads_what_it_is_given_where_it_is_told_and_no_longer_than_it_may() {
    let site = Site::new();
    let host = host(site.shell("")).await;
    let call = |arguments: Value| json!({ "name": "shell.run", "arguments": arguments });
    let (_, answers) = calls(
        &host,
        &[
            call(json!({ "command": "mkdir -p a/b; cat", "input": "given\n" })),
            call(json!({ "command": "pwd", "directory": "a/b" })),
            call(json!({ "command": "pwd", "directory": "/tmp" })),
            call(json!({ "command": "echo begun; sleep 60 | cat", "timeout_ms": 300 })),
            call(json!({ "comand": "x" })),
        ],
    )
    .await;
    assert_eq!(ok(&answers[0]), (0, "given\n"));
    assert_eq!((ok(&answers[1]), ok(&answers[2])), ((0, "/workspace/a/b\n"), (0, "/tmp\n")));
    assert_eq!(ok(&answers[3]), (124, "begun\n"));
    assert_eq!(answers[3]["ok"]["reason"], "its time limit of 300 ms");
    let error = &answers[4]["error"];
    assert_eq!(error["kind"], "invalid-arguments");
    assert!(error["message"].as_str().unwrap_or_default().contains("unknown field `comand`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_with_what_is() {
    let site = Site::new();
    let host = host(site.shell("")).await;
    let (_, answers) = lines(&host, &["gerp x; echo $?", "apt-get install jq", "./run.sh", "qqqqqq"]).await;
    for (answer, said) in answers.iter().zip([
        ": gerp: command not found (did you mean grep?)\n127\n",
        ": apt-get: command not found (nothing can be installed here; commands come with the environment's image)\n",
        ": ./run.sh: No such file or directory\n",
        ": qqqqqq: command not found\n",
    ]) {
        assert!(ok(answer).1.ends_with(said), "{answer}");
    }
    assert_eq!(answers.iter().map(|answer| ok(answer).0).collect::<Vec<_>>(), [0, 127, 127, 127]);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_output_is_shortened_in_the_middle_with_a_mark() {
    let site = Site::new();
    let host = host(site.shell("")).await;
    let answer = one(&host, "seq 1 100000").await;
    let (code, output) = ok(&answer);
    assert!(code == 0 && output.starts_with("1\n2\n") && output.ends_with("99999\n100000\n"));
    assert!(output.contains(" bytes truncated) …") && output.len() < 70_000, "{} bytes", output.len());
    assert_eq!((&answer["ok"]["truncated"], &answer["ok"]["output_bytes"]), (&json!(true), &json!(588_895)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_too_far_ends_with_its_limit_named() {
    for allocation in ALLOCATIONS {
        let site = Site::new();
        let limits = "[limits]\nworkspace_bytes = \"64m\"\nworkspace_files = 500\n\
                      [tool_limits]\ncpu_ms = 1500\noutput_bytes = \"1m\"\nmemory_bytes = \"64m\"\n";
        let host = host_with(site.shell(limits), |config| config.sandbox.allocation = allocation).await;
        for (line, limit) in [
            ("yes", LimitKind::OutputBytes),
            ("while :; do :; done", LimitKind::CpuMs),
            ("while :; do :; done & sleep 100", LimitKind::CpuMs),
            ("truncate -s 10G sparse", LimitKind::WorkspaceBytes),
            ("yes > full", LimitKind::WorkspaceBytes),
            ("i=0; while :; do : > f$((i++)); done", LimitKind::WorkspaceFiles),
            ("seq 1 1000000 | xargs touch", LimitKind::WorkspaceFiles),
        ] {
            let (run, answers) = lines(&host, &[line]).await;
            let error = &answers[0]["error"];
            assert_eq!(error["kind"], "limit", "{line}: {}", answers[0]);
            let events = host.events(run);
            let hit = events.iter().find_map(|(_, event)| match &event.what {
                Happening::Finished { outcome: Outcome::Limit(hit), .. } => Some(hit.limit),
                _ => None,
            });
            assert_eq!(hit, Some(limit), "{line}, {allocation:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_sleeps_for_ever_ends_with_the_wall_named() {
    let site = Site::new();
    let host = host(site.shell("[tool_limits]\nwall_ms = 500\n")).await;
    let answer = one(&host, "sleep 1e9").await;
    assert_eq!(answer["error"]["kind"], "limit", "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap_or_default().contains("wall_ms = 500"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_bomb_costs_its_own_line_only() {
    let site = Site::new();
    let host = host(site.shell("[tool_limits]\nwall_ms = 20000\ncpu_ms = 10000\n")).await;
    let (_, answers) = lines(&host, &["bomb() { bomb | bomb & wait; }; bomb", "yes | head -2", "echo alive"]).await;
    let said = answers[0].to_string();
    assert!(said.contains("commands at once") || said.contains("deep") || said.contains("cpu_ms"), "{said}");
    assert_eq!((ok(&answers[1]), ok(&answers[2])), ((0, "y\ny\n"), (0, "alive\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_takes_too_much_memory_is_killed_and_the_shell_goes_on() {
    let site = Site::new();
    let host = host(site.shell("[tool_limits]\nmemory_bytes = \"32m\"\n")).await;
    let answer = one(&host, "yes $(seq 1 1000) | head -c 100000000 | sort > /tmp/x; echo ${PIPESTATUS[2]}").await;
    let (code, output) = ok(&answer);
    let said = "bash: line 1: sort: limit memory_bytes = 33554432 bytes exceeded";
    assert!(code == 0 && output.starts_with(said) && output.ends_with("137\n"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_run_ends_its_whole_pipeline() {
    let site = Site::new();
    let host = host(site.shell("")).await;
    let step = json!([{ "name": "shell.run", "arguments": { "command": "sleep 100 | sleep 100 | cat" } }]);
    let run = host.submit("caller", "shell", &step.to_string()).await;
    while !host.events(run).iter().any(|(_, event)| matches!(event.what, Happening::Started { .. })) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    host.engine.cancel(run, "enough").await.unwrap();
    assert_eq!(host.end(run).await.state, RunState::Cancelled);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn startup_commands_make_the_workspace_ready_before_the_agent_begins() {
    let site = Site::new();
    let startup = "[[startup]]\ncommand = \"echo ready > state; echo said\"\n\
                   [[startup]]\ncommand = \"false\"\ncontinue_on_failure = true\n";
    let host = host(site.shell(startup)).await;
    let (run, answers) = lines(&host, &["cat state"]).await;
    assert_eq!(ok(&answers[0]), (0, "ready\n"));
    let events = host.events(run);
    let ended: Vec<_> = events
        .iter()
        .filter_map(|(_, event)| match &event.what {
            Happening::Startup { command, exit_code, .. } => Some((command.as_str(), *exit_code)),
            _ => None,
        })
        .collect();
    assert_eq!(ended, [("echo ready > state; echo said", 0), ("false", 1)]);
    host.exact(run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_startup_command_that_fails_ends_the_run_and_says_what_it_printed() {
    let site = Site::new();
    let host = host(site.shell("[[startup]]\ncommand = \"echo no compiler; exit 7\"\n")).await;
    let run = host.submit("caller", "shell", "[]").await;
    let record = host.end(run).await;
    assert_eq!(record.state, RunState::Failed);
    let message = "startup command \"echo no compiler; exit 7\" ended with 7; it printed last:\nno compiler";
    assert_eq!(record.outcome, Some(Outcome::SetupFailed(message.to_owned())));
    assert!(record.started_at.is_none(), "the agent began");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_the_grant_has_no_shell() {
    let site = Site::new();
    let host = site.agent("caller").host().await;
    let step = json!([{ "name": "shell.run", "arguments": { "command": "true" } }]);
    let outcome = host.outcome("caller", "bare", &step.to_string(), &[]).await;
    assert!(outcome.message().contains("tool shell.run is not granted to this run"), "{outcome:?}");
}
