//! What a run changed is kept when it ends, as patches that git applies; while it works it can ask git itself.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use skep_engine::Submission;
use skep_engine::changes::{CHANGES, PATCH_TYPE};
use skep_model::RunId;
use skep_tests::host::{Host, Site, plain_folder};
use skep_tests::kit;

async fn host(site: &Site) -> Host {
    site.shell("").host_with(|config| config.sandbox.cache = Some(kit::compiled())).await
}

/// A run of these lines over these folders.
async fn run(host: &Host, repos: &[&Path], lines: &[&str]) -> RunId {
    let steps: Vec<_> =
        lines.iter().map(|line| json!({ "name": "shell.run", "arguments": { "command": line } })).collect();
    let submission = Submission {
        prompt: Value::from(steps).to_string(),
        agent: Some("caller".to_owned()),
        environment: Some("shell".to_owned()),
        repos: repos.iter().map(|repo| repo.display().to_string()).collect(),
        ..Submission::default()
    };
    let run = host.engine.submit(submission).await.expect("the submission is accepted");
    host.end(run).await;
    run
}

fn git(folder: &Path, words: &[&str]) -> String {
    let nobody = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"];
    let output = Command::new("git").current_dir(folder).args(nobody).args(words).output().expect("git is there");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A repository with one commit, and a change that isn't committed.
fn repository(site: &Site, name: &str) -> std::path::PathBuf {
    let folder = site.beside(name);
    plain_folder(&folder);
    git(&folder, &["init", "--quiet", "--initial-branch", "main"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "--quiet", "--message", "the first"]);
    std::fs::write(folder.join("dirty"), "not committed\n").expect("a temporary folder can be written");
    folder
}

/// The content of the last artifact with this name.
fn artifact(host: &Host, run: RunId, name: &str) -> Option<(String, Vec<u8>)> {
    let record = host.engine.store().record(run).expect("the state can be read").expect("the run is known");
    let artifact = record.artifacts.into_iter().rfind(|artifact| artifact.name == name)?;
    let content = host.engine.store().blobs().get(&artifact.digest).expect("the blob is there");
    Some((artifact.media_type, content))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_changed_is_a_patch_that_makes_the_same_of_the_repository() {
    let site = Site::new();
    let (host, repo) = (host(&site).await, repository(&site, "repo"));
    let run = run(
        &host,
        &[&repo],
        &[
            "sed -i 's/TODO/DONE/' README.md && rm src/main.rs && mkdir docs",
            "printf '\\000\\001\\377binary' > docs/image && ln -s ../README.md docs/link && echo more >> dirty",
        ],
    )
    .await;
    let (media_type, patch) = artifact(&host, run, "changes.patch").expect("it is kept");
    assert_eq!(media_type, PATCH_TYPE);
    let (_, list) = artifact(&host, run, CHANGES).expect("it is kept");
    let list: Value = serde_json::from_slice(&list).expect("it is JSON");
    let files = list["repositories"][0]["files"].as_array().expect("it is a list");
    let told: Vec<_> = files.iter().map(|file| format!("{} {}", file["kind"], file["path"]).replace('"', "")).collect();
    assert_eq!(
        told,
        ["modified README.md", "modified dirty", "added docs/image", "added docs/link", "deleted src/main.rs"]
    );
    let file = site.beside("patch");
    std::fs::write(&file, patch).expect("a temporary folder can be written");
    git(&repo, &["apply", &file.display().to_string()]);
    let read = |name: &str| std::fs::read(repo.join(name)).expect("it is there");
    assert_eq!(read("README.md"), b"# Test\n\nDONE: write more\n");
    assert_eq!((read("dirty"), read("docs/image")), (b"not committed\nmore\n".to_vec(), b"\0\x01\xffbinary".to_vec()));
    assert!(!repo.join("src/main.rs").exists() && repo.join("docs/link").is_symlink());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_changed_nothing_keeps_nothing_and_each_repository_has_a_patch_of_its_own() {
    let site = Site::new();
    let host = host(&site).await;
    let (one, two) = (repository(&site, "one"), repository(&site, "two"));
    let nothing = run(&host, &[&one], &["cat README.md", "echo x > /tmp/x"]).await;
    assert_eq!(artifact(&host, nothing, CHANGES), None);
    let both = run(&host, &[&one, &two], &["echo 1 > one/new; echo 2 > two/new; echo 3 > two/dirty"]).await;
    let text = |name: &str| String::from_utf8(artifact(&host, both, name).expect("it is kept").1).expect("it is text");
    assert!(text("changes-one.patch").contains("+1\n") && !text("changes-one.patch").contains("+2\n"));
    assert!(text("changes-two.patch").contains("+2\n") && text("changes-two.patch").contains("-not committed\n+3\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_asks_git_what_it_changed_and_commits_it_and_the_users_repository_stays_as_it_was() {
    let site = Site::new();
    let (host, repo) = (host(&site).await, repository(&site, "repo"));
    let before = git(&repo, &["rev-parse", "HEAD"]);
    let line = "git status --short; echo y >> README.md; git diff --stat; git add -A; git commit -q -m 'by the agent'; \
                git log --format=%s; ls -A > list; ls -d .git; git status --short";
    let run = run(&host, &[&repo], &[line]).await;
    let events = host.events(run);
    let said = format!("{events:?}");
    for words in ["?? dirty", "README.md | 1 +", "by the agent", "the first", "?? list"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(said.contains("'.git': No such file"), "{said}");
    assert_eq!(git(&repo, &["rev-parse", "HEAD"]), before);
    let (_, patch) = artifact(&host, run, "changes.patch").expect("what is committed is changed too");
    assert!(String::from_utf8_lossy(&patch).contains("+y\n"));
}
