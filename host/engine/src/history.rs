//! What a run's journal already holds, in the order in which its brain will ask for it again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use skep_model::{Digest, Event, Happening, Outcome, RunId, Seq, Timestamp};
use skep_state::Store;

use crate::Error;
use crate::runlog::Message;

/// Events read at once; answers are rarely further from their calls than this.
const PAGE: usize = 256;

/// A reader of one run's journal up to where it ended when the attempt began. Holds one page and the answers that came
/// before their questions were asked again, not the whole journal.
pub(crate) struct History {
    store: Arc<Store>,
    run: RunId,
    /// The next event to read, and the first that is not history.
    next: Seq,
    end: Seq,
    of_the_brain: VecDeque<(Seq, Timestamp, Happening)>,
    finished: HashMap<Seq, (Timestamp, Outcome)>,
    messages: VecDeque<Message>,
    received: HashSet<Seq>,
    /// The length of each document that was kept.
    reported: HashMap<Digest, u64>,
}

impl History {
    /// The events of `run` from `from` up to but without `end`.
    pub(crate) fn new(store: Arc<Store>, run: RunId, from: Seq, end: Seq) -> Self {
        Self {
            store,
            run,
            next: from,
            end,
            of_the_brain: VecDeque::new(),
            finished: HashMap::new(),
            messages: VecDeque::new(),
            received: HashSet::new(),
            reported: HashMap::new(),
        }
    }

    pub(crate) fn store(&self) -> Arc<Store> {
        Arc::clone(&self.store)
    }

    /// The next thing that the brain did, or nothing when the journal ends there.
    pub(crate) async fn next_of_the_brain(&mut self) -> Result<Option<(Seq, Timestamp, Happening)>, Error> {
        while self.of_the_brain.is_empty() {
            if !self.read_page().await? {
                return Ok(None);
            }
        }
        Ok(self.of_the_brain.pop_front())
    }

    /// The answer to the call that started at `started`, or nothing when the journal ends before it.
    pub(crate) async fn answer_to(&mut self, started: Seq) -> Result<Option<(Timestamp, Outcome)>, Error> {
        loop {
            if let Some(answer) = self.finished.remove(&started) {
                return Ok(Some(answer));
            }
            if !self.read_page().await? {
                return Ok(None);
            }
        }
    }

    /// The length of the document that the answer to a report names.
    pub(crate) fn reported(&self, answer: &str) -> Option<u64> {
        self.reported.get(&answer.parse().ok()?).copied()
    }

    /// Messages that arrived and that no `receive` has been answered with. The history must have been read to its end.
    pub(crate) fn take_unread(&mut self) -> VecDeque<Message> {
        std::mem::take(&mut self.messages)
    }

    async fn read_page(&mut self) -> Result<bool, Error> {
        if self.next >= self.end {
            return Ok(false);
        }
        let limit = PAGE.min(usize::try_from(self.end - self.next).unwrap_or(PAGE));
        let (store, run, from) = (Arc::clone(&self.store), self.run, self.next);
        let events = tokio::task::spawn_blocking(move || store.read_events(run, from, limit)).await??;
        let Some((last, _)) = events.last() else {
            return Err(Error::Unreadable { run: self.run, seq: self.next });
        };
        self.next = last + 1;
        for (seq, event) in events {
            self.sort(seq, event);
        }
        Ok(true)
    }

    fn sort(&mut self, seq: Seq, event: Event) {
        let Event { at, what } = event;
        match what {
            Happening::Finished { started, outcome, .. } => self.finish(started, at, outcome),
            Happening::Message { sender, text } => self.messages.push_back(Message { at, sender, text }),
            Happening::Reported { artifact } => drop(self.reported.insert(artifact.digest, artifact.bytes)),
            what if what.is_of_the_brain() => {
                if matches!(what, Happening::Started { call: skep_model::Call::Receive { .. } }) {
                    self.received.insert(seq);
                }
                self.of_the_brain.push_back((seq, at, what));
            }
            _ => {}
        }
    }

    /// An answered `receive` has read the oldest message, unless it timed out.
    fn finish(&mut self, started: Seq, at: Timestamp, outcome: Outcome) {
        let nothing = Outcome::Completed(skep_model::Content::Inline("null".to_owned()));
        let completed = matches!(outcome, Outcome::Completed(_));
        if self.received.remove(&started) && completed && outcome != nothing {
            self.messages.pop_front();
        }
        self.finished.insert(started, (at, outcome));
    }
}
