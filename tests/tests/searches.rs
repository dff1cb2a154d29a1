//! What a tool has the host look for over many files: whatever is asked and whatever is in the workspace, it stays within what
//! the call may use.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skep_model::{Access, Content, Digest, LimitKind, Limits, Outcome};
use skep_sandbox::{Allocation, Config, Meter, Sandbox, Tool, ToolCall, ToolEnded, Workspace};
use skep_tests::kit;
use tempfile::TempDir;

/// The built-in tools for files, with a workspace.
struct Files {
    sandbox: Sandbox,
    tool: Tool,
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        let wasm = fs::read(kit::plugins().join("files/files.wasm")).expect("the guests are built");
        let config = Config { allocation: Allocation::OnDemand, ..Config::default() };
        let sandbox = Sandbox::new(config).expect("wasmtime works here");
        let tool = sandbox.tool(Digest::of(&wasm), &wasm).expect("it is a tool");
        Self { sandbox, tool, folder: TempDir::new().expect("there is room for a temporary folder") }
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a temporary folder can be written");
        fs::write(path, content).expect("a temporary folder can be written");
    }

    async fn call(&self, name: &str, arguments: Value, limits: Limits) -> ToolEnded {
        let workspace = Workspace::open(self.folder.path()).expect("the folder can be opened");
        let call = ToolCall {
            tool: &self.tool,
            name,
            arguments: &arguments.to_string(),
            workspace: Some((&workspace, Access::Write)),
            meter: Arc::new(Meter::new(limits)),
        };
        self.sandbox.call(call).await
    }

    /// The answer to a call within the usual limits.
    async fn answer(&self, name: &str, arguments: Value) -> Value {
        match self.call(name, arguments, Limits::TOOL).await.outcome {
            Outcome::Completed(Content::Inline(answer)) => {
                serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
            }
            other => panic!("{name}: {other:?}"),
        }
    }

    async fn refusal(&self, name: &str, arguments: Value) -> String {
        match self.call(name, arguments, Limits::TOOL).await.outcome {
            Outcome::GuestError(message) => message,
            other => panic!("{name}: {other:?}"),
        }
    }
}

fn braces() -> String {
    format!("{}a{}", "{".repeat(60_000), "}".repeat(60_000))
}

/// Lines of `a` and `b` in no order.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if state >> 63 == 0 { b'a' } else { b'b' }
    };
    (1..=bytes).map(|at| if at % 8_192 == 0 { b'\n' } else { next() }).collect()
}

/// A pattern that takes long for each byte.
fn slow() -> String {
    "[ab]*a[ab]{3000}c".to_owned()
}

