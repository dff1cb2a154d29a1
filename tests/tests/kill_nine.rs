//! The real program is killed in the middle of everything, again and again, and nothing that it acknowledged is lost or done
//! twice. `SKEP_SEED` repeats the moments of an earlier run.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use skep_engine::{Config, Engine};
use skep_model::{Call, Content, Event, Happening, Outcome, RunId, Seq};
use skep_tests::checker::{self, Seen, Told};
use skep_tests::host::{Site, plain_folder, scale};
use skep_tests::kit;

/// Ways in which a process may end that was not killed: everything has ended, or what is left waits for people.
const GOOD_EXITS: [i32; 2] = [0, 11];

/// Numbers that are the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let seed = std::env::var("SKEP_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| {
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
            u64::try_from(now.as_nanos() % 1_000_000_007).unwrap_or_default()
        });
        eprintln!("SKEP_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// The program as cargo built it.
fn program() -> PathBuf {
    let beside = || std::env::current_exe().ok()?.parent()?.parent().map(|folder| folder.join("skep"));
    let path = std::env::var_os("SKEP_BIN").map(PathBuf::from).or_else(beside).unwrap_or_default();
    assert!(path.is_file(), "there is no program at {path:?}: run `cargo build -p skep`, or name one in SKEP_BIN");
    path
}

/// A process of the program, and what it prints.
struct Process {
    child: Child,
    out: Receiver<String>,
    error: Receiver<String>,
}

/// A process that has ended.
struct Ended {
    status: ExitStatus,
    out: String,
    error: String,
}

/// All that a pipe gives, when nobody writes to it any more.
fn drained(mut source: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        // What came before an error is what there is, and a test that has failed does not listen.
        source.read_to_end(&mut text).ok();
        sender.send(String::from_utf8_lossy(&text).into_owned()).ok();
    });
    receiver
}

impl Process {
    fn start(site: &Site, words: &[&str], input: &str) -> Self {
        let mut command = Command::new(program());
        command.arg("--data").arg(site.data()).arg("--plugins").arg(site.plugins());
        command.arg("--environments").arg(site.environments()).args(["--output", "ndjson"]).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (out, error) = (child.stdout.take().expect("it is piped"), child.stderr.take().expect("it is piped"));
        let (out, error) = (drained(out), drained(error));
        let (mut stdin, input) = (child.stdin.take().expect("it is piped"), input.to_owned());
        // A process that was killed takes no more.
        std::thread::spawn(move || stdin.write_all(input.as_bytes()).ok());
        Self { child, out, error }
    }

    /// Lets it go on for so long, then kills it if it is still there.
    fn killed_after(mut self, time: Duration) -> Ended {
        if let Ok(out) = self.out.recv_timeout(time) {
            return self.reaped(Some(out));
        }
        self.child.kill().expect("a child can be killed");
        self.ended()
    }

    fn ended(self) -> Ended {
        let out = self.out.recv().ok();
        self.reaped(out)
    }

    fn reaped(mut self, out: Option<String>) -> Ended {
        let status = self.child.wait().expect("a child can be waited for");
        let error = self.error.recv().expect("standard error can be read");
        Ended { status, out: out.expect("standard output can be read"), error }
    }
}

impl Ended {
    /// It was killed or ended as it should, and what it said is kept.
    fn heard(&self, told: &mut Told) {
        let good = self.status.code().is_none_or(|code| GOOD_EXITS.contains(&code));
        assert!(good && !self.error.contains("panicked"), "{}: {}", self.status, self.error);
        for line in self.out.lines() {
            // The last line of a process that was killed may be a part of one.
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            assert!(line["error"].is_null(), "refused: {line}");
            let Some(run) = line["run_id"].as_str().and_then(|run| run.parse::<RunId>().ok()) else { continue };
            told.accepted.insert(run);
            if let Some(state) =
                line["state"].as_str().filter(|state| ["SUCCEEDED", "FAILED", "ERROR", "CANCELLED"].contains(state))
            {
                let before = told.ended.insert(run, state.to_owned());
                assert!(
                    before.is_none_or(|before| before == state),
                    "run {run} ended as {state} and as something else"
                );
            }
        }
    }
}

