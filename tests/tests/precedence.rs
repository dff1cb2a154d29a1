//! Who decides what a run and its tools get: the submitter, the environment, the plugin's author, the operator.

use skep_engine::{Error, Submission};
use skep_model::{Access, Happening, LimitError, Limits, RunSpec, RunState};
use skep_tests::host::{Host, Site};
use skep_tests::kit;

const MIB: u64 = 1 << 20;

async fn spec(host: &Host, environment: &str, limits: &[&str]) -> RunSpec {
    let run = host.submit_limited("noop", environment, "", limits).await;
    host.end(run).await;
    match host.events(run).into_iter().next().map(|(_, event)| event.what) {
        Some(Happening::Queued(spec)) => *spec,
        other => panic!("{other:?}"),
    }
}

fn manifest(limits: &str) -> String {
    kit::EFFECTS.replace("workspace = \"write\"", &format!("workspace = \"write\"\n[capabilities.limits]\n{limits}"))
}

fn environment(site: &Site, name: &str, tool: &str, rest: &str) {
    let text = format!("tools = [\"{tool}.*\"]\nworkspace = \"write\"\n{rest}");
    kit::environment(&site.environments(), name, &text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_gets_the_lesser_of_what_its_manifest_asks_for_and_its_environment_allows() {
    let site = Site::new();
    site.agent("noop");
    kit::tool(&site.plugins(), "plain", kit::EFFECTS, &kit::guest("tool-effects"));
    for (name, asked) in [("modest", "32m"), ("greedy", "900m"), ("absurd", "64g")] {
        kit::tool(&site.plugins(), name, &manifest(&format!("memory_bytes = {asked:?}")), &kit::guest("tool-effects"));
    }
    let default = Limits::TOOL.memory_bytes;
    let cases = [
        ("plain", "", default),
        ("plain", "16m", 16 * MIB),
        ("plain", "512m", 512 * MIB),
        ("modest", "", 32 * MIB),
        ("modest", "16m", 16 * MIB),
        ("modest", "512m", 32 * MIB),
        ("greedy", "", 900 * MIB),
        ("greedy", "16m", 16 * MIB),
        ("absurd", "", 1024 * MIB),
        ("absurd", "16m", 16 * MIB),
    ];
    for (tool, allowed, _) in &cases {
        let limits =
            if allowed.is_empty() { String::new() } else { format!("[tool_limits]\nmemory_bytes = {allowed:?}\n") };
        environment(&site, &format!("{tool}{allowed}"), tool, &limits);
    }
    let host = site.host().await;
    for (tool, allowed, expected) in cases {
        let spec = spec(&host, &format!("{tool}{allowed}"), &[]).await;
        assert!(!spec.grants.tools.is_empty());
        for pin in spec.grants.tools {
            assert_eq!(pin.limits.memory_bytes, expected, "{}, where {allowed:?} is allowed", pin.name);
            assert_eq!(pin.limits.cpu_ms, Limits::TOOL.cpu_ms);
        }
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submitter_decides_over_the_environment_and_nobody_over_the_operator() {
    let site = Site::new();
    site.agent("noop");
    kit::environment(&site.environments(), "quick", "[limits]\nwall_ms = \"10s\"\ncalls = 50\n");
    kit::environment(&site.environments(), "endless", "[limits]\nwall_ms = \"48h\"\n");
    kit::environment(&site.environments(), "greedy", "[tool_limits]\nmemory_bytes = \"64g\"\n");
    let host = site.host().await;
    let own = spec(&host, "quick", &[]).await.limits;
    assert_eq!(own, Limits { wall_ms: 10_000, calls: 50, ..Limits::RUN });
    let wished = spec(&host, "quick", &["wall_ms=20s"]).await.limits;
    assert_eq!(wished, Limits { wall_ms: 20_000, calls: 50, ..Limits::RUN });
    for (name, key) in [("endless", "wall_ms = 172800000"), ("greedy", "memory_bytes = 68719476736")] {
        let refused = host.engine.submit(Submission {
            agent: Some("noop".into()),
            environment: Some(name.into()),
            ..Submission::default()
        });
        match refused.await {
            Err(Error::Environment { name: named, source: LimitError::OutOfRange(text) }) => {
                assert!(named == name && text.contains(key), "{named}: {text}");
            }
            other => panic!("{other:?}"),
        }
    }
    let refused = host.engine.submit(Submission {
        agent: Some("noop".into()),
        environment: Some("quick".into()),
        limits: vec!["wall_ms=48h".into()],
        ..Submission::default()
    });
    assert!(matches!(refused.await, Err(Error::Limit(LimitError::OutOfRange(_)))));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_is_declared_to_only_read_is_held_to_it() {
    let site = Site::new();
    site.agent("caller").agent("noop");
    let rest = "[capabilities]\nworkspace = \"write\"\n[[tools]]\nname = \"append\"\nidempotency = \"read-only\"\n\
                [[tools]]\nname = \"write\"\nidempotency = \"idempotent\"\n";
    kit::tool(&site.plugins(), "liar", rest, &kit::guest("tool-effects"));
    environment(&site, "work", "liar", "");
    let host = site.host().await;
    let access: Vec<_> = spec(&host, "work", &[]).await.grants.tools.iter().map(|tool| tool.workspace).collect();
    assert_eq!(access, [Access::Read, Access::Write]);
    let prompt = r#"[{"name": "liar.write", "arguments": {"file": "log", "content": "one"}},
        {"name": "liar.append", "arguments": {"file": "log", "line": "two"}}]"#;
    let run = host.submit("caller", "work", prompt).await;
    let record = host.end(run).await;
    assert_eq!(record.state, RunState::Succeeded);
    let message = record.outcome.map(|outcome| outcome.message()).unwrap_or_default();
    let answers: serde_json::Value = serde_json::from_str(&message).expect("it returns JSON");
    assert!(answers[0]["ok"].is_null() && answers[0].get("ok").is_some(), "{answers}");
    assert_eq!(answers[1]["error"]["message"], "Operation not permitted (os error 63)", "{answers}");
    host.stop().await;
}
