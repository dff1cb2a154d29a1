//! What commands meet is the same whenever a line is executed again: its time, its randomness, and so what comes of it.

use std::time::Instant;

use serde_json::{Value, json};
use skep_engine::Submission;
use skep_model::{Digest, Event, Happening, RunState, Timestamp};
use skep_tests::commands::{Commands, Folder};
use skep_tests::host::{Host, Site, plain_folder};
use skep_tests::kit;

/// 14 July 2017, 2:40 by UTC.
const THEN: Timestamp = Timestamp(1_500_000_000_000);

async fn printed(commands: &Commands, line: &str, began: Option<Timestamp>, seed: Option<u64>) -> String {
    let ran = commands.line_at(&Folder::new(), line, began, seed).await;
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""), "{}", ran.output);
    ran.output
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_executed_again_prints_the_same() {
    let commands = Commands::new();
    let line = "date +%s.%N; uuidgen; shuf -i 1-100000 -n 5; echo $RANDOM $RANDOM; basename $(mktemp); head -c 100000 /dev/urandom | sha256sum; head -c 9 < /dev/random | base64; (uuidgen | cat; uuidgen) & wait; \
                sleep 0.1; date +%s.%N; awk 'BEGIN { srand(); print rand() }'; find . -name nothing";
    let first = printed(&commands, line, Some(THEN), Some(7)).await;
    assert_eq!(printed(&commands, line, Some(THEN), Some(7)).await, first);
    let other = printed(&commands, line, Some(THEN), Some(8)).await;
    let differing = first.lines().zip(other.lines()).filter(|(one, other)| one != other).count();
    assert!(differing >= 10, "{first}{other}");
    let ids: Vec<_> = first.lines().filter(|line| line.len() == 36).collect();
    assert!(ids.len() == 3 && ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{first}");
    assert_ne!(
        printed(&commands, "uuidgen", Some(THEN), None).await,
        printed(&commands, "uuidgen", Some(THEN), None).await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn time_begins_when_the_line_does_and_goes_on_by_what_is_slept() {
    let commands = Commands::new();
    let line = "date -u +%FT%T; sleep 2 & sleep 1; date -u +%T; wait; date -u +%T; timeout 1 sleep 100; date -u +%T; echo $SECONDS; \
                for i in $(seq 50); do :; done; date -u +%T";
    let before = Instant::now();
    let said = printed(&commands, line, Some(THEN), Some(7)).await;
    assert_eq!(said, "2017-07-14T02:40:00\n02:40:01\n02:40:02\n02:40:03\n3\n02:40:03\n");
    assert!(before.elapsed().as_secs() >= 3, "what is slept is slept");
    let waiting = "then=$(date +%s); while [ $(date +%s) = $then ]; do :; done; date -u +%T";
    assert_eq!(
        printed(&commands, waiting, Some(THEN), Some(7)).await,
        "02:40:01\n",
        "who waits without sleeping waits not for ever"
    );
    let machine = printed(&commands, "date +%Y", None, Some(7)).await;
    assert!(machine.trim().parse::<u32>().is_ok_and(|year| year > 2025), "{machine}");
}

async fn run(host: &Host, environment: &str, line: &str) -> (u64, String) {
    let submission = Submission {
        prompt: json!([{ "name": "shell.run", "arguments": { "command": line } }]).to_string(),
        agent: Some("caller".to_owned()),
        environment: Some(environment.to_owned()),
        ..Submission::default()
    };
    let run = host.engine.submit(submission).await.expect("the submission is accepted");
    let record = host.end(run).await;
    assert_eq!(record.state, RunState::Succeeded, "{:?}", record.outcome);
    let events = host.events(run);
    let started = events.iter().find(|(_, event)| matches!(event.what, Happening::Started { .. }));
    let answers: Value = serde_json::from_str(&record.outcome.expect("it has ended").message()).expect("it is JSON");
    let said = answers[0]["ok"]["output"].as_str().expect("it printed something").to_owned();
    (started.expect("the line was started").1.at.0, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runs_lines_have_the_time_of_the_journal_unless_the_environment_grants_this_machines() {
    let site = Site::new();
    site.shell("");
    let machine =
        "tools = [\"shell.*\"]\nworkspace = \"write\"\nimage = \"unix\"\nclock = \"machine\"\nrandom = \"machine\"\n";
    kit::environment(&site.environments(), "machine", machine);
    let host = site.host_with(|config| config.sandbox.cache = Some(kit::compiled())).await;
    // A loop of some work, which takes no time by the journal's clock.
    let line = "date +%s%3N; i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done; date +%s%3N";
    let times = |said: &str| said.lines().map(|line| line.parse::<u64>().expect("it is a time")).collect::<Vec<_>>();
    let (started, said) = run(&host, "shell", line).await;
    let shown = times(&said);
    assert!(shown[0] - started < 5 && shown[1] - shown[0] < 20, "{started}: {shown:?}");
    // This machine's is shown in milliseconds, and a line's own moves by less.
    let fine = |said: &str| said.trim().parse::<u64>().expect("it is a number") % 1_000_000;
    let own = run(&host, "shell", "date +1%N").await.1;
    let (started, said) = run(&host, "machine", "date +1%N; date +%s%3N").await;
    let (of_the_machine, shown) = said.split_once('\n').expect("there are two lines");
    assert!(fine(&own) != 0 && fine(of_the_machine) == 0, "{own}{said}");
    assert!(times(shown)[0] >= started, "{started}: {said}");
    host.stop().await;
}

/// What the journal says of the workspace after each of these lines.
async fn digests(host: &Host, repo: &std::path::Path, lines: &[&str]) -> Vec<Option<Digest>> {
    let steps: Vec<_> =
        lines.iter().map(|line| json!({ "name": "shell.run", "arguments": { "command": line } })).collect();
    let submission = Submission {
        prompt: Value::from(steps).to_string(),
        agent: Some("caller".to_owned()),
        environment: Some("shell".to_owned()),
        repos: vec![repo.display().to_string()],
        ..Submission::default()
    };
    let run = host.engine.submit(submission).await.expect("the submission is accepted");
    assert_eq!(host.end(run).await.state, RunState::Succeeded);
    host.exact(run).await;
    let workspace = |(_, event): (_, Event)| match event.what {
        Happening::Startup { workspace, .. } | Happening::Finished { workspace, .. } => Some(workspace),
        _ => None,
    };
    host.events(run).into_iter().filter_map(workspace).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_each_line_that_may_have_changed_something_the_journal_says_what_the_repositories_are() {
    let site = Site::new();
    let repo = site.beside("repo");
    plain_folder(&repo);
    std::fs::write(repo.join(".gitignore"), "ignored\n").expect("a temporary folder can be written");
    site.shell("[[startup]]\ncommand = \"echo made > made; date > ignored\"\n");
    let host = site
        .host_with(|config| {
            config.sandbox.cache = Some(kit::compiled());
            config.snapshot_bytes = 0;
        })
        .await;
    let lines = [
        "ls -R; cat README.md | sort",
        "echo $RANDOM > number; date > time",
        "rm number time",
        "echo x > /tmp/x; touch ignored",
        "chmod +x made 2>/dev/null; mv made moved; mkdir empty; ln -s moved link",
        "echo exit 3 > script; bash script; truncate -s 3 script",
        "printf 'exi' > script",
    ];
    let told = digests(&host, &repo, &lines).await;
    let [startup, looked, wrote, undone, beside, moved, cut, same] = told[..] else { panic!("{told:?}") };
    assert!(startup.is_some() && looked.is_none());
    assert!(wrote.is_some() && wrote != startup);
    assert_eq!((undone, beside), (startup, startup), "what is ignored or elsewhere does not count");
    assert!(moved.is_some() && moved != startup && cut.is_some() && cut != moved);
    assert_eq!(same, cut);
    let again = digests(&host, &repo, &lines).await;
    assert_eq!(again[3..], told[3..], "the same lines make the same of the same files");
    host.stop().await;
}
