//! Many calls made at once, of which only so much comes back as the brain may have.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use serde_json::json;
use skep_model::{Digest, LimitKind, Limits, Outcome, Stream, Timestamp};
use skep_sandbox::{Allocation, Answer, Config, Door, Ended, Meter, Request, Sandbox, Stop, Task};
use skep_tests::kit;

/// A door that answers each call with a megabyte and counts them.
struct Generous(Arc<AtomicUsize>);

#[async_trait::async_trait]
impl Door for Generous {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    async fn say(&mut self, _: String) -> Result<(), Stop> {
        Ok(())
    }

    async fn log(&mut self, _: Stream, _: String) -> Result<(), Stop> {
        Ok(())
    }

    async fn call(&mut self, request: Request) -> Result<Answer, Stop> {
        self.call_many(vec![request]).await.map(|mut answers| answers.remove(0))
    }

    async fn call_many(&mut self, requests: Vec<Request>) -> Result<Vec<Answer>, Stop> {
        self.0.fetch_add(requests.len(), SeqCst);
        Ok(requests.iter().map(|_| Ok(format!("{:?}", "x".repeat(1 << 20)))).collect())
    }
}

async fn run(calls: usize, limits: Limits) -> (Outcome, usize) {
    let wasm = kit::guest("caller");
    let config = Config { allocation: Allocation::OnDemand, ..Config::default() };
    let sandbox = Sandbox::new(config).expect("wasmtime works here");
    let agent = sandbox.agent(Digest::of(&wasm), &wasm).expect("it is an agent");
    let prompt = json!([{ "many": vec![json!({ "name": "a.b" }); calls] }]).to_string();
    let task = Task { run: String::new(), prompt, context: "{}".to_owned(), seed: 1 };
    let (meter, made) = (Arc::new(Meter::new(limits)), Arc::default());
    let door = Box::new(Generous(Arc::clone(&made)));
    match sandbox.run(&agent, task, door, meter, Duration::from_secs(60)).await {
        Ended::Outcome(outcome) => (outcome, made.load(SeqCst)),
        Ended::Stopped(stop) => panic!("{stop:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_a_brain_may_not_have_are_not_gathered() {
    let (outcome, made) = run(1_500, Limits { host_call_bytes: 16 << 20, ..Limits::RUN }).await;
    assert!(matches!(outcome, Outcome::Limit(hit) if hit.limit == LimitKind::HostCallBytes), "{outcome:?}");
    assert_eq!(made, 64, "calls were made whose answers could not be had");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_a_brain_may_not_make_are_not_begun() {
    let (outcome, made) = run(100, Limits { calls: 99, ..Limits::RUN }).await;
    assert!(
        matches!(outcome, Outcome::Limit(hit) if hit.limit == LimitKind::Calls && hit.reached == 100),
        "{outcome:?}"
    );
    assert_eq!(made, 0);
}
