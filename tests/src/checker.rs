//! What must hold of a data folder whatever was killed while it was written: nothing accepted is lost, everything ends once,
//! every journal is whole and can be replayed. Each function tells what is wrong, a line for each fault.

use std::collections::{BTreeMap, BTreeSet};

use skep_engine::{Engine, Error, Verdict};
use skep_model::{Event, Happening, Outcome, RunId, RunState, Seq};
use skep_state::Store;

/// Runs that were accepted, and which of them are said to have ended how: what other processes printed before they were killed.
#[derive(Debug, Default)]
pub struct Told {
    /// Acknowledged runs.
    pub accepted: BTreeSet<RunId>,
    /// Ends that were told, as the state's name.
    pub ended: BTreeMap<RunId, String>,
}

/// What was looked at, for a test that wants to know whether it tested anything.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Runs.
    pub runs: usize,
    /// Attempts beyond the first of each run.
    pub resumed: usize,
    /// Calls that were answered "interrupted".
    pub interrupted: usize,
    /// Runs whose replay went to their own end.
    pub exact: usize,
    /// Runs that were cancelled.
    pub cancelled: usize,
}

/// Everything below, for every run in the store.
///
/// # Errors
/// The store can't be read.
pub async fn check(engine: &Engine, told: &Told) -> Result<(Seen, Vec<String>), Error> {
    let store = engine.store();
    let mut seen = Seen::default();
    let mut faults = whole(store)?;
    faults.extend(told.accepted.iter().filter_map(|run| lost(store, *run)));
    for run in store.state().all_runs().collect::<Result<Vec<_>, _>>()? {
        let events = store.read_events(run, 1, usize::MAX)?;
        let record = engine.record(run)?;
        faults.extend(journal(&events).into_iter().map(|fault| format!("run {run}: {fault}")));
        if let Some(state) = told.ended.get(&run).filter(|state| *state != record.state.as_str()) {
            faults.push(format!("run {run} was told to be {state} and is {}", record.state));
        }
        seen.runs += 1;
        seen.cancelled += usize::from(record.state == RunState::Cancelled);
        seen.resumed += record.attempt.saturating_sub(1) as usize;
        seen.interrupted += events.iter().filter(|(_, event)| is_interruption(event)).count();
        match engine.replay(run).await?.verdict {
            Verdict::Exact => seen.exact += 1,
            Verdict::ExactSoFar(_) => {}
            Verdict::Diverged(diverged) => faults.push(format!("run {run}: {diverged}")),
        }
    }
    Ok((seen, faults))
}

/// Checksums, numbers, hash chains, state and blobs agree.
fn whole(store: &Store) -> Result<Vec<String>, Error> {
    let report = store.verify(|_| {})?;
    let damage = report.journal.damage.iter().map(ToString::to_string);
    Ok(damage.chain(report.problems.iter().map(ToString::to_string)).collect())
}

fn lost(store: &Store, run: RunId) -> Option<String> {
    match store.record(run) {
        Ok(Some(_)) => None,
        Ok(None) => Some(format!("run {run} was accepted and is not there")),
        Err(error) => Some(format!("run {run} was accepted and can't be read: {error}")),
    }
}

fn is_interruption(event: &Event) -> bool {
    matches!(&event.what, Happening::Finished { outcome: Outcome::Interrupted(_), .. })
}

/// What is wrong with one run's journal: numbers are dense, time does not go back, the first event is its acceptance, the last
/// its only end, attempts are counted, and no call has two answers or an answer before its question.
pub fn journal(events: &[(Seq, Event)]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut calls: BTreeMap<Seq, bool> = BTreeMap::new();
    let (mut attempts, mut ends, mut at) = (0, 0, skep_model::Timestamp::default());
    for (expected, (seq, event)) in (1..).zip(events) {
        if *seq != expected {
            faults.push(format!("event {seq} stands where {expected} should"));
        }
        if event.at < at {
            faults.push(format!("event {seq} is earlier than the one before"));
        }
        at = event.at;
        if matches!(event.what, Happening::Queued(_)) != (expected == 1) {
            faults.push(format!("event {seq} is {}, and only the first is the acceptance", event.what.kind()));
        }
        match &event.what {
            Happening::Attempt { number } => {
                attempts += 1;
                if *number != attempts {
                    faults.push(format!("event {seq} is attempt {number} and the {attempts}th"));
                }
            }
            Happening::Started { .. } => drop(calls.insert(*seq, false)),
            Happening::Finished { started, .. } => match calls.insert(*started, true) {
                Some(false) => {}
                Some(true) => faults.push(format!("event {seq} answers call {started} a second time")),
                None => faults.push(format!("event {seq} answers call {started}, which was not made")),
            },
            Happening::Ended { .. } => ends += 1,
            _ => {}
        }
    }
    if ends != 1 || !matches!(events.last(), Some((_, Event { what: Happening::Ended { .. }, .. }))) {
        let last = events.last().map_or("nothing", |(_, event)| event.what.kind());
        faults.push(format!("it has {ends} ends, and its last event is {last}"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use skep_model::{Call, Timestamp, Usage};

    use super::*;

    fn events(what: Vec<Happening>) -> Vec<(Seq, Event)> {
        (1..).zip(what.into_iter().map(|what| Event { at: Timestamp(1), what })).collect()
    }

    fn end() -> Happening {
        Happening::Ended { outcome: Outcome::Cancelled(String::new()), usage: Usage::default() }
    }

    #[test]
    fn each_fault_of_a_journal_is_named() {
        let finished =
            |started| Happening::Finished { started, outcome: Outcome::Cancelled(String::new()), workspace: None };
        let started = || Happening::Started { call: Call::ListTools };
        let twice = events(vec![started(), finished(1), finished(1), finished(9), end()]);
        assert_eq!(
            journal(&twice),
            [
                "event 1 is started, and only the first is the acceptance",
                "event 3 answers call 1 a second time",
                "event 4 answers call 9, which was not made"
            ]
        );
        let mut gap = events(vec![Happening::Attempt { number: 2 }, end(), end()]);
        gap[2] = (4, Event { at: Timestamp(0), ..gap[2].1.clone() });
        assert_eq!(
            journal(&gap),
            [
                "event 1 is attempt, and only the first is the acceptance",
                "event 1 is attempt 2 and the 1th",
                "event 4 stands where 3 should",
                "event 4 is earlier than the one before",
                "it has 2 ends, and its last event is ended"
            ]
        );
    }
}
