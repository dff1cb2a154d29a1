//! Signals, kills, and two processes that want one data folder.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command};

use crate::skep::{Home, said};

/// A `skep run start` under way, seen up to a line that holds some word.
fn until(child: &mut Child, word: &str) -> Lines<BufReader<ChildStdout>> {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.by_ref().any(|line| line.unwrap().contains(word)), "the program ended without {word:?}");
    lines
}

/// Keeps reading, so that the child is not told that nobody does.
fn rest(lines: Lines<BufReader<ChildStdout>>) -> Vec<String> {
    lines.map(Result::unwrap).collect()
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").arg(name).arg(child.id().to_string()).status().unwrap();
    assert!(status.success());
}

const SLEEP: &[&str] = &["run", "start", "--agent", "sleeps", "-p", "600000"];

#[test]
fn ctrl_c_cancels_the_run_and_waits_for_its_end() {
    let home = Home::new().with_agent("sleeps");
    let mut child = home.spawn(SLEEP);
    let lines = until(&mut child, "\tcall\tsleep");
    signal(&child, "-INT");
    let last = rest(lines).pop().unwrap();
    assert!(last.starts_with("CANCELLED\t"), "{last}");
    assert_eq!(child.wait().unwrap().code(), Some(4));
    assert!(home.skep(&["run", "list"]).out.starts_with("CANCELLED\t"));
}

#[test]
fn to_be_terminated_leaves_the_run_unfinished() {
    let home = Home::new().with_agent("sleeps");
    let mut child = home.spawn(SLEEP);
    let lines = until(&mut child, "\tcall\tsleep");
    signal(&child, "-TERM");
    rest(lines);
    let said = said(child.wait_with_output().unwrap());
    assert_eq!(said.code, 130, "{said:?}");
    assert!(said.err.contains("stays and goes on with"), "{said:?}");
    assert!(home.skep(&["run", "list"]).out.starts_with("INPROGRESS\t"));
}

#[test]
fn a_second_process_is_told_who_has_the_data_folder() {
    let home = Home::new().with_agent("sleeps");
    let mut child = home.spawn(SLEEP);
    let lines = until(&mut child, "\tcall\tsleep");
    let pid = format!("pid {}", child.id());
    for command in
        [&["run", "list"][..], &["run", "start", "--agent", "sleeps"], &["store", "verify"], &["run", "resume"]]
    {
        home.skep(command).refused(7, &["is in use by skep run start", &pid, "started", "--data"]);
    }
    let doctor = home.skep(&["doctor"]);
    assert_eq!((doctor.code, doctor.out.contains(&pid)), (0, true), "{doctor:?}");
    signal(&child, "-INT");
    rest(lines);
    assert_eq!(child.wait().unwrap().code(), Some(4));
    assert_eq!(home.skep(&["run", "list"]).code, 0);
}

#[test]
fn after_a_kill_the_run_goes_on_from_its_journal_and_replays_exactly() {
    let home = Home::new().with_agent("sleeps");
    let mut child = home.spawn(&["run", "start", "--agent", "sleeps", "-p", "1500"]);
    let lines = until(&mut child, "\tcall\tsleep");
    child.kill().unwrap();
    rest(lines);
    child.wait().unwrap();
    let listed = home.skep(&["run", "list"]).out;
    let run = listed.split('\t').nth(1).unwrap();
    let said = home.skep(&["run", "logs", "-f", run]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("attempt 2") && said.out.contains("SUCCEEDED"), "{said:?}");
    assert_eq!(home.skep(&["run", "replay", run]).code, 0);
    assert_eq!(home.skep(&["store", "verify"]).code, 0);
}

#[test]
fn a_reader_that_goes_away_is_no_failure_to_talk_about() {
    let home = Home::new().with_agent("noop");
    let run = home.accept(&["--agent", "noop"]);
    let mut child = home.spawn(&["run", "logs", &run]);
    drop(child.stdout.take());
    let said = said(child.wait_with_output().unwrap());
    assert_eq!((said.code, said.err.as_str()), (141, ""));
}
