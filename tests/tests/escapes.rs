//! Ways out of the workspace: paths, links, renames, and swaps in the middle of a walk. None of them reads or changes anything
//! outside.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skep_engine::Submission;
use skep_model::{Content, Event, Happening, Outcome, RunId};
use skep_sandbox::Allocation;
use skep_tests::host::{ALLOCATIONS, Host, Site, scale};
use skep_tests::kit;

/// What stands in files outside of every workspace.
const CANARY: &str = "canary 6f1c, which nobody may read or change";
/// What a tool is told of a path that is in no folder that it was given.
const ABSENT: &str = "No such file or directory (os error 44)";
/// What a tool is told of a path that leads out of its folder, or of a change where it may only look.
const DENIED: &str = "Operation not permitted (os error 63)";

/// What a tool is told of a link to itself.
const LOOP: &str = "Symbolic link loop (os error 32)";

/// Paths that mean something outside, for a tool that doesn't know better, and what is said to whatever is done with them.
const OUTSIDE: &[(&str, &str)] = &[
    ("..", ABSENT),
    ("../canary", ABSENT),
    ("folder/../../canary", ABSENT),
    ("/", ABSENT),
    ("//etc/passwd", ABSENT),
    ("/etc/passwd", ABSENT),
    ("/proc/self/environ", ABSENT),
    ("/proc/self/root/etc/passwd", ABSENT),
    ("/proc/self/cwd", ABSENT),
    ("/dev/zero", ABSENT),
    ("/dev/stdin", ABSENT),
    ("/workspacex", ABSENT),
    ("C:\\Windows", ABSENT),
    ("con", ABSENT),
    ("", ABSENT),
    ("/workspace/..", DENIED),
    ("/workspace/../", DENIED),
    ("/workspace/./../canary", DENIED),
    ("/workspace/../canary", DENIED),
    ("/workspace/../../../canary", DENIED),
    ("/workspace/folder/../../canary", DENIED),
    ("/workspace/folder/../../canary/", DENIED),
    ("/workspace/../workspaces/canary", DENIED),
];

/// Every tool of `tool-escape` that looks at one path.
const LOOKS: &[&str] = &["read-path", "list", "size", "read-link"];

fn manifest() -> String {
    let tools = ["read-path", "write-path", "make-folder", "remove", "symlink", "read-link", "hardlink", "rename"];
    let tools = tools.iter().chain(&["list", "size"]);
    let entries = tools.map(|tool| format!("[[tools]]\nname = {tool:?}\nidempotency = \"idempotent\"\n"));
    format!("[capabilities]\nworkspace = \"write\"\n{}", entries.collect::<String>())
}

fn step(tool: &str, arguments: Value) -> Value {
    json!({ "name": format!("escape.{tool}"), "arguments": arguments })
}

fn file_step(tool: &str, arguments: Value) -> Value {
    json!({ "name": format!("files.{tool}"), "arguments": arguments })
}

/// Everything that `tool-escape` can do to a path in order to change something, there or in the workspace.
fn changes(path: &str) -> Vec<Value> {
    vec![
        step("write-path", json!({ "path": path, "content": "owned" })),
        step("make-folder", json!({ "path": path })),
        step("remove", json!({ "path": path })),
        step("rename", json!({ "from": path, "to": "/workspace/taken" })),
        step("rename", json!({ "from": "/workspace/file", "to": path })),
        step("hardlink", json!({ "from": path, "to": "/workspace/taken" })),
        step("hardlink", json!({ "from": "/workspace/file", "to": path })),
        step("symlink", json!({ "from": "file", "to": path })),
    ]
}

fn looks(path: &str) -> Vec<Value> {
    LOOKS.iter().map(|tool| step(tool, json!({ "path": path }))).collect()
}

fn all(path: &str) -> Vec<Value> {
    [looks(path), changes(path)].concat()
}

/// A site with a repository full of links, environments `write`, `read` and `none`, and canaries all around the workspaces.
struct Trap {
    site: Site,
}

