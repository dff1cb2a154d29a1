//! The record of a run whose history is damaged.

use skep_journal::{Entry, Head};
use skep_model::{Event, Outcome, Record, RunId, RunState, Seq, Timestamp, Tombstone};

/// Folds an entry that was written earlier. One that does not fold ends its run as an error, and nothing else; the text
/// says why it doesn't. One that supersedes what was before it folds without that: retention may have dropped it, and then
/// `record` is older than what the entry was judged by.
pub(crate) fn refold(record: Option<Record>, entry: &Entry) -> (Record, Option<String>) {
    let Entry { run, seq, position, .. } = *entry;
    let event = match Event::decode(&entry.payload) {
        Ok(event) => event,
        Err(error) => {
            let why = format!("{position}: event {seq} is unknown to this version: {error}");
            return (ended(run, record, seq, why.clone()), Some(why));
        }
    };
    match skep_model::fold(run, record.clone().filter(|_| !entry.supersedes), seq, &event) {
        Ok(record) => (record, None),
        Err(illegal) => {
            let why = format!("{position}: {illegal}");
            (ended(run, record, seq, why.clone()), Some(why))
        }
    }
}

/// The record of a run whose history is damaged, if its head says so.
pub(crate) fn of_head(run: RunId, record: Option<Record>, head: &Head) -> Option<Record> {
    let Some(at) = head.damaged else { return record };
    let reason = format!("the journal is damaged at {at}; what this run did from there on is lost or in doubt");
    Some(ended(run, record, head.next_seq - 1, reason))
}

/// The run's record, ended by damage. `record` is what was folded before it, if anything was.
fn ended(run: RunId, record: Option<Record>, last_seq: Seq, reason: String) -> Record {
    let mut record = record.unwrap_or_else(|| unknown(run));
    record.last_seq = last_seq.max(record.last_seq);
    if record.deleted {
        return record;
    }
    record.state = RunState::Error;
    record.ended_at = record.ended_at.or(Some(record.updated_at));
    record.open_calls.clear();
    // The first damage counts, as it does in the journal.
    if !matches!(record.outcome, Some(Outcome::HostFault(_))) {
        record.outcome = Some(Outcome::HostFault(reason));
    }
    record
}

/// A run whose first event is lost: only its id is known.
fn unknown(run: RunId) -> Record {
    let unknown = || "(lost)".to_owned();
    let created_at = created_at(run);
    let was = Tombstone {
        state: RunState::Error,
        created_at,
        ended_at: None,
        agent: unknown(),
        environment: unknown(),
        submitter: unknown(),
    };
    Record { title: unknown(), deleted: false, ..was.record(run, 0, created_at) }
}

/// The time inside a version 7 id (RFC 9562, section 5.7): its first 48 bits, in milliseconds.
fn created_at(run: RunId) -> Timestamp {
    let [a, b, c, d, e, f, version, ..] = *run.as_bytes();
    let millis = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    Timestamp(if version >> 4 == 7 { millis } else { 0 })
}
