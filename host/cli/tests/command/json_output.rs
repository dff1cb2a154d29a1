//! JSON output has the public API's field names, whatever it is about.

use serde_json::Value;

use crate::skep::Home;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_run_has_the_fields_of_the_public_api() {
    let home = Home::new();
    let arguments = [
        "run",
        "start",
        "--env",
        "repo-readonly",
        "--repo",
        &home.repo(),
        "--metadata",
        "ticket=7",
        "-p",
        "Look",
        "--submitter",
        "ada",
    ];
    let run = home.json(0, &arguments);
    for field in [
        "run_id",
        "task_id",
        "title",
        "prompt",
        "state",
        "created_at",
        "updated_at",
        "started_at",
        "run_time",
        "source",
    ] {
        assert!(run[field].is_string(), "{field}: {run}");
    }
    assert_eq!(run["state"], "SUCCEEDED");
    assert_eq!(run["agent_config"]["name"], "audit");
    assert_eq!(run["agent_config"]["environment_id"], "repo-readonly");
    assert_eq!(
        (&run["prompt"], &run["metadata"]["ticket"], &run["creator"]["uid"]),
        (&"Look".into(), &"7".into(), &"ada".into())
    );
    assert_eq!(run["status_message"]["retryable"], false);
    assert!(
        run["created_at"].as_str().unwrap().ends_with('Z') && run["run_time"].as_str().unwrap().starts_with("PT"),
        "{run}"
    );
    let artifact = &run["artifacts"][0];
    assert_eq!(artifact["artifact_type"], "FILE");
    assert_eq!(keys(&artifact["data"]), ["artifact_uid", "digest", "filename", "filepath", "mime_type", "size_bytes"]);
}

#[test]
fn lists_come_in_pages() {
    let home = Home::new().with_agent("noop");
    let runs: Vec<String> = (0..3).map(|_| home.accept(&["--agent", "noop"])).collect();
    let page = home.json(0, &["run", "list", "--limit", "2"]);
    assert_eq!([&page["runs"][0]["run_id"], &page["runs"][1]["run_id"]], [runs[2].as_str(), runs[1].as_str()]);
    assert_eq!(page["page_info"]["has_next_page"], true);
    let last = home.json(0, &["run", "list", "--cursor", page["page_info"]["next_cursor"].as_str().unwrap()]);
    assert_eq!(last["runs"][0]["run_id"], runs[0].as_str());
    assert_eq!(last["page_info"], serde_json::json!({ "has_next_page": false }));
    home.skep(&["run", "list", "--cursor", "nonsense"]).refused(6, &["no cursor"]);
}

#[test]
fn events_are_one_object_a_line_and_the_record_is_the_last() {
    let home = Home::new().with_agent("fails");
    let said = home.skep(&["run", "start", "--agent", "fails", "-p", "why", "--output", "ndjson"]);
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (record, events) = lines.split_last().unwrap();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], index + 1);
        assert!(event["at"].is_string() && event["kind"].is_string() && event["run_id"] == record["run_id"], "{event}");
    }
    let said = events.iter().find(|event| event["kind"] == "said").unwrap();
    assert_eq!(said["text"], "about to fail");
    assert_eq!((&record["state"], &record["status_message"]["error_code"]), (&"FAILED".into(), &"tool-error".into()));
    let run = record["run_id"].as_str().unwrap();
    let logs = home.json(0, &["run", "logs", run, "--from", "3"]);
    assert_eq!(logs["events"].as_array().unwrap().first(), events.get(2));
}

#[test]
fn everything_else_is_json_too() {
    let home = Home::new().with_agent("noop");
    assert_eq!(home.json(0, &["agent", "list"])["agents"][0]["name"], "audit");
    assert_eq!(home.json(0, &["plugin", "list"])["plugins"].as_array().unwrap().len(), 3);
    let environments = home.json(0, &["env", "list"]);
    assert_eq!(environments["environments"][0]["name"], "javascript");
    assert!(home.json(0, &["env", "show", "repo"])["tools"].as_array().unwrap().contains(&"files.write".into()));
    let resolved = &home.json(0, &["env", "show", "repo", "--resolved"])["resolved"];
    let key = |name: &str| resolved["keys"].as_array().unwrap().iter().find(|key| key["key"] == name).unwrap();
    assert_eq!((&key("workspace")["from"], &key("workspace")["values"][0]), (&"environment".into(), &"write".into()));
    assert_eq!((&key("egress")["from"], &key("egress")["in_force"]), (&"default".into(), &false.into()));
    assert_eq!((&key("limits")["by_run"], &key("limits")["in_force"]), (&"--limit".into(), &true.into()));
    let accepted = home.json(0, &["run", "start", "--agent", "noop", "--detach"]);
    assert_eq!(accepted["state"], "QUEUED");
    let replay = home.json(10, &["run", "replay", accepted["run_id"].as_str().unwrap()]);
    assert_eq!(replay["verdict"], "exact_so_far");
    assert_eq!(home.json(0, &["store", "verify"])["sound"], true);
}

#[test]
fn the_doctor_knows_the_limits_and_the_machine() {
    let home = Home::new();
    let doctor = home.json(0, &["doctor"]);
    let about: Vec<_> =
        doctor["findings"].as_array().unwrap().iter().map(|finding| finding["about"].as_str().unwrap()).collect();
    assert_eq!(about, ["sandbox", "processors", "open files", "plugins", "data folder", "disk", "disk sync", "copies"]);
    assert!(
        doctor["limits"]
            .as_array()
            .unwrap()
            .iter()
            .any(|limit| limit["limit"] == "wall_ms" && limit["run_maximum"] == 604_800_000)
    );
    assert!(!home.data().exists());
}
