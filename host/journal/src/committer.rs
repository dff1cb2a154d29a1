//! The one thread that writes: many appends, one write, one sync, one fold, then all the answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use skep_model::RunId;

use crate::append::{Append, Appended, COMMITTER_PANICKED};
use crate::entry::{Batch, Entry, Head, link};
use crate::error::Error;
use crate::fold::{Applied, Fold};
use crate::format::frame::{BATCH_HEADER, encode_batch, framed};
use crate::heads::Heads;
use crate::position::{Mark, Position};
use crate::queue::{Answer, Request, Work};
use crate::shared::Shared;
use crate::writer::{WriteError, Writer};

/// The part of a sync's time for which a batch waits to become fuller.
const PATIENCE: u32 = 8;

/// What the committer's thread owns.
pub(crate) struct Committer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) fold: Box<dyn Fold>,
    pub(crate) heads: Heads,
    pub(crate) writer: Writer,
    /// What the fold knows of rewritings.
    pub(crate) rewrites: u32,
    /// The last batch, and where it begins; `None` in an empty journal.
    pub(crate) last: Option<(u64, Position)>,
    buffer: Vec<u8>,
    /// How long the last write and sync took.
    took: Duration,
}

/// The appends of one batch that were found good.
#[derive(Default)]
struct Staged {
    entries: Vec<Entry>,
    body: usize,
    answers: Vec<(Answer, Appended)>,
}

impl Committer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        fold: Box<dyn Fold>,
        heads: Heads,
        writer: Writer,
        mark: Option<Mark>,
    ) -> Self {
        let rewrites = mark.map_or(0, |mark| mark.rewrites);
        let last = mark.map(|mark| (mark.batch, mark.at));
        Self { shared, fold, heads, writer, rewrites, last, buffer: Vec::new(), took: Duration::ZERO }
    }

    /// Works until the queue is closed and empty. A panic (the fold's, most likely) poisons like a failed sync.
    pub(crate) fn run(mut self) {
        let shared = self.shared.clone();
        while let Some(work) = shared.queue.take(shared.config.max_batch_bytes, self.took / PATIENCE) {
            let done = catch_unwind(AssertUnwindSafe(|| match work {
                Work::Appends(requests) => self.commit(requests),
                Work::Task(task) => task(&mut self),
            }));
            if done.is_err() {
                shared.poison(COMMITTER_PANICKED);
            }
        }
        shared.ring.close();
    }

    fn commit(&mut self, requests: Vec<Request>) {
        let mut staged = Staged::default();
        let mut refused = Vec::new();
        for Request { append, answer } in requests {
            match self.stage(append, &mut staged) {
                Ok(appended) => staged.answers.push((answer, appended)),
                Err(error) => refused.push((answer, error)),
            }
        }
        let answers = std::mem::take(&mut staged.answers);
        let written = if staged.entries.is_empty() { Ok(()) } else { self.write(staged) };
        if written.is_err() {
            self.heads.abandon();
            self.fold.abandon();
        }
        // Whoever waits no longer doesn't want the answer.
        for (answer, appended) in answers {
            drop(answer.send(written.as_ref().map(|()| appended).map_err(|error| self.shared.explain(error))));
        }
        for (answer, error) in refused {
            drop(answer.send(Err(error)));
        }
    }

    /// Checks one append against its run, and gives its events their numbers and their places in the chain.
    fn stage(&mut self, append: Append, staged: &mut Staged) -> Result<Appended, Error> {
        self.shared.healthy()?;
        let Append { run, expected_next_seq: expected, supersedes, .. } = append;
        let mut head = self.heads.get(run, self.fold.as_ref())?;
        if let Some(at) = head.damaged.filter(|_| !supersedes) {
            return Err(Error::Damaged { run, at });
        }
        if expected != head.next_seq {
            return Err(Error::Conflict { run, expected, found: head.next_seq });
        }
        self.fold.admit(&append).map_err(|error| Error::Refused { reason: error.0 })?;
        for (index, payload) in append.payloads.into_iter().enumerate() {
            let (seq, supersedes) = (head.next_seq, supersedes && index == 0);
            head.chain = link(&head.chain, run, seq, &payload);
            head.next_seq += 1;
            // The position is known once there is room.
            let position = Position { segment: 0, rewrite: 0, offset: staged.body as u32 };
            staged.body += framed(payload.len());
            staged.entries.push(Entry { run, seq, position, chain: head.chain, supersedes, payload });
        }
        if supersedes {
            head.damaged = None;
        }
        self.heads.stage(run, head);
        Ok(Appended { first_seq: expected, last_seq: head.next_seq - 1 })
    }

    fn write(&mut self, staged: Staged) -> Result<(), WriteError> {
        let at = self.writer.reserve(BATCH_HEADER + staged.body)?;
        let mut batch = Batch { number: self.writer.next_batch, at, entries: staged.entries };
        self.buffer.clear();
        encode_batch(&mut batch, self.shared.segments.salt, &mut self.buffer);
        let begun = Instant::now();
        self.writer.commit(&self.buffer)?;
        self.took = begun.elapsed();
        self.last = Some((batch.number, at));
        let folded = self.apply(&batch.entries);
        self.shared.extend(at.plus(self.buffer.len()));
        self.shared.ring.publish(Arc::new(batch));
        folded.map_err(WriteError::Doubt)
    }

    /// Notes that a run's history is damaged, and tells the fold; returns where the damage begins. The first place counts.
    pub(crate) fn condemn(&mut self, run: RunId, at: Position) -> Result<Position, Error> {
        self.shared.healthy()?;
        let head = self.heads.get(run, self.fold.as_ref())?;
        if let Some(at) = head.damaged {
            return Ok(at);
        }
        self.heads.stage(run, Head { damaged: Some(at), ..head });
        let applied = self.apply(&[]);
        applied.inspect_err(|error| self.shared.poison(&error.to_string()))?;
        Ok(at)
    }

    /// Gives the fold what is durable, and its mark.
    pub(crate) fn apply(&mut self, entries: &[Entry]) -> Result<(), Error> {
        let Some((batch, at)) = self.last else { return Ok(()) };
        let mark = Mark { batch, at, rewrites: self.rewrites };
        let heads = self.heads.staged();
        let step = Applied { entries, heads: &heads, mark };
        self.fold.apply(step).map_err(|error| Error::Fold { reason: error.0 })?;
        self.heads.settle();
        Ok(())
    }
}
