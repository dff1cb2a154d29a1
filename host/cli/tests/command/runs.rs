//! A run's way: started, watched, looked at, replayed, written to, ended, deleted.

use crate::skep::Home;

#[test]
fn the_audit_of_a_repository_is_shown_live_and_its_record_is_exact() {
    let home = Home::new();
    let said = home.skep(&["run", "start", "--env", "repo-readonly", "--repo", &home.repo(), "--title", "first look"]);
    assert_eq!(said.code, 0, "{said:?}");
    let kinds: Vec<&str> = said.out.lines().filter_map(|line| line.split('\t').nth(2)).collect();
    for kind in ["queued", "attempt", "prepared", "began", "said", "call", "answer", "kept", "ended"] {
        assert!(kinds.contains(&kind), "{kind} is not in {kinds:?}");
    }
    let last = said.out.lines().last().unwrap().split('\t').collect::<Vec<_>>();
    let (state, run) = (last[0], last[1]);
    assert_eq!(state, "SUCCEEDED");
    let replay = home.skep(&["run", "replay", run]);
    assert_eq!((replay.code, replay.out.starts_with("exact  ")), (0, true), "{replay:?}");
    let report = home.skep(&["run", "artifacts", run, "--get", "audit.md"]);
    assert!(report.out.contains("src/main.rs:2"), "{report:?}");
    assert!(home.skep(&["run", "list"]).out.contains("first look"));
}

#[test]
fn the_users_own_files_are_not_touched() {
    let home = Home::new();
    let repo = home.repo();
    let before = std::fs::metadata(home.path("repo/src/main.rs")).unwrap().modified().unwrap();
    assert_eq!(home.skep(&["run", "start", "--quiet", "--env", "repo-readonly", "--repo", &repo]).code, 0);
    assert_eq!(std::fs::metadata(home.path("repo/src/main.rs")).unwrap().modified().unwrap(), before);
    assert_eq!(std::fs::read_dir(home.path("repo")).unwrap().count(), 1);
}

#[test]
fn people_are_shown_the_report_and_where_to_look() {
    let home = Home::new();
    let said = home.skep(&["--output", "pretty", "run", "start", "--env", "repo-readonly", "--repo", &home.repo()]);
    for words in ["# Audit", "SUCCEEDED", "run logs", "run replay", "--get"] {
        assert!(said.out.contains(words), "{words} is not in {said:?}");
    }
    assert!(!said.out.contains('\u{1b}'), "colours and moving lines are for terminals only: {said:?}");
    let coloured = home.skep(&["--output", "pretty", "--color", "always", "run", "list"]);
    assert!(coloured.out.contains('\u{1b}'), "{coloured:?}");
}

#[test]
fn how_a_run_ended_is_the_exit_code() {
    let home = Home::new().with_agent("noop").with_agent("fails").with_agent("panics").with_agent("loop-forever");
    let ended = |agent, more: &[&str]| home.skep(&[&["run", "start", "--quiet", "--agent", agent], more].concat());
    assert_eq!(ended("noop", &[]).code, 0);
    let failed = ended("fails", &["-p", "on purpose"]);
    assert_eq!((failed.code, failed.out.trim_end().ends_with("on purpose")), (1, true), "{failed:?}");
    assert_eq!(ended("panics", &[]).code, 1);
    let limited = ended("loop-forever", &["--limit", "cpu_ms=100"]);
    assert_eq!((limited.code, limited.out.contains("cpu_ms = 100 ms exceeded")), (1, true), "{limited:?}");
}

#[test]
fn a_prompt_comes_from_the_command_line_a_file_or_standard_input() {
    let home = Home::new().with_agent("fails");
    let file = format!("@{}", home.file("prompt", "from a file"));
    assert!(home.skep(&["run", "start", "-q", "--agent", "fails", "-p", &file]).out.contains("from a file"));
    let said = home.skep_with_input(&["run", "start", "-q", "--agent", "fails", "-p", "-"], b"from standard input");
    assert!(said.out.contains("from standard input"), "{said:?}");
}

#[test]
fn a_run_is_found_by_the_beginning_and_by_the_end_of_its_id() {
    let home = Home::new().with_agent("noop");
    let run = home.accept(&["--agent", "noop"]);
    assert_eq!(home.skep(&["run", "get", &run[..8]]).code, 0);
    assert_eq!(home.skep(&["run", "get", &run[28..].to_uppercase()]).code, 0);
    home.accept(&["--agent", "noop"]);
    // Ids of the same minute begin alike.
    home.skep(&["run", "get", &run[..6]]).refused(5, &["2 runs have", "give more of it"]);
}

