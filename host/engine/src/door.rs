//! The door: the one function through which every call of a brain passes.
//!
//! Live, a call is checked, journaled as started, performed, journaled as finished, answered. While the journal still holds
//! what the brain did before, its calls are compared with it and answered from it, byte for byte; a call that is not the one
//! that the journal holds is a divergence, which ends the attempt.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use skep_model::{
    Call, Content, Digest, Happening, INLINE_BYTES, Idempotency, LimitHit, Outcome, Seq, Stream, Timestamp,
};
use skep_sandbox::{Answer, Door, Failure, Meter, Request, Stop};

use crate::Error;
use crate::fit::{self, NAME_BYTES, OPTIONS, PATH_BYTES};
use crate::history::History;
use crate::keep;
use crate::perform::{Performed, Performer};
use crate::runlog::Hears;

/// Calls of one run that are under way at once. More wait, so that a run's record stays small.
const AT_ONCE: usize = 64;

/// Why the door wants its brain gone.
#[derive(Debug)]
pub(crate) enum Leave {
    /// The run waits, and may wait outside memory until it hears something or until then.
    Suspend(Hears, Option<Timestamp>),
    /// What the brain was answered is more than it may have.
    Limit(LimitHit),
    /// The brain asked for something else than the journal holds.
    Diverged(Diverged),
    /// An offline replay has come to where the journal ends.
    HistoryEnds,
    /// The host can't go on.
    Host(Error),
}

/// What the brain did and what the journal holds are different.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("diverged at event {seq}: the journal holds {journal}, the brain did {brain}")]
pub struct Diverged {
    /// Where.
    pub seq: Seq,
    /// What is in the journal there.
    pub journal: String,
    /// What the brain did.
    pub brain: String,
}

/// What of its history a brain had not done again when it was gone.
#[derive(Clone, Default)]
pub(crate) struct Rest(Arc<Mutex<Option<History>>>);

impl Rest {
    /// A brain that ended so, although its journal goes on: the next that it holds.
    pub(crate) async fn diverged(&self, outcome: &Outcome) -> Result<Option<Diverged>, Error> {
        let history = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut history) = history else { return Ok(None) };
        let next = history.next_of_the_brain().await?;
        let brain = || format!("the end ({}: {})", outcome.kind(), fit::cut(&outcome.message(), DESCRIBED));
        Ok(next.map(|(seq, _, journaled)| Diverged { seq, journal: describe(&journaled), brain: brain() }))
    }
}

/// One brain's door.
pub(crate) struct RunDoor {
    /// What the brain did before; nothing once it is used up.
    history: Option<History>,
    rest: Rest,
    /// Who does what the brain asks for; nobody in an offline replay.
    performer: Option<Arc<Performer>>,
    /// What is known only with the answer is charged here.
    meter: Arc<Meter>,
    /// The blobs that answers are read from.
    store: Arc<skep_state::Store>,
    now: Timestamp,
    /// Where the next event would be, for messages.
    compared: Arc<std::sync::atomic::AtomicU64>,
}

/// A call that is under way: where its start is in the journal.
pub(crate) struct Underway {
    pub(crate) started: Seq,
    pub(crate) at: Timestamp,
    pub(crate) request: Request,
}

/// An answer that is in the journal.
struct Answered {
    answer: Answer,
    /// Bytes that were given to people with it and not charged before it.
    given: u64,
}

enum Next {
    Answered(Answered),
    Perform(Underway),
}

impl Drop for RunDoor {
    fn drop(&mut self) {
        *self.rest.0.lock().unwrap_or_else(PoisonError::into_inner) = self.history.take();
    }
}

impl RunDoor {
    /// A door whose brain starts at `began` and is fed `history` first.
    pub(crate) fn new(
        history: History,
        performer: Option<Arc<Performer>>,
        meter: Arc<Meter>,
        began: Timestamp,
    ) -> Self {
        let store = history.store();
        let (rest, compared) = (Rest::default(), Arc::default());
        Self { history: Some(history), rest, performer, meter, store, now: began, compared }
    }

