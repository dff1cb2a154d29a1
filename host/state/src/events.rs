//! Reading events: what there is, and what comes.

use std::collections::VecDeque;
use std::sync::Arc;

use skep_journal::{Entry, Journal, Position, Tail};
use skep_model::{Event, RunId, Seq};

use crate::error::Error;
use crate::reader::StateReader;

/// How often a place is looked up again when retention has just moved the event.
const LOOKUPS: usize = 8;
/// How many events are read at once for a follower that has to catch up.
const PAGE: usize = 256;

/// Where events are read from.
#[derive(Clone)]
pub struct EventReader {
    journal: Arc<Journal>,
    state: StateReader,
}

impl EventReader {
    pub(crate) fn new(journal: Arc<Journal>, state: StateReader) -> Self {
        Self { journal, state }
    }

    /// A run's events from number `from` on, at most `limit`; fewer only when there are no more yet. Of a deleted run, the
    /// tombstone. Blocks for the disk.
    ///
    /// # Errors
    /// `Damaged` with the place when an event is not what was written.
    pub fn read(&self, run: RunId, from: Seq, limit: usize) -> Result<Vec<(Seq, Event)>, Error> {
        self.read_entries(run, from, limit)?.iter().map(|entry| Ok((entry.seq, decode(entry)?))).collect()
    }

    /// Like [`EventReader::read`], with places, chain and undecoded bytes.
    ///
    /// # Errors
    /// As above.
    pub fn read_entries(&self, run: RunId, from: Seq, limit: usize) -> Result<Vec<Entry>, Error> {
        let (mut entries, mut stale): (Vec<Entry>, _) = (Vec::new(), None);
        for _ in 0..LOOKUPS {
            let next = entries.last().map_or(from, |last| last.seq + 1);
            match self.read_places(run, next, limit - entries.len(), &mut entries)? {
                None => return Ok(entries),
                // The state hears of a new place before the old one is given up, so there is none.
                Some(place) if stale == Some(place) => return Err(self.journal.condemn(run, place).into()),
                Some(place) => stale = Some(place),
            }
        }
        Err(skep_journal::Error::Moved { run, seq: entries.last().map_or(from, |last| last.seq + 1) }.into())
    }

    /// Returns the place of the first event that is no longer where it was, if there is one.
    fn read_places(
        &self,
        run: RunId,
        from: Seq,
        limit: usize,
        entries: &mut Vec<Entry>,
    ) -> Result<Option<Position>, Error> {
        for (seq, at) in self.state.positions(run, from, limit)? {
            match self.journal.read(run, seq, at) {
                Ok(entry) => entries.push(entry),
                Err(skep_journal::Error::Moved { .. }) => return Ok(Some(at)),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// A run's events from number `from` on: first those that are there, then those that come.
    pub fn follow(&self, run: RunId, from: Seq) -> Following {
        let tail = self.journal.follow();
        Following { events: self.clone(), run, next: from, tail, ready: VecDeque::new(), behind: true }
    }
}

fn decode(entry: &Entry) -> Result<Event, Error> {
    let Entry { run, seq, .. } = *entry;
    Event::decode(&entry.payload).map_err(|source| Error::UnknownEvent { run, seq, source })
}

/// One run's events, live, without gaps or repeats.
pub struct Following {
    events: EventReader,
    run: RunId,
    next: Seq,
    tail: Tail,
    ready: VecDeque<(Seq, Event)>,
    /// There may be events that the tail will not show.
    behind: bool,
}

impl Following {
    /// The next event, as soon as it is durable. Dropping the future loses nothing.
    ///
    /// # Errors
    /// `Closed` with the journal or with the runtime; damage.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn next(&mut self) -> Result<(Seq, Event), Error> {
        loop {
            if let Some((seq, event)) = self.ready.pop_front() {
                self.next = seq + 1;
                return Ok((seq, event));
            }
            if self.behind {
                self.catch_up().await?;
            } else {
                self.listen().await?;
            }
        }
    }

    /// Reads from the disk, on a thread that may block.
    async fn catch_up(&mut self) -> Result<(), Error> {
        let (events, run, next) = (self.events.clone(), self.run, self.next);
        let read = tokio::task::spawn_blocking(move || events.read(run, next, PAGE)).await;
        // The runtime is going down, unless reading panicked.
        let read = read.map_err(|stopped| match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Error::Journal(skep_journal::Error::Closed),
        })?;
        self.ready = read?.into();
        self.behind = !self.ready.is_empty();
        Ok(())
    }

    async fn listen(&mut self) -> Result<(), Error> {
        let batch = match self.tail.next().await {
            Err(skep_journal::Error::Lagged) => {
                self.behind = true;
                return Ok(());
            }
            batch => batch?,
        };
        let new = batch.entries.iter().filter(|entry| entry.run == self.run && entry.seq >= self.next);
        for entry in new {
            self.ready.push_back((entry.seq, decode(entry)?));
        }
        Ok(())
    }
}
