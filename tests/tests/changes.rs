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
    host_of(site, "").await
}

/// A host whose environment says this, too.
async fn host_of(site: &Site, environment: &str) -> Host {
    site.shell(environment).host_with(|config| config.sandbox.cache = Some(kit::compiled())).await
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
    assert!(text("changes-1.patch").contains("+1\n") && !text("changes-1.patch").contains("+2\n"));
    assert!(text("changes-2.patch").contains("+2\n") && text("changes-2.patch").contains("-not committed\n+3\n"));
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

/// What the list says of the first repository.
fn list(host: &Host, run: RunId) -> Value {
    let (_, list) = artifact(host, run, CHANGES).expect("it is kept");
    serde_json::from_slice::<Value>(&list).expect("it is JSON")["repositories"][0].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_changes_cant_be_told_says_so_and_can_hide_nothing_behind_it() {
    let site = Site::new();
    let (host, repo) = (host(&site).await, repository(&site, "repo"));
    let too_large = "truncate -s 5G large && sed -i s/TODO/evil/ README.md";
    let too_deep = "for i in $(seq 1100); do mkdir d && cd d || exit 1; done; echo evil > /workspace/README.md";
    for line in [too_large, too_deep] {
        let run = run(&host, &[&repo], &[line]).await;
        let list = list(&host, run);
        let untold = list["untold"].as_str().unwrap_or_else(|| panic!("{line}: {list}"));
        assert!(untold.contains("exceed the limit"), "{untold}");
        assert_eq!(artifact(&host, run, "changes.patch"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_as_it_did_where_what_it_changed_cant_be_kept() {
    let site = Site::new();
    let (host, repo) = (host(&site).await, repository(&site, "repo"));
    let blobs = site.data().join("blobs");
    let losing = tokio::task::spawn_blocking({
        let (blobs, started) = (blobs.clone(), site.data().join("workspaces"));
        move || {
            // The line has begun when its file is there.
            let begun = || {
                std::fs::read_dir(&started)
                    .into_iter()
                    .flatten()
                    .flatten()
                    .any(|home| home.path().join("root/workspace/begun").exists())
            };
            // Where the run can't begin, its own failure is to be told.
            let patience = std::time::Instant::now() + std::time::Duration::from_secs(30);
            while !begun() {
                if std::time::Instant::now() > patience {
                    return;
                }
                std::thread::yield_now();
            }
            std::fs::rename(&blobs, blobs.with_extension("away")).expect("it is there");
            std::fs::write(&blobs, "no folder").expect("there is room");
        }
    });
    let run = run(&host, &[&repo], &["touch begun; sleep 1; echo x > new"]).await;
    losing.await.expect("it does not panic");
    let record = host.engine.store().record(run).expect("the state can be read").expect("the run is known");
    assert_eq!(record.state, skep_model::RunState::Succeeded, "{:?}", record.outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_only_read_changes_nothing_through_git() {
    let site = Site::new();
    let repo = repository(&site, "repo");
    let grants = "tools = [\"shell.*\"]\nworkspace = \"read\"\nrepo = \"optional\"\nimage = \"unix\"\n";
    kit::environment(&site.environments(), "shell", grants);
    let host = site.agent("caller").host_with(|config| config.sandbox.cache = Some(kit::compiled())).await;
    let writing = [
        "add -A",
        "commit --allow-empty -m x",
        "branch new",
        "checkout -b new",
        "config user.name x",
        "tag t",
        "rm README.md",
        "reset HEAD",
    ];
    let lines: Vec<_> = writing.iter().map(|words| format!("git {words} && echo WROTE")).collect();
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.push("git log --oneline; git branch; git tag; git status --short");
    let run = run(&host, &[&repo], &lines).await;
    let said = format!("{:?}", host.events(run));
    assert!(!said.contains("WROTE\\n") && said.contains("this run may read the workspace and not change it"), "{said}");
    assert!(said.contains("the first") && said.contains("* main") && said.contains("?? dirty"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_gives_to_git_has_a_bound_too() {
    let site = Site::new();
    let (host, repo) = (host(&site).await, repository(&site, "repo"));
    let line = "for i in $(seq 30); do head -c 2000000 /dev/urandom > file; git add file || exit 9; done; echo ALL";
    let steps = json!([{ "name": "shell.run", "arguments": { "command": line } }]).to_string();
    let submission = Submission {
        prompt: steps,
        agent: Some("caller".to_owned()),
        environment: Some("shell".to_owned()),
        repos: vec![repo.display().to_string()],
        limits: vec!["workspace_bytes=10m".to_owned()],
        ..Submission::default()
    };
    let run = host.engine.submit(submission).await.expect("the submission is accepted");
    host.end(run).await;
    let said = format!("{:?}", host.events(run));
    assert!(!said.contains("ALL\\n") && said.contains("git's data"), "{said}");
}

/// The site's folder `image`, with a command `rude` that has user.name set without asking whether it may.
fn rude(site: &Site) {
    let folder = site.environments().join("shell/image");
    std::fs::create_dir_all(&folder).expect("a temporary folder can be written");
    let wat = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/wat/sets-git-author.wat");
    let wasm = wat::parse_file(wat).expect("it is well written");
    let manifest = "name = 'rude'\nversion = '0.1.0'\n[[commands]]\ncomponent = 'rude.wasm'\nnames = ['rude']\n";
    std::fs::write(folder.join("rude.wasm"), wasm).expect("a temporary folder can be written");
    std::fs::write(folder.join("image.toml"), manifest).expect("a temporary folder can be written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_doesnt_ask_whether_it_may_change_git_is_refused_by_the_host() {
    for (access, set) in [("read", "no"), ("write", "yes")] {
        let site = Site::new();
        let repo = repository(&site, "repo");
        let image = "repo = \"optional\"\nimage = [\"unix\", \"./image\"]\n";
        let grants = format!("tools = [\"shell.*\"]\nworkspace = {access:?}\n{image}");
        kit::environment(&site.environments(), "shell", &grants);
        rude(&site);
        let host = site.agent("caller").host_with(|config| config.sandbox.cache = Some(kit::compiled())).await;
        let run = run(&host, &[&repo], &["rude && echo it is yes || echo it is no; git config user.name"]).await;
        let said = format!("{:?}", host.events(run));
        assert!(said.contains(&format!("it is {set}\\\\n")), "{access}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_host_says_what_a_run_changed() {
    let site = Site::new();
    kit::environment(&site.environments(), "bare", "");
    let host = site.agent("reports").host().await;
    let documents =
        ["changes.json", "changes.patch", "changes-2.patch", "changes.md"].map(|name| json!({ "name": name }));
    let run = host.submit("reports", "bare", &Value::from_iter(documents).to_string()).await;
    let record = host.end(run).await;
    let names: Vec<_> = record.artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
    assert_eq!(names, ["changes.md"], "{record:?}");
}

/// A repository with a branch `side`, a folder `other` beside `src`, and a submodule that git has checked out in it.
fn with_submodule(site: &Site) -> std::path::PathBuf {
    let (outer, inner) = (repository(site, "outer"), repository(site, "inner"));
    std::fs::create_dir(outer.join("other")).expect("a temporary folder can be written");
    std::fs::write(outer.join("other/file"), "beside\n").expect("a temporary folder can be written");
    let url = inner.display().to_string();
    git(&outer, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "lib"]);
    git(&outer, &["checkout", "--quiet", "-b", "side"]);
    git(&outer, &["add", "."]);
    git(&outer, &["commit", "--quiet", "--message", "the second"]);
    git(&outer, &["checkout", "--quiet", "main"]);
    outer
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_part_of_a_repository_git_and_the_patch_know_that_the_rest_was_not_deleted() {
    let site = Site::new();
    let outer = with_submodule(&site);
    let repos = "ref = \"side\"\nsparse = [\"src\", \"README.md\"]\n";
    let host = with_repos(&site, &outer, repos).await;
    let line = "git status -sb; ls; echo x >> src/main.rs; echo y > new; git add -A; git commit -qm mine; \
                git ls-files | tr '\\n' ' '; git grep -c beside; git show --stat --format=%s";
    let run = run(&host, &[], &[line]).await;
    let said = format!("{:?}", host.events(run));
    for words in ["## side\\\\nREADME.md\\\\nsrc\\\\n", "lib new other/file src/main.rs", "2 files changed"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let patch = String::from_utf8(artifact(&host, run, "changes.patch").expect("it is kept").1).expect("it is text");
    assert_eq!(patch.matches("diff --git").count(), 2, "{patch}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submodule_is_a_repository_of_its_own_for_git_and_for_what_a_run_changed() {
    let site = Site::new();
    let outer = with_submodule(&site);
    git(&outer, &["checkout", "--quiet", "side"]);
    let host = with_repos(&site, &outer, "submodules = true\n").await;
    let line =
        "echo x >> README.md; echo y >> lib/README.md; git status -s; (cd lib; git status -s; git log --format=%s)";
    let run = run(&host, &[], &[line]).await;
    let said = format!("{:?}", host.events(run));
    assert!(said.contains(" M README.md\\\\n M README.md\\\\nthe first\\\\n"), "{said}");
    let text = |name: &str| String::from_utf8(artifact(&host, run, name).expect("it is kept").1).expect("it is text");
    let (outer, inner) = (text("changes-1.patch"), text("changes-2.patch"));
    assert!(outer.contains("+x\n") && !outer.contains("+y\n") && inner.contains("+y\n"), "{outer}{inner}");
    let (_, list) = artifact(&host, run, CHANGES).expect("it is kept");
    let list: Value = serde_json::from_slice(&list).expect("it is JSON");
    assert_eq!(list["repositories"][1]["directory"], "lib", "{list}");
}

/// A host whose environment brings a commit of this repository.
async fn with_repos(site: &Site, repo: &Path, keys: &str) -> Host {
    host_of(site, &format!("[[repos]]\nurl = \"file://{}\"\n{keys}", repo.display())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_workspace_is_kept_where_the_environment_says_so() {
    let site = Site::new();
    let (host, repo) = (host_of(&site, "retention = { archive = true }\n").await, repository(&site, "repo"));
    let run = run(&host, &[&repo], &["echo built > artifact.bin; rm README.md"]).await;
    let (media_type, archive) = artifact(&host, run, "workspace.tar.gz").expect("it is kept");
    assert_eq!(media_type, "application/gzip");
    let (file, folder) = (site.beside("all.tar.gz"), site.beside("unpacked"));
    std::fs::write(&file, archive).expect("a temporary folder can be written");
    std::fs::create_dir(&folder).expect("a temporary folder can be written");
    let tar = Command::new("tar").arg("-xzf").arg(&file).arg("-C").arg(&folder).status().expect("tar is there");
    assert!(tar.success());
    assert_eq!(std::fs::read(folder.join("artifact.bin")).expect("it is there"), b"built\n");
    assert!(folder.join("src/main.rs").is_file() && !folder.join("README.md").exists());
}
