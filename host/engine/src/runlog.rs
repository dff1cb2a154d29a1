//! The end of one run's journal that this process writes to. Everybody who has something to add to a run (its door, a
//! teammate's message, a cancel) adds it here, so that sequence numbers have one owner.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use skep_model::{Content, Event, Happening, Outcome, Record, RunId, Seq, Timestamp, Usage};
use skep_state::{Appending, Store};
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::{clock, fit};

/// The longest reason for a cancel that is kept, in bytes.
const REASON_BYTES: usize = 4096;
/// Messages of one run that nobody has heard yet. They wait in memory when the run is there.
const UNHEARD: usize = 1_000;
/// What is appended at once, in bytes; the journal takes four times that.
const PART_BYTES: usize = 1 << 20;

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

    /// Messages that came before all that are here. Returns how many there are now.
    pub(crate) fn deliver_first(&self, earlier: VecDeque<Message>) -> usize {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        for message in earlier.into_iter().rev() {
            inbox.push_front(message);
        }
        let waiting = inbox.len();
        drop(inbox);
        self.arrived.notify_one();
        waiting
    }

    fn deliver(&self, message: Message) {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).push_back(message);
        self.arrived.notify_one();
    }
}

/// What a run that waits outside memory comes back for, besides its time. Each listens to what those before it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hears {
    /// Nothing: it could not go on, and will try again.
    Nothing,
    /// A wish for its end: it sleeps.
    Cancels,
    /// A message: it waits for one.
    Messages,
}

/// One run's log.
pub(crate) struct RunLog {
    pub(crate) run: RunId,
    store: Arc<Store>,
    /// Messages that no `receive` was answered with, as far as this process knows.
    unheard: AtomicUsize,
    end: AsyncMutex<End>,
}

struct End {
    next: Seq,
    at: Timestamp,
    last: Option<Appending>,
    live: Option<Arc<Live>>,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Open,
    /// Something that the attempt went on from was not kept. It is ahead of its journal and may add nothing more; the next
    /// one begins with what is there.
    Torn,
    Ended,
}

/// A run that is in memory.
pub(crate) struct Attached {
    pub(crate) live: Arc<Live>,
    /// The first event that was not there when the run was taken up; everything before it is durable.
    pub(crate) history_ends: Seq,
}

/// What was appended: where, when, and the promise of its durability.
pub(crate) struct Added {
    pub(crate) seq: Seq,
    pub(crate) at: Timestamp,
}

impl RunLog {
    fn new(record: &Record, store: Arc<Store>) -> Self {
        let standing = if record.state.is_terminal() { Standing::Ended } else { Standing::Open };
        let (next, at) = (record.last_seq + 1, record.updated_at);
        // Before a run is taken up, all that comes after its acceptance comes from outside.
        let unheard = if record.attempt == 0 { usize::try_from(record.last_seq - 1).unwrap_or(UNHEARD) } else { 0 };
        let end = AsyncMutex::new(End { next, at, last: None, live: None, standing });
        Self { run: record.run_id, store, unheard: AtomicUsize::new(unheard), end }
    }

    /// Adds events of the attempt in order and goes on: whatever is added later is also durable later. [`RunLog::sync`] waits.
    pub(crate) async fn add(&self, happenings: Vec<Happening>) -> Result<Added, Error> {
        self.end.lock().await.add_of_the_attempt(self, happenings).await
    }

    /// Adds events of the attempt and waits until they are durable.
    pub(crate) async fn add_durably(&self, happenings: Vec<Happening>) -> Result<Added, Error> {
        let (added, last) = {
            let mut end = self.end.lock().await;
            let added = end.add_of_the_attempt(self, happenings).await?;
            (added, end.last.take())
        };
        // The lock is free while the disk works, so that a run's tool calls in parallel share one sync.
        self.kept(last).await?;
        Ok(added)
    }

    /// Waits until all that was added is durable.
    pub(crate) async fn sync(&self) -> Result<(), Error> {
        let last = self.end.lock().await.last.take();
        self.kept(last).await
    }

