//! The audit agent at work on real repositories, with the environments that skep ships.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use skep_engine::{Submission, Verdict};
use skep_model::{Happening, Outcome, Record, RunId, RunState};
use skep_tests::host::{Host, Site};
use skep_tests::kit;

/// Not a real one; it looks as a real one does.
const SECRET: &str = "AKIAQZ7W3N5RT8KXV2PD";
const ASSIGNED_SECRET: &str = "wJ8rXtnFEMI2K7MDENGbPxRfiCYzq04vLs9uTfYh";

/// A site with the built-in plugins and the environments of this repository.
fn site() -> Site {
    let site = Site::new();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../environments");
    for (from, to) in [(kit::plugins(), site.plugins()), (shipped, site.environments())] {
        for entry in fs::read_dir(&from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
            let entry = entry.expect("the folder can be listed");
            symlink(entry.path(), to.join(entry.file_name())).expect("a link can be made");
        }
    }
    site
}

fn git(folder: &Path, words: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]);
    command.args(["-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"]).args(words);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().expect("git can be started");
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a temporary folder can be written");
    fs::write(path, content).expect("a temporary folder can be written");
}

/// A repository with something for each part of the report, and with every name that a file system takes.
fn repository(folder: &Path) {
    fs::create_dir_all(folder).expect("a temporary folder can be written");
    git(folder, &["init", "--quiet"]);
    write(&folder.join("Cargo.toml"), "[package]\nname = \"thing\"\n");
    write(&folder.join("web/package.json"), "{}\n");
    write(&folder.join("LICENSE"), "Apache License\nVersion 2.0, January 2004\nhttp://www.apache.org/licenses/\n");
    write(
        &folder.join("src/main.rs"),
        "fn main() {\n    // TODO: say hello\n    work(); // FIXME: and good bye\n}\n\nfn work() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn works() {}\n}\n",
    );
    write(
        &folder.join("deploy.py"),
        format!("KEY = '{SECRET}'  # TODO rotate {SECRET}\napi_key = \"{ASSIGNED_SECRET}\"\n"),
    );
    write(&folder.join("data/large.csv"), "1,2,3\n".repeat(200_000));
    write(&folder.join("data/image.bin"), [0, 1, 2, 3].repeat(1_000));
    write(&folder.join("odd/two\nlines.rs"), "// HACK: a name of two lines\n");
    write(&folder.join("odd").join(OsStr::from_bytes(b"caf\xe9.rs")), "// XXX: a name that is not UTF-8\n");
    write(&folder.join("odd/`back|tick`.md"), "# TODO\n");
    let deep: PathBuf = (0..60).map(|level| format!("level-{level}")).collect();
    write(&folder.join(deep).join("deep.rs"), "// TODO: so deep\n");
    symlink("loop", folder.join("loop")).expect("a link can be made");
    symlink("..", folder.join("odd/up")).expect("a link can be made");
    symlink("/etc/passwd", folder.join("odd/passwd")).expect("a link can be made");
    write(&folder.join(".gitignore"), "target/\n");
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "Everything"]);
    write(&folder.join("target/built.rs"), "// TODO: ignored by git\n");
    write(&folder.join("new.rs"), "// TODO: not committed yet\n");
}

/// Every path of a tree with what is there.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>, u32, std::time::SystemTime)> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        let about = path.symlink_metadata().expect("it is there");
        let content = match about.file_type() {
            kind if kind.is_dir() => {
                left.extend(
                    fs::read_dir(&path).expect("it can be listed").map(|entry| entry.expect("it can be listed").path()),
                );
                Vec::new()
            }
            kind if kind.is_symlink() => fs::read_link(&path).expect("it can be read").as_os_str().as_bytes().to_vec(),
            _ => fs::read(&path).expect("it can be read"),
        };
        found.push((path, content, about.permissions().mode(), about.modified().expect("it has a time")));
    }
    found.sort();
    found
}

async fn audit(host: &Host, environment: &str, repo: &Path) -> Result<RunId, skep_engine::Error> {
    let submission = Submission {
        agent: Some("audit".to_owned()),
        environment: Some(environment.to_owned()),
        repos: vec![repo.display().to_string()],
        ..Submission::default()
    };
    host.engine.submit(submission).await
}

fn artifact(host: &Host, record: &Record, name: &str) -> String {
    let found = record.artifacts.iter().find(|artifact| artifact.name == name);
    let artifact = found.unwrap_or_else(|| panic!("no {name} in {:?}", record.artifacts));
    let bytes = host.engine.store().blobs().get(&artifact.digest).expect("the blob is there");
    String::from_utf8(bytes).expect("it is text")
}

/// What people see of a run: what it said, what it returned, what it kept.
fn shown(host: &Host, record: &Record) -> String {
    let said = host.events(record.run_id).into_iter().filter_map(|(_, event)| match event.what {
        Happening::Said { text } | Happening::Logged { text, .. } => Some(format!("{text:?}")),
        Happening::Ended { outcome, .. } => Some(outcome.message()),
        _ => None,
    });
    let kept = ["audit.json", "audit.md"].map(|name| artifact(host, record, name));
    said.chain(kept).collect::<Vec<_>>().join("\n")
}

