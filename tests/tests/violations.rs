//! One violating guest for each limit and each denied capability, each with its exact outcome, with both ways of allocation.

use std::time::{Duration, Instant};

use skep_engine::{Error, Submission};
use skep_model::{Content, Happening, LimitKind, Outcome, RunState};
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
    ("huge-argument", "report", &["call_bytes=1m"], LimitKind::CallBytes, 1 << 20),
    ("huge-argument", "call", &["call_bytes=1m"], LimitKind::CallBytes, 1 << 20),
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

const WAT: &[&str] = &[
    "grow-table",
    "wide-list",
    "spin-at-start",
    "spin-in-realloc",
    "bad-realloc",
    "bad-utf8",
    "four-gib-string",
    "huge-memory",
    "huge-table",
];

/// What a brain is told of every path.
const ABSENT: &str = "No such file or directory (os error 44)";
/// What a brain is told of every socket.
const NO_SOCKET: &str = "Permission denied (os error 2)";
/// What a brain is told of every name.
const NO_LOOKUP: &str = "failed to lookup address information: Non-recoverable error";

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

fn submission(agent: &str) -> Submission {
    Submission { agent: Some(agent.to_owned()), environment: Some("bare".to_owned()), ..Submission::default() }
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
async fn what_has_more_from_the_start_than_it_may_have_is_refused_by_the_pool_and_limited_without_one() {
    let site = site();
    for (guest, limit, value) in
        [("wat-huge-memory", LimitKind::MemoryBytes, 256 << 20), ("wat-huge-table", LimitKind::TableElements, 100_000)]
    {
        let pooling = host(&site, Allocation::Pooling).await;
        match pooling.engine.submit(submission(guest)).await {
            Err(Error::Plugin { plugin, reason }) => {
                assert!(plugin == guest && reason.contains("needs more than this host's maxima allow"), "{reason}")
            }
            other => panic!("{guest}: {other:?}"),
        }
        pooling.stop().await;
        let on_demand = host(&site, Allocation::OnDemand).await;
        let outcome = on_demand.outcome(guest, "bare", "", &[]).await;
        let Outcome::Limit(hit) = outcome else { panic!("{guest}: {outcome:?}") };
        assert!((hit.limit, hit.value) == (limit, value) && hit.reached > value, "{hit}");
        on_demand.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_fails_says_so_itself() {
    let site = site();
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        let failed = host.outcome("fails", "bare", "because I can", &[]).await;
        assert_eq!(failed, Outcome::GuestError("because I can".to_owned()));
        let exited = host.outcome("exits", "bare", "3", &[]).await;
        assert_eq!(exited, Outcome::GuestError("exited with code 1".to_owned()));
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_log_lines_is_cut_and_the_guest_goes_on() {
    let site = site();
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        let run = host.submit_limited("flood-log", "bare", "", &["log_bytes=64k", "cpu_ms=60000"]).await;
        let record = host.end(run).await;
        assert_eq!(record.outcome, Some(Outcome::Completed(Content::Inline("printed it all".to_owned()))));
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
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brain_has_no_files_and_no_network() {
    let site = site();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("a socket can be non-blocking");
    let address = listener.local_addr().expect("it has an address").to_string();
    let paths = ["/etc/passwd", ".", "/", "../../etc/passwd", "/workspace"];
    let none = paths.map(|path| format!("{path}: {ABSENT}; {ABSENT}")).join("\n");
    let refused = ["tcp", "listen", "udp"].map(|kind| format!("{kind}: {NO_SOCKET}"));
    let refused = format!("{}\nlookup: {NO_LOOKUP}", refused.join("\n"));
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        let files = host.outcome("reads-file", "bare", &paths.join("\n"), &[]).await;
        assert_eq!(files, Outcome::Completed(Content::Inline(none.clone())));
        let sockets = host.outcome("opens-socket", "bare", &address, &[]).await;
        assert_eq!(sockets, Outcome::Completed(Content::Inline(refused.clone())));
        host.stop().await;
    }
    assert_eq!(listener.accept().map(drop).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_this_host_does_not_have_answer_so() {
    let site = site();
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        let kinds = host.outcome("asks-everything", "bare", "", &[]).await.message();
        for kind in ["model", "ask", "spawn", "wait", "cancel"] {
            assert!(kinds.contains(&format!("\"{kind}\":\"not-available\"")), "{kinds}");
        }
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ungranted_tool_is_refused_and_the_refusal_is_on_the_record() {
    let site = site();
    let why = "tool effects.append is not granted to this run (none is); to grant it, add `tools = [\"effects.append\"]` to environment \"bare\"";
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        let call = r#"[{"name": "effects.append", "arguments": {"file": "a", "line": "b"}}]"#;
        let run = host.submit("caller", "bare", call).await;
        let outcome = host.end(run).await.outcome.expect("it has ended");
        let answers: serde_json::Value = serde_json::from_str(&outcome.message()).expect("the guest answers with JSON");
        assert_eq!(answers, serde_json::json!([{ "error": { "kind": "refused", "message": why } }]));
        let refusals = host.events(run).into_iter().filter(|(_, event)| {
            matches!(&event.what, Happening::Finished { outcome: Outcome::Refused(said), .. } if said == why)
        });
        assert_eq!(refusals.count(), 1);
        host.stop().await;
    }
}

/// The contract has no recursive type, so that depth is only possible in texts that are JSON.
#[tokio::test(flavor = "multi_thread")]
async fn arguments_of_any_depth_cost_the_host_no_stack() {
    let site = site();
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        let deep = host.outcome("deep-arguments", "effects", "effects.write", &[]).await;
        assert_eq!(
            deep,
            Outcome::GuestError(
                "invalid-arguments: arguments must be one JSON object: recursion limit exceeded at line 1 column 135"
                    .to_owned()
            )
        );
        host.stop().await;
    }
}

/// Sixty-four spinners take one core of this machine for as long as they live, and the others have the rest: more than this
/// many times slower than alone, the others would be waiting for spinners.
const SLOWER: u32 = 5;
/// How long it may take until they have. The spinners live longer.
const SETTLED: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn spinning_guests_in_64_copies_leave_the_others_their_pace() {
    let site = site();
    for allocation in ALLOCATIONS {
        let host = site
            .host_with(|config| {
                config.sandbox.allocation = allocation;
                (config.concurrency, config.sandbox.agents) = (80, 80);
            })
            .await;
        let pace = async || {
            let mut times = Vec::new();
            for _ in 0..40 {
                let began = Instant::now();
                let outcome = host.outcome("echo", "bare", "hello", &[]).await;
                assert_eq!(outcome, Outcome::Completed(Content::Inline("hello".to_owned())));
                times.push(began.elapsed());
            }
            times.sort_unstable();
            times[times.len() / 2]
        };
        let alone = pace().await;
        let mut spinning = Vec::new();
        for _ in 0..64 {
            let hostile = Submission {
                limits: vec!["cpu_ms=60000".into()],
                submitter: Some("hostile".into()),
                ..submission("loop-forever")
            };
            spinning.push(host.engine.submit(hostile).await.expect("it is accepted"));
        }
        while !spinning.iter().all(|run| host.engine.record(*run).is_ok_and(|record| record.started_at.is_some())) {
            tokio::task::yield_now().await;
        }
        // Each of them computes like any other guest for its first 20 ms; after that the others have their pace again.
        let (began, mut beside) = (Instant::now(), pace().await);
        while beside >= alone * SLOWER && began.elapsed() < SETTLED {
            beside = pace().await;
        }
        assert!(beside < alone * SLOWER, "alone {alone:?}, beside 64 spinners {beside:?}, {allocation:?}");
        for run in &spinning {
            let record = host.engine.record(*run).expect("it is there");
            assert_eq!(record.state, RunState::InProgress, "every spinner lived through the measurement");
            host.engine.cancel(*run, "measured").await.expect("it can be cancelled");
        }
        for run in spinning {
            assert_eq!(host.end(run).await.outcome, Some(Outcome::Cancelled("measured".to_owned())));
        }
        host.stop().await;
    }
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
    for allocation in ALLOCATIONS {
        let host = host(&site, allocation).await;
        for (name, _, word) in &cases {
            match host.engine.submit(submission(name)).await {
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