    /// What this door leaves of the history when it is gone.
    pub(crate) fn rest(&self) -> Rest {
        self.rest.clone()
    }

    /// Counts the events of the brain that were compared with the journal.
    pub(crate) fn compared(&self) -> Arc<std::sync::atomic::AtomicU64> {
        Arc::clone(&self.compared)
    }

    fn performer(&self) -> Result<&Arc<Performer>, Leave> {
        self.performer.as_ref().ok_or(Leave::HistoryEnds)
    }

    /// The journal's next event of the brain if there is one; what the brain did must be the same.
    async fn compare(&mut self, what: &Happening) -> Result<Option<Seq>, Leave> {
        let Some(history) = &mut self.history else { return Ok(None) };
        match history.next_of_the_brain().await.map_err(Leave::Host)? {
            Some((seq, at, journaled)) if journaled == *what => {
                self.compared.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                self.now = self.now.max(at);
                Ok(Some(seq))
            }
            Some((seq, _, journaled)) => {
                Err(Leave::Diverged(Diverged { seq, journal: describe(&journaled), brain: describe(what) }))
            }
            None => {
                self.leave_history()?;
                Ok(None)
            }
        }
    }

    fn leave_history(&mut self) -> Result<(), Leave> {
        self.deliver_unread()?;
        self.history = None;
        Ok(())
    }

    /// Messages that the journal holds and that no `receive` was answered with. The history has been read to its end.
    fn deliver_unread(&mut self) -> Result<(), Leave> {
        let performer = Arc::clone(self.performer()?);
        if let Some(history) = &mut self.history {
            let unheard = performer.live.deliver_first(history.take_unread());
            performer.log.set_unheard(unheard);
        }
        Ok(())
    }

    /// Something that needs no answer.
    async fn note(&mut self, what: Happening) -> Result<(), Leave> {
        if self.compare(&what).await?.is_none() {
            let added = self.performer()?.log.add(vec![what]).await.map_err(Leave::Host)?;
            self.now = added.at;
        }
        Ok(())
    }

    /// The call is in the journal, now or since before; its answer may be too.
    async fn begin(&mut self, request: Request) -> Result<Next, Leave> {
        let call = call(&request);
        let what = Happening::Started { call };
        let Some(started) = self.compare(&what).await? else {
            return self.start(vec![(request, what)]).await.map(|mut next| next.remove(0));
        };
        self.settle(vec![(started, request)]).await.map(|mut next| next.remove(0))
    }

    /// A call that was started before a crash and has no answer: repeated when policy permits it, as it had to before, and
    /// when it does no harm.
    async fn take_up(&mut self, started: Seq, request: Request) -> Result<Next, Leave> {
        self.deliver_unread()?;
        let performer = Arc::clone(self.performer()?);
        if let Some(refusal) = performer.check(&request) {
            return Ok(Next::Answered(self.finish(started, refusal.into()).await?));
        }
        let idempotency = performer.idempotency(&request);
        if idempotency != Idempotency::NonIdempotent {
            return Ok(Next::Perform(Underway { started, at: self.now, request }));
        }
        let text = "the host stopped in the middle of this call; it may have had effects and was not repeated";
        let performed = Performed::from(Outcome::Interrupted(text.to_owned()));
        Ok(Next::Answered(self.finish(started, performed).await?))
    }

    /// Journals calls as started, with the refusals of those that policy forbids. The start of a call that may have an effect
    /// is durable before it is performed.
    async fn start(&mut self, calls: Vec<(Request, Happening)>) -> Result<Vec<Next>, Leave> {
        let performer = Arc::clone(self.performer()?);
        for (request, _) in &calls {
            performer.keep_arguments(request).await.map_err(Leave::Host)?;
        }
        let (requests, happenings): (Vec<_>, Vec<_>) = calls.into_iter().unzip();
        let checked: Vec<_> = requests.iter().map(|request| performer.check(request)).collect();
        let effect = requests
            .iter()
            .zip(&checked)
            .any(|(request, checked)| checked.is_none() && performer.idempotency(request) != Idempotency::ReadOnly);
        let log = &performer.log;
        let added = if effect { log.add_durably(happenings).await } else { log.add(happenings).await };
        let added = added.map_err(Leave::Host)?;
        self.now = added.at;
        let mut next = Vec::with_capacity(requests.len());
        for (started, (request, refusal)) in (added.seq..).zip(requests.into_iter().zip(checked)) {
            next.push(match refusal {
                Some(refusal) => Next::Answered(self.finish(started, refusal.into()).await?),
                None => Next::Perform(Underway { started, at: added.at, request }),
            });
        }
        Ok(next)
    }

