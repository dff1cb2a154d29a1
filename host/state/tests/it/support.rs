//! Runs to keep, and folders to keep them in.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use skep_journal::storage::Storage;
use skep_journal::storage::fault::FaultStorage;
use skep_model::{
    AgentPin, Artifact, Call, Content, Digest, Event, Grants, Happening, Limits, Outcome, Record, RunId, RunSpec, Seq,
    Stream, Timestamp, Usage, fold,
};
use skep_state::{Config, OpenReport, Store};
use tempfile::TempDir;

/// How much of a test to do: 1 unless the environment asks for more.
pub(crate) fn scale() -> u32 {
    std::env::var("SKEP_TEST_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// A small generator, so that a failure can be repeated from the seed that is printed.
pub(crate) struct Chance(u64);

impl Chance {
    /// Seeded from `SKEP_TEST_SEED`, or from the clock; prints it either way.
    pub(crate) fn new(test: &str) -> Self {
        let given = std::env::var("SKEP_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let clock = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = given.unwrap_or_else(clock);
        println!("{test}: SKEP_TEST_SEED={seed}");
        Self(seed)
    }

    /// A number below `end` (SplitMix64).
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

pub(crate) fn run_id(number: u64) -> RunId {
    RunId::new(1_790_000_000_000 + number, &[3; 10])
}

pub(crate) fn spec(number: u64) -> RunSpec {
    RunSpec {
        title: format!("Run {number}"),
        prompt: Content::Inline(format!("Do what number {number} does.")),
        context: Content::Inline("{}".to_owned()),
        agent: AgentPin {
            name: if number.is_multiple_of(2) { "even" } else { "odd" }.to_owned(),
            version: "1.2.3".to_owned(),
            component: Digest::of(b"component"),
        },
        environment: "default".to_owned(),
        repos: Vec::new(),
        grants: Grants::default(),
        limits: Limits::RUN,
        startup: Vec::new(),
        variables: std::collections::BTreeMap::new(),
        archive: false,
        keep_failed_ms: 0,
        submitter: format!("submitter {}", number % 3),
        priority: 0,
        metadata: Default::default(),
        seed: number,
    }
}

pub(crate) fn text(text: &str) -> Content {
    Content::Inline(text.to_owned())
}

pub(crate) fn event(seq: Seq, what: Happening) -> Event {
    Event { at: Timestamp(1_790_000_000_000 + seq * 10), what }
}

/// One run's life as it should be.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) run: RunId,
    pub(crate) number: u64,
    pub(crate) events: Vec<Event>,
    pub(crate) record: Option<Record>,
}

impl Life {
    pub(crate) fn new(number: u64) -> Self {
        Self { run: run_id(number), number, events: Vec::new(), record: None }
    }

    pub(crate) fn next_seq(&self) -> Seq {
        self.events.len() as Seq + 1
    }

    /// Some legal next event; `None` when the run has ended.
    pub(crate) fn legal(&self, choice: usize) -> Option<Event> {
        let mut kinds = self.kinds(choice);
        let kinds_len = kinds.len();
        kinds.rotate_left(choice % kinds_len);
        let events = kinds.into_iter().map(|what| event(self.next_seq(), what));
        events.into_iter().find(|event| self.after(event).is_some())
    }

    /// Some event that can't be next.
    pub(crate) fn illegal(&self, choice: usize) -> Option<Event> {
        let mut kinds = self.kinds(choice);
        let kinds_len = kinds.len();
        kinds.rotate_left(choice % kinds_len);
        let events = kinds.into_iter().map(|what| event(self.next_seq(), what));
        events.into_iter().find(|event| self.after(event).is_none())
    }

    pub(crate) fn can_take(&self, event: &Event) -> bool {
        self.after(event).is_some()
    }

    fn after(&self, event: &Event) -> Option<Record> {
        fold(self.run, self.record.clone(), self.next_seq(), event).ok()
    }

    fn kinds(&self, choice: usize) -> Vec<Happening> {
        let attempt = self.record.as_ref().map_or(0, |record| record.attempt);
        let open = self.record.as_ref().and_then(|record| record.open_calls.first()).map_or(0, |open| open.started);
        let long = "word ".repeat(choice % 100);
        vec![
            Happening::Queued(Box::new(spec(self.number))),
            Happening::Attempt { number: attempt + 1 },
            Happening::Prepared { workspace: vec!["file:///repo at 1234".to_owned()], snapshot: None },
            Happening::Began,
            Happening::Said { text: text(&long) },
            Happening::Logged { stream: Stream::Stderr, text: text("a line") },
            Happening::Started { call: Call::Tool { name: "files.read".to_owned(), arguments: text("{}") } },
            Happening::Finished { started: open, outcome: Outcome::Completed(text("{\"ok\":true}")), workspace: None },
            Happening::Message { sender: "someone".to_owned(), text: text(&long) },
            Happening::CancelRequested { reason: "someone".to_owned() },
            Happening::Ended { outcome: Outcome::Completed(text("done")), usage: Usage::default() },
            Happening::Ended { outcome: Outcome::Trap("unreachable".to_owned()), usage: Usage::default() },
        ]
    }

    /// Takes an event that is legal.
    pub(crate) fn push(&mut self, event: Event) {
        self.record = Some(fold(self.run, self.record.take(), self.next_seq(), &event).expect("a legal event"));
        self.events.push(event);
    }

    /// The whole life of a run that says `words` things and ends, naming `blob` as an artifact.
    pub(crate) fn complete(number: u64, words: usize, blob: Option<Digest>) -> Self {
        let mut life = Self::new(number);
        let artifact =
            |digest| Artifact { name: "report".to_owned(), media_type: "text/plain".to_owned(), digest, bytes: 1 };
        let mut whats =
            vec![Happening::Queued(Box::new(spec(number))), Happening::Attempt { number: 1 }, Happening::Began];
        whats.extend((0..words).map(|word| Happening::Said { text: text(&format!("run {number} says {word}")) }));
        whats.extend(blob.map(|blob| Happening::Reported { artifact: artifact(blob) }));
        whats.push(Happening::Ended { outcome: Outcome::Completed(text("done")), usage: Usage::default() });
        for what in whats {
            life.push(event(life.next_seq(), what));
        }
        life
    }

    /// Puts all of it into a store.
    pub(crate) fn store(&self, store: &Store) {
        for (index, events) in self.events.chunks(7).enumerate() {
            store.append_blocking(self.run, index as Seq * 7 + 1, events).expect("a legal life");
        }
    }

    /// The store has exactly this of the run.
    pub(crate) fn check(&self, store: &Store) {
        assert_eq!(store.record(self.run).unwrap(), self.record, "run {}", self.number);
        let events = store.read_events(self.run, 1, usize::MAX).unwrap();
        let expected: Vec<_> = (1..).zip(self.events.iter().cloned()).collect();
        assert_eq!(events, expected, "run {}", self.number);
    }
}

pub(crate) fn config(data: &Path) -> Config {
    let mut config = Config::new(data);
    config.cache_bytes = 8 << 20;
    config.journal.reserve_bytes = 64 << 10;
    config
}

/// A store whose journal and blobs are on a simulated disk; sled is on the real one.
pub(crate) fn config_on(disk: &FaultStorage, data: &Path) -> Config {
    let mut folders: Vec<&Path> = data.ancestors().collect();
    folders.reverse();
    for folder in folders.iter().skip(1) {
        disk.create_dir(folder).unwrap();
        disk.sync_dir(folder.parent().unwrap()).unwrap();
    }
    Config { storage: Arc::new(disk.clone()), ..config(data) }
}

pub(crate) fn open(data: &Path) -> (Store, OpenReport) {
    Store::open(config(data)).expect("the store opens")
}

/// A store that opens without a word to say.
pub(crate) fn open_quietly(data: &Path) -> Store {
    let (store, report) = open(data);
    assert!(report.is_quiet(), "{report}");
    store
}

/// A data folder with some ended and some unended runs, closed. The component that every run pins is there.
pub(crate) fn filled(runs: u64) -> (TempDir, Vec<Life>) {
    let data = tempfile::tempdir().unwrap();
    let store = open_quietly(data.path());
    store.blobs().put(b"component").unwrap();
    let mut lives: Vec<Life> =
        (0..runs).map(|number| Life::complete(number, number as usize * 11 % 97, None)).collect();
    for life in lives.iter_mut().filter(|life| life.number % 5 == 4) {
        let keep = life.events.len() - 1;
        let events: Vec<_> = life.events.drain(..).take(keep).collect();
        life.record = None;
        events.into_iter().for_each(|event| life.push(event));
    }
    lives.iter().for_each(|life| life.store(&store));
    (data, lives)
}

/// The store is sound and holds exactly these runs.
pub(crate) fn check_all(store: &Store, lives: &[Life]) {
    lives.iter().for_each(|life| life.check(store));
    let report = store.verify(|_| {}).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.runs, lives.len() as u64);
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => assert!(fs::copy(entry.path(), to).is_ok()),
        }
    }
}

/// Replaces a part of a data folder by an older one.
pub(crate) fn put_back(old: &Path, data: &Path, what: &str) {
    fs::remove_dir_all(data.join(what)).unwrap();
    copy(old, &data.join(what));
}
