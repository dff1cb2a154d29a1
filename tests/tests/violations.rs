//! One violating guest for each limit and each denied capability, each with its exact outcome, with both ways of allocation.

use std::time::{Duration, Instant};

use skep_engine::Error;
use skep_model::{Content, Happening, LimitKind, Outcome};
use skep_sandbox::Allocation;
use skep_tests::host::{ALLOCATIONS, Host, Site};
use skep_tests::kit;

/// A guest, its prompt, its limits, and the limit that must end it with the value that it has.
const LIMITED: &[(&str, &str, &[&str], LimitKind, u64)] = &[
    ("loop-forever", "", &["cpu_ms=100"], LimitKind::CpuMs, 100),
    ("grow-memory", "", &["memory_bytes=32m"], LimitKind::MemoryBytes, 32 << 20),
    ("flood-output", "", &["output_bytes=1m"], LimitKind::OutputBytes, 1 << 20),
    ("deep-recursion", "", &[], LimitKind::StackBytes, 512 << 10),
    ("huge-argument", "say", &["call_bytes=1m"], LimitKind::CallBytes, 1 << 20),
    ("many-handles", "", &["handles=500"], LimitKind::Handles, 500),
    ("counter-calls", r#"{"times": 1000}"#, &["calls=100"], LimitKind::Calls, 100),
    ("flood-output", "", &["host_call_bytes=2m"], LimitKind::HostCallBytes, 2 << 20),
    ("sleeps", "3600000", &["wall_ms=300"], LimitKind::WallMs, 300),
    ("chatter", "", &["wall_ms=300"], LimitKind::WallMs, 300),
    ("wat-grow-table", "", &["table_elements=10000"], LimitKind::TableElements, 10_000),
    ("wat-wide-list", "", &[], LimitKind::CallBytes, 8 << 20),
    ("wat-spin-at-start", "", &["cpu_ms=100"], LimitKind::CpuMs, 100),
    ("wat-spin-in-realloc", "", &["cpu_ms=100"], LimitKind::CpuMs, 100),
];

/// Guests that break, and a word of the trap.
const TRAPPED: &[(&str, &str)] = &[
    ("panics", "with this message"),
    ("wat-bad-realloc", "beyond end of memory"),
    ("wat-bad-utf8", "utf-8"),
    ("wat-four-gib-string", "out of bounds"),
];

const WAT: &[&str] =
    &["grow-table", "wide-list", "spin-at-start", "spin-in-realloc", "bad-realloc", "bad-utf8", "four-gib-string"];

fn wat(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("guests/wat/{name}.wat"));
    wat::parse_file(&path).unwrap_or_else(|error| panic!("{error}"))
}

fn site() -> Site {
    let site = Site::new();
    let mut guests: Vec<_> =
        LIMITED.iter().map(|limited| limited.0).chain(TRAPPED.iter().map(|trapped| trapped.0)).collect();
    guests.extend([
        "fails",
        "exits",
        "flood-log",
        "reads-file",
        "opens-socket",
        "asks-everything",
        "deep-arguments",
        "caller",
        "echo",
        "prints",
    ]);
    guests.sort_unstable();
    guests.dedup();
    for guest in guests.iter().filter(|guest| !guest.starts_with("wat-")) {
        site.agent(guest);
    }
    for name in WAT {
        kit::agent(&site.plugins(), &format!("wat-{name}"), &wat(name));
    }
    site.effects();
    site
}

