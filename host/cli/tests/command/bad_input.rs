//! Each kind of bad input has a message of its own that says what to do, a code of its own kind, and costs nothing.

use std::fs;

use crate::skep::Home;

#[test]
fn an_unknown_agent_environment_and_run_are_told_with_what_there_is() {
    let home = Home::new().with_agent("noop");
    home.skep(&["run", "start", "--agent", "nope"]).refused(5, &["no agent named \"nope\"", "audit, noop"]);
    home.skep(&["run", "start", "--agent", "noop", "--env", "nope"])
        .refused(5, &["no environment named \"nope\"", "repo-readonly"]);
    home.skep(&["run", "get", "01234567"]).refused(5, &["no run 01234567", "skep run list"]);
    home.skep(&["run", "get", "x"]).refused(5, &["not a run id", "6 characters"]);
    home.skep(&["env", "show", "nope"]).refused(5, &["no environment named"]);
}

#[test]
fn nothing_is_made_for_a_command_that_only_looks() {
    let home = Home::new();
    home.skep(&["run", "list"]).refused(5, &["there is no data folder at", "skep run start"]);
    assert!(!home.data().exists());
    assert_eq!(home.skep(&["agent", "list"]).code, 0);
    assert!(!home.data().exists());
}

#[test]
fn a_prompt_of_ten_megabytes_is_refused_with_its_size() {
    let home = Home::new().with_agent("noop");
    let prompt = format!("@{}", home.file("prompt", "a".repeat(10_000_000)));
    home.skep(&["run", "start", "--agent", "noop", "-p", &prompt])
        .refused(6, &["10000000 bytes", "at most 1048576", "file of the repository"]);
    assert_eq!(home.skep(&["run", "list"]).out, "");
}

#[test]
fn a_prompt_that_is_missing_or_no_text_is_refused_before_anything_is_opened() {
    let home = Home::new().with_agent("noop");
    home.skep(&["run", "start", "--agent", "noop", "-p", "@/nowhere"])
        .refused(6, &["prompt can't be read from /nowhere"]);
    let binary = format!("@{}", home.file("binary", [0xff, 0xfe]));
    home.skep(&["run", "start", "--agent", "noop", "-p", &binary]).refused(6, &["is not UTF-8"]);
    home.skep(&["run", "start", "--agent", "noop", "--context", "[1]"]).refused(6, &["one JSON object"]);
    home.skep(&["run", "start", "--agent", "noop", "--metadata", "a"]).refused(2, &["KEY=VALUE"]);
    assert!(!home.data().exists());
}

#[test]
fn limits_of_zero_absurd_unknown_or_no_limits_at_all_are_refused_with_what_would_do() {
    let home = Home::new().with_agent("noop");
    let start = |limit| home.skep(&["run", "start", "--agent", "noop", "--limit", limit]);
    start("calls=0").refused(6, &["calls = 0", "must be 1 to"]);
    start("memory_bytes=900000g").refused(6, &["memory_bytes", "must be 1 to"]);
    start("cals=1").refused(6, &["unknown limit \"cals\"", "calls"]);
    start("calls").refused(6, &["\"calls\" is no limit", "wall_ms=5min"]);
    start("wall_ms=5 parsecs").refused(6, &["is no limit"]);
}

#[test]
fn a_repository_that_is_missing_a_file_or_of_an_unserved_kind_is_refused() {
    let home = Home::new();
    let start = |repo: &str| home.skep(&["run", "start", "--env", "repo-readonly", "--repo", repo]);
    start("/nowhere").refused(6, &["\"/nowhere\" can't be read", "check the path"]);
    start("git@example.com:a/b.git").refused(6, &["can't be read", "https://"]);
    start(&home.file("file", "x")).refused(6, &["is no folder"]);
    let said = start("ssh://example.com/a/b");
    assert_eq!((said.code, said.out.contains("https:// or file://")), (1, true), "{said:?}");
}

#[test]
fn an_empty_repository_ends_the_run_as_failed_and_says_so() {
    let home = Home::new();
    fs::create_dir(home.path("empty")).unwrap();
    let said = home.skep(&["run", "start", "--env", "repo-readonly", "--repo", home.path("empty").to_str().unwrap()]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("is empty: it has no commit, or no file"), "{said:?}");
    assert!(home.skep(&["run", "list"]).out.starts_with("FAILED\t"));
}

