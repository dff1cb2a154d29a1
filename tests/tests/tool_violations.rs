//! One violating call for each limit of a tool call and each capability that it was not granted, each with its exact outcome,
//! with both ways of allocation. The call ends, and the run goes on.

use serde_json::{Value, json};
use skep_engine::{Error, Submission};
use skep_model::{Happening, LimitHit, LimitKind, Outcome, RunId};
use skep_sandbox::Allocation;
use skep_tests::host::{ALLOCATIONS, Host, Site};
use skep_tests::kit;

const MIB: u64 = 1 << 20;

/// A tool, its arguments, the one limit that it has other than by default, and what that limit is.
fn limited() -> Vec<(&'static str, Value, &'static str, LimitKind, u64)> {
    let fill = |way: &str, mebibytes: u64, times: u64| json!({ "way": way, "mebibytes": mebibytes, "times": times });
    let create = |kind: &str| json!({ "kind": kind, "count": 100 });
    let fetch = |count: u64, bytes: u64| json!({ "count": count, "bytes": bytes });
    let (bytes, files) = (LimitKind::WorkspaceBytes, LimitKind::WorkspaceFiles);
    vec![
        ("effects.spin", json!({}), "cpu_ms = 100", LimitKind::CpuMs, 100),
        ("effects.grow", json!({}), "memory_bytes = \"32m\"", LimitKind::MemoryBytes, 32 * MIB),
        ("effects.flood", json!({ "megabytes": 2 }), "output_bytes = \"1m\"", LimitKind::OutputBytes, MIB),
        ("effects.slow", json!({ "ms": 60_000 }), "wall_ms = 300", LimitKind::WallMs, 300),
        ("greedy.fetch", fetch(1, 2 * MIB), "call_bytes = \"1m\"", LimitKind::CallBytes, MIB),
        ("greedy.fetch", fetch(100, 1), "calls = 50", LimitKind::Calls, 50),
        ("greedy.fetch", fetch(100, 50_000), "host_call_bytes = \"1m\"", LimitKind::HostCallBytes, MIB),
        ("greedy.open", json!({ "count": 1_000 }), "handles = 100", LimitKind::Handles, 100),
        ("greedy.open", json!({ "count": 1_000 }), "", LimitKind::Handles, 256),
        ("greedy.descend", json!({}), "", LimitKind::StackBytes, 512 << 10),
        ("grow-table.act", json!({}), "table_elements = 10000", LimitKind::TableElements, 10_000),
        ("greedy.fill", fill("write", 4, 0), "workspace_bytes = \"2m\"", bytes, 2 * MIB),
        ("greedy.fill", fill("append", 4, 0), "workspace_bytes = \"2m\"", bytes, 2 * MIB),
        ("greedy.fill", fill("direct", 4, 0), "workspace_bytes = \"2m\"", bytes, 2 * MIB),
        ("greedy.fill", fill("size", 4, 0), "workspace_bytes = \"2m\"", bytes, 2 * MIB),
        ("greedy.fill", fill("seek", 4, 0), "workspace_bytes = \"2m\"", bytes, 2 * MIB),
        ("greedy.fill", fill("nameless", 1, 4), "workspace_bytes = \"2m\"", bytes, 2 * MIB),
        ("greedy.create", create("file"), "workspace_files = 50", files, 50),
        ("greedy.create", create("folder"), "workspace_files = 50", files, 50),
        ("greedy.create", create("symlink"), "workspace_files = 50", files, 50),
        ("greedy.create", create("hardlink"), "workspace_files = 50", files, 50),
    ]
}