/// The most memory that this process has ever had, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells it");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("it is a number") << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn ignore_rules_of_any_size_leave_the_host_alive_and_the_other_rules_in_force() {
    let files = Files::new();
    files.write(".gitignore", format!("ignored/\n{}\n{}\n*.log\n", braces(), "a".repeat(100_000)));
    files.write("below/.gitignore", "*{a*b?c*,d}*\n".repeat(40_000));
    for path in ["a", "ignored/a", "below/ignored/a", "below/a.log", "below/a"] {
        files.write(path, "needle\n");
    }
    let answer = files.answer("grep", json!({ "pattern": "needle" })).await;
    let found = answer["files"].as_array().expect("a list").iter().map(|file| file["path"].clone());
    assert_eq!(found.collect::<Vec<_>>(), ["a", "below/a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn globs_and_patterns_that_are_too_large_are_refused_with_what_is_taken() {
    let files = Files::new();
    let cases = [
        ("glob", json!({ "patterns": [braces()] }), "a glob may have at most 4096 bytes and 16 opening braces"),
        ("glob", json!({ "patterns": [format!("!{}", braces())] }), "a glob may have at most 4096 bytes"),
        ("glob", json!({ "patterns": vec!["*"; 1_000] }), "1000 globs are too many; at most 256 are taken"),
        ("grep", json!({ "pattern": r"\w".repeat(100_000) }), "the pattern has 200000 bytes; at most 4096 are taken"),
        ("grep", json!({ "pattern": r"\w".repeat(2_000) }), "size limit of 4194304"),
        ("grep", json!({ "pattern": "(".repeat(2_000) + &")".repeat(2_000) }), "nest"),
    ];
    let before = peak();
    for (tool, arguments, word) in cases {
        let refusal = files.refusal(tool, arguments).await;
        assert!(refusal.contains(word), "{refusal}");
    }
    assert!(peak() - before < 200 << 20, "{} MiB were taken to refuse", (peak() - before) >> 20);
    files.write("words", "a few words\n");
    let answer = files.answer("grep", json!({ "pattern": r"\b\w{3,40}\b" })).await;
    assert_eq!(answer["files"][0]["path"], "words", "what people write is not too large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_line_ends_is_left_out_and_takes_no_memory() {
    let files = Files::new();
    files.write("a-long", vec![b'x'; 128 << 20]);
    files.write("b-short", "xx\n");
    files.write("long-enough", format!("{}\n", "x".repeat(200_000)));
    let before = peak();
    let answer = files.answer("grep", json!({ "pattern": "xx" })).await;
    assert!(peak() - before < 64 << 20, "{} MiB were taken", (peak() - before) >> 20);
    let found = answer["files"].as_array().expect("a list").iter().map(|file| file["path"].clone());
    assert_eq!(found.collect::<Vec<_>>(), ["b-short", "long-enough"]);
    assert_eq!(answer["truncated"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_bounded_by_its_bytes_with_the_lines_of_context_and_is_charged() {
    let files = Files::new();
    let block = format!("{0}{1}{0}", format!("{}\n", "c".repeat(400)).repeat(20), "needle\n");
    for file in 0..40 {
        files.write(&format!("{file}"), block.repeat(100));
    }
    let arguments = json!({ "pattern": "needle", "context": 20, "limit": 50_000, "limit_per_file": 50_000 });
    let ended = files.call("grep", arguments.clone(), Limits::TOOL).await;
    let Outcome::Completed(Content::Inline(answer)) = &ended.outcome else { panic!("{:?}", ended.outcome) };
    let answer: Value = serde_json::from_str(answer).expect("it is JSON");
    assert_eq!(answer["truncated"], true);
    let carried = ended.usage.host_call_bytes;
    assert!((7 << 20..9 << 20).contains(&carried), "{carried} bytes crossed");
    let poor = files.call("grep", arguments, Limits { host_call_bytes: 1 << 20, ..Limits::TOOL }).await;
    assert!(
        matches!(poor.outcome, Outcome::Limit(hit) if hit.limit == LimitKind::HostCallBytes && hit.value == 1 << 20),
        "{:?}",
        poor.outcome
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_uses_the_processor_time_of_its_call_and_ends_with_it() {
    let files = Files::new();
    files.write("noise", noise(64 << 20));
    let began = Instant::now();
    let ended = files.call("grep", json!({ "pattern": slow() }), Limits { cpu_ms: 300, ..Limits::TOOL }).await;
    assert!(
        matches!(ended.outcome, Outcome::Limit(hit) if hit.limit == LimitKind::CpuMs && hit.value == 300 && hit.reached > 300),
        "{:?}",
        ended.outcome
    );
    assert!(ended.usage.cpu_us >= 300_000, "{:?}", ended.usage);
    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_ends_when_nobody_waits_for_it() {
    let files = Files::new();
    files.write("noise", noise(64 << 20));
    let limits = Limits { wall_ms: 200, ..Limits::TOOL };
    let ended = files.call("grep", json!({ "pattern": slow() }), limits).await;
    assert!(
        matches!(ended.outcome, Outcome::Limit(hit) if hit.limit == LimitKind::WallMs && hit.value == 200),
        "{:?}",
        ended.outcome
    );
    let used = || {
        let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells it");
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        // Hundredths of a second in user code, the fourteenth field of all.
        fields[11].parse::<u64>().expect("it is a number")
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let before = used();
        tokio::time::sleep(Duration::from_millis(300)).await;
        if used() - before <= 3 {
            break;
        }
        assert!(Instant::now() < deadline, "the walk goes on for nobody");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_counted_without_reading_what_is_binary() {
    let files = Files::new();
    let sparse = fs::File::create(files.folder.path().join("sparse")).expect("a temporary folder can be written");
    sparse.set_len(1 << 40).expect("the file system knows sparse files");
    files.write("late", [b"a".repeat(7_000), vec![0], b"\n".repeat(10)].concat());
    files.write("text", "one\ntwo\nthree");
    let answer = files.answer("count", json!({})).await;
    assert_eq!(
        answer["files"],
        json!([
            { "path": "late", "size": 7_011, "lines": 0, "binary": true },
            { "path": "sparse", "size": 1u64 << 40, "lines": 0, "binary": true },
            { "path": "text", "size": 13, "lines": 3 },
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_utf_8_hides_no_other_and_is_told() {
    let files = Files::new();
    let odd = std::ffi::OsStr::from_bytes(b"caf\xe9.rs");
    fs::write(files.folder.path().join(odd), "needle\n").expect("a temporary folder can be written");
    for number in 0..200 {
        files.write(&format!("{number:03}"), "");
    }
    let answer = files.answer("list", json!({})).await;
    assert_eq!(answer["entries"].as_array().map(Vec::len), Some(200));
    let note = answer["note"].as_str().unwrap_or_default();
    assert!(note.starts_with("1 more has a name that is not UTF-8"), "{answer}");
    // What the note says is so.
    let found = files.answer("glob", json!({ "patterns": ["caf?.rs"] })).await;
    assert_eq!(found["found"][0]["path"], "caf\u{fffd}.rs");
    let lines = files.answer("grep", json!({ "pattern": "", "globs": ["caf?.rs"] })).await;
    assert_eq!(lines["files"][0]["lines"][0]["text"], "needle");
    let refusal = files.refusal("read", json!({ "path": "caf\u{fffd}.rs" })).await;
    assert!(refusal.contains("stands for a byte that is not UTF-8"), "{refusal}");
}