    async fn kept(&self, appending: Option<Appending>) -> Result<(), Error> {
        let Some(appending) = appending else { return Ok(()) };
        if let Err(error) = appending.await {
            self.end.lock().await.standing = Standing::Torn;
            return Err(journal(error));
        }
        Ok(())
    }

    /// The run is in memory from now on: what arrives is handed to it.
    pub(crate) async fn attach(&self) -> Result<Attached, Error> {
        let mut end = self.end.lock().await;
        end.settle(self).await?;
        if end.standing == Standing::Torn {
            end.standing = Standing::Open;
            end.reload(self, None)?;
        }
        let live = Arc::new(Live::default());
        end.live = Some(Arc::clone(&live));
        Ok(Attached { live, history_ends: end.next })
    }

    /// The run leaves memory. True when something that it listens to came at the last moment.
    pub(crate) async fn detach(&self, live: &Arc<Live>, hears: Hears) -> bool {
        let mut end = self.end.lock().await;
        // Whoever has taken it up meanwhile has read from the journal what was left here.
        if !end.live.as_ref().is_some_and(|now| Arc::ptr_eq(now, live)) {
            return false;
        }
        end.live = None;
        match hears {
            Hears::Nothing => false,
            Hears::Cancels => live.cancelled.is_cancelled(),
            Hears::Messages => live.cancelled.is_cancelled() || live.take_message().is_some(),
        }
    }

    /// A message from outside, durable when this returns. True when the run is in memory and has it.
    pub(crate) async fn message(&self, sender: String, text: Content) -> Result<bool, Error> {
        let mut end = self.end.lock().await;
        let unheard = self.unheard.load(Relaxed);
        if unheard >= UNHEARD {
            return Err(Error::Unheard { run: self.run, unheard });
        }
        let what = Happening::Message { sender: sender.clone(), text: text.clone() };
        let added = end.add_from_outside(self, what).await?;
        self.unheard.fetch_add(1, Relaxed);
        let Some(live) = &end.live else { return Ok(false) };
        live.deliver(Message { at: added.at, sender, text });
        Ok(true)
    }

    /// A `receive` was answered with a message.
    pub(crate) fn heard(&self) {
        // Messages that this process has not counted may be heard, too.
        self.unheard.fetch_update(Relaxed, Relaxed, |unheard| unheard.checked_sub(1)).ok();
    }

    /// So many messages wait to be heard.
    pub(crate) fn set_unheard(&self, unheard: usize) {
        self.unheard.store(unheard, Relaxed);
    }

    /// A wish for the run's end, durable when this returns. True when the run is in memory and was told.
    pub(crate) async fn cancel(&self, reason: &str) -> Result<bool, Error> {
        let mut end = self.end.lock().await;
        let reason = fit::cut(reason, REASON_BYTES);
        end.add_from_outside(self, Happening::CancelRequested { reason }).await?;
        let Some(live) = &end.live else { return Ok(false) };
        live.cancelled.cancel();
        Ok(true)
    }

    /// The run's end, by somebody else than its attempt; durable when this returns.
    pub(crate) async fn end(&self, outcome: Outcome, usage: Usage) -> Result<(), Error> {
        let outcome = fit::outcome(outcome);
        let mut end = self.end.lock().await;
        end.add_from_outside(self, Happening::Ended { outcome, usage }).await.map(drop)
    }
}

impl End {
    async fn add_of_the_attempt(&mut self, log: &RunLog, happenings: Vec<Happening>) -> Result<Added, Error> {
        match self.standing {
            Standing::Ended => Err(Error::Ended(log.run)),
            Standing::Torn => Err(Error::Torn(log.run)),
            Standing::Open => self.submit(log, happenings).await,
        }
    }

    /// Adds one event and waits for it with the lock held, so that whoever attaches next reads it from the journal. What
    /// the attempt has lost is not this event's concern, and the other way round.
    async fn add_from_outside(&mut self, log: &RunLog, what: Happening) -> Result<Added, Error> {
        self.settle(log).await?;
        match self.add_alone(log, what.clone()).await {
            // The attempt lost something that it waits for itself; now the end is known.
            Err(Error::Store(skep_state::Error::Journal(skep_journal::Error::Conflict { .. }))) => {
                self.add_alone(log, what).await
            }
            added => added,
        }
    }

