//! The fold against a second, plainer statement of the rules: which events may follow which, and what is never so.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use skep_model::{
    AgentPin, Artifact, Call, Content, Digest, Event, Grants, Happening, Limits, Outcome, Record, RunId, RunSpec,
    RunState, Seq, Stream, Timestamp, Tombstone, Usage, fold,
};

const RUN: RunId = RunId::from_bytes([7; 16]);

/// The rules again, in the fewest words.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Nothing,
    Queued,
    Pending,
    Claimed,
    Running,
    Ended,
    Deleted,
}

#[derive(Debug, Clone)]
struct Rules {
    phase: Phase,
    attempts: u32,
    open: BTreeSet<Seq>,
}

impl Rules {
    fn new() -> Self {
        Self { phase: Phase::Nothing, attempts: 0, open: BTreeSet::new() }
    }

    fn allow(&self, what: &Happening) -> bool {
        use Phase::{Claimed, Deleted, Ended, Nothing, Pending, Running};
        match (&self.phase, what) {
            (Deleted, _) => false,
            (Nothing, what) => matches!(what, Happening::Queued(_)),
            (Ended, what) => matches!(what, Happening::Deleted { .. }),
            (_, Happening::Queued(_) | Happening::Deleted { .. }) => false,
            (_, Happening::Attempt { number }) => *number == self.attempts + 1,
            (phase, Happening::Prepared { .. }) => *phase == Pending,
            (phase, Happening::Startup { .. }) => *phase == Claimed,
            (phase, Happening::Began) => matches!(phase, Pending | Claimed),
            (phase, Happening::Finished { started, .. }) => *phase == Running && self.open.contains(started),
            (phase, what) if is_of_the_work(what) => *phase == Running,
            _ => true,
        }
    }

    fn take(&mut self, seq: Seq, what: &Happening) {
        match what {
            Happening::Queued(_) => self.phase = Phase::Queued,
            Happening::Attempt { number } => (self.phase, self.attempts) = (Phase::Pending, *number),
            Happening::Prepared { .. } => self.phase = Phase::Claimed,
            Happening::Began => self.phase = Phase::Running,
            Happening::Started { .. } => drop(self.open.insert(seq)),
            Happening::Finished { started, .. } => drop(self.open.remove(started)),
            Happening::Ended { .. } => (self.phase, self.open) = (Phase::Ended, BTreeSet::new()),
            Happening::Deleted { .. } => self.phase = Phase::Deleted,
            _ => {}
        }
    }
}

fn is_of_the_work(what: &Happening) -> bool {
    what.is_of_the_brain() || matches!(what, Happening::Reported { .. } | Happening::Printed { .. })
}

