//! Offline replay: the brain runs again, fed from the journal and reaching nothing, and each call is compared.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use skep_model::{Content, Happening, LimitKind, Limits, Outcome, RunId, RunSpec, Seq};
use skep_sandbox::{Ended, Meter};

use crate::Error;
use crate::door::{Diverged, Leave, Rest, RunDoor};
use crate::engine::Engine;
use crate::fit;
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
        let (journaled, last_seq) = self.journaled_end(run, end)?;
        let history = History::new(Arc::clone(&self.store), run, 2, end);
        let meter = Arc::new(Meter::new(limits(&spec, journaled.as_ref())));
        let door = RunDoor::new(history, None, Arc::clone(&meter), record.created_at);
        let (compared, rest) = (door.compared(), door.rest());
        let task = crate::attempt::task(run, &spec, &self.store).await?;
        let ended = self.attempts.sandbox.run(&agent, task, Box::new(door), meter, REPLAY_WALL).await;
        let verdict = judge(ended, rest, journaled, last_seq).await?;
        Ok(Replayed { compared: compared.load(Relaxed), verdict })
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
}

/// A slower machine must not end a replay where the run went on; a run that was ended by its processor time is ended so again.
fn limits(spec: &RunSpec, journaled: Option<&Outcome>) -> Limits {
    let wall_ms = u64::try_from(REPLAY_WALL.as_millis()).unwrap_or(u64::MAX);
    match journaled {
        Some(Outcome::Limit(hit)) if hit.limit == LimitKind::CpuMs => spec.limits,
        _ => Limits { cpu_ms: spec.limits.cpu_ms.max(wall_ms), ..spec.limits },
    }
}

async fn judge(ended: Ended, rest: Rest, journaled: Option<Outcome>, last_seq: Seq) -> Result<Verdict, Error> {
    let outcome = match ended {
        Ended::Stopped(stop) => match stop.0.downcast::<Leave>().map(|leave| *leave) {
            Ok(Leave::Diverged(diverged)) => return Ok(Verdict::Diverged(diverged)),
            Ok(Leave::Host(error)) => return Err(error),
            Ok(Leave::Limit(hit)) => Outcome::Limit(hit),
            Ok(Leave::HistoryEnds | Leave::Suspend(..)) | Err(_) => return Ok(stopped_early(journaled, last_seq)),
        },
        Ended::Outcome(outcome) => outcome,
    };
    if let Some(diverged) = rest.diverged(&outcome).await?.filter(|_| is_the_brains(&outcome)) {
        return Ok(Verdict::Diverged(diverged));
    }
    Ok(compare_ends(journaled, outcome, last_seq))
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
    if !is_the_brains(&outcome) {
        return Verdict::ExactSoFar(format!("the replay did not come to the end: {}", outcome.message()));
    }
    let outcome = match fit::outcome(outcome) {
        Outcome::Completed(Content::Inline(text)) => Outcome::Completed(crate::door::content(&text)),
        other => other,
    };
    if fit::outcome(journaled.clone()) == outcome {
        return Verdict::Exact;
    }
    let describe = |outcome: &Outcome| format!("the end ({}: {})", outcome.kind(), outcome.message());
    Verdict::Diverged(Diverged { seq, journal: describe(&journaled), brain: describe(&outcome) })
}

/// Ends that the brain's own computation decides. Time and other people decide the rest.
pub(crate) fn is_the_brains(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Completed(_) | Outcome::GuestError(_) | Outcome::Trap(_) => true,
        Outcome::Limit(hit) => !matches!(hit.limit, LimitKind::CpuMs | LimitKind::WallMs),
        Outcome::Refused(_)
        | Outcome::Cancelled(_)
        | Outcome::Interrupted(_)
        | Outcome::NotAvailable(_)
        | Outcome::Invalid(_)
        | Outcome::SetupFailed(_)
        | Outcome::HostFault(_) => false,
    }
}