fn places(report: &Value, list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("{report:#}"));
    list.iter().map(|place| format!("{}:{}", place["path"].as_str().unwrap_or("?"), place["line"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_of_a_repository_says_what_is_in_it_and_leaves_it_as_it_was() {
    let site = site();
    let repo = site.beside("repo");
    repository(&repo);
    let before = tree(&repo);
    let host = site.host().await;
    let run = audit(&host, "repo-readonly", &repo).await.expect("it is accepted");
    let record = host.end(run).await;
    assert_eq!(record.state, RunState::Succeeded, "{:?}", record.outcome);
    assert_eq!(tree(&repo), before, "the user's own files");

    let report: Value = serde_json::from_str(&artifact(&host, &record, "audit.json")).expect("it is JSON");
    assert_eq!(
        (&report["files"], &report["binary_files"], &report["files_truncated"]),
        (&13.into(), &1.into(), &false.into())
    );
    assert_eq!(report["markers"]["counts"], json!({ "TODO": 5, "FIXME": 1, "XXX": 1, "HACK": 1 }));
    let deep: String = (0..60).map(|level| format!("level-{level}/")).collect();
    let marked = [
        "deploy.py:1",
        &format!("{deep}deep.rs:1"),
        "new.rs:1",
        "odd/`back|tick`.md:1",
        "odd/caf\u{fffd}.rs:1",
        "odd/two\nlines.rs:1",
        "src/main.rs:2",
        "src/main.rs:3",
    ];
    assert_eq!(places(&report, &report["markers"]["places"]), marked);
    let masked = |line: u64, kind: &str, masked: &str| json!({ "path": "deploy.py", "line": line, "kind": kind, "masked": masked });
    assert_eq!(
        report["secrets"]["findings"],
        json!([
            masked(1, "AWS access key id", "AKIA… (20 characters)"),
            masked(2, "value of `api_key`", "… (40 characters)"),
        ])
    );
    assert_eq!(report["large_files"], json!([{ "path": "data/large.csv", "bytes": 1_200_000, "binary": false }]));
    assert_eq!(report["licences"]["found"], json!([{ "path": "LICENSE", "licence": "Apache-2.0" }]));
    let manifests =
        json!([{ "path": "Cargo.toml", "ecosystem": "Cargo" }, { "path": "web/package.json", "ecosystem": "npm" }]);
    assert_eq!(report["manifests"], manifests);
    assert_eq!(report["tests"], json!({ "code_lines": 14, "test_lines": 4, "ratio": 4.0 / 14.0 }));

    let markdown = artifact(&host, &record, "audit.md");
    for fact in [
        "| `deploy.py:1` | AWS access key id | AKIA… (20 characters) |",
        "| `odd/two lines.rs:1` | HACK | `// HACK: a name of two lines` |",
        "| `` odd/`back\\|tick`.md:1 `` | TODO | `# TODO` |",
        "| `data/large.csv` | 1.1 MiB | text |",
        "| `LICENSE` | Apache-2.0 |",
        "| `web/package.json` | npm |",
        "TODO 5, FIXME 1, XXX 1, HACK 1",
    ] {
        assert!(markdown.lines().any(|line| line == fact), "{fact}\nis not in\n{markdown}");
    }
    let replayed = host.engine.replay(run).await.expect("the run can be replayed");
    assert_eq!(replayed.verdict, Verdict::Exact, "after {} events", replayed.compared);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_the_audit_finds_is_in_nothing_that_people_see() {
    let site = site();
    let repo = site.beside("repo");
    repository(&repo);
    let host = site.host().await;
    let run = audit(&host, "repo-readonly", &repo).await.expect("it is accepted");
    let shown = shown(&host, &host.end(run).await);
    assert!(shown.contains("AKIA… (20 characters)"), "{shown}");
    for secret in [SECRET, ASSIGNED_SECRET] {
        assert!(!shown.contains(&secret[8..16]), "a part of {secret} is in\n{shown}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_audits_of_the_same_repository_say_the_same_in_each_environment_that_has_one() {
    let site = site();
    let repo = site.beside("repo");
    repository(&repo);
    let host = site.host().await;
    let mut kept = Vec::new();
    for environment in ["repo", "repo-readonly"] {
        let run = audit(&host, environment, &repo).await.expect("it is accepted");
        let record = host.end(run).await;
        assert_eq!(record.state, RunState::Succeeded, "{:?}", record.outcome);
        kept.push(record.artifacts);
    }
    assert_eq!(kept[0], kept[1]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_audited_ends_as_failed_with_its_own_message() {
    let site = site();
    let [repo, empty, fresh, garbled] = ["repo", "empty", "fresh", "garbled"].map(|name| site.beside(name));
    write(&repo.join("file"), "a file\n");
    fs::create_dir(&empty).expect("a temporary folder can be written");
    for folder in [&fresh, &garbled] {
        fs::create_dir(folder).expect("a temporary folder can be written");
        git(folder, &["init", "--quiet"]);
    }
    write(&garbled.join("file"), "a file\n");
    git(&garbled, &["add", "--all"]);
    git(&garbled, &["commit", "--quiet", "--message", "One"]);
    write(&garbled.join(".git/index"), "this is no index");
    let host = site.host().await;
    let shown = |path: &Path| path.display().to_string();
    let nothing = "is empty: it has no commit, or no file that git would not ignore";
    let cases = [
        (shown(&empty), format!("{} {nothing}", shown(&empty))),
        (shown(&fresh), format!("{} {nothing}", shown(&fresh))),
        (format!("file://{}", shown(&fresh)), format!("{} {nothing}", shown(&fresh))),
        (
            shown(&garbled),
            format!(
                "git's data of the work tree {garbled:?} can't be read: its index is too short; let git repair it, name its file:// URL to \
                 have its last commit, or a copy of the folder without its .git to have all its files"
            ),
        ),
        (shown(&site.beside("missing")), format!("there is no repository at {:?}; check the path", site.beside("missing"))),
        (shown(&repo.join("file")), format!("{:?} is no folder; name the folder of the repository", repo.join("file"))),
        (
            "ssh://example.com/repo".to_owned(),
            "the repository URL \"ssh://example.com/repo\" is not served: write an https:// or file:// URL, or the path of a folder".to_owned(),
        ),
        (
            "https://127.0.0.1:1/repo".to_owned(),
            "127.0.0.1 is at 127.0.0.1, which is no public address; the operator can permit it with allow_private".to_owned(),
        ),
    ];
    for (location, said) in cases {
        let run = audit(&host, "repo-readonly", Path::new(&location)).await.expect("it is accepted");
        let record = host.end(run).await;
        assert_eq!(record.state, RunState::Failed, "{location}");
        assert_eq!(record.outcome, Some(Outcome::Invalid(said)), "{location}");
        let replayed = host.engine.replay(run).await.expect("the run can be replayed");
        assert!(matches!(replayed.verdict, Verdict::ExactSoFar(_)), "{location}: {replayed:?}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_of_nothing_is_refused_before_it_is_accepted() {
    let site = site();
    let host = site.host().await;
    let refused = async |environment: &str, repos: &[&str]| {
        let submission = Submission {
            agent: Some("audit".to_owned()),
            environment: Some(environment.to_owned()),
            repos: repos.iter().map(ToString::to_string).collect(),
            ..Submission::default()
        };
        host.engine.submit(submission).await.expect_err("it is refused").to_string()
    };
    assert_eq!(
        refused("repo-readonly", &[]).await,
        "environment \"repo-readonly\" works on a repository; name one with --repo"
    );
    assert_eq!(
        refused("minimal", &["/somewhere"]).await,
        "environment \"minimal\" takes no repository; use another with --env, for example repo-readonly"
    );
    assert_eq!(refused("repo", &["/somewhere"; 17]).await, "17 repositories; at most 16 are taken");
    assert!(host.engine.store().state().all_runs().next().is_none(), "nothing was accepted");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_repositories_of_an_environment_come_first_and_where_it_says() {
    let site = site();
    let [lib, app] = ["lib", "app"].map(|name| site.beside(name));
    write(&lib.join("one"), "1\n");
    write(&app.join("two"), "2\n");
    let repos = format!("[[repos]]\npath = {:?}\ndirectory = \"vendor/lib\"\n", lib.display().to_string());
    for repo in ["none", "optional"] {
        let rest = format!("tools = [\"files.*\"]\nworkspace = \"read\"\nrepo = {repo:?}\n{repos}");
        kit::environment(&site.environments(), &format!("with-{repo}"), &rest);
    }
    let host = site.host().await;
    let prepared = async |submission: Submission| {
        let submission = Submission { agent: Some("audit".to_owned()), ..submission };
        let run = host.engine.submit(submission).await.expect("it is accepted");
        assert_eq!(host.end(run).await.state, RunState::Succeeded);
        let prepared = host.events(run).into_iter().find_map(|(_, event)| match event.what {
            Happening::Prepared { workspace, .. } => Some(workspace),
            _ => None,
        });
        prepared.expect("it has a workspace")
    };
    let of_lib = format!("vendor/lib: {} without a commit, 1 files, 2 bytes", lib.display());
    let alone = Submission { environment: Some("with-none".to_owned()), ..Submission::default() };
    assert_eq!(prepared(alone).await, std::slice::from_ref(&of_lib));
    let repos = vec![app.display().to_string()];
    let both = Submission { environment: Some("with-optional".to_owned()), repos, ..Submission::default() };
    assert_eq!(prepared(both).await, [of_lib, format!("app: {} without a commit, 1 files, 2 bytes", app.display())]);
    let refused = audit(&host, "with-none", &app).await.expect_err("it takes none of the run's").to_string();
    assert_eq!(
        refused,
        "environment \"with-none\" takes no repository; use another with --env, for example repo-readonly"
    );
    host.stop().await;
}