fn text() -> impl Strategy<Value = Content> {
    prop_oneof![
        "\\PC{0,40}".prop_map(Content::Inline),
        (0..3_usize).prop_map(|times| Content::Inline("ä€𝄞 ".repeat(times * 2_000))),
        any::<u64>().prop_map(|bytes| Content::Blob { blob: Digest::of(b"blob"), bytes }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let word = || "\\PC{0,3000}";
    prop_oneof![
        text().prop_map(Outcome::Completed),
        word().prop_map(Outcome::Trap),
        word().prop_map(Outcome::Cancelled),
        word().prop_map(Outcome::SetupFailed),
        word().prop_map(Outcome::HostFault),
    ]
}

fn queued() -> impl Strategy<Value = Happening> {
    ("\\PC{0,400}", text()).prop_map(|(title, prompt)| spec(title, prompt))
}

fn spec(title: String, prompt: Content) -> Happening {
    Happening::Queued(Box::new(RunSpec {
        title,
        prompt,
        context: Content::Inline("{}".to_owned()),
        agent: AgentPin { name: "a".to_owned(), version: "1".to_owned(), component: Digest::of(b"a") },
        environment: "e".to_owned(),
        repos: Vec::new(),
        grants: Grants::default(),
        limits: Limits::RUN,
        startup: Vec::new(),
        variables: Default::default(),
        archive: false,
        keep_failed_ms: 0,
        submitter: "s".to_owned(),
        priority: 0,
        metadata: Default::default(),
        seed: 0,
    }))
}

fn deleted() -> impl Strategy<Value = Happening> {
    let was = Tombstone {
        state: RunState::Succeeded,
        created_at: Timestamp(1),
        ended_at: Some(Timestamp(2)),
        agent: "a@1".to_owned(),
        environment: "e".to_owned(),
        submitter: "s".to_owned(),
    };
    "\\PC{0,9}".prop_map(move |reason| Happening::Deleted { reason, was: was.clone() })
}

fn artifact(name: String) -> Artifact {
    Artifact { name, media_type: "text/plain".to_owned(), digest: Digest::of(b"x"), bytes: 1 }
}

/// Any event at all, most of them illegal most of the time.
fn happening() -> impl Strategy<Value = Happening> {
    let tool = |name| Call::Tool { name, arguments: Content::Inline("{}".to_owned()) };
    prop_oneof![
        2 => queued(),
        3 => (1..4_u32).prop_map(|number| Happening::Attempt { number }),
        2 => Just(Happening::Prepared { workspace: Vec::new(), snapshot: None }),
        2 => ("\\PC{0,300}", any::<u8>(), text()).prop_map(|(command, exit_code, output)| {
            Happening::Startup { command, exit_code, reason: String::new(), output, workspace: None }
        }),
        3 => Just(Happening::Began),
        2 => text().prop_map(|text| Happening::Said { text }),
        2 => text().prop_map(|text| Happening::Logged { stream: Stream::Stdout, text }),
        4 => "\\PC{0,300}".prop_map(move |name| Happening::Started { call: tool(name) }),
        4 => (1..30_u64, outcome()).prop_map(|(started, outcome)| Happening::Finished { started, outcome, workspace: None }),
        2 => (1..30_u64, text())
            .prop_map(|(started, text)| Happening::Printed { started, stream: Stream::Stderr, text }),
        3 => "\\PC{0,300}".prop_map(|name| Happening::Reported { artifact: artifact(name) }),
        1 => text().prop_map(|text| Happening::Message { sender: "someone".to_owned(), text }),
        1 => "\\PC{0,900}".prop_map(|reason| Happening::CancelRequested { reason }),
        1 => outcome().prop_map(|outcome| Happening::Ended { outcome, usage: Usage::default() }),
        1 => deleted(),
    ]
}

fn event(at: u64, what: Happening) -> Event {
    Event { at: Timestamp(at), what }
}

/// What holds for every record, however it came about.
fn assert_sound(record: &Record, rules: &Rules, seq: Seq) {
    assert_eq!(record.last_seq, seq);
    assert_eq!(record.state.is_terminal(), matches!(rules.phase, Phase::Ended | Phase::Deleted));
    assert_eq!(record.deleted, rules.phase == Phase::Deleted);
    assert!(record.created_at <= record.updated_at || record.deleted);
    assert!(!record.state.is_terminal() || record.ended_at.is_some());
    if !record.deleted {
        assert_eq!(record.outcome.as_ref().map(Outcome::run_state), record.state.is_terminal().then_some(record.state));
        let open: BTreeSet<Seq> = record.open_calls.iter().map(|call| call.started).collect();
        assert_eq!(open, rules.open);
        assert_eq!(record.attempt, rules.attempts);
    }
    let calls = record.open_calls.len();
    let size = serde_json::to_vec(record).unwrap().len();
    assert!(size < 16 * 1024 + calls * 200, "a record of {size} bytes with {calls} open calls");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_legal_folds_to_a_sound_record_and_what_is_not_is_refused(
        steps in prop::collection::vec((0..1000_u64, happening()), 1..120)
    ) {
        let (mut record, mut rules, mut journal) = (None, Rules::new(), Vec::new());
        for (at, what) in steps {
            let event = event(at, what);
            let seq = journal.len() as Seq + 1;
            match fold(RUN, record.clone(), seq, &event) {
                Ok(after) => {
                    prop_assert!(rules.allow(&event.what), "{event:?} was taken in {rules:?}");
                    rules.take(seq, &event.what);
                    assert_sound(&after, &rules, seq);
                    record = Some(after);
                    journal.push(event);
                }
                Err(illegal) => {
                    prop_assert!(!rules.allow(&event.what), "{illegal}, but {rules:?} allows it");
                    prop_assert_eq!((illegal.run, illegal.seq, illegal.kind), (RUN, seq, event.what.kind()));
                }
            }
        }
        // Through its bytes and from the beginning, the journal folds to the same record.
        let decoded = journal.iter().map(|event| Event::decode(&event.encode()).unwrap());
        let again = (1..).zip(decoded).try_fold(None, |record, (seq, event)| fold(RUN, record, seq, &event).map(Some));
        prop_assert_eq!(again.unwrap(), record);
    }

    #[test]
    fn numbers_are_dense(at in 0..1000_u64, what in happening(), gap in 2..100_u64) {
        let queued = event(0, spec(String::new(), Content::Inline(String::new())));
        let record = fold(RUN, None, 1, &queued).unwrap();
        prop_assert!(fold(RUN, Some(record), 1 + gap, &event(at, what)).is_err());
        prop_assert!(fold(RUN, None, gap, &queued).is_err());
    }

    #[test]
    fn a_tombstone_is_the_same_with_or_without_what_was_before_it(
        what in deleted(), outcome in outcome(), at in 0..1000_u64
    ) {
        let queued = fold(RUN, None, 1, &event(0, spec(String::new(), Content::Inline(String::new())))).unwrap();
        let ended = fold(RUN, Some(queued), 2, &event(1, Happening::Ended { outcome, usage: Usage::default() })).unwrap();
        let deleted = event(at, what);
        let after = fold(RUN, Some(ended), 3, &deleted).unwrap();
        prop_assert_eq!(&fold(RUN, None, 3, &deleted).unwrap(), &after);
        prop_assert!(after.deleted && after.prompt.is_empty() && after.outcome.is_none());
    }
}