/// What the word of a refused operation of wasi is.
fn denied() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let socket = |operation: &str, address: &str| json!({ "operation": operation, "address": address });
    vec![
        ("effects.trap", json!({}), "trap", "the tool traps as asked"),
        ("effects.fail", json!({}), "tool-error", "the tool fails as asked"),
        ("effects.exit", json!({ "code": 7 }), "tool-error", "exited with code 1"),
        (
            "effects.fetch",
            json!({ "url": "https://example.com/" }),
            "tool-error",
            "refused: no destination is granted, so GET https://example.com/ was not sent",
        ),
        ("effects.socket", socket("connect", "127.0.0.1:1"), "tool-error", "Permission denied (os error 2)"),
        ("effects.socket", socket("bind", "127.0.0.1:0"), "tool-error", "Permission denied (os error 2)"),
        ("effects.socket", socket("udp", "127.0.0.1:1"), "tool-error", "Permission denied (os error 2)"),
        (
            "effects.socket",
            socket("lookup", "localhost:1"),
            "tool-error",
            "failed to lookup address information: Non-recoverable error",
        ),
    ]
}

fn site() -> Site {
    let site = Site::new();
    site.agent("caller").effects();
    kit::tool(&site.plugins(), "greedy", kit::GREEDY, &kit::guest("tool-greedy"));
    let grow = "loop $more (table.grow $table (ref.null func) (i32.const 1000)) i32.const -1 i32.ne br_if $more end";
    tool(&site, "grow-table", &kit::tool_text("", "(table $table 1 funcref)", grow));
    grant(&site, "greedy", "effects.*\", \"greedy.*", "");
    site
}

/// A tool plugin out of text, with one tool `act`.
fn tool(site: &Site, name: &str, text: &str) {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    bad_tool(site, name, &wasm);
}

fn bad_tool(site: &Site, name: &str, wasm: &[u8]) {
    kit::tool(&site.plugins(), name, "[[tools]]\nname = \"act\"\nidempotency = \"read-only\"\n", wasm);
}

fn grant(site: &Site, environment: &str, tools: &str, limits: &str) {
    let rest = format!("tools = [\"{tools}\"]\nworkspace = \"write\"\nrepo = \"optional\"\n[tool_limits]\n{limits}\n");
    kit::environment(&site.environments(), environment, &rest);
}

async fn host(site: &Site, allocation: Allocation) -> Host {
    let host = site.host_with(|config| config.sandbox.allocation = allocation).await;
    assert_eq!(host.engine.sandbox().allocation(), (allocation, None));
    host
}

fn step(tool: &str, arguments: &Value) -> Value {
    json!({ "name": tool, "arguments": arguments })
}

/// What became of each call of an ended run, in the order of their ends.
fn outcomes(host: &Host, run: RunId) -> Vec<Outcome> {
    let finished = host.events(run).into_iter().filter_map(|(_, event)| match event.what {
        Happening::Finished { outcome, .. } => Some(outcome),
        _ => None,
    });
    finished.collect()
}

/// Has a run make these calls one after the other, and tells what became of each. The run itself succeeds.
async fn call(host: &Host, environment: &str, limits: &[&str], steps: &[Value]) -> Vec<Outcome> {
    let run = host.submit_limited("caller", environment, &Value::from(steps).to_string(), limits).await;
    let record = host.end(run).await;
    assert!(matches!(record.outcome, Some(Outcome::Completed(_))), "{:?}", record.outcome);
    outcomes(host, run)
}

