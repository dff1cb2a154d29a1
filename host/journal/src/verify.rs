//! Reading all of a journal again, and checking every byte that is accounted for.

use std::collections::HashMap;

use skep_model::RunId;

use crate::damage::Damage;
use crate::entry::{Entry, Head};
use crate::format::harvest::{Salvage, Wreck};
use crate::heads::follow;
use crate::journal::Journal;
use crate::scan::{From, Step, Steps};

/// What verifying found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Batches whose every byte checks.
    pub batches: u64,
    /// Entries that check and are in their place in their run.
    pub entries: u64,
    /// Runs that have an entry.
    pub runs: u64,
    /// Everything that doesn't check.
    pub damage: Vec<Damage>,
}

impl Journal {
    /// Reads everything that was durable when this was called: each checksum, each run's numbers, each run's hash chain.
    /// Calls `progress` with the number of entries read after each batch. Needs about 100 bytes of memory for each run.
    pub fn verify(&self, mut progress: impl FnMut(u64)) -> VerifyReport {
        let mut check = Check::default();
        for step in Steps::new(self.shared.segments.clone(), From::START, self.shared.end()) {
            match step {
                Step::Batch(batch) => {
                    check.report.batches += 1;
                    batch.entries.iter().for_each(|entry| check.entry(entry));
                    progress(check.report.entries);
                }
                Step::Damage(damage) => check.report.damage.push(damage),
                Step::Unreadable(segment, _) => check.report.damage.push(Damage::of_unreadable(&segment)),
                Step::Wreck(wreck) | Step::Tail(_, wreck) => check.wreck(&wreck),
                Step::End(..) => {}
            }
        }
        check.finish()
    }
}

#[derive(Default)]
struct Check {
    report: VerifyReport,
    heads: HashMap<RunId, Head>,
    /// What is wrong with a run, unless a later entry turns out to supersede it: retention may have been interrupted
    /// between two of a run's segments.
    doubts: HashMap<RunId, Vec<Damage>>,
}

impl Check {
    fn entry(&mut self, entry: &Entry) {
        let head = self.heads.entry(entry.run).or_insert(Head::NEW);
        let (after, damage) = follow(head, entry, None);
        *head = after;
        if entry.supersedes {
            self.doubts.remove(&entry.run);
        }
        self.report.entries += u64::from(damage.is_none());
        if let Some(damage) = damage {
            self.doubts.entry(entry.run).or_default().push(damage);
        }
    }

    fn wreck(&mut self, wreck: &Wreck) {
        self.report.damage.push(Damage::of_wreck(wreck));
        for found in &wreck.found {
            match found {
                Salvage::Whole(entry) => self.entry(entry),
                Salvage::Lost { run, seq, chain, .. } => {
                    let head = self.heads.entry(*run).or_insert(Head::NEW);
                    *head = Head { next_seq: seq + 1, chain: *chain, damaged: None };
                }
            }
        }
    }

    fn finish(mut self) -> VerifyReport {
        let mut doubts: Vec<Damage> = self.doubts.into_values().flatten().collect();
        doubts.sort_by_key(|damage| damage.at);
        self.report.runs = self.heads.len() as u64;
        self.report.damage.append(&mut doubts);
        self.report
    }
}
