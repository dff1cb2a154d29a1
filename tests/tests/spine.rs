//! The thinnest path: submit, run, record, replay.

use skep_engine::Verdict;
use skep_model::{Content, Outcome, RunState};
use skep_tests::host::Site;

fn completed(text: &str) -> Outcome {
    Outcome::Completed(Content::Inline(text.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_runs_and_its_record_says_so() {
    let site = Site::new();
    site.agent("noop").agent("echo");
    let host = site.host().await;
    let run = host.submit("echo", "bare", "hello").await;
    let record = host.end(run).await;
    assert_eq!(record.state, RunState::Succeeded);
    assert_eq!(record.outcome, Some(completed("hello")));
    let kinds: Vec<_> = host.events(run).iter().map(|(_, event)| event.what.kind()).collect();
    assert_eq!(kinds, ["queued", "attempt", "began", "said", "ended"]);
    let replayed = host.engine.replay(run).await.expect("the run can be replayed");
    assert_eq!((replayed.verdict, replayed.compared), (Verdict::Exact, 1));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_call_reaches_the_workspace_and_replays_without_touching_it() {
    let site = Site::new();
    site.agent("caller").effects();
    let host = site.host().await;
    let prompt = r#"[{"name": "effects.append", "arguments": {"file": "log", "line": "once"}},
        {"many": [{"name": "effects.env"}, {"name": "effects.absent"}]}]"#;
    let run = host.submit("caller", "effects", prompt).await;
    let record = host.end(run).await;
    assert_eq!(record.state, RunState::Succeeded, "{:?}", record.outcome);
    let replayed = host.engine.replay(run).await.expect("the run can be replayed");
    assert_eq!((replayed.verdict, replayed.compared), (Verdict::Exact, 3));
    host.stop().await;
}
