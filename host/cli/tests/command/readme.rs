//! What the README says of the command is what the command says of itself.

use crate::skep::{Home, repository};

#[test]
fn the_readme_has_every_exit_code_with_its_meaning() {
    let help = Home::new().skep(&["--help"]).out;
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let (_, codes) = help.split_once("Exit codes\n").unwrap();
    assert!(codes.lines().count() > 10);
    for line in codes.lines().filter(|line| !line.is_empty()) {
        let (code, meaning) = line.trim().split_once("  ").unwrap();
        assert!(
            readme.contains(&format!("| {code} | {meaning} |")),
            "the README's table of exit codes lacks {code} {meaning:?}"
        );
    }
}

#[test]
fn every_command_teaches_itself() {
    let home = Home::new();
    for command in [
        "",
        "run",
        "run start",
        "run resume",
        "run send",
        "run logs",
        "run list",
        "run replay",
        "run artifacts",
        "plugin check",
        "env show",
        "store",
        "doctor",
    ] {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let said = home.skep(&words);
        assert_eq!(said.code, 0, "{command}: {said:?}");
        assert!(said.out.lines().all(|line| !line.contains("compile-worker")), "{command}");
    }
    assert!(home.skep(&["run", "start", "--help"]).out.contains("Examples\n"));
}