fn hit(outcome: &Outcome) -> LimitHit {
    match outcome {
        Outcome::Limit(hit) => *hit,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_of_a_tool_call_ends_the_call_and_not_the_run() {
    let (site, cases) = (site(), limited());
    for (index, (_, _, limits, ..)) in cases.iter().enumerate() {
        grant(&site, &format!("case-{index}"), "effects.*\", \"greedy.*\", \"grow-table.*", limits);
    }
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        for (index, (tool, arguments, limits, limit, value)) in cases.iter().enumerate() {
            let ended = call(&host, &format!("case-{index}"), &[], &[step(tool, arguments)]).await;
            assert_eq!(ended.len(), 1);
            let hit = hit(&ended[0]);
            assert_eq!((hit.limit, hit.value), (*limit, *value), "{tool} {arguments} with {limits}, {allocation:?}");
            assert!(hit.reached > hit.value || *limit == LimitKind::WallMs, "{tool} {arguments}: {hit}");
        }
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_breaks_fails_or_reaches_for_the_network_is_told_so() {
    let (site, cases) = (site(), denied());
    let steps: Vec<_> = cases.iter().map(|(tool, arguments, ..)| step(tool, arguments)).collect();
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        let outcome = host.outcome("caller", "effects", &Value::from(steps.clone()).to_string(), &[]).await;
        let answers: Vec<Value> = serde_json::from_str(&outcome.message()).unwrap_or_else(|_| panic!("{outcome:?}"));
        assert_eq!(answers.len(), cases.len());
        for ((tool, arguments, kind, said), answer) in cases.iter().zip(&answers) {
            assert_eq!(answer["error"]["kind"], *kind, "{tool} {arguments}: {answer}");
            let message = answer["error"]["message"].as_str().unwrap_or_default();
            let exact = if *kind == "trap" { message.contains(said) } else { message == *said };
            assert!(exact, "{tool} {arguments}: {answer}");
        }
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_prints_is_cut_at_its_limit_and_the_call_goes_on() {
    let site = site();
    grant(&site, "quiet", "effects.*", "log_bytes = \"4k\"");
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        let prompt = json!([step("effects.print", &json!({ "megabytes": 1 }))]).to_string();
        let run = host.submit("caller", "quiet", &prompt).await;
        host.end(run).await;
        assert!(matches!(outcomes(&host, run)[..], [Outcome::Completed(_)]));
        let printed = host.events(run).into_iter().filter_map(|(_, event)| match event.what {
            Happening::Printed { text, .. } => Some(Outcome::Completed(text).message()),
            _ => None,
        });
        let printed: Vec<_> = printed.collect();
        assert!(printed.iter().map(String::len).sum::<usize>() < 5 << 10, "{} lines", printed.len());
        assert_eq!(printed.last().map(String::as_str), Some("… (log cut: limit log_bytes = 4096 bytes reached)"));
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn room_that_was_freed_can_be_used_again() {
    let site = site();
    grant(&site, "small", "greedy.*", "workspace_bytes = \"4m\"\nworkspace_files = 50");
    let fill = |way: &str, times: u64| step("greedy.fill", &json!({ "way": way, "mebibytes": 1, "times": times }));
    let steps = [
        fill("write", 0),
        fill("over", 20),
        fill("again", 20),
        fill("passing", 20),
        step("greedy.create", &json!({ "kind": "file", "count": 200, "removed": true })),
        step("greedy.create", &json!({ "kind": "folder", "count": 200, "removed": true })),
        fill("nameless", 2),
        fill("nameless", 2),
    ];
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        let ended = call(&host, "small", &[], &steps).await;
        let said: Vec<_> = ended.iter().map(Outcome::message).collect();
        let full = MIB.to_string();
        assert_eq!(said, [&*full, &full, &full, &full, "200", "200", &full, &full]);
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_calls_of_a_run_share_its_room_and_what_it_brought_counts() {
    let site = site();
    let repository = site.beside("repository");
    std::fs::create_dir_all(&repository).expect("a temporary folder can be written");
    std::fs::write(repository.join("large"), vec![7; 128 << 10]).expect("a temporary folder can be written");
    let write =
        |file: u64| step("effects.write", &json!({ "file": format!("part-{file}"), "content": "w".repeat(8 << 10) }));
    let prompt = json!([{ "many": (0..64).map(write).collect::<Vec<_>>() }, write(64)]).to_string();
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        for (repos, fit) in [(Vec::new(), 32), (vec![repository.display().to_string()], 16)] {
            let submission = Submission {
                prompt: prompt.clone(),
                agent: Some("caller".to_owned()),
                environment: Some("greedy".to_owned()),
                limits: vec!["workspace_bytes=256k".to_owned()],
                repos,
                ..Submission::default()
            };
            let run = host.engine.submit(submission).await.expect("the submission is accepted");
            host.end(run).await;
            let ended = outcomes(&host, run);
            let (written, over): (Vec<_>, Vec<_>) =
                ended.iter().partition(|outcome| matches!(outcome, Outcome::Completed(_)));
            // What is being written while the others are counted may count twice, so a few may be refused that would have fit.
            assert!((fit / 2..=fit).contains(&written.len()), "{} of {fit} fit", written.len());
            assert_eq!(written.len() + over.len(), 65);
            for hit in over.into_iter().map(hit) {
                assert_eq!((hit.limit, hit.value), (LimitKind::WorkspaceBytes, 256 << 10));
                assert!(hit.reached > hit.value, "{hit}");
            }
        }
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_holds_for_a_tool_counts_as_the_tools_memory() {
    let site = site();
    grant(&site, "small", "greedy.*", "memory_bytes = \"16m\"");
    let steps = [
        step("greedy.create", &json!({ "kind": "file", "count": 1_000 })),
        step("greedy.list", &json!({ "count": 50 })),
        step("greedy.list", &json!({ "count": 250 })),
        step("greedy.bodies", &json!({ "count": 50 })),
    ];
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        let ended = call(&host, "small", &[], &steps).await;
        assert_eq!((ended[0].message(), ended[1].message()), ("1000".to_owned(), "50".to_owned()));
        let hit = hit(&ended[2]);
        assert_eq!((hit.limit, hit.value), (LimitKind::MemoryBytes, 16 * MIB));
        // Two pieces of 16 KiB wait in each body that nobody reads.
        assert_eq!(ended[3].message(), (50 * 2 * 16 * 1024).to_string());
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_tool_of_this_contract_is_refused_by_name_before_anything_is_accepted() {
    let site = site();
    let mut truncated = kit::guest("tool-greedy");
    truncated.truncate(truncated.len() / 2);
    let text = |outer: &str, act: &str| wat::parse_str(kit::tool_text(outer, "", act)).expect("it is well written");
    let import = |name: &str| text(&format!("(import {name:?} (instance (export \"act\" (func))))"), "");
    let wide =
        wat::parse_file(concat!(env!("CARGO_MANIFEST_DIR"), "/guests/wat/wide-answer.wat")).expect("it is there");
    let other = kit::tool_text("", "", "").replace("tool-provider@0.1.0", "tool-provider@0.9.0");
    let signature = r#"(component
  (core module $module (func (export "call") (result i32) i32.const 1))
  (core instance $tool (instantiate $module))
  (func $call (result u32) (canon lift (core func $tool "call")))
  (instance $exported (export "call" (func $call)))
  (export "skep:plugin/tool-provider@0.1.0" (instance $exported)))"#;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("text", b"#!/bin/sh\n".to_vec(), "not a WebAssembly component"),
        ("module", b"\0asm\x01\0\0\0".to_vec(), "a core module, not a component"),
        ("truncated", truncated, "truncated or malformed"),
        ("an-agent", kit::guest("echo"), "not a tool component: it does not export"),
        ("another-version", wat::parse_str(other).expect("it is well written"), "newer than the 0.1"),
        ("nonsense", import("skep:plugin/nonsense@0.1.0"), "which is no part of the tool world"),
        ("of-agents", import("skep:agent/session@0.1.0"), "which is no part of the tool world"),
        ("newer-wasi", import("wasi:filesystem/types@0.3.0"), "which is no part of the tool world"),
        ("newer-contract", import("skep:plugin/http@0.9.0"), "newer than the 0.1"),
        ("wrong-import", import("skep:plugin/http@0.1.0"), "does not fit the contract"),
        ("wrong-signature", wat::parse_str(signature).expect("it is well written"), "does not fit the contract"),
        ("wide-answer", wide, "the tool can't describe itself: limit call_bytes = 8388608 bytes exceeded"),
    ];
    for (name, wasm, _) in &cases {
        bad_tool(&site, name, wasm);
        grant(&site, name, &format!("{name}.*"), "");
    }
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        for (name, _, word) in &cases {
            let submission = Submission {
                agent: Some("caller".to_owned()),
                environment: Some((*name).to_owned()),
                ..Submission::default()
            };
            match host.engine.submit(submission).await {
                Err(Error::Plugin { plugin, reason }) => {
                    assert!(plugin == *name && reason.contains(word), "{name}: {reason}")
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        assert!(host.engine.store().state().all_runs().next().is_none(), "nothing was accepted");
        host.stop().await;
    }
}