    async fn carry_out(&mut self, underway: Underway) -> Result<Answered, Leave> {
        let performer = Arc::clone(self.performer()?);
        let started = underway.started;
        let performed = performer.perform(underway).await?;
        self.finish(started, performed).await
    }

    /// The answer goes into the journal before it goes to the brain. Nothing waits for the disk here: whatever the brain does
    /// next is journaled later, so it can't be durable earlier.
    async fn finish(&mut self, started: Seq, performed: Performed) -> Result<Answered, Leave> {
        let performer = Arc::clone(self.performer()?);
        let given = performed.given;
        let (at, answer) = performer.finish(started, performed).await.map_err(Leave::Host)?;
        self.now = self.now.max(at);
        Ok(Answered { answer, given })
    }

    /// An answer out of the journal.
    async fn answer(&self, request: &Request, outcome: Outcome) -> Result<Answered, Leave> {
        let answer = match outcome {
            Outcome::Completed(content) => Ok(keep::whole(&self.store, content).await.map_err(Leave::Host)?),
            failed => Err(failure(&failed)),
        };
        let given = match (request, &answer, &self.history) {
            (Request::ReportFile { .. }, Ok(digest), Some(history)) => history.reported(digest).unwrap_or(0),
            _ => 0,
        };
        Ok(Answered { answer, given })
    }

    /// Charges what was not known before the answer, after the answer is in the journal: so a replay charges the same.
    fn charged(&self, answered: Answered) -> Result<Answer, Leave> {
        self.meter.give(answered.given).map_err(Leave::Limit)?;
        Ok(answered.answer)
    }

    async fn many(&mut self, requests: Vec<Request>) -> Result<Vec<Answer>, Leave> {
        let (mut held, mut fresh) = (Vec::new(), Vec::new());
        for request in requests {
            // Those that the journal holds come first, so the first that it does not hold is where the live ones begin.
            let what = Happening::Started { call: call(&request) };
            if self.history.is_some() && fresh.is_empty() {
                match self.compare(&what).await? {
                    Some(started) => held.push((started, request)),
                    None => fresh.push((request, what)),
                }
            } else {
                fresh.push((request, what));
            }
        }
        let mut steps = self.settle(held).await?;
        if !fresh.is_empty() {
            steps.extend(self.start(fresh).await?);
        }
        self.carry_out_all(steps).await
    }

    /// Answers of calls that the journal holds, looked up after all of them are compared: they may come in any order.
    async fn settle(&mut self, held: Vec<(Seq, Request)>) -> Result<Vec<Next>, Leave> {
        let mut next = Vec::with_capacity(held.len());
        for (started, request) in held {
            let answered = match &mut self.history {
                Some(history) => history.answer_to(started).await.map_err(Leave::Host)?,
                None => None,
            };
            next.push(match answered {
                Some((at, outcome)) => {
                    self.now = self.now.max(at);
                    Next::Answered(self.answer(&request, outcome).await?)
                }
                None => self.take_up(started, request).await?,
            });
        }
        Ok(next)
    }

    async fn carry_out_all(&mut self, steps: Vec<Next>) -> Result<Vec<Answer>, Leave> {
        let performer = self.performer.clone();
        let carried = steps.into_iter().map(|step| {
            let performer = performer.clone();
            async move {
                match step {
                    Next::Answered(answered) => Ok((None, answered)),
                    Next::Perform(underway) => {
                        let performer = performer.ok_or(Leave::HistoryEnds)?;
                        let started = underway.started;
                        let performed = performer.perform(underway).await?;
                        let given = performed.given;
                        let (at, answer) = performer.finish(started, performed).await.map_err(Leave::Host)?;
                        Ok((Some(at), Answered { answer, given }))
                    }
                }
            }
        });
        let mut answers = Vec::new();
        for carried in join_all(carried).await {
            let (at, answered) = carried?;
            self.now = self.now.max(at.unwrap_or_default());
            answers.push(self.charged(answered)?);
        }
        Ok(answers)
    }
}

