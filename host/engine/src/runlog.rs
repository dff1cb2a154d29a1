//! The end of one run's journal that this process writes to. Everybody who has something to add to a run (its door, a
//! teammate's message, a cancel) adds it here, so that sequence numbers have one owner.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use skep_model::{Content, Event, Happening, RunId, Seq, Timestamp};
use skep_state::{Appending, Store};
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::clock;

fn journal(error: skep_journal::Error) -> Error {
    skep_state::Error::from(error).into()
}

/// A teammate's message, as `receive` hands it to the brain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) at: Timestamp,
    pub(crate) sender: String,
    pub(crate) text: Content,
}

/// What reaches a run that is in memory.
#[derive(Default)]
pub(crate) struct Live {
    inbox: Mutex<VecDeque<Message>>,
    arrived: Notify,
    /// Somebody wants the run to end; the text is in the journal.
    pub(crate) cancelled: CancellationToken,
}

impl Live {
    pub(crate) fn take_message(&self) -> Option<Message> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub(crate) async fn message(&self) -> Message {
        loop {
            let arrived = self.arrived.notified();
            if let Some(message) = self.take_message() {
                return message;
            }
            arrived.await;
        }
    }

    /// Messages that came before all that are here.
    pub(crate) fn deliver_first(&self, earlier: VecDeque<Message>) {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        for message in earlier.into_iter().rev() {
            inbox.push_front(message);
        }
        drop(inbox);
        self.arrived.notify_one();
    }

    fn deliver(&self, message: Message) {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).push_back(message);
        self.arrived.notify_one();
    }
}

/// One run's log.
pub(crate) struct RunLog {
    pub(crate) run: RunId,
    store: Arc<Store>,
    end: AsyncMutex<End>,
}

struct End {
    next: Seq,
    at: Timestamp,
    last: Option<Appending>,
    live: Option<Arc<Live>>,
    ended: bool,
}

/// What was appended: where, when, and the promise of its durability.
pub(crate) struct Added {
    pub(crate) seq: Seq,
    pub(crate) at: Timestamp,
}

impl RunLog {
    /// Adds events in order and goes on: whatever is added later is also durable later. [`RunLog::sync`] waits.
    pub(crate) async fn add(&self, happenings: Vec<Happening>) -> Result<Added, Error> {
        self.end.lock().await.add(self.run, &self.store, happenings).await
    }

    /// Adds events and waits until they are durable.
    pub(crate) async fn add_durably(&self, happenings: Vec<Happening>) -> Result<Added, Error> {
        let (added, last) = {
            let mut end = self.end.lock().await;
            let added = end.add(self.run, &self.store, happenings).await?;
            (added, end.last.take())
        };
        // The lock is free while the disk works, so that a run's tool calls in parallel share one sync.
        if let Some(last) = last {
            last.await.map_err(journal)?;
        }
        Ok(added)
    }

    /// Waits until all that was added is durable.
    pub(crate) async fn sync(&self) -> Result<(), Error> {
        let last = self.end.lock().await.last.take();
        match last {
            Some(last) => last.await.map(drop).map_err(journal),
            None => Ok(()),
        }
    }

    /// The run is in memory from now on: what arrives is handed to it. Everything before the returned number is durable.
    pub(crate) async fn attach(&self) -> Result<(Arc<Live>, Seq), Error> {
        let mut end = self.end.lock().await;
        end.settle().await?;
        let live = Arc::new(Live::default());
        end.live = Some(Arc::clone(&live));
        Ok((live, end.next))
    }

    /// The run leaves memory. A message or a cancel that came at the last moment is not lost: true when there is one.
    pub(crate) async fn detach(&self) -> bool {
        let live = self.end.lock().await.live.take();
        live.is_some_and(|live| live.cancelled.is_cancelled() || live.take_message().is_some())
    }

    /// A message from outside, durable when this returns. True when the run is in memory and has it.
    pub(crate) async fn message(&self, sender: String, text: Content) -> Result<bool, Error> {
        let mut end = self.end.lock().await;
        let what = Happening::Message { sender: sender.clone(), text: text.clone() };
        let added = end.add(self.run, &self.store, vec![what]).await?;
        end.settle().await?;
        let Some(live) = &end.live else { return Ok(false) };
        live.deliver(Message { at: added.at, sender, text });
        Ok(true)
    }

    /// A wish for the run's end, durable when this returns. True when the run is in memory and was told.
    pub(crate) async fn cancel(&self, reason: String) -> Result<bool, Error> {
        let mut end = self.end.lock().await;
        end.add(self.run, &self.store, vec![Happening::CancelRequested { reason }]).await?;
        end.settle().await?;
        let Some(live) = &end.live else { return Ok(false) };
        live.cancelled.cancel();
        Ok(true)
    }
}

impl End {
    /// Waits for what is under way with the lock held, so that whoever attaches next reads all of it from the journal.
    async fn settle(&mut self) -> Result<(), Error> {
        match self.last.take() {
            Some(last) => last.await.map(drop).map_err(journal),
            None => Ok(()),
        }
    }

    async fn add(&mut self, run: RunId, store: &Store, happenings: Vec<Happening>) -> Result<Added, Error> {
        if self.ended {
            return Err(Error::Ended(run));
        }
        let at = clock::now().max(self.at);
        let ended = happenings.iter().any(|what| matches!(what, Happening::Ended { .. }));
        let count = happenings.len() as Seq;
        let events: Vec<Event> = happenings.into_iter().map(|what| Event { at, what }).collect();
        let appending = store.submit(run, self.next, &events).await?;
        let seq = self.next;
        (self.next, self.at, self.last, self.ended) = (self.next + count, at, Some(appending), ended);
        Ok(Added { seq, at })
    }
}

/// The logs of runs that something is going on with.
pub(crate) struct RunLogs {
    store: Arc<Store>,
    open: Mutex<HashMap<RunId, Weak<RunLog>>>,
}

impl RunLogs {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store, open: Mutex::default() }
    }

    /// The run's log.
    pub(crate) fn get(&self, run: RunId) -> Result<Arc<RunLog>, Error> {
        if let Some(log) = self.lock().get(&run).and_then(Weak::upgrade) {
            return Ok(log);
        }
        let record = self.store.record(run)?.ok_or(Error::UnknownRun(run))?;
        Ok(self.keep(run, record.last_seq + 1, record.updated_at, record.state.is_terminal()))
    }

    fn keep(&self, run: RunId, next: Seq, at: Timestamp, ended: bool) -> Arc<RunLog> {
        let mut open = self.lock();
        if let Some(log) = open.get(&run).and_then(Weak::upgrade) {
            return log;
        }
        if open.len() > 64 && open.len() == open.capacity() {
            open.retain(|_, log| log.strong_count() > 0);
        }
        let end = AsyncMutex::new(End { next, at, last: None, live: None, ended });
        let log = Arc::new(RunLog { run, store: Arc::clone(&self.store), end });
        open.insert(run, Arc::downgrade(&log));
        log
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RunId, Weak<RunLog>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