/// A site with agents of every kind, whose tools append to files and read them.
fn site() -> Site {
    let site = Site::new();
    site.agent("caller").agent("chatter").agent("echo").agent("sleeps").agent("counter-calls").effects();
    std::os::unix::fs::symlink(kit::plugins().join("files"), site.plugins().join("files")).expect("a link can be made");
    let grants = "tools = [\"effects.*\", \"files.read\"]\nworkspace = \"write\"\nrepo = \"optional\"\n";
    plain_folder(&site.beside("repository"));
    kit::environment(&site.environments(), "work", grants);
    std::fs::create_dir_all(site.data()).expect("a temporary folder can be written");
    let config = "concurrency = 12\n[disk]\nmin_free_bytes = 1\n";
    std::fs::write(site.data().join("skep.toml"), config).expect("a temporary folder can be written");
    site
}

/// A run that appends lines to a file, one after the other and two at once, and then returns what is in it. Every third brings a
/// repository.
fn appends(dice: &mut Dice, repository: &Path) -> Value {
    let append = |line: String, ms: u64| {
        let tool = if ms == 0 { "effects.append" } else { "effects.sleep-then-append" };
        json!({ "name": tool, "arguments": { "file": "log", "line": line, "ms": ms } })
    };
    let mut steps = Vec::new();
    for number in 0..3 + dice.below(6) {
        steps.push(match dice.below(4) {
            0 => json!({ "many": [append(format!("line {number}a"), dice.below(20)), append(format!("line {number}b"), 0)] }),
            1 => append(format!("line {number}"), dice.below(40)),
            _ => append(format!("line {number}"), 0),
        });
    }
    steps.push(json!({ "name": "effects.write", "arguments": { "file": "other", "content": "written" } }));
    steps.push(json!({ "name": "files.read", "arguments": { "path": "log" } }));
    let repos = if dice.below(3) == 0 { vec![repository.display().to_string()] } else { Vec::new() };
    let prompt = Value::from(steps).to_string();
    json!({ "agent": "caller", "environment": "work", "prompt": prompt, "repos": repos, "submitter": "a" })
}

/// Submissions of all kinds, one a line.
fn batch(site: &Site, dice: &mut Dice, count: u64) -> String {
    let repository = site.beside("repository");
    let counting = json!({ "times": 10, "name": "effects.append", "arguments": { "file": "log", "line": "x" } });
    let one = |number: u64, dice: &mut Dice| match number % 6 {
        0..=2 => appends(dice, &repository),
        3 => {
            json!({ "agent": "counter-calls", "environment": "work", "prompt": counting.to_string(), "submitter": "b" })
        }
        4 => {
            json!({ "agent": "sleeps", "environment": "bare", "prompt": dice.below(800).to_string(), "submitter": "c" })
        }
        _ => json!({ "agent": "echo", "environment": "bare", "prompt": "e".repeat(1 << dice.below(17)) }),
    };
    (0..count).map(|number| format!("{}\n", one(number, dice))).collect()
}

/// Opens the data folder in this process and checks everything.
async fn check(site: &Site, told: &Told, also: impl Fn(&Engine, RunId, &[(Seq, Event)]) -> Vec<String>) -> Seen {
    let engine = site.engine(Config { min_free_bytes: 0, ..Config::default() });
    let (seen, mut faults) = checker::check(&engine, told).await.expect("the store can be read");
    for run in engine.store().state().all_runs() {
        let run = run.expect("the state can be read");
        let events = engine.events(run, 1, usize::MAX).expect("the events can be read");
        faults.extend(also(&engine, run, &events).into_iter().map(|fault| format!("run {run}: {fault}")));
    }
    assert_eq!(faults, Vec::<String>::new(), "after {seen:?}");
    seen
}

fn whole(engine: &Engine, content: &Content) -> String {
    match content {
        Content::Inline(text) => text.clone(),
        Content::Blob { blob, .. } => {
            String::from_utf8_lossy(&engine.store().blobs().get(blob).expect("the blob is there")).into_owned()
        }
    }
}

/// What a run appended by its journal: each line with what the call was answered.
fn appended(events: &[(Seq, Event)]) -> Vec<(String, Outcome)> {
    let mut lines = BTreeMap::new();
    let mut answers = Vec::new();
    for (seq, event) in events {
        match &event.what {
            Happening::Started { call: Call::Tool { name, arguments: Content::Inline(arguments) } }
                if name.ends_with("append") =>
            {
                let arguments: Value = serde_json::from_str(arguments).expect("arguments are JSON");
                lines.insert(*seq, arguments["line"].as_str().unwrap_or_default().to_owned());
            }
            Happening::Finished { started, outcome, .. } => {
                answers.extend(lines.remove(started).map(|line| (line, outcome.clone())));
            }
            _ => {}
        }
    }
    answers
}

