//! The heads of runs: recently used ones in memory, the others in the fold.

use std::collections::HashMap;

use skep_model::RunId;

use crate::damage::{Damage, DamageKind};
use crate::entry::{Entry, Head, link};
use crate::error::Error;
use crate::fold::Fold;
use crate::position::Position;

/// A cache of two generations: what is used moves to the young one; when that is full, the old one is dropped.
#[derive(Debug)]
pub(crate) struct Heads {
    young: HashMap<RunId, Head>,
    old: HashMap<RunId, Head>,
    generation: usize,
    staged: HashMap<RunId, Head>,
}

impl Heads {
    pub(crate) fn new(capacity: usize) -> Self {
        let generation = capacity.div_ceil(2);
        Self { young: HashMap::new(), old: HashMap::new(), generation, staged: HashMap::new() }
    }

    /// A run's head, counting what is staged.
    pub(crate) fn get(&mut self, run: RunId, fold: &dyn Fold) -> Result<Head, Error> {
        if let Some(head) = self.staged.get(&run).or_else(|| self.young.get(&run)) {
            return Ok(*head);
        }
        let head = match self.old.remove(&run) {
            Some(head) => head,
            None => fold.head(run).map_err(|error| Error::Fold { reason: error.0 })?.unwrap_or(Head::NEW),
        };
        self.keep(run, head);
        Ok(head)
    }

    fn keep(&mut self, run: RunId, head: Head) {
        if self.young.len() >= self.generation {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(run, head);
    }

    /// A head that will be, once its entry is durable and applied.
    pub(crate) fn stage(&mut self, run: RunId, head: Head) {
        self.staged.insert(run, head);
    }

    pub(crate) fn staged(&self) -> Vec<(RunId, Head)> {
        self.staged.iter().map(|(run, head)| (*run, *head)).collect()
    }

    /// What was staged has come true.
    pub(crate) fn settle(&mut self) {
        for (run, head) in std::mem::take(&mut self.staged) {
            self.old.remove(&run);
            self.keep(run, head);
        }
    }

    /// What was staged won't be.
    pub(crate) fn abandon(&mut self) {
        self.staged.clear();
    }

    /// Forgets everything, as the fold did.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.generation * 2);
    }
}

/// How an entry continues its run: the head afterwards, and what is wrong if something is.
///
/// `suspect` is where bad bytes were last met: missing entries were probably there.
pub(crate) fn follow(head: &Head, entry: &Entry, suspect: Option<Position>) -> (Head, Option<Damage>) {
    let after = Head { next_seq: entry.seq + 1, chain: entry.chain, damaged: head.damaged };
    let harm = |kind, at| Some(Damage::of_run(at, kind, entry.run));
    let whole = Head { damaged: None, ..after };
    if entry.seq < head.next_seq {
        return (*head, harm(DamageKind::EntryRepeated, entry.position));
    }
    if entry.seq > head.next_seq {
        return match entry.supersedes {
            true => (whole, None),
            false => (after, harm(DamageKind::EntriesMissing, suspect.unwrap_or(entry.position))),
        };
    }
    if link(&head.chain, entry.run, entry.seq, &entry.payload) != entry.chain {
        return (after, harm(DamageKind::ChainBroken, entry.position));
    }
    (if entry.supersedes { whole } else { after }, None)
}