async fn host(site: &Site, allocation: Allocation) -> Host {
    let host = site.host_with(|config| config.sandbox.allocation = allocation).await;
    assert_eq!(host.engine.sandbox().allocation(), (allocation, None));
    host
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_ends_its_violator_and_says_which_it_was() {
    let site = site();
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        for (guest, prompt, limits, limit, value) in LIMITED {
            match host.outcome(guest, "bare", prompt, limits).await {
                Outcome::Limit(hit) => {
                    assert_eq!((hit.limit, hit.value), (*limit, *value), "{guest}");
                    assert!(
                        hit.reached > hit.value || *limit == LimitKind::WallMs && hit.reached >= hit.value,
                        "{guest}: {hit}"
                    );
                }
                other => panic!("{guest} with {limits:?}, {allocation:?}: {other:?}"),
            }
        }
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_breaks_is_a_trap_with_its_message() {
    let site = site();
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        for (guest, word) in TRAPPED {
            match host.outcome(guest, "bare", word, &[]).await {
                Outcome::Trap(message) => assert!(message.contains(word), "{guest}: {message}"),
                other => panic!("{guest}, {allocation:?}: {other:?}"),
            }
        }
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_fails_says_so_itself() {
    let site = site();
    let host = host(&site, Allocation::Pooling).await;
    assert!(matches!(host.outcome("fails", "bare", "", &[]).await, Outcome::GuestError(_)));
    let exited = host.outcome("exits", "bare", "3", &[]).await;
    assert!(matches!(&exited, Outcome::GuestError(message) if message.starts_with("exited with code")), "{exited:?}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_log_lines_is_cut_and_the_guest_goes_on() {
    let site = site();
    let host = host(&site, Allocation::Pooling).await;
    let run = host.submit_limited("flood-log", "bare", "", &["log_bytes=64k", "cpu_ms=60000"]).await;
    let record = host.end(run).await;
    assert!(matches!(record.outcome, Some(Outcome::Completed(_))), "{:?}", record.outcome);
    let (mut bytes, mut last) = (0, String::new());
    for (_, event) in host.events(run) {
        if let Happening::Logged { text: Content::Inline(text), .. } = event.what {
            bytes += text.len();
            last = text;
        }
    }
    assert!(bytes <= 65 << 10, "{bytes} bytes of log were kept");
    assert_eq!(last, "… (log cut: limit log_bytes = 65536 bytes reached)");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brain_has_no_files_and_no_network() {
    let site = site();
    let host = host(&site, Allocation::Pooling).await;
    let files = host.outcome("reads-file", "bare", "/etc/passwd\n.\n/\n../../etc/passwd\n/workspace", &[]).await;
    assert!(!files.message().contains("it is there"), "{files:?}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("a socket can be non-blocking");
    let address = listener.local_addr().expect("it has an address").to_string();
    let sockets = host.outcome("opens-socket", "bare", &address, &[]).await;
    assert!(matches!(sockets, Outcome::Completed(_)) && !sockets.message().contains("it worked"), "{sockets:?}");
    assert_eq!(listener.accept().map(drop).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_this_host_does_not_have_answer_so() {
    let site = site();
    let host = host(&site, Allocation::Pooling).await;
    let kinds = host.outcome("asks-everything", "bare", "", &[]).await.message();
    for kind in ["model", "ask", "spawn", "wait", "cancel"] {
        assert!(kinds.contains(&format!("\"{kind}\":\"not-available\"")), "{kinds}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ungranted_tool_is_refused_and_the_refusal_is_on_the_record() {
    let site = site();
    let host = host(&site, Allocation::Pooling).await;
    let run =
        host.submit("caller", "bare", r#"[{"name": "effects.append", "arguments": {"file": "a", "line": "b"}}]"#).await;
    let outcome = host.end(run).await.outcome.expect("it has ended");
    assert!(outcome.message().contains("\"kind\":\"refused\""), "{outcome:?}");
    let refusals = host.events(run).into_iter().filter(|(_, event)| {
        matches!(&event.what, Happening::Finished { outcome: Outcome::Refused(why), .. } if why.contains("effects.append is not granted"))
    });
    assert_eq!(refusals.count(), 1);
    let deep = host.outcome("deep-arguments", "effects", "effects.write", &[]).await;
    assert!(matches!(deep, Outcome::GuestError(_)), "{deep:?}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_of_a_tool_call_ends_the_call_and_not_the_run() {
    let site = site();
    kit::environment(
        &site.environments(),
        "tight",
        "tools = [\"effects.*\"]\nworkspace = \"write\"\n[tool_limits]\ncpu_ms = 100\nmemory_bytes = \"32m\"\noutput_bytes = \"1m\"\nwall_ms = 500\n",
    );
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        let cases = [
            ("spin", "{}", "limit", "cpu_ms = 100"),
            ("grow", "{}", "limit", "memory_bytes = 33554432"),
            ("flood", r#"{"megabytes": 2}"#, "limit", "output_bytes = 1048576"),
            ("slow", r#"{"ms": 60000}"#, "limit", "wall_ms = 500"),
            ("trap", "{}", "trap", "the tool traps as asked"),
            ("fail", "{}", "tool-error", "the tool fails as asked"),
            ("exit", r#"{"code": 7}"#, "tool-error", "exited with code"),
            ("fetch", r#"{"url": "https://example.com/"}"#, "tool-error", "no destination is granted"),
            ("socket", r#"{"operation": "connect", "address": "127.0.0.1:1"}"#, "tool-error", ""),
            ("socket", r#"{"operation": "udp", "address": "127.0.0.1:1"}"#, "tool-error", ""),
            ("socket", r#"{"operation": "lookup", "address": "localhost:1"}"#, "tool-error", ""),
        ];
        let steps: Vec<_> = cases
            .iter()
            .map(|(tool, arguments, ..)| format!(r#"{{"name": "effects.{tool}", "arguments": {arguments}}}"#))
            .collect();
        let outcome = host.outcome("caller", "tight", &format!("[{}]", steps.join(",")), &[]).await;
        let answers: Vec<serde_json::Value> =
            serde_json::from_str(&outcome.message()).unwrap_or_else(|_| panic!("{outcome:?}"));
        for ((tool, _, kind, word), answer) in cases.iter().zip(&answers) {
            assert_eq!(answer["error"]["kind"], *kind, "{tool}: {answer}");
            assert!(
                answer["error"]["message"].as_str().is_some_and(|message| message.contains(word)),
                "{tool}: {answer}"
            );
        }
        assert_eq!(answers.len(), cases.len());
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spinning_guests_in_64_copies_leave_the_others_their_pace() {
    let site = site();
    let host = host(&site, Allocation::Pooling).await;
    let pace = async |count: usize| {
        let mut times = Vec::new();
        for _ in 0..count {
            let began = Instant::now();
            let outcome = host.outcome("echo", "bare", "hello", &[]).await;
            assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
            times.push(began.elapsed());
        }
        times.sort_unstable();
        times[count / 2]
    };
    let alone = pace(40).await;
    let mut spinning = Vec::new();
    for _ in 0..64 {
        let submission = skep_engine::Submission {
            agent: Some("loop-forever".into()),
            environment: Some("bare".into()),
            limits: vec!["cpu_ms=300".into()],
            submitter: Some("hostile".into()),
            ..skep_engine::Submission::default()
        };
        spinning.push(host.engine.submit(submission).await.expect("it is accepted"));
    }
    let beside = pace(40).await;
    // A bound far above noise and far below what 64 spinners on every core would do to their neighbours.
    assert!(beside < alone * 20 + Duration::from_millis(200), "alone {alone:?}, beside 64 spinners {beside:?}");
    for run in spinning {
        let outcome = host.end(run).await.outcome;
        assert!(matches!(outcome, Some(Outcome::Limit(hit)) if hit.limit == LimitKind::CpuMs), "{outcome:?}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_component_of_this_contract_is_refused_by_name_before_anything_is_accepted() {
    let site = site();
    let mut truncated = kit::guest("echo");
    truncated.truncate(truncated.len() / 2);
    let cases: [(&str, Vec<u8>, &str); 7] = [
        ("text", b"#!/bin/sh\n".to_vec(), "not a WebAssembly component"),
        ("module", b"\0asm\x01\0\0\0".to_vec(), "a core module, not a component"),
        ("truncated", truncated, "truncated or malformed"),
        ("wrong-world", wat("wrong-world"), "not an agent component"),
        ("missing-import", wat("missing-import"), "which is no part of the agent world"),
        ("newer-contract", wat("newer-contract"), "newer than the 0.1"),
        ("wrong-signature", wat("wrong-signature"), "does not fit the contract"),
    ];
    for (name, wasm, _) in &cases {
        kit::agent(&site.plugins(), name, wasm);
    }
    let host = host(&site, Allocation::Pooling).await;
    for (name, _, word) in &cases {
        let submission = skep_engine::Submission {
            agent: Some((*name).into()),
            environment: Some("bare".into()),
            ..Default::default()
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
