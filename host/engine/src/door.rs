//! The door: the one function through which every call of a brain passes.
//!
//! Live, a call is checked, journaled as started, performed, journaled as finished, answered. While the journal still holds
//! what the brain did before, its calls are compared with it and answered from it, byte for byte; a call that is not the one
//! that the journal holds is a divergence, which ends the attempt.

use std::sync::Arc;

use futures_util::future::join_all;
use skep_model::{Call, Content, Digest, Happening, INLINE_BYTES, Idempotency, Outcome, Seq, Stream, Timestamp};
use skep_sandbox::{Answer, Door, Failure, Request, Stop};

use crate::Error;
use crate::history::History;
use crate::perform::{Performed, Performer};

/// Calls of one run that are under way at once. More wait, so that a run's record stays small.
const AT_ONCE: usize = 64;

/// Why the door wants its brain gone.
#[derive(Debug)]
pub(crate) enum Leave {
    /// The run waits, and may wait outside memory until a message or this moment.
    Suspend(Option<Timestamp>),
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

/// One brain's door.
pub(crate) struct RunDoor {
    /// What the brain did before; nothing once it is used up.
    history: Option<History>,
    /// Who does what the brain asks for; nobody in an offline replay.
    performer: Option<Arc<Performer>>,
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

enum Next {
    Answered(Answer),
    Perform(Underway),
}

impl RunDoor {
    /// A door whose brain starts at `began` and is fed `history` first.
    pub(crate) fn new(
        history: History,
        performer: Option<Arc<Performer>>,
        store: Arc<skep_state::Store>,
        began: Timestamp,
    ) -> Self {
        Self { history: Some(history), performer, store, now: began, compared: Arc::default() }
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
            performer.live.deliver_first(history.take_unread());
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

    /// A call that was started before a crash and has no answer: repeated when that does no harm.
    async fn take_up(&mut self, started: Seq, request: Request) -> Result<Next, Leave> {
        self.deliver_unread()?;
        let idempotency = self.performer()?.idempotency(&request);
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

    async fn carry_out(&mut self, underway: Underway) -> Result<Answer, Leave> {
        let performer = Arc::clone(self.performer()?);
        let started = underway.started;
        let performed = performer.perform(underway).await?;
        self.finish(started, performed).await
    }

    /// The answer goes into the journal before it goes to the brain. Nothing waits for the disk here: whatever the brain does
    /// next is journaled later, so it can't be durable earlier.
    async fn finish(&mut self, started: Seq, performed: Performed) -> Result<Answer, Leave> {
        let performer = Arc::clone(self.performer()?);
        let (at, answer) = performer.finish(started, performed).await.map_err(Leave::Host)?;
        self.now = self.now.max(at);
        Ok(answer)
    }

    fn answer(&self, outcome: Outcome) -> Result<Answer, Leave> {
        match outcome {
            Outcome::Completed(Content::Inline(text)) => Ok(Ok(text)),
            Outcome::Completed(Content::Blob { blob, .. }) => Ok(Ok(self.text(blob)?)),
            failed => Ok(Err(failure(&failed))),
        }
    }

    fn text(&self, blob: Digest) -> Result<String, Leave> {
        let bytes =
            self.store.blobs().get(&blob).map_err(|error| Leave::Host(skep_state::Error::from(error).into()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
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
                    Next::Answered(self.answer(outcome)?)
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
                    Next::Answered(answer) => Ok((None, answer)),
                    Next::Perform(underway) => {
                        let performer = performer.ok_or(Leave::HistoryEnds)?;
                        let started = underway.started;
                        let performed = performer.perform(underway).await?;
                        let (at, answer) = performer.finish(started, performed).await.map_err(Leave::Host)?;
                        Ok((Some(at), answer))
                    }
                }
            }
        });
        let mut answers = Vec::new();
        for carried in join_all(carried).await {
            let (at, answer) = carried?;
            self.now = self.now.max(at.unwrap_or_default());
            answers.push(answer);
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
            Some(performer) if text.len() > INLINE_BYTES => {
                performer.keep_text(text).await.map_err(|error| stop(Leave::Host(error)))?
            }
            _ => content(&text),
        };
        self.note(Happening::Said { text }).await.map_err(stop)
    }

    async fn log(&mut self, stream: Stream, line: String) -> Result<(), Stop> {
        self.note(Happening::Logged { stream, text: content(&line) }).await.map_err(stop)
    }

    async fn call(&mut self, request: Request) -> Result<Answer, Stop> {
        match self.begin(request).await.map_err(stop)? {
            Next::Answered(answer) => Ok(answer),
            Next::Perform(underway) => self.carry_out(underway).await.map_err(stop),
        }
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

/// The request as the journal writes it; what is large is named by its digest.
pub(crate) fn call(request: &Request) -> Call {
    match request {
        Request::Receive { timeout_ms } => Call::Receive { timeout_ms: *timeout_ms },
        Request::Report { name, media_type, content } => Call::Report {
            name: name.clone(),
            media_type: media_type.clone(),
            digest: Digest::of(content),
            bytes: content.len() as u64,
        },
        Request::ReportFile { name, media_type, path } => {
            Call::ReportFile { name: name.clone(), media_type: media_type.clone(), path: path.clone() }
        }
        Request::ListTools => Call::ListTools,
        Request::Tool { name, arguments } => Call::Tool { name: name.clone(), arguments: content(arguments) },
        Request::Sleep { ms } => Call::Sleep { ms: *ms },
        Request::Spawn { spec } => Call::Spawn { spec: content(spec) },
        Request::Wait { run, timeout_ms } => Call::Wait { run: run.clone(), timeout_ms: *timeout_ms },
        Request::CancelChild { run } => Call::CancelChild { run: run.clone() },
        Request::Complete { request } => Call::Complete { request: content(request) },
        Request::Ask { text, options } => Call::Ask { text: content(text), options: options.clone() },
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

/// One line, bounded.
fn describe(what: &Happening) -> String {
    let text = serde_json::to_string(what).unwrap_or_else(|_| what.kind().to_owned());
    match text.char_indices().nth(300) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}