/// What the file held at the end, as the run itself read it, against what the journal says of each line: a call that was
/// answered appended once, one that was interrupted at most once.
fn effects(engine: &Engine, _: RunId, events: &[(Seq, Event)]) -> Vec<String> {
    let result = match events.last() {
        Some((_, Event { what: Happening::Ended { outcome: Outcome::Completed(result), .. }, .. })) => result,
        // It read nothing back, and its workspace is gone.
        Some((_, Event { what: Happening::Ended { outcome: Outcome::Cancelled(_), .. }, .. })) => return Vec::new(),
        other => return vec![format!("it did not succeed: {other:?}")],
    };
    let result = whole(engine, result);
    let answers = appended(events);
    let done = answers.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Completed(_))).count();
    let Some(steps) = serde_json::from_str::<Value>(&result).ok().filter(Value::is_array) else {
        // `counter-calls` returns how many answers were good, the others append nothing.
        return if answers.is_empty() || result == done.to_string() {
            Vec::new()
        } else {
            vec![format!("{result} and not {done} were done")]
        };
    };
    let file = steps
        .as_array()
        .and_then(|steps| steps.last())
        .and_then(|last| last["ok"]["text"].as_str())
        .unwrap_or_default();
    let mut faults = Vec::new();
    for (line, outcome) in &answers {
        let times = file.lines().filter(|there| there == line).count();
        let right = match outcome {
            Outcome::Completed(_) => times == 1,
            Outcome::Interrupted(_) => times <= 1,
            _ => false,
        };
        if !right {
            faults.push(format!("{line:?} is {times} times in the file, and the call was {}", outcome.kind()));
        }
    }
    if file.lines().count() > answers.len() {
        faults.push(format!("{} lines of {} calls: {file:?}", file.lines().count(), answers.len()));
    }
    faults
}

