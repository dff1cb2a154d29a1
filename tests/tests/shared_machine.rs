//! What guests share: slots of the pool, memory, the disk. One that takes all it may leaves the others what is theirs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use skep_model::{Access, Digest, LimitKind, Limits, Outcome};
use skep_sandbox::{Allocation, Compiler, Config, Meter, Room, Sandbox, Tool, ToolCall, Workspace};
use skep_tests::host::ALLOCATIONS;
use skep_tests::kit;

fn sandbox(allocation: Allocation, change: impl FnOnce(&mut Config)) -> Sandbox {
    let mut config = Config { allocation, agents: 1, tools: 4, ..Config::default() };
    change(&mut config);
    let sandbox = Sandbox::new(config).expect("the sandbox is made");
    assert_eq!(sandbox.allocation(), (allocation, None));
    sandbox
}

fn load(sandbox: &Sandbox, wasm: &[u8]) -> Tool {
    sandbox.tool(Digest::of(wasm), wasm).expect("it is a tool")
}

async fn call(
    sandbox: &Sandbox,
    tool: &Tool,
    name: &str,
    arguments: &str,
    limits: Limits,
    workspace: Option<&Workspace>,
) -> Outcome {
    let workspace = workspace.map(|workspace| (workspace, Access::Write));
    let call = ToolCall { tool, name, arguments, workspace, meter: Arc::new(Meter::new(limits)) };
    sandbox.call(call).await.outcome
}

/// As many core instances, tables and memories as one component may have, and it spins.
fn wide() -> Vec<u8> {
    let tables = "(core instance (instantiate $table))".repeat(28);
    let memories = "(core instance (instantiate $more))".repeat(3);
    let outer = format!("(core module $table (table 1 funcref)) {tables} (core module $more (memory 1)) {memories}");
    wat::parse_str(kit::tool_text(&outer, "(table 1 funcref)", "loop $again br $again end"))
        .expect("it is well written")
}

#[tokio::test(flavor = "multi_thread")]
async fn components_with_all_the_parts_that_one_may_have_leave_the_others_their_slots() {
    for allocation in ALLOCATIONS {
        let sandbox = sandbox(allocation, |_| {});
        let (wide, innocent) = (load(&sandbox, &wide()), load(&sandbox, &kit::guest("tool-effects")));
        let limits = Limits { cpu_ms: 200, ..Limits::TOOL };
        let spin = || call(&sandbox, &wide, "act", "{}", limits, None);
        let (one, two, three, beside) =
            tokio::join!(spin(), spin(), spin(), call(&sandbox, &innocent, "env", "{}", Limits::TOOL, None));
        for outcome in [one, two, three] {
            assert!(matches!(outcome, Outcome::Limit(hit) if hit.limit == LimitKind::CpuMs), "{outcome:?}");
        }
        assert!(matches!(beside, Outcome::Completed(_)), "{beside:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_with_more_parts_than_the_pool_has_for_one_is_refused_when_it_is_loaded() {
    let sandbox = sandbox(Allocation::Pooling, |_| {});
    let outer = format!("(core module $more (memory 1)) {}", "(core instance (instantiate $more))".repeat(4));
    let wasm = wat::parse_str(kit::tool_text(&outer, "", "")).expect("it is well written");
    let error = sandbox.tool(Digest::of(&wasm), &wasm).map(drop).unwrap_err().to_string();
    assert!(error.contains("it needs more than this host's maxima allow"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_that_hold_all_the_memory_there_is_for_guests_are_no_fault_of_the_next_and_give_it_back() {
    for allocation in ALLOCATIONS {
        let sandbox = sandbox(allocation, |config| config.memory_bytes = 48 << 20);
        let tool = load(&sandbox, &kit::guest("tool-effects"));
        for _ in 0..2 {
            let outcome = call(&sandbox, &tool, "grow", "{}", Limits::TOOL, None).await;
            let Outcome::HostFault(said) = &outcome else { panic!("{outcome:?}") };
            let begins = "out of memory: all guests of this host together may hold 50331648 bytes and hold ";
            assert!(said.starts_with(begins) && said.ends_with("; let fewer work at once"), "{said}");
        }
        let within = Limits { memory_bytes: 32 << 20, ..Limits::TOOL };
        let outcome = call(&sandbox, &tool, "grow", "{}", within, None).await;
        assert!(matches!(outcome, Outcome::Limit(hit) if hit.limit == LimitKind::MemoryBytes), "{outcome:?}");
        let outcome = call(&sandbox, &tool, "env", "{}", Limits::TOOL, None).await;
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tool_writes_into_the_room_that_the_host_itself_needs() {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    std::fs::write(folder.path().join("full"), "there").expect("a temporary folder can be written");
    for allocation in ALLOCATIONS {
        let sandbox = sandbox(allocation, |_| {});
        let tool = load(&sandbox, &kit::guest("tool-greedy"));
        let room = Room { reserve: u64::MAX, ..Room::of(&Limits::RUN, 0) };
        let workspace = Workspace::with_room(folder.path(), room).expect("it is there");
        for way in ["write", "append", "direct", "seek", "nameless"] {
            let arguments = format!(r#"{{"way": {way:?}, "mebibytes": 1, "times": 1}}"#);
            let outcome = call(&sandbox, &tool, "fill", &arguments, Limits::TOOL, Some(&workspace)).await;
            let Outcome::HostFault(said) = &outcome else { panic!("{way}: {outcome:?}") };
            let ends = " bytes free, and no tool writes into the last 18446744073709551615; make room";
            assert!(said.starts_with("the disk has ") && said.ends_with(ends), "{way}: {said}");
        }
        assert_eq!(std::fs::read(folder.path().join("full")).expect("it is there"), b"");
        let read = call(&sandbox, &tool, "list", r#"{"count": 1}"#, Limits::TOOL, Some(&workspace)).await;
        assert!(matches!(read, Outcome::Completed(_)), "{read:?}");
    }
}

fn worker(timeout: Duration) -> Compiler {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_compile-worker"));
    Compiler::Worker { program, arguments: Vec::new(), timeout }
}

/// A function that takes a compiler long: half a million additions, each of which needs all that came before.
fn long() -> Vec<u8> {
    let act = format!("i32.const 0 {} drop", "i32.const 3 i32.mul i32.const 0 i32.load i32.add ".repeat(500_000));
    wat::parse_str(kit::tool_text("", "", &act)).expect("it is well written")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_compiles_runs_and_what_takes_it_too_long_is_refused() {
    for allocation in ALLOCATIONS {
        let sandbox = sandbox(allocation, |config| config.compiler = worker(Duration::from_secs(60)));
        let tool = load(&sandbox, &wat::parse_str(kit::tool_text("", "", "")).expect("it is well written"));
        let outcome = call(&sandbox, &tool, "act", "{}", Limits::TOOL, None).await;
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    }
    let sandbox = sandbox(Allocation::OnDemand, |config| config.compiler = worker(Duration::from_millis(200)));
    let (wasm, began) = (long(), Instant::now());
    let error = sandbox.tool(Digest::of(&wasm), &wasm).map(drop).unwrap_err().to_string();
    assert!(error.contains("the component takes too long or too much memory to compile (limits: 0 s"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
