//! Runs every case of `tests/lines` in this shell (natively, over the stand-in for the host) and in Debian's bash, and those
//! marked `[dash]` in dash too, and compares what they print and their exit codes. Skipped where there is no bash.
//!
//! A file has cases, each headed by a line `#### name`. `CASE=part-of-a-name` runs some of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

struct Case {
    name: String,
    text: String,
    in_dash: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    output: String,
    code: Option<i32>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lines");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let wanted = std::env::var("CASE").unwrap_or_default();
    let mut cases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        for section in text.split("#### ").skip(1) {
            let (head, body) = section.split_once('\n').unwrap();
            let name = format!("{stem}: {head}");
            if name.contains(&wanted) {
                cases.push(Case { in_dash: head.contains("[dash]"), name, text: body.to_owned() });
            }
        }
    }
    cases
}

/// A folder in which `sh` and `bash` are this shell, for scripts that start one.
fn own_shells(root: &Path) -> PathBuf {
    let folder = root.join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["sh", "bash"] {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sh"), folder.join(name)).unwrap();
    }
    folder
}

fn run(shell: &Path, path: &str, folder: &Path, text: &str) -> Outcome {
    std::fs::create_dir_all(folder).unwrap();
    let output = std::fs::File::create(folder.with_extension("out")).unwrap();
    let errors = std::fs::File::create(folder.with_extension("err")).unwrap();
    let mut child = Command::new(shell)
        .args(["-c", text, "sh", "one", "two words", "three"])
        .env_clear()
        .envs([("PATH", path), ("LC_ALL", "C.UTF-8"), ("HOME", "/tmp"), ("TZ", "UTC"), ("FROM_OUTSIDE", "yes")])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .spawn()
        .unwrap();
    let start = Instant::now();
    let code = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if start.elapsed() > Duration::from_secs(20) => {
                child.kill().unwrap();
                child.wait().unwrap();
                break Some(-1);
            }
            None => std::thread::park_timeout(Duration::from_millis(1)),
        }
    };
    let bytes = std::fs::read(folder.with_extension("out")).unwrap();
    Outcome { output: String::from_utf8_lossy(&bytes).into_owned(), code }
}

fn difference(case: &Case, index: usize, root: &Path, own: &Path) -> Option<String> {
    let native = "/usr/bin:/bin";
    let ours_path = format!("{}:{native}", own.display());
    let folder = |who: &str| root.join(format!("{index}-{who}")).join("here");
    let ours = run(Path::new(env!("CARGO_BIN_EXE_sh")), &ours_path, &folder("ours"), &case.text);
    let mut others = vec![("bash", "/bin/bash")];
    if case.in_dash && Path::new("/bin/dash").exists() {
        others.push(("dash", "/bin/dash"));
    }
    for (name, shell) in others {
        let theirs = run(Path::new(shell), native, &folder(name), &case.text);
        if ours != theirs {
            let errors = std::fs::read(folder("ours").with_extension("err")).unwrap();
            return Some(format!(
                "{}\n{}--- ours {:?}\n{}--- {name} {:?}\n{}--- our errors\n{}",
                case.name,
                case.text,
                ours.code,
                ours.output,
                theirs.code,
                theirs.output,
                String::from_utf8_lossy(&errors)
            ));
        }
    }
    None
}

#[test]
fn every_line_gives_what_bash_and_dash_give() {
    if !Path::new("/bin/bash").exists() {
        return;
    }
    let root = std::env::temp_dir().join(format!("sh-agrees-{}", std::process::id()));
    let own = own_shells(&root);
    let cases = cases();
    let next = Mutex::new(0..cases.len());
    let differences = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(index) = next.lock().unwrap().next() else { break };
                    if let Some(text) = difference(&cases[index], index, &root, &own) {
                        differences.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    std::fs::remove_dir_all(&root).unwrap();
    let differences = differences.into_inner().unwrap();
    let compared = cases.len() + cases.iter().filter(|case| case.in_dash).count();
    println!("{} cases, {compared} comparisons, {} differences", cases.len(), differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n========\n"));
}
