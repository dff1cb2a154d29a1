//! git in a run: each line in a fresh copy of one small repository, by skep's shell with the image's `git`, whose data stands
//! outside of the workspace, and by this machine's bash with git itself. What they print, their exit codes and the files that
//! they leave behind are the same.
//!
//! The lines are in `git/*.txt`. A line `#### name` heads each; `---- differs` and why after it says that it does. `$t` is a
//! folder outside of the repository.
//! `LINE=part-of-a-name` runs some.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use skep_tests::commands::{Commands, Folder, Ran, sections};
use tokio::task::JoinSet;

const TABLES: &[&str] = &[
    include_str!("git/read.txt"),
    include_str!("git/write.txt"),
    include_str!("git/apply.txt"),
    include_str!("git/objects.txt"),
    include_str!("git/stash.txt"),
    include_str!("git/carry.txt"),
];

/// Who commits, and when: the same on both sides, so that commits have the same names.
const PRELUDE: &str = "export GIT_AUTHOR_NAME='A U Thor' GIT_AUTHOR_EMAIL=author@example.com GIT_AUTHOR_DATE='1112911993 +0200' \
    GIT_COMMITTER_NAME='C O Mitter' GIT_COMMITTER_EMAIL=committer@example.com GIT_COMMITTER_DATE='1112912053 -0130'; ";

/// Lines of both sides run at once, so each has a folder of its own.
const FOLDER: &str = "t=$(mktemp -d); trap 'rm -r $t' EXIT; ";

const FIXTURE: &str = r#"
set -e
git init -q -b main .
mkdir -p src docs
printf 'fn main() {\n    println!("one");\n}\n' > src/main.rs
seq 1 40 > docs/numbers.txt
printf 'target/\n*.log\n' > .gitignore
printf '#!/bin/sh\necho hi\n' > run.sh && chmod +x run.sh
ln -s src/main.rs link
git add -A && git commit -q -m 'First commit'
printf 'fn main() {\n    println!("two");\n}\n\nfn other() {}\n' > src/main.rs
printf '\0\1\2binary' > logo.bin
git add -A && GIT_AUTHOR_DATE='1112912993 +0200' GIT_COMMITTER_DATE='1112912993 +0200' git commit -q -m 'Second commit' -m 'With a body
of two lines.'
git rm -q docs/numbers.txt && mkdir -p docs && seq 1 41 > docs/counted.txt
git add -A && GIT_AUTHOR_DATE='1112913993 +0200' GIT_COMMITTER_DATE='1112913993 +0200' git commit -q -m 'Third: numbers are counted'
"#;

fn template() -> Folder {
    let folder = Folder::new();
    let made = folder.native(&format!("{PRELUDE}{FIXTURE}"));
    assert_eq!((made.code, made.errors.as_str()), (0, ""));
    folder
}

fn copy(template: &Path) -> Folder {
    let folder = Folder::new();
    let copied = Command::new("cp").arg("-a").arg(template.join(".")).arg(folder.workspace()).status();
    assert!(copied.expect("cp is there").success());
    folder
}

fn native(folder: &Folder, line: &str) -> Ran {
    folder.native(&format!("{PRELUDE}{line}"))
}

