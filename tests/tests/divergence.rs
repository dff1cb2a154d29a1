//! A brain that does something else than its journal holds is found out, live and offline, with both sides named.

use skep_engine::Verdict;
use skep_model::{Call, Digest, Event, Happening, Outcome, RunId, RunState, Seq};
use skep_state::Store;
use skep_tests::host::Site;
use skep_tests::kit;

/// A site whose only run has these events, by another brain than the one that is now said to have caused them.
async fn forged(run: RunId, mut events: Vec<Event>, brain: &str) -> Site {
    let site = Site::new();
    let (store, _) = Store::open(skep_state::Config::new(site.data())).expect("the data folder opens");
    let wasm = kit::guest(brain);
    store.blobs().put(&wasm).expect("the blob is kept");
    let Some(Event { what: Happening::Queued(spec), .. }) = events.first_mut() else { panic!("{events:?}") };
    spec.agent.component = Digest::of(&wasm);
    store.append(run, 1, &events).await.expect("the events are legal");
    site
}

/// The events of a run of `agent` from the beginning up to the one that `last` knows.
async fn recorded(agent: &str, prompt: &str, last: impl Fn(&Happening) -> bool) -> (RunId, Vec<Event>) {
    let site = Site::new();
    site.agent(agent);
    let host = site.host().await;
    let run = host.submit(agent, "bare", prompt).await;
    host.end(run).await;
    let mut events: Vec<Event> = host.events(run).into_iter().map(|(_, event)| event).collect();
    let end = events.iter().position(|event| last(&event.what)).expect("there is such an event");
    events.truncate(end + 1);
    host.stop().await;
    (run, events)
}

fn is_end(what: &Happening) -> bool {
    matches!(what, Happening::Ended { .. })
}

fn is_said(what: &Happening) -> bool {
    matches!(what, Happening::Said { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offline_replay_names_the_event_and_both_sides() {
    let (run, events) = recorded("diverge-a", "", is_end).await;
    let site = forged(run, events, "diverge-b").await;
    let host = site.host().await;
    let replayed = host.engine.replay(run).await.expect("the run can be replayed");
    let Verdict::Diverged(diverged) = replayed.verdict else { panic!("{replayed:?}") };
    assert_eq!((replayed.compared, diverged.seq), (1, 5), "{diverged}");
    assert!(
        diverged.journal.contains("only in diverge-a") && diverged.brain.contains("only in diverge-b"),
        "{diverged}"
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brain_that_ends_before_its_journal_does_diverges_there() {
    let (run, events) = recorded("diverge-a", "", is_end).await;
    let site = forged(run, events, "noop").await;
    let host = site.host().await;
    let replayed = host.engine.replay(run).await.expect("the run can be replayed");
    let Verdict::Diverged(diverged) = replayed.verdict else { panic!("{replayed:?}") };
    assert_eq!((replayed.compared, diverged.seq), (0, 4), "{diverged}");
    assert!(
        diverged.journal.contains("the same in both") && diverged.brain.starts_with("the end (completed"),
        "{diverged}"
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_taken_up_again_and_diverges_ends_as_the_hosts_fault() {
    let mut said = 0;
    let (run, mut events) = recorded("diverge-a", "", is_end).await;
    events.retain(|event| {
        said += usize::from(is_said(&event.what));
        !is_end(&event.what)
    });
    assert_eq!(said, 2);
    for (brain, seq, word) in [("diverge-b", 5, "only in diverge-b"), ("noop", 4, "the end (completed")] {
        let site = forged(run, events.clone(), brain).await;
        let host = site.host().await;
        let record = host.end(run).await;
        let message = record.outcome.as_ref().map(Outcome::message).unwrap_or_default();
        assert_eq!(record.state, RunState::Error, "{brain}: {message}");
        assert!(message.contains(&format!("diverged at event {seq}")) && message.contains(word), "{brain}: {message}");
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brain_whose_journal_was_cut_off_at_its_last_word_goes_on_from_there() {
    let (run, events) = recorded("diverge-a", "", is_said).await;
    let site = forged(run, events, "diverge-a").await;
    let host = site.host().await;
    let record = host.end(run).await;
    assert_eq!((record.state, record.attempt), (RunState::Succeeded, 2), "{:?}", record.outcome);
    host.exact(run).await;
    host.stop().await;
}

/// What a run was answered to its only call.
fn answers(events: &[(Seq, Event)]) -> Vec<Outcome> {
    let finished = |(_, event): &(Seq, Event)| match &event.what {
        Happening::Finished { outcome, .. } => Some(outcome.clone()),
        _ => None,
    };
    events.iter().filter_map(finished).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_policy_forbids_is_not_performed_when_the_host_died_before_it_said_so() {
    let prompt = r#"[{"name": ".hidden", "content": "secret"}]"#;
    let is_report = |what: &Happening| matches!(what, Happening::Started { call: Call::Report { .. } });
    let (run, events) = recorded("reports", prompt, is_report).await;
    let site = forged(run, events, "reports").await;
    let host = site.host().await;
    let record = host.end(run).await;
    assert_eq!(record.outcome.map(|outcome| outcome.message()), Some("invalid-arguments".into()));
    let events = host.events(run);
    assert!(matches!(answers(&events)[..], [Outcome::Invalid(_)]), "{events:?}");
    assert!(record.artifacts.is_empty(), "{:?}", record.artifacts);
    host.stop().await;
}