/// Cancels one of the runs that were accepted, or is killed before. True when the program said that it is done.
fn cancel(site: &Site, run: RunId, killed_after: Duration) -> bool {
    const REFUSED: i32 = 6;
    let ended = Process::start(site, &["run", "cancel", &run.to_string()], "").killed_after(killed_after);
    assert!(matches!(ended.status.code(), None | Some(0 | REFUSED)), "{}: {}", ended.status, ended.error);
    ended.status.code() == Some(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_ends_once_and_is_done_once_however_often_the_host_is_killed() {
    let (site, mut dice, mut told) = (site(), Dice::new(), Told::default());
    let start = ["run", "start", "--batch", "-"];
    // Killed while it compiles, and then once not, so that the code is there.
    Process::start(&site, &start, &batch(&site, &mut dice, 6))
        .killed_after(Duration::from_millis(300))
        .heard(&mut told);
    Process::start(&site, &start, &batch(&site, &mut dice, 6)).ended().heard(&mut told);
    let (mut killed, mut cancelled) = (0, BTreeSet::new());
    for round in 0..16 * scale() {
        let process = match round % 4 {
            3 => Process::start(&site, &["run", "resume"], ""),
            _ => Process::start(&site, &start, &batch(&site, &mut dice, 40)),
        };
        let ended = process.killed_after(Duration::from_millis(dice.below(700)));
        killed += u32::from(ended.status.code().is_none());
        ended.heard(&mut told);
        // The youngest are the ones that are likely not to have ended.
        let run = told.accepted.iter().rev().nth(usize::try_from(dice.below(8)).unwrap_or_default()).copied();
        cancelled.extend(run.filter(|run| cancel(&site, *run, Duration::from_millis(dice.below(300)))));
    }
    told.ended.extend(cancelled.iter().map(|run| (*run, "CANCELLED".to_owned())));
    let last = Process::start(&site, &["run", "resume"], "").ended();
    assert_eq!(last.status.code(), Some(0), "{}", last.error);
    last.heard(&mut told);
    assert_eq!(leftovers(&site), Vec::<OsString>::new(), "workspaces of ended runs");
    let seen = check(&site, &told, effects).await;
    eprintln!("{killed} killed, {} cancelled, {} acknowledged, {seen:?}", cancelled.len(), told.accepted.len());
    assert!(seen.cancelled >= cancelled.len());
    assert_eq!(
        seen.exact + seen.cancelled,
        seen.runs,
        "the others end by themselves, and replay to their ends: {seen:?}"
    );
    assert!(killed > 4 && seen.resumed > 0 && seen.runs > 100, "{killed} killed in the middle of nothing: {seen:?}");
}

fn leftovers(site: &Site) -> Vec<OsString> {
    let workspaces = std::fs::read_dir(site.data().join("workspaces")).into_iter().flatten().flatten();
    workspaces.map(|entry| entry.file_name()).collect()
}

/// A message that was sent to a run, and whether the program said that it is kept.
struct Sent {
    run: RunId,
    text: String,
    kept: bool,
}

fn send(site: &Site, run: RunId, text: &str, killed_after: Option<Duration>) -> Sent {
    let process = Process::start(site, &["run", "send", &run.to_string(), text, "--sender", "ada"], "");
    let ended = match killed_after {
        Some(time) => process.killed_after(time),
        None => process.ended(),
    };
    assert!(matches!(ended.status.code(), None | Some(0)), "{}: {}", ended.status, ended.error);
    assert!(ended.status.code().is_none() || ended.out.contains(&run.to_string()), "{}", ended.out);
    Sent { run, text: text.to_owned(), kept: ended.out.contains(&run.to_string()) }
}

/// What a run heard and said, against what was sent to it: kept messages once, others at most once, each said back in order.
fn heard(sent: &[Sent], run: RunId, events: &[(Seq, Event)]) -> Vec<String> {
    let inline = |content: &Content| match content {
        Content::Inline(text) => text.clone(),
        Content::Blob { .. } => "a blob".to_owned(),
    };
    let (mut arrived, mut said, mut result) = (Vec::new(), Vec::new(), String::new());
    for (_, event) in events {
        match &event.what {
            Happening::Message { text, .. } => arrived.push(inline(text)),
            Happening::Said { text } => said.push(inline(text)),
            Happening::Ended { outcome, .. } => result = outcome.message(),
            _ => {}
        }
    }
    let mut faults = Vec::new();
    for Sent { text, kept, .. } in sent.iter().filter(|sent| sent.run == run) {
        let times = arrived.iter().filter(|there| *there == text).count();
        if times > 1 || *kept && times == 0 {
            faults.push(format!("{text:?} arrived {times} times, kept: {kept}"));
        }
    }
    let answers = arrived.iter().filter(|text| *text != "stop").map(|text| format!("ada: {text}"));
    if answers.collect::<Vec<_>>() != said {
        faults.push(format!("{arrived:?} was said as {said:?}"));
    }
    if result != format!("stopped by ada after {} messages", said.len()) {
        faults.push(format!("{} messages, and {result:?}", said.len()));
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_kept_is_heard_once_and_in_order_however_often_the_host_is_killed() {
    let (site, mut dice, mut told) = (site(), Dice::new(), Told::default());
    let chatters = format!("{}\n", json!({ "agent": "chatter", "environment": "bare" })).repeat(4);
    Process::start(&site, &["run", "start", "--detach", "--batch", "-"], &chatters).ended().heard(&mut told);
    let runs: Vec<_> = told.accepted.iter().copied().collect();
    assert_eq!(runs.len(), 4);
    let mut sent = Vec::new();
    for round in 0..12 * scale() {
        for number in 0..2 {
            let run = runs[usize::try_from(dice.below(4)).unwrap_or_default()];
            let time = (dice.below(2) == 0).then(|| Duration::from_millis(dice.below(60)));
            sent.push(send(&site, run, &format!("message {round}-{number}"), time));
        }
        Process::start(&site, &["run", "resume"], "")
            .killed_after(Duration::from_millis(dice.below(400)))
            .heard(&mut told);
    }
    for run in &runs {
        sent.push(send(&site, *run, "stop", None));
    }
    let last = Process::start(&site, &["run", "resume"], "").ended();
    assert_eq!(last.status.code(), Some(0), "{}", last.error);
    last.heard(&mut told);
    let seen = check(&site, &told, |_, run, events| heard(&sent, run, events)).await;
    let kept = sent.iter().filter(|sent| sent.kept).count();
    eprintln!("{kept} of {} messages kept, {seen:?}", sent.len());
    assert_eq!((seen.runs, seen.exact), (4, 4));
    assert!(kept > 8 && seen.resumed > 0, "{kept} messages kept: {seen:?}");
}