/// How the line's outcome here differs from the one there, if it does.
async fn difference(commands: &Commands, template: &Path, line: &str) -> Option<String> {
    let (mut here, there) = (copy(template), copy(template));
    let commit = native(&here, "git rev-parse HEAD").output;
    here.adopt(Some(commit.trim()), "main");
    let ours = commands.line(&here, &format!("{PRELUDE}{line}")).await;
    let theirs = native(&there, line);
    let (ours_left, mut theirs_left) = (here.tree(), there.tree());
    theirs_left.retain(|path, _| path != ".git" && !path.starts_with(".git/"));
    if (&ours.output, ours.code) == (&theirs.output, theirs.code) && ours_left == theirs_left {
        return None;
    }
    let changed: Vec<_> = ours_left.iter().filter(|(path, content)| theirs_left.get(*path) != Some(content)).collect();
    let missing: Vec<_> = theirs_left.keys().filter(|path| !ours_left.contains_key(*path)).collect();
    Some(format!(
        "--- ours {}\n{}{}\n--- native {}\n{}{}\n--- files {changed:?} {missing:?}",
        ours.code, ours.output, ours.errors, theirs.code, theirs.output, theirs.errors
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_does_what_git_itself_does() {
    let (commands, template) = (Arc::new(Commands::new()), Arc::new(template()));
    let wanted = std::env::var("LINE").unwrap_or_default();
    let mut tasks = JoinSet::new();
    for (name, text) in TABLES.iter().flat_map(|table| sections(table)).filter(|(name, _)| name.contains(&wanted)) {
        let (line, differs) = text.split_once("\n---- differs").unwrap_or((text, ""));
        let known = !differs.is_empty();
        let line = if line.contains("$t/") { format!("{FOLDER}{line}") } else { line.to_owned() };
        let (commands, template) = (Arc::clone(&commands), Arc::clone(&template));
        tasks.spawn(async move { (difference(&commands, &template.workspace(), &line).await, name, line, known) });
    }
    let (count, mut problems) = (tasks.len(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        match done.expect("a line is compared") {
            (Some(difference), name, line, false) => problems.push(format!("{name}: {line}\n{difference}")),
            (None, name, _, true) => problems.push(format!("{name}: it does not differ any more")),
            _ => {}
        }
    }
    println!("{count} lines");
    assert!(problems.is_empty(), "{} of {count} lines:\n{}", problems.len(), problems.join("\n========\n"));
}

async fn here(line: &str) -> Ran {
    let mut folder = copy(&template().workspace());
    let commit = native(&folder, "git rev-parse HEAD").output;
    folder.adopt(Some(commit.trim()), "main");
    Commands::new().line(&folder, &format!("{PRELUDE}{line}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_the_network_says_what_to_do_instead() {
    for command in ["clone https://example.com/x", "fetch", "pull", "push origin main"] {
        let ran = here(&format!("git {command}")).await;
        assert_eq!(ran.code, 128, "{ran:?}");
        assert!(ran.errors.contains("there is no network here: the host brings repositories in"), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_says_what_does_it() {
    let apart = "git switch -q -c side; echo x >> run.sh; git commit -qam x; git switch -q main; echo y >> run.sh; git commit -qam y; ";
    for (line, code, hint) in [
        ("git apply --3way /dev/null", 128, "without --3way"),
        ("git apply --reject /dev/null", 128, "patch -p1"),
        ("git rebase main", 128, "git cherry-pick BASE..BRANCH"),
        ("git merge side", 128, "git cherry-pick ..BRANCH"),
        ("git cherry-pick side", 1, "the same lines were changed on both sides"),
        ("git stash push run.sh", 128, "takes no paths"),
        ("git init new", 128, "brought in by the host"),
        ("cd /tmp && git apply x", 128, "patch -p1"),
    ] {
        let ran = here(&format!("{apart}{line}; code=$?; cd /workspace; git status -s; exit $code")).await;
        assert_eq!((ran.output.as_str(), ran.code), ("", code), "{line}: {ran:?}");
        assert!(ran.errors.contains(hint), "{line}: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stash_that_does_not_fit_writes_nothing_and_stays() {
    let line = "echo x >> run.sh; echo a > new; git add new; git stash -q; echo y >> run.sh; git commit -qam y; \
        git stash pop -q; echo $?; git status -s; git stash list | wc -l; tail -n 1 run.sh";
    let ran = here(line).await;
    assert_eq!(ran.output, "The stash entry is kept in case you need it again.\n1\n1\ny\n", "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_the_files_name_is_run_or_obeyed() {
    let line = "mkdir -p .git/hooks && printf '#!/bin/sh\ntouch /workspace/ran\n' > .git/hooks/pre-commit && \
        printf '[core]\n\tfsmonitor = touch ran\n\tpager = touch ran\n[alias]\n\tstatus = !touch ran\n' > .git/config && \
        printf '* filter=x diff=x text eol=crlf\n' > .gitattributes && printf 'a\n' > a && \
        git add -A && git commit -q -m x && git show HEAD:a | od -c | head -1 && git ls-files | grep -c '^.git/'; ls ran";
    let ran = here(line).await;
    assert_eq!(ran.output, "0000000   a  \\n\n0\n", "{ran:?}");
}

/// The objects of the origin hold what no branch of this run leads to.
#[tokio::test(flavor = "multi_thread")]
async fn commits_that_no_branch_of_the_run_leads_to_are_not_found() {
    let mut folder = copy(&template().workspace());
    let first = native(&folder, "git rev-parse HEAD~1").output;
    let secret = native(
        &folder,
        "echo secret > s && git add s && git commit -q -m s && git rev-parse HEAD && git reset -q --hard HEAD~1",
    );
    let commands = Commands::new();
    folder.adopt(Some(first.trim()), "main");
    let hidden = secret.output.trim();
    let ran = commands
        .line(
            &folder,
            &format!(
                "git show {hidden}; git log {hidden}; git show {hidden}:s; git diff {hidden}; git branch x {hidden}"
            ),
        )
        .await;
    assert_eq!((ran.output.as_str(), ran.code), ("", 128), "{ran:?}");
    assert!(!ran.errors.contains("secret"), "{ran:?}");
    let made = format!(
        "{PRELUDE}echo 1 > n && git add n && git commit -q -m n && git rev-parse HEAD > /tmp/id && git reset -q --hard HEAD~1 && git show --format=%s --name-only $(cat /tmp/id)"
    );
    assert_eq!(commands.line(&folder, &made).await.output, "n\n\nn\n");
}

/// Prints how long git takes here for a large tree; what it says is what git itself says.
#[tokio::test(flavor = "multi_thread")]
async fn six_thousand_files_are_told_as_git_tells_them() {
    let made = "for n in $(seq 6000); do d=folder-$((n % 60))/part-$((n % 7)); mkdir -p $d; seq $n $((n + 100)) > $d/file-$n.txt; done; \
        git init -q -b main . && git add -A && git commit -q -m all";
    let (mut folder, commands) = (Folder::new(), Commands::new());
    assert_eq!(native(&folder, made).code, 0);
    let change = "for n in 5 1000 3000; do echo changed >> folder-$((n % 60))/part-$((n % 7))/file-$n.txt; done; echo new > new.txt";
    assert_eq!(native(&folder, change).code, 0);
    let lines =
        ["git status --short", "git status --short", "git diff", "git diff --stat", "git log -1 --stat | tail -1"];
    let theirs: Vec<_> = lines.iter().map(|line| native(&folder, line).output).collect();
    let commit = native(&folder, "git rev-parse HEAD").output;
    folder.adopt(Some(commit.trim()), "main");
    commands.line(&folder, "git --version").await;
    for (line, theirs) in lines.iter().zip(theirs) {
        let clock = std::time::Instant::now();
        let ours = commands.line(&folder, line).await;
        println!("{line}: {:?}", clock.elapsed());
        assert_eq!(ours.output, theirs, "{line}: {}", ours.errors);
    }
}