    async fn add_alone(&mut self, log: &RunLog, what: Happening) -> Result<Added, Error> {
        if self.standing == Standing::Ended {
            return Err(Error::Ended(log.run));
        }
        let before = self.next;
        let added = self.submit(log, vec![what]).await?;
        match self.last.take() {
            Some(last) => match last.await {
                Ok(_) => Ok(added),
                Err(error) => {
                    self.reload(log, Some(before))?;
                    // It ended meanwhile by what is wrong with its journal, which tells whoever asks less than the end does.
                    Err(if self.standing == Standing::Ended { Error::Ended(log.run) } else { journal(error) })
                }
            },
            None => Ok(added),
        }
    }

    /// Waits for what is under way.
    async fn settle(&mut self, log: &RunLog) -> Result<(), Error> {
        let Some(last) = self.last.take() else { return Ok(()) };
        if last.await.is_err() {
            self.reload(log, Some(self.next))?;
        }
        Ok(())
    }

    /// Something was not kept: the journal says where it ends. An attempt that knows another end is torn from it.
    fn reload(&mut self, log: &RunLog, known: Option<Seq>) -> Result<(), Error> {
        let record = log.store.record(log.run)?.ok_or(Error::UnknownRun(log.run))?;
        (self.next, self.at) = (record.last_seq + 1, self.at.max(record.updated_at));
        if record.state.is_terminal() {
            self.standing = Standing::Ended;
        } else if known.is_some_and(|known| known != self.next) {
            self.standing = Standing::Torn;
        } else if self.standing == Standing::Ended {
            self.standing = Standing::Open;
        }
        Ok(())
    }

    async fn submit(&mut self, log: &RunLog, happenings: Vec<Happening>) -> Result<Added, Error> {
        let at = clock::now().max(self.at);
        let ends = happenings.iter().any(|what| matches!(what, Happening::Ended { .. }));
        let events: Vec<Event> = happenings.into_iter().map(|what| Event { at, what }).collect();
        let seq = self.next;
        self.at = at;
        for part in parts(&events) {
            self.last = Some(log.store.submit(log.run, self.next, part).await?);
            self.next += part.len() as Seq;
        }
        if ends {
            self.standing = Standing::Ended;
        }
        Ok(Added { seq, at })
    }
}

/// The events in pieces that the journal takes at once. Each event alone is far below that, because what guests write in it is
/// cut or a blob.
fn parts(events: &[Event]) -> Vec<&[Event]> {
    const FEW: usize = 4;
    if events.len() <= FEW {
        return vec![events];
    }
    let (mut parts, mut begin, mut bytes) = (Vec::new(), 0, 0);
    for (index, event) in events.iter().enumerate() {
        let more = event.encode().len();
        if index > begin && bytes + more > PART_BYTES {
            parts.push(&events[begin..index]);
            (begin, bytes) = (index, 0);
        }
        bytes += more;
    }
    parts.push(&events[begin..]);
    parts
}

/// The logs of unfinished runs that something was added to, one for each, so that each has one end.
pub(crate) struct RunLogs {
    store: Arc<Store>,
    open: Mutex<HashMap<RunId, Arc<RunLog>>>,
}

impl RunLogs {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store, open: Mutex::default() }
    }

    /// The run's log.
    pub(crate) fn get(&self, run: RunId) -> Result<Arc<RunLog>, Error> {
        let mut open = self.lock();
        if let Some(log) = open.get(&run) {
            return Ok(Arc::clone(log));
        }
        // Read under the lock: nobody else makes a log from an older record meanwhile.
        let record = self.store.record(run)?.ok_or(Error::UnknownRun(run))?;
        let log = Arc::new(RunLog::new(&record, Arc::clone(&self.store)));
        if !record.state.is_terminal() {
            open.insert(run, Arc::clone(&log));
        }
        Ok(log)
    }

    /// The run has ended, durably.
    pub(crate) fn forget(&self, run: RunId) {
        self.lock().remove(&run);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RunId, Arc<RunLog>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