impl Trap {
    fn new() -> Self {
        let trap = Self { site: Site::new() };
        trap.site.agent("caller");
        kit::tool(&trap.site.plugins(), "escape", &manifest(), &kit::guest("tool-escape"));
        symlink(kit::plugins().join("files"), trap.site.plugins().join("files")).expect("a link can be made");
        for (access, repo) in [("write", "required"), ("read", "required"), ("none", "none")] {
            let rest = format!("tools = [\"escape.*\", \"files.*\"]\nworkspace = {access:?}\nrepo = {repo:?}\n");
            kit::environment(&trap.site.environments(), access, &rest);
        }
        fs::create_dir_all(trap.outside()).expect("a temporary folder can be written");
        fs::create_dir_all(trap.site.data().join("workspaces")).expect("a temporary folder can be written");
        for canary in trap.canaries() {
            fs::write(canary, CANARY).expect("a temporary folder can be written");
        }
        trap.make_repository();
        trap
    }

    async fn host(&self, allocation: Allocation) -> Host {
        let host = self.site.host_with(|config| config.sandbox.allocation = allocation).await;
        assert_eq!(host.engine.sandbox().allocation(), (allocation, None));
        host
    }

    fn outside(&self) -> PathBuf {
        self.site.beside("outside")
    }

    fn canaries(&self) -> [PathBuf; 4] {
        let data = self.site.data();
        [self.site.beside("canary"), data.join("canary"), data.join("workspaces/canary"), self.outside().join("canary")]
    }

    fn repository(&self) -> PathBuf {
        self.site.beside("repository")
    }

    fn make_repository(&self) {
        let repository = self.repository();
        for folder in ["folder", "swap", "turn"] {
            fs::create_dir_all(repository.join(folder)).expect("a temporary folder can be written");
            fs::write(repository.join(folder).join("canary"), "decoy").expect("a temporary folder can be written");
        }
        fs::write(repository.join("file"), "inside").expect("a temporary folder can be written");
        for (to, name) in self.links() {
            symlink(to, repository.join(name)).expect("a link can be made");
        }
    }

