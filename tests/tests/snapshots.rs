//! The next run of an environment begins where its startup commands left the first one.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use skep_engine::{Config, Submission};
use skep_model::{Happening, RunId, RunState};
use skep_tests::host::{Host, Site, plain_folder};
use skep_tests::kit;

const STARTUP: &str =
    "[[startup]]\ncommand = \"echo made by $RANDOM$RANDOM > made; cp made /tmp/made; ln -s made link\"\n";

async fn host(site: &Site, environment: &str, change: impl FnOnce(&mut Config)) -> Host {
    let compiled = |config: &mut Config| {
        config.sandbox.cache = Some(kit::compiled());
        change(config);
    };
    site.shell(environment).host_with(compiled).await
}

/// A repository with one commit.
fn repository(site: &Site) -> PathBuf {
    let folder = site.beside("repo");
    plain_folder(&folder);
    git(&folder, &["init", "--quiet", "--initial-branch", "main"]);
    commit(&folder);
    folder
}

fn commit(folder: &Path) {
    git(folder, &["add", "."]);
    git(folder, &["commit", "--quiet", "--allow-empty", "--message", "one more"]);
}

fn git(folder: &Path, words: &[&str]) {
    let nobody = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"];
    let output = Command::new("git").current_dir(folder).args(nobody).args(words).output().expect("git is there");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Ends a run of this line, and returns what the line printed.
async fn run(host: &Host, repo: Option<String>, line: &str) -> (RunId, String) {
    let submission = Submission {
        prompt: json!([{ "name": "shell.run", "arguments": { "command": line } }]).to_string(),
        agent: Some("caller".to_owned()),
        environment: Some("shell".to_owned()),
        repos: repo.into_iter().collect(),
        ..Submission::default()
    };
    let run = host.engine.submit(submission).await.expect("the submission is accepted");
    let record = host.end(run).await;
    assert_eq!(record.state, RunState::Succeeded, "{:?}", record.outcome);
    let answers: Value = serde_json::from_str(&record.outcome.expect("it has ended").message()).expect("it is JSON");
    (run, answers[0]["ok"]["output"].as_str().expect("it printed something").to_owned())
}

fn file_url(repo: &Path) -> Option<String> {
    Some(format!("file://{}", repo.display()))
}

/// Whose startup commands a run began with; none if they were its own.
fn snapshot(host: &Host, run: RunId) -> Option<RunId> {
    let (mut of, mut own) = (None, 0);
    for (_, event) in host.events(run) {
        match event.what {
            Happening::Prepared { snapshot, .. } => of = snapshot,
            Happening::Startup { .. } => own += 1,
            _ => {}
        }
    }
    assert_eq!(of.is_none(), own > 0, "either they are executed or the snapshot is used");
    of
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_begins_with_what_startup_commands_made_and_nothing_that_the_agent_did() {
    let site = Site::new();
    let (host, repo) = (host(&site, STARTUP, |_| {}).await, repository(&site));
    let line = "cat made /tmp/made link; ls /tmp; git status -s; git log --format=%s; echo mine > mine; rm README.md; \
                git add -A; git commit -qm mine; echo x > /tmp/x";
    let (first, said) = run(&host, file_url(&repo), line).await;
    assert!(said.starts_with("made by ") && said.ends_with("made\n?? link\n?? made\none more\n"), "{said}");
    let (second, again) = run(&host, file_url(&repo), line).await;
    assert_eq!(again, said);
    assert_eq!((snapshot(&host, first), snapshot(&host, second)), (None, Some(first)));
    // The run's own record says the same of what it changed.
    let artifacts = |run| host.engine.store().record(run).expect("it can be read").expect("it is known").artifacts;
    assert_eq!(artifacts(second).len(), 2);
    assert_eq!(artifacts(first), artifacts(second));
    host.stop().await;
    let host = site.host_with(|config| config.sandbox.cache = Some(kit::compiled())).await;
    let (third, again) = run(&host, file_url(&repo), line).await;
    assert_eq!((again, snapshot(&host, third)), (said, Some(first)), "it outlives the host's process");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_commit_or_environment_begins_anew_and_a_folder_is_known_by_its_files() {
    let site = Site::new();
    let (host, repo) = (host(&site, STARTUP, |_| {}).await, repository(&site));
    let as_it_is = || Some(repo.display().to_string());
    let (first, _) = run(&host, file_url(&repo), "ls").await;
    let (folder, _) = run(&host, as_it_is(), "ls").await;
    assert_eq!((snapshot(&host, first), snapshot(&host, folder)), (None, None));
    let (again, _) = run(&host, as_it_is(), "ls").await;
    assert_eq!(snapshot(&host, again), Some(folder));
    std::fs::write(repo.join("README.md"), "not committed").expect("a temporary folder can be written");
    let (dirty, said) = run(&host, as_it_is(), "cat README.md").await;
    assert_eq!((snapshot(&host, dirty), said.as_str()), (None, "not committed"));
    let (same, _) = run(&host, file_url(&repo), "ls").await;
    assert_eq!(snapshot(&host, same), Some(first), "a commit is not its work tree");
    commit(&repo);
    let (newer, said) = run(&host, file_url(&repo), "cat README.md").await;
    assert_eq!((snapshot(&host, newer), said.as_str()), (None, "not committed"));
    host.stop().await;
    let other = self::host(&site, &format!("{STARTUP}[env]\nA = \"b\"\n"), |_| {}).await;
    let (other_environment, _) = run(&other, file_url(&repo), "ls").await;
    assert_eq!(snapshot(&other, other_environment), None);
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_tried_again_and_what_has_no_room_is_not_kept() {
    let site = Site::new();
    let repo = repository(&site);
    let may_fail = format!("{STARTUP}[[startup]]\ncommand = \"false\"\ncontinue_on_failure = true\n");
    let host = host(&site, &may_fail, |_| {}).await;
    for _ in 0..2 {
        let (run, _) = run(&host, file_url(&repo), "ls").await;
        assert_eq!(snapshot(&host, run), None);
    }
    host.stop().await;
    for most in [0, 10_000] {
        let host = self::host(&site, STARTUP, |config| config.snapshot_bytes = most).await;
        for _ in 0..2 {
            let (run, _) = run(&host, file_url(&repo), "ls").await;
            assert_eq!(snapshot(&host, run), None, "{most}");
        }
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_used_least_recently_make_way_and_what_is_of_before_the_machines_start_is_not_used() {
    let site = Site::new();
    let repo = repository(&site);
    // One takes 12 files and folders of 4 KiB and a little more.
    let host = host(&site, STARTUP, |config| config.snapshot_bytes = 200 << 10).await;
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(run(&host, file_url(&repo), "ls").await.0);
        commit(&repo);
    }
    assert!(runs.iter().all(|run| snapshot(&host, *run).is_none()));
    let folder = site.data().join("snapshots");
    let kept = || std::fs::read_dir(&folder).expect("it can be listed").flatten().map(|entry| entry.path());
    let count = kept().count();
    assert!((1..4).contains(&count), "{count}");
    host.stop().await;
    for snapshot in kept() {
        let about = snapshot.join("snapshot.json");
        let text = std::fs::read_to_string(&about).expect("it can be read");
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("this is Linux");
        std::fs::write(&about, text.replace(boot.trim(), "another")).expect("it can be written");
    }
    let host = site.host_with(|config| config.sandbox.cache = Some(kit::compiled())).await;
    assert_eq!(kept().count(), 0);
    let (run, _) = run(&host, file_url(&repo), "ls").await;
    assert_eq!(snapshot(&host, run), None);
    host.stop().await;
}

/// The names below a folder, without following links.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("it can be listed").flatten();
    let below = |entry: std::fs::DirEntry| {
        let is_folder = entry.file_type().expect("it has a type").is_dir();
        let below = if is_folder { names(&entry.path()) } else { Vec::new() };
        below.into_iter().chain([entry.file_name().to_string_lossy().into_owned()]).collect::<Vec<_>>()
    };
    entries.flat_map(below).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_lead_out_stay_links_wherever_a_workspace_is_copied() {
    let site = Site::new();
    let outside = site.beside("outside");
    std::fs::create_dir(&outside).expect("a temporary folder can be written");
    std::fs::write(outside.join("canary"), "secret").expect("a temporary folder can be written");
    let (path, up) = (outside.display(), "../".repeat(12));
    let startup = format!(
        "retention = {{ archive = true }}\n[[startup]]\ncommand = \"ln -s {up}{path} out; ln -s {up}{path}/canary file; ln -s {path} absolute || true\"\n"
    );
    let host = host(&site, &startup, |_| {}).await;
    let repo = repository(&site);
    let look = "cat out/canary file 2>&1; ls -d out file";
    let (first, said) = run(&host, file_url(&repo), look).await;
    assert!(!said.contains("secret") && said.ends_with("file\nout\n"), "{said}");
    let (second, again) = run(&host, file_url(&repo), look).await;
    assert_eq!((snapshot(&host, second), again), (Some(first), said));
    assert!(!names(&site.data().join("snapshots")).contains(&"canary".to_owned()));
    let record = host.engine.store().record(second).expect("it can be read").expect("it is known");
    let archive = record.artifacts.iter().find(|artifact| artifact.name == "workspace.tar.gz").expect("it is kept");
    let packed = host.engine.store().blobs().get(&archive.digest).expect("the blob is there");
    let (file, unpacked) = (site.beside("all.tar.gz"), site.beside("unpacked"));
    std::fs::write(&file, packed).expect("a temporary folder can be written");
    std::fs::create_dir(&unpacked).expect("a temporary folder can be written");
    let tar = Command::new("tar").arg("-xzf").arg(&file).arg("-C").arg(&unpacked).status().expect("tar is there");
    assert!(tar.success() && unpacked.join("out").is_symlink());
    assert!(!names(&unpacked).contains(&"canary".to_owned()));
    host.stop().await;
}