#[test]
fn an_environment_and_a_repository_must_fit() {
    let home = Home::new().with_agent("noop");
    home.skep(&["run", "start", "--env", "repo-readonly"]).refused(6, &["works on a repository", "--repo"]);
    home.skep(&["run", "start", "--agent", "noop", "--repo", &home.repo()])
        .refused(6, &["takes no repository", "--env"]);
    home.skep(&["run", "start"]).refused(6, &["which agent?", "--agent"]);
}

#[test]
fn a_data_folder_that_can_not_be_written_is_told_with_the_way_out() {
    let home = Home::new().with_agent("noop");
    // Nobody can make a folder in there, not even root.
    let said = home.skep(&["--data", "/proc/skep", "run", "start", "--agent", "noop"]);
    said.refused(8, &["data folder /proc/skep can't be written to", "--data or SKEP_DATA"]);
    let file = home.file("file", "x");
    home.skep(&["--data", &file, "run", "start", "--agent", "noop"]).refused(8, &["is no folder", "--data"]);
}

#[test]
fn a_disk_with_too_little_room_takes_no_new_run_and_lets_all_else_go_on() {
    let home = Home::new().with_agent("noop");
    home.accept(&["--agent", "noop"]);
    home.file("data/skep.toml", "[disk]\nmin_free_bytes = \"900000g\"\n");
    home.skep(&["run", "start", "--agent", "noop"]).refused(8, &["bytes are free", "make room", "min_free_bytes"]);
    assert!(home.skep(&["run", "list"]).out.lines().count() == 1);
    assert!(home.skep(&["run", "resume"]).code == 0);
}

#[test]
fn configuration_is_read_strictly_and_all_mistakes_are_told() {
    let home = Home::new().with_agent("noop");
    home.file("data/skep.toml", "concurency = 3\nqueue = 0\n");
    home.skep(&["run", "list"]).refused(6, &["skep.toml:1", "did you mean `concurrency`", "skep.toml:2"]);
    let bad = home.file("bad/x/plugin.toml", "versoin = 1\n");
    home.file("data/skep.toml", "");
    home.skep(&["--plugins", home.path("bad").to_str().unwrap(), "agent", "list"])
        .refused(6, &[&bad, "did you mean `version`"]);
    home.skep(&["--plugins", "/nowhere", "agent", "list"]).refused(6, &["there is no folder /nowhere", "--plugins"]);
    home.skep(&["--environments", "/nowhere", "env", "list"])
        .refused(6, &["there is no folder /nowhere", "--environments"]);
}

#[test]
fn a_wrong_command_line_ends_with_the_usage_code() {
    let home = Home::new();
    for wrong in [
        &["run", "strat"][..],
        &["run", "list", "--state", "DONE"],
        &["run", "list", "--limit", "0"],
        &["--output", "xml", "run", "list"],
    ] {
        assert_eq!(home.skep(wrong).code, 2, "{wrong:?}");
    }
    assert!(home.skep(&["run", "list", "--state", "DONE"]).err.contains("QUEUED, PENDING"));
}

#[test]
fn lines_of_a_batch_that_can_not_be_taken_keep_no_other_from_its_run() {
    let home = Home::new().with_agent("noop");
    let lines = "{\"agent\":\"noop\"}\n\n{\"agent\":\"nope\"}\n{\"agnt\":\"noop\"}\n{\"agent\":\"noop\",\"limits\":[\"calls=0\"]}\n{\"agent\":\"noop\"}\n";
    let said = home.skep_with_input(&["run", "start", "--batch", "-", "--output", "ndjson"], lines.as_bytes());
    assert_eq!(said.code, 6, "{said:?}");
    let lines: Vec<serde_json::Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let refused: Vec<_> = lines.iter().filter_map(|line| line["line"].as_u64()).collect();
    assert_eq!(refused, [3, 4, 5]);
    assert_eq!(lines.iter().filter(|line| line["state"] == "QUEUED").count(), 2);
    assert_eq!(lines.iter().filter(|line| line["state"] == "SUCCEEDED").count(), 2);
    home.skep(&["run", "start", "--batch", "/nowhere"]).refused(6, &["batch can't be read from /nowhere"]);
}