#[test]
fn what_was_accepted_and_left_is_taken_up_by_resume() {
    let home = Home::new().with_agent("noop").with_agent("fails");
    let first = home.accept(&["--agent", "noop"]);
    let second = home.accept(&["--agent", "fails", "-p", "for a reason"]);
    assert!(home.skep(&["run", "list", "--state", "queued"]).out.lines().count() == 2);
    let said = home.skep(&["run", "resume"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.out, format!("SUCCEEDED\t{first}\t\nFAILED\t{second}\tfor a reason\n"));
    let idle = home.skep(&["run", "resume"]);
    assert_eq!((idle.code, idle.out.as_str()), (0, ""));
}

#[test]
fn a_run_that_waits_for_a_message_is_told_and_hears_it_when_it_goes_on() {
    let home = Home::new().with_agent("chatter");
    let said = home.skep(&["run", "start", "--agent", "chatter"]);
    assert_eq!(said.code, 11, "{said:?}");
    assert!(said.err.contains("waits for a message"), "{said:?}");
    let listed = home.skep(&["run", "list"]).out;
    let run = listed.split('\t').nth(1).unwrap();
    assert_eq!(home.skep(&["run", "send", run, "hello", "--sender", "ada"]).code, 0);
    assert_eq!(home.skep_with_input(&["run", "send", run, "-"], b"stop").code, 0);
    let resumed = home.skep(&["run", "resume"]);
    assert_eq!(resumed.out, format!("SUCCEEDED\t{run}\tstopped by local after 1 messages\n"), "{resumed:?}");
    assert!(home.skep(&["run", "logs", run]).out.contains("said\tada: hello"));
    home.skep(&["run", "send", run, "too late"]).refused(6, &["has ended"]);
    assert_eq!(home.skep(&["run", "replay", run]).code, 0);
}

#[test]
fn cancel_ends_a_run_without_working_on_it() {
    let home = Home::new().with_agent("noop");
    let (run, other) = (home.accept(&["--agent", "noop"]), home.accept(&["--agent", "noop"]));
    let said = home.skep(&["run", "cancel", &run, "--reason", "not needed"]);
    assert_eq!((said.code, said.out), (0, format!("CANCELLED\t{run}\n")));
    let record = home.json(0, &["run", "get", &run]);
    assert_eq!(record["status_message"]["message"], "not needed");
    assert_eq!(home.json(0, &["run", "get", &other])["state"], "QUEUED");
    home.skep(&["run", "cancel", &run]).refused(6, &["has ended"]);
    assert_eq!(home.skep(&["run", "replay", &run]).code, 10);
}

#[test]
fn delete_leaves_a_tombstone_and_is_only_for_ended_runs() {
    let home = Home::new().with_agent("noop");
    let run = home.accept(&["--agent", "noop"]);
    home.skep(&["run", "delete", &run]).refused(6, &["cancel it first"]);
    assert_eq!(home.skep(&["run", "resume"]).code, 0);
    assert_eq!(home.skep(&["run", "delete", &run, "--reason", "tidy"]).code, 0);
    assert_eq!(home.skep(&["run", "list"]).out, "");
    assert!(home.skep(&["run", "list", "--deleted"]).out.contains(&run));
    assert!(home.skep(&["run", "logs", &run]).out.ends_with("deleted\ttidy\n"));
    home.skep(&["run", "delete", &run]).refused(6, &["deleted already"]);
}

#[test]
fn an_artifact_that_was_not_kept_is_told_with_those_that_were() {
    let home = Home::new();
    let said = home.skep(&["run", "start", "-q", "--env", "repo-readonly", "--repo", &home.repo()]);
    let run = said.out.split('\t').nth(1).unwrap();
    home.skep(&["run", "artifacts", run, "--get", "nope"])
        .refused(5, &["no artifact named \"nope\"", "audit.json, audit.md"]);
    let file = home.path("kept.json");
    assert_eq!(home.skep(&["run", "artifacts", run, "--get", "audit.json", "-o", file.to_str().unwrap()]).code, 0);
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(kept["files"], 1);
    home.skep(&["run", "artifacts", run, "--get", "audit.json", "-o", "/nowhere/x"])
        .refused(6, &["/nowhere/x can't be written"]);
}

#[test]
fn a_long_prompt_and_a_long_result_are_kept_whole() {
    let home = Home::new().with_agent("echo");
    let long = "a long story ".repeat(4_000);
    let prompt = format!("@{}", home.file("prompt", &long));
    let run = home.json(0, &["run", "start", "--agent", "echo", "-p", &prompt]);
    assert_eq!((run["prompt"].as_str(), run["status_message"]["message"].as_str()), (Some(&*long), Some(&*long)));
    let id = run["run_id"].as_str().unwrap();
    assert_eq!(home.json(0, &["run", "get", id])["prompt"].as_str(), Some(&*long));
    let listed = home.json(0, &["run", "list"]);
    assert_eq!(listed["runs"][0]["prompt"], "(52000 bytes)");
    assert_eq!(home.skep(&["run", "replay", id]).code, 0);
}

/// A run whose agent calls these tools over the home's repository, in an environment that lets it write there; its id.
fn writing(home: &Home, steps: &serde_json::Value) -> String {
    let text = "name = \"work\"\ndescription = \"a test\"\ntools = [\"files.*\"]\nworkspace = \"write\"\nrepo = \"required\"\n";
    home.file("environments/work/environment.toml", text);
    let environments = home.path("environments");
    let (repo, prompt) = (home.repo(), steps.to_string());
    let start = ["run", "start", "-q", "--env", "work", "--agent", "caller", "--repo", &repo, "-p", &prompt];
    let said = home.skep(&[&["--environments", environments.to_str().unwrap()], &start[..]].concat());
    assert_eq!(said.code, 0, "{said:?}");
    said.out.split('\t').nth(1).unwrap().trim().to_owned()
}

fn write(path: &str, content: &str) -> serde_json::Value {
    serde_json::json!({ "name": "files.write", "arguments": { "path": path, "content": content } })
}

#[test]
fn what_a_run_changed_is_shown_as_a_patch_a_list_and_json() {
    let home = Home::new().with_agent("caller");
    let run = writing(&home, &serde_json::json!([write("src/main.rs", "fn main() {}\n"), write("new", "a\nb\n")]));
    let patch = home.skep(&["run", "diff", &run]);
    assert_eq!(patch.code, 0, "{patch:?}");
    for line in ["diff --git a/new b/new", "+++ b/src/main.rs", "-    // TODO: everything", "+b"] {
        assert!(patch.out.lines().any(|there| there == line), "{line} is not in {patch:?}");
    }
    let list = home.skep(&["run", "diff", &run, "--list"]);
    let told: Vec<_> = list.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(told, ["added +2 -0 new", "modified +1 -3 src/main.rs"]);
    assert_eq!(home.json(0, &["run", "diff", &run])["repositories"][0]["files_changed"], 2);
    assert!(home.skep(&["run", "get", &run]).out.contains("changes.patch"));
}

#[test]
fn a_run_that_changed_nothing_has_no_patch_and_one_that_has_not_ended_is_told_apart() {
    let home = Home::new().with_agent("caller").with_agent("echo");
    let run = writing(&home, &serde_json::json!([]));
    let said = home.skep(&["run", "diff", &run]);
    assert_eq!((said.code, said.out.as_str(), said.err.contains("changed no file")), (0, "", true), "{said:?}");
    let queued = home.accept(&["--agent", "echo", "-p", "x"]);
    assert!(home.skep(&["run", "diff", &queued]).err.contains("has not ended yet"));
    home.skep(&["run", "diff", "0199ffff"]).refused(5, &["there is no run"]);
}

#[test]
fn a_diff_that_is_not_all_ends_with_a_code_of_its_own() {
    let home = Home::new().with_agent("caller");
    std::fs::create_dir_all(home.data()).unwrap();
    let run = writing(&home, &serde_json::json!([write(&format!("{}deep", "d/".repeat(1_050)), "x")]));
    let said = home.skep(&["run", "diff", &run]);
    assert_eq!(said.code, 10, "{said:?}");
    assert!(said.err.contains("can't be told") && said.err.contains("folders below each other"), "{said:?}");
}

#[test]
fn the_workspace_of_a_failed_run_is_found_and_copied_while_it_is_kept() {
    let home = Home::new().with_agent("fails").with_agent("caller");
    let text = "name = \"keeps\"\ndescription = \"a test\"\ntools = [\"files.*\"]\nworkspace = \"write\"\nrepo = \"required\"\n\
                retention = { failed_workspace = \"1h\" }\n";
    home.file("environments/keeps/environment.toml", text);
    let (environments, repo) = (home.path("environments"), home.repo());
    let start = ["run", "start", "-q", "--env", "keeps", "--agent", "fails", "--repo", &repo, "-p", "why"];
    let said = home.skep(&[&["--environments", environments.to_str().unwrap()], &start[..]].concat());
    assert_eq!(said.code, 1, "{said:?}");
    let run = said.out.split('\t').nth(1).unwrap().trim().to_owned();
    let shown = home.json(0, &["run", "workspace", &run]);
    assert!(std::path::Path::new(shown["workspace"].as_str().unwrap()).join("src/main.rs").is_file());
    assert!(shown["kept_until"].is_string());
    let copy = home.path("copy").display().to_string();
    assert_eq!(home.skep(&["run", "workspace", &run, "--export", &copy]).code, 0);
    assert!(home.path("copy/src/main.rs").is_file() && !home.path("copy/.git").exists());
    home.skep(&["run", "workspace", &run, "--export", &copy]).refused(6, &["can't be copied"]);
    assert_eq!(home.skep(&["run", "delete", &run]).code, 0);
    assert!(!std::path::Path::new(shown["workspace"].as_str().unwrap()).exists(), "a deleted run leaves nothing");
    let ended = writing(&home, &serde_json::json!([]));
    home.skep(&["run", "workspace", &ended]).refused(5, &["was removed after its end", "failed_workspace"]);
}