#[async_trait::async_trait]
impl Door for RunDoor {
    fn now(&self) -> Timestamp {
        self.now
    }

    async fn say(&mut self, text: String) -> Result<(), Stop> {
        let text = match &self.performer {
            Some(_) => keep::text(&self.store, text).await.map_err(|error| stop(Leave::Host(error)))?,
            None => content(&text),
        };
        self.note(Happening::Said { text }).await.map_err(stop)
    }

    async fn log(&mut self, stream: Stream, line: String) -> Result<(), Stop> {
        self.note(Happening::Logged { stream, text: fit::line(&line) }).await.map_err(stop)
    }

    async fn call(&mut self, request: Request) -> Result<Answer, Stop> {
        let answered = match self.begin(request).await.map_err(stop)? {
            Next::Answered(answered) => answered,
            Next::Perform(underway) => self.carry_out(underway).await.map_err(stop)?,
        };
        self.charged(answered).map_err(stop)
    }

    async fn call_many(&mut self, requests: Vec<Request>) -> Result<Vec<Answer>, Stop> {
        let mut requests = requests.into_iter();
        let mut answers = Vec::with_capacity(requests.len());
        loop {
            let together: Vec<_> = requests.by_ref().take(AT_ONCE).collect();
            if together.is_empty() {
                return Ok(answers);
            }
            answers.extend(self.many(together).await.map_err(stop)?);
        }
    }
}

fn stop(leave: Leave) -> Stop {
    Stop(Box::new(leave))
}

/// The request as the journal writes it; what is large is named by its digest, and a name that is longer than any that exists is
/// cut, since policy refuses it.
pub(crate) fn call(request: &Request) -> Call {
    let named = |name: &String| fit::cut(name, NAME_BYTES);
    match request {
        Request::Receive { timeout_ms } => Call::Receive { timeout_ms: *timeout_ms },
        Request::Report { name, media_type, content } => Call::Report {
            name: named(name),
            media_type: named(media_type),
            digest: Digest::of(content),
            bytes: content.len() as u64,
        },
        Request::ReportFile { name, media_type, path } => {
            Call::ReportFile { name: named(name), media_type: named(media_type), path: fit::cut(path, PATH_BYTES) }
        }
        Request::ListTools => Call::ListTools,
        Request::Tool { name, arguments } => Call::Tool { name: named(name), arguments: content(arguments) },
        Request::Sleep { ms } => Call::Sleep { ms: *ms },
        Request::Spawn { spec } => Call::Spawn { spec: content(spec) },
        Request::Wait { run, timeout_ms } => Call::Wait { run: named(run), timeout_ms: *timeout_ms },
        Request::CancelChild { run } => Call::CancelChild { run: named(run) },
        Request::Complete { request } => Call::Complete { request: content(request) },
        Request::Ask { text, options } => {
            Call::Ask { text: content(text), options: options.iter().take(OPTIONS).map(named).collect() }
        }
    }
}

/// A text as an event holds it, without keeping the blob.
pub(crate) fn content(text: &str) -> Content {
    if text.len() <= INLINE_BYTES {
        Content::Inline(text.to_owned())
    } else {
        Content::Blob { blob: Digest::of(text.as_bytes()), bytes: text.len() as u64 }
    }
}

pub(crate) fn failure(outcome: &Outcome) -> Failure {
    Failure { kind: outcome.kind().to_owned(), message: outcome.message() }
}

/// The most that is shown of either side of a divergence, in bytes.
const DESCRIBED: usize = 400;

/// One line, bounded.
fn describe(what: &Happening) -> String {
    let text = serde_json::to_string(what).unwrap_or_else(|_| what.kind().to_owned());
    fit::cut(&text, DESCRIBED)
}
