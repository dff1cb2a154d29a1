//! Offline replay: the brain runs again, fed from the journal and reaching nothing, and each call is compared.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use skep_model::{Content, Happening, LimitKind, Outcome, RunId};
use skep_sandbox::{Ended, Meter};

use crate::Error;
use crate::door::{Diverged, Leave, RunDoor};
use crate::engine::Engine;
use crate::history::History;

/// A replay may take this long, whatever the run's own limit was: it waits for nothing.
const REPLAY_WALL: Duration = Duration::from_secs(600);

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Events of the brain that were the same.
    pub compared: u64,
    /// What it found.
    pub verdict: Verdict,
}

/// Whether the record is exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every call and the end are the same, byte for byte.
    Exact,
    /// Every call is the same up to where the journal ends or the run was ended from outside.
    ExactSoFar(String),
    /// Something differs.
    Diverged(Diverged),
}

impl Engine {
    /// Runs a run's brain again from its journal and compares.
    ///
    /// # Errors
    /// There is no such run, or its journal or component can't be read.
    pub async fn replay(&self, run: RunId) -> Result<Replayed, Error> {
        let record = self.store.record(run)?.ok_or(Error::UnknownRun(run))?;
        if record.started_at.is_none() {
            return Ok(Replayed { compared: 0, verdict: Verdict::ExactSoFar("the agent never began".to_owned()) });
        }
        let spec = self.attempts.spec(run)?;
        let agent = self.attempts.agent(&spec).await?;
        let end = record.last_seq + 1;
        let history = History::new(Arc::clone(&self.store), run, 2, end);
        let door = RunDoor::new(history, None, Arc::clone(&self.store), record.created_at);
        let compared = door.compared();
        let meter = Arc::new(Meter::new(spec.limits));
        let task = crate::attempt::task(run, &spec, &self.store)?;
        let ended = self.attempts.sandbox.run(&agent, task, Box::new(door), meter, REPLAY_WALL).await;
        let verdict = self.judge(run, ended, compared.load(Relaxed), end).await?;
        Ok(Replayed { compared: compared.load(Relaxed), verdict })
    }

    async fn judge(&self, run: RunId, ended: Ended, compared: u64, end: u64) -> Result<Verdict, Error> {
        let (journaled, last_seq) = self.journaled_end(run, end)?;
        let outcome = match ended {
            Ended::Stopped(stop) => match stop.0.downcast::<Leave>().map(|leave| *leave) {
                Ok(Leave::Diverged(diverged)) => return Ok(Verdict::Diverged(diverged)),
                Ok(Leave::Host(error)) => return Err(error),
                Ok(Leave::HistoryEnds | Leave::Suspend(_)) | Err(_) => return Ok(stopped_early(journaled, last_seq)),
            },
            Ended::Outcome(outcome) => outcome,
        };
        let total = self.count_of_the_brain(run, end).await?;
        if compared < total {
            let brain = format!("ended ({}) after {compared} of {total} events", outcome.kind());
            return Ok(Verdict::Diverged(Diverged { seq: last_seq, journal: "more calls".to_owned(), brain }));
        }
        Ok(compare_ends(journaled, outcome, last_seq))
    }

    fn journaled_end(&self, run: RunId, end: u64) -> Result<(Option<Outcome>, u64), Error> {
        let last = self.store.read_events(run, end - 1, 1)?.pop();
        Ok(match last {
            Some((seq, event)) => match event.what {
                Happening::Ended { outcome, .. } => (Some(outcome), seq),
                _ => (None, seq),
            },
            None => (None, end - 1),
        })
    }

    async fn count_of_the_brain(&self, run: RunId, end: u64) -> Result<u64, Error> {
        let mut history = History::new(Arc::clone(&self.store), run, 2, end);
        let mut count = 0;
        while history.next_of_the_brain().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}

/// The brain wanted more than the journal holds.
fn stopped_early(journaled: Option<Outcome>, seq: u64) -> Verdict {
    match journaled {
        None => Verdict::ExactSoFar("the run has not ended".to_owned()),
        Some(outcome) if !is_the_brains(&outcome) => {
            Verdict::ExactSoFar(format!("the run was ended from outside: {}", outcome.message()))
        }
        Some(outcome) => Verdict::Diverged(Diverged {
            seq,
            journal: format!("the end ({})", outcome.kind()),
            brain: "made one more call".to_owned(),
        }),
    }
}

fn compare_ends(journaled: Option<Outcome>, outcome: Outcome, seq: u64) -> Verdict {
    let Some(journaled) = journaled else {
        return Verdict::ExactSoFar("the run has not ended".to_owned());
    };
    if !is_the_brains(&journaled) {
        return Verdict::ExactSoFar(format!("the run was ended from outside: {}", journaled.message()));
    }
    let outcome = match outcome {
        Outcome::Completed(Content::Inline(text)) => Outcome::Completed(crate::door::content(&text)),
        other => other,
    };
    if journaled == outcome {
        return Verdict::Exact;
    }
    let describe = |outcome: &Outcome| format!("the end ({}: {})", outcome.kind(), outcome.message());
    Verdict::Diverged(Diverged { seq, journal: describe(&journaled), brain: describe(&outcome) })
}

/// Ends that the brain's own computation decides. Time and other people decide the rest.
fn is_the_brains(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Completed(_) | Outcome::GuestError(_) | Outcome::Trap(_) => true,
        Outcome::Limit(hit) => !matches!(hit.limit, LimitKind::CpuMs | LimitKind::WallMs),
        Outcome::Refused(_)
        | Outcome::Cancelled(_)
        | Outcome::Interrupted(_)
        | Outcome::NotAvailable(_)
        | Outcome::Invalid(_)
        | Outcome::HostFault(_) => false,
    }
}