    /// Links that lead out; as the workspace is below the data folder, `..` leads to canaries.
    fn links(&self) -> [(PathBuf, &'static str); 7] {
        [
            ("../canary".into(), "relative"),
            (self.outside().join("canary"), "absolute"),
            ("chained-twice".into(), "chained"),
            ("folder/../relative".into(), "chained-twice"),
            (self.outside(), "elsewhere"),
            ("..".into(), "above"),
            ("loop".into(), "loop"),
        ]
    }

    /// Nothing outside has changed: neither what canaries say, nor who is there.
    fn check(&self) {
        for canary in self.canaries() {
            assert_eq!(fs::read_to_string(&canary).ok().as_deref(), Some(CANARY), "{}", canary.display());
        }
        assert_eq!(names(&self.outside()), ["canary"]);
        let mut beside = names(&self.site.data().join("workspaces"));
        // A run's own workspace goes a moment after its end.
        beside.retain(|name| name.split('.').next().is_none_or(|run| run.parse::<RunId>().is_err()));
        assert_eq!(beside, ["canary"]);
    }

    async fn submit(&self, host: &Host, agent: &str, environment: &str, prompt: String) -> RunId {
        let submission = Submission {
            prompt,
            agent: Some(agent.to_owned()),
            environment: Some(environment.to_owned()),
            repos: Vec::from_iter((environment != "none").then(|| self.repository().display().to_string())),
            ..Submission::default()
        };
        host.engine.submit(submission).await.expect("the submission is accepted")
    }

    /// Has a run make these calls and gives each one's answer, or the kind and message of its failure.
    async fn answers(&self, host: &Host, environment: &str, steps: &[Value]) -> Vec<Value> {
        let prompt = Value::from(steps).to_string();
        let run = self.submit(host, "caller", environment, prompt).await;
        serde_json::from_str(&self.result(host, run).await).expect("the guest answers with JSON")
    }

    /// What a run returns, all of it; no canary is in it.
    async fn result(&self, host: &Host, run: RunId) -> String {
        host.end(run).await;
        let Some((_, Event { what: Happening::Ended { outcome, .. }, .. })) = host.events(run).pop() else {
            panic!("the last event of an ended run is its end");
        };
        let Outcome::Completed(content) = &outcome else { panic!("{outcome:?}") };
        let text = text(host, content);
        assert!(!text.contains("canary 6f1c"), "a canary was read: {text}");
        text
    }

    /// Makes these calls in one run; each must fail with its message. A change may also be refused because this environment
    /// only lets look, whatever is wrong with the path.
    async fn refuses(&self, host: &Host, environment: &str, cases: Vec<(Value, &str)>) {
        let steps: Vec<_> = cases.iter().map(|(step, _)| step.clone()).collect();
        let answers = self.answers(host, environment, &steps).await;
        for ((step, said), answer) in cases.iter().zip(&answers) {
            let is_look = LOOKS.iter().any(|look| step["name"] == format!("escape.{look}"));
            let only_looks = environment == "read" && !is_look && *answer == failed(DENIED);
            assert!(only_looks || *answer == failed(said), "{environment}: {step}: {answer}, and not {said}");
        }
        self.check();
    }
}

fn text(host: &Host, content: &Content) -> String {
    match content {
        Content::Inline(text) => text.clone(),
        Content::Blob { blob, .. } => {
            let bytes = host.engine.store().blobs().get(blob).expect("the blob is there");
            String::from_utf8(bytes).expect("it is text")
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it can be listed").map(|entry| entry.expect("it can be listed"));
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn failed(message: &str) -> Value {
    json!({ "error": { "kind": "tool-error", "message": message } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_leads_out_is_neither_read_nor_written_whatever_is_done_with_it() {
    let trap = Trap::new();
    for allocation in ALLOCATIONS {
        let host = trap.host(allocation).await;
        for environment in ["write", "read"] {
            let cases = OUTSIDE.iter().flat_map(|(path, said)| all(path).into_iter().map(move |step| (step, *said)));
            trap.refuses(&host, environment, cases.collect()).await;
        }
        host.stop().await;
    }
}

/// Looks through a link, and changes through it; the link itself is in the workspace and may be moved and removed.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_the_repository_that_leads_out_is_not_followed() {
    let trap = Trap::new();
    for allocation in ALLOCATIONS {
        let host = trap.host(allocation).await;
        for environment in ["write", "read"] {
            let mut cases = Vec::new();
            for (_, name) in trap.links() {
                let said = if name == "loop" { LOOP } else { DENIED };
                let link = format!("/workspace/{name}");
                let through = LOOKS.iter().filter(|look| **look != "read-link");
                cases.extend(through.map(|look| (step(look, json!({ "path": link })), said)));
                cases.push((step("write-path", json!({ "path": link, "content": "owned" })), said));
                for below in [format!("{link}/canary"), format!("{link}/../canary")] {
                    cases.extend(all(&below).into_iter().map(|step| (step, said)));
                }
            }
            trap.refuses(&host, environment, cases).await;
        }
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_a_tool_makes_or_moves_leads_nowhere_but_into_the_workspace() {
    let trap = Trap::new();
    for allocation in ALLOCATIONS {
        let host = trap.host(allocation).await;
        let read = |path: &str| step("read-path", json!({ "path": path }));
        let two = |tool: &str, from: &str, to: &str| step(tool, json!({ "from": from, "to": to }));
        let write = |path: &str| step("write-path", json!({ "path": path, "content": "owned" }));
        let (done, denied) = (json!({ "ok": null }), failed(DENIED));
        let cases = [
            (two("symlink", "../canary", "/workspace/own"), &done),
            (read("/workspace/own"), &denied),
            (write("/workspace/own"), &denied),
            (two("symlink", "own", "/workspace/own-chained"), &done),
            (read("/workspace/own-chained"), &denied),
            (two("symlink", "/etc/passwd", "/workspace/own-absolute"), &denied),
            (two("hardlink", "/workspace/own", "/workspace/hard"), &done),
            (read("/workspace/hard"), &denied),
            // Inside where it is made, and outside where it is moved to.
            (two("symlink", "../file", "/workspace/folder/inner"), &done),
            (read("/workspace/folder/inner"), &json!({ "ok": "inside" })),
            (two("rename", "/workspace/folder/inner", "/workspace/moved"), &done),
            (read("/workspace/moved"), &denied),
            (two("rename", "/workspace/own", "/workspace/file"), &done),
            (read("/workspace/file"), &denied),
            (write("/workspace/file"), &denied),
            (two("symlink", "..", "/workspace/up"), &done),
            (two("rename", "/workspace/folder", "/workspace/up/folder"), &denied),
            (two("hardlink", "/workspace/folder/canary", "/workspace/up/planted"), &denied),
            (two("symlink", "canary", "/workspace/up/planted"), &denied),
            (step("make-folder", json!({ "path": "/workspace/up/planted" })), &denied),
            (two("symlink", "folder", "/workspace/inward"), &done),
            (read("/workspace/inward/canary"), &json!({ "ok": "decoy" })),
            (read("/workspace/inward/../../canary"), &denied),
        ];
        let steps: Vec<_> = cases.iter().map(|(step, _)| step.clone()).collect();
        let answers = trap.answers(&host, "write", &steps).await;
        for ((step, expected), answer) in cases.iter().zip(&answers) {
            assert_eq!(answer, *expected, "{step}");
        }
        trap.check();
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_may_only_look_changes_nothing_and_one_without_a_workspace_sees_nothing() {
    let trap = Trap::new();
    for allocation in ALLOCATIONS {
        let host = trap.host(allocation).await;
        let steps = ["file", "folder", "new"].map(|name| changes(&format!("/workspace/{name}"))).concat();
        for (environment, said) in [("read", DENIED), ("none", ABSENT)] {
            trap.refuses(&host, environment, steps.iter().map(|step| (step.clone(), said)).collect()).await;
        }
        let only_looks = "`file`: not permitted: the environment may grant the workspace for reading only, or a link leads out of it";
        let cases = [
            (
                "write",
                json!({ "path": "file", "content": "owned" }),
                only_looks,
                "`file`: there is nothing of this name",
            ),
            (
                "edit",
                json!({ "path": "file", "old": "in", "new": "out" }),
                only_looks,
                "`file`: there is nothing of this name",
            ),
        ];
        for (tool, arguments, of_read, of_none) in cases {
            let steps = [file_step(tool, arguments)];
            assert_eq!(trap.answers(&host, "read", &steps).await, [failed(of_read)], "{tool}");
            assert_eq!(trap.answers(&host, "none", &steps).await, [failed(of_none)], "{tool}");
        }
        let searches = [
            file_step("grep", json!({ "pattern": "inside" })),
            file_step("glob", json!({ "patterns": ["**"] })),
            file_step("count", json!({})),
        ];
        let refused = failed("refused: no workspace is granted to this tool");
        assert_eq!(trap.answers(&host, "none", &searches).await, [refused.clone(), refused.clone(), refused]);
        trap.check();
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_searches_for_a_tool_does_not_go_through_links() {
    let trap = Trap::new();
    for allocation in ALLOCATIONS {
        let host = trap.host(allocation).await;
        let whole = [
            file_step("grep", json!({ "pattern": ".", "hidden": true, "ignored": true })),
            file_step("count", json!({ "hidden": true, "ignored": true })),
        ];
        let answers = trap.answers(&host, "read", &whole).await;
        for answer in &answers {
            let files = answer["ok"]["files"].as_array().unwrap_or_else(|| panic!("{answer}"));
            let paths: Vec<_> = files.iter().filter_map(|file| file["path"].as_str()).collect();
            assert_eq!(paths, ["file", "folder/canary", "swap/canary", "turn/canary"]);
        }
        let searches = |path: &str| {
            [
                file_step("grep", json!({ "pattern": ".", "path": path })),
                file_step("glob", json!({ "patterns": ["**"], "path": path })),
                file_step("count", json!({ "path": path })),
            ]
        };
        for (_, name) in trap.links() {
            for path in [name.to_owned(), format!("{name}/canary")] {
                let said = format!("not-found: {path:?} is no file or folder; links are not followed");
                assert_eq!(trap.answers(&host, "read", &searches(&path)).await, [(); 3].map(|()| failed(&said)));
            }
        }
        let leaves = "leaves the workspace; paths are relative to its root";
        let absolute = "is absolute; paths are relative to the workspace, and nothing outside of it can be reached";
        for (path, said) in [("../canary", leaves), ("folder/../../canary", leaves), ("/etc/passwd", absolute)] {
            let said = failed(&format!("`{path}` {said}"));
            assert_eq!(trap.answers(&host, "read", &searches(path)).await, [said.clone(), said.clone(), said]);
        }
        trap.check();
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_outside_is_no_artifact() {
    let trap = Trap::new();
    let wat = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports-file.wat");
    kit::agent(&trap.site.plugins(), "reports-file", &wat::parse_file(&wat).unwrap_or_else(|error| panic!("{error}")));
    for allocation in ALLOCATIONS {
        let host = trap.host(allocation).await;
        let outside = "is outside the workspace; name files relative to its root";
        let led_out = ": a path led outside of the filesystem";
        let cases = [
            ("relative", led_out),
            ("absolute", led_out),
            ("chained", led_out),
            ("chained-twice", led_out),
            ("elsewhere/canary", led_out),
            ("above/canary", led_out),
            ("loop", ": Too many levels of symbolic links (os error 40)"),
            ("folder", ": Is a directory (os error 21)"),
            ("a\0b", ": Invalid argument (os error 22)"),
            ("../canary", outside),
            ("folder/../../canary", outside),
            ("/workspace/../canary", outside),
            ("/etc/passwd", outside),
            ("/proc/self/environ", outside),
        ];
        for (path, said) in cases {
            let run = trap.submit(&host, "reports-file", "write", path.to_owned()).await;
            let record = host.end(run).await;
            let said = format!("{path:?}{}{said}", if said == outside { " " } else { "" });
            assert_eq!((record.outcome, record.artifacts), (Some(Outcome::GuestError(said)), Vec::new()));
        }
        let run = trap.submit(&host, "reports-file", "write", "folder/../file".to_owned()).await;
        let record = host.end(run).await;
        let inside = skep_model::Digest::of(b"inside");
        assert_eq!(record.outcome, Some(Outcome::Completed(Content::Inline(inside.to_string()))));
        assert_eq!(record.artifacts.first().map(|artifact| artifact.digest), Some(inside));
        trap.check();
        host.stop().await;
    }
}

/// Swaps the workspace's folder `swap` with the link `elsewhere`, again and again, as fast as the file system does it. The
/// canary stands where the link leads, and a decoy in the folder.
struct Swapping {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<u64>>,
}

impl Swapping {
    fn start(workspace: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let [swap, link, aside] = ["swap", "elsewhere", "aside"].map(|name| workspace.join(name));
            let mut swaps = 0;
            while !stopped.load(Relaxed) {
                let there = fs::rename(&swap, &aside).is_ok() && fs::rename(&link, &swap).is_ok();
                let back = there && fs::rename(&swap, &link).is_ok() && fs::rename(&aside, &swap).is_ok();
                swaps += u64::from(back);
            }
            swaps
        });
        Self { stop, thread: Some(thread) }
    }

    /// Ends it; how often both were swapped.
    fn end(mut self) -> u64 {
        self.stop.store(true, Relaxed);
        self.thread.take().map_or(0, |thread| thread.join().expect("the thread does not panic"))
    }
}

/// Calls in parallel that look through `swap`, and some that move folder and link `turn` themselves.
fn racing() -> Value {
    let mut calls = Vec::new();
    for _ in 0..4 {
        calls.extend([
            file_step("read", json!({ "path": "swap/canary" })),
            file_step("grep", json!({ "pattern": "canary|decoy", "path": "swap" })),
            file_step("grep", json!({ "pattern": "canary|decoy" })),
            file_step("write", json!({ "path": "swap/planted", "content": "owned" })),
            step("read-path", json!({ "path": "/workspace/swap/canary" })),
            step("write-path", json!({ "path": "/workspace/swap/canary", "content": "decoy" })),
            step("rename", json!({ "from": "/workspace/turn", "to": "/workspace/turned" })),
            step("rename", json!({ "from": "/workspace/above", "to": "/workspace/turn" })),
            step("read-path", json!({ "path": "/workspace/turn/canary" })),
            file_step("grep", json!({ "pattern": "canary|decoy", "path": "turn" })),
            step("rename", json!({ "from": "/workspace/turn", "to": "/workspace/above" })),
            step("rename", json!({ "from": "/workspace/turned", "to": "/workspace/turn" })),
        ]);
    }
    json!({ "many": calls })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_swapped_with_a_link_in_the_middle_of_everything_leads_nowhere() {
    let trap = Trap::new();
    for allocation in ALLOCATIONS {
        let host = trap.host(allocation).await;
        let prompt = Value::from(vec![racing(); 6]).to_string();
        let (mut decoys, mut refusals, mut swaps) = (0, 0, 0);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(2) * u32::try_from(scale()).unwrap_or(u32::MAX) {
            let run = trap.submit(&host, "caller", "write", prompt.clone()).await;
            let workspace = trap.site.data().join("workspaces").join(run.to_string()).join("root/workspace");
            let swapping = Swapping::start(workspace);
            let text = trap.result(&host, run).await;
            swaps += swapping.end();
            decoys += text.matches("decoy").count();
            refusals += text.matches(DENIED).count();
            trap.check();
        }
        let raced = swaps > 10 && decoys > 0 && refusals > 0;
        assert!(raced, "{swaps} swaps, {decoys} looks met the folder and {refusals} the link: there was no race");
        host.stop().await;
    }
}
