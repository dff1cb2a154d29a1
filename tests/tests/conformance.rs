//! BusyBox's tests of its shells, run by skep's shell in the sandbox. The suite is no part of this repository: `cargo xtask
//! conformance` fetches it and names its folder in `SKEP_SHELL_SUITE`.
//!
//! A case agrees when it prints what the suite expects, or what this machine's bash prints: where BusyBox and bash differ, skep
//! follows bash. Of a shell's own messages, only that there is one is compared. `conformance/busybox.txt` lists each case.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skep_tests::commands::{Commands, Folder};
use tokio::task::JoinSet;

const LIST: &str = include_str!("conformance/busybox.txt");

/// Programs that the suite compiles for itself, as scripts.
const HELPERS: &[(&str, &str)] = &[
    ("recho", "#!/bin/sh\ni=1\nfor a; do printf 'argv[%d] = <%s>\\n' $i \"$a\"; i=$((i + 1)); done\n"),
    ("zecho", "#!/bin/sh\nprintf '%s' \"$1\"\nshift\nfor a; do printf ' %s' \"$a\"; done\necho\n"),
];

/// The folders of the suite; of cases with the same name the first one counts.
const SUITES: [&str; 2] = ["ash_test", "hush_test"];

struct Case {
    folder: PathBuf,
    file: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    AsExpected,
    AsBash,
    Differs,
}

/// What the list says of a case.
enum Listed {
    Agrees,
    /// Needs what a sandbox does not have.
    Beyond,
    Differs,
}

fn list() -> BTreeMap<&'static str, Listed> {
    let lines = LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split_once(": ") {
            None => (line, Listed::Agrees),
            Some((name, why)) if why.starts_with("beyond") => (name, Listed::Beyond),
            Some((name, _)) => (name, Listed::Differs),
        })
        .collect()
}

fn cases(suite: &Path) -> BTreeMap<String, Case> {
    let mut cases = BTreeMap::new();
    for part in SUITES {
        for folder in entries(&suite.join(part)) {
            let group = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Some((_, group)) = group.split_once('-') else { continue };
            for test in entries(&folder) {
                let whole =
                    test.extension().is_some_and(|end| end == "tests") && test.with_extension("right").is_file();
                let file = test.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                if whole {
                    let case = Case { folder: folder.clone(), file: file.clone() };
                    cases.entry(format!("{group}/{file}")).or_insert(case);
                }
            }
        }
    }
    cases
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.expect("the suite can be read").path()).collect()
}

impl Case {
    fn folder(&self) -> Folder {
        let folder = Folder::new();
        for file in entries(&self.folder).iter().filter(|file| file.is_file()) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            folder.put(&format!("case/{name}"), &std::fs::read(file).expect("the suite can be read"));
        }
        for (name, text) in HELPERS {
            folder.put(&format!("case/{name}"), text.as_bytes());
        }
        folder
    }

    fn line(&self) -> String {
        let file = &self.file;
        // As the suite is unpacked, its tests and their helpers can be executed.
        let prepare = "cd case && chmod +x * && export THIS_SH=/bin/bash PATH=\"$PWD:$PATH\"";
        format!("{prepare} && exec bash ./{file}.tests 2>&1")
    }

    async fn outcome(&self, commands: &Commands) -> (Outcome, String) {
        let right = std::fs::read(self.folder.join(&self.file).with_extension("right")).expect("the suite can be read");
        let right = comparable(&String::from_utf8_lossy(&right));
        let ours = commands.line(&self.folder(), &self.line()).await;
        let printed = comparable(&ours.output);
        if printed == right {
            return (Outcome::AsExpected, String::new());
        }
        let bash = comparable(&self.folder().native(&format!("timeout 20 bash -c {}", quoted(&self.line()))).output);
        if printed == bash {
            return (Outcome::AsBash, String::new());
        }
        (Outcome::Differs, format!("--- ours\n{}{}\n--- expected\n{right}\n--- bash\n{bash}", ours.output, ours.errors))
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The output with each message of a shell as one and the same line.
fn comparable(output: &str) -> String {
    output.lines().fold(String::new(), |mut all, line| {
        let line = if is_message(line) { "(a message)" } else { line };
        writeln!(all, "{line}").expect("a text grows");
        all
    })
}

/// `bash: …`, `./name.tests: line 1: …`
fn is_message(line: &str) -> bool {
    let Some((source, _)) = line.split_once(": ") else { return false };
    let name = source.rsplit('/').next().unwrap_or(source);
    ["ash", "hush", "sh", "bash", "SHELL"].contains(&name) || name.ends_with(".tests") || name.ends_with(".sub")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "cargo xtask conformance fetches the suite"]
async fn what_is_listed_to_agree_agrees() {
    let suite = std::env::var("SKEP_SHELL_SUITE").expect("SKEP_SHELL_SUITE names the folder `shell` of BusyBox");
    let wanted = std::env::var("CASE").unwrap_or_default();
    let commands = Arc::new(Commands::new());
    let mut tasks = JoinSet::new();
    for (name, case) in cases(Path::new(&suite)).into_iter().filter(|(name, _)| name.contains(&wanted)) {
        let commands = Arc::clone(&commands);
        tasks.spawn(async move { (name, case.outcome(&commands).await) });
    }
    let mut outcomes = BTreeMap::new();
    while let Some(done) = tasks.join_next().await {
        let (name, outcome) = done.expect("a case is compared");
        outcomes.insert(name, outcome);
    }
    assert!(!outcomes.is_empty(), "there are no cases in {suite}");
    report(&outcomes);
}

fn report(outcomes: &BTreeMap<String, (Outcome, String)>) {
    let list = list();
    let (mut counted, mut agreeing, mut beyond, mut lost) = (0, 0, 0, Vec::new());
    for (name, (outcome, difference)) in outcomes {
        let agrees = *outcome != Outcome::Differs;
        match (list.get(name.as_str()), agrees) {
            (Some(Listed::Beyond), _) => {
                beyond += 1;
                continue;
            }
            (Some(Listed::Agrees), false) => lost.push(format!("{name}\n{difference}")),
            (Some(Listed::Agrees), true) | (Some(Listed::Differs), false) => {}
            (Some(Listed::Differs) | None, _) => println!("not as listed: {name} {outcome:?}\n{difference}"),
        }
        counted += 1;
        agreeing += u32::from(agrees);
    }
    let expected = outcomes.values().filter(|(outcome, _)| *outcome == Outcome::AsExpected).count();
    println!("{} cases; {beyond} need what a sandbox does not have", outcomes.len());
    println!("{agreeing} of {counted} others agree ({:.1} %)", 100.0 * f64::from(agreeing) / f64::from(counted.max(1)));
    println!("{expected} print what the suite expects, the others what bash prints");
    assert!(lost.is_empty(), "{} cases that are listed to agree do not:\n{}", lost.len(), lost.join("\n========\n"));
}
