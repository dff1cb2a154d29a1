//! Everything that a journal does in its life, on a disk that may fail, and what it should have kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_journal::storage::fault::FaultStorage;
use skep_journal::{Append, BlobStore, Error, Journal, Keep};
use skep_model::RunId;

use crate::memory_fold::{Folded, MemoryFold};
use crate::model::{Model, open, run};

/// What becomes of the fold when the machine crashes: it has no promise to keep.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FoldAfter {
    AsItWas,
    Older,
    Gone,
}

/// A disk, and what it should hold.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) disk: FaultStorage,
    pub(crate) fold: MemoryFold,
    /// The fold after each step.
    pub(crate) past: Vec<Folded>,
    pub(crate) model: Model,
    /// Submitted, and the answer was not heard.
    pub(crate) in_flight: Option<Append>,
    /// All that was ever said, also what was superseded since.
    pub(crate) said: BTreeMap<(RunId, u64), Vec<u8>>,
    /// Blobs that events name.
    pub(crate) blobs: Vec<Vec<u8>>,
}

impl World {
    /// Does everything that a journal does in its life; stops at the first error but a full disk.
    pub(crate) fn live(&mut self) -> Result<(), Error> {
        let (journal, _) = open(&self.disk, &self.fold)?;
        for step in 0..5 {
            self.append(&journal, step % 3, 1 + usize::from(step % 2), 700)?;
        }
        drop(journal);
        let (journal, _) = open(&self.disk, &self.fold)?;
        self.append(&journal, 1, 3, 900)?;
        self.append(&journal, 2, 1, 3500)?;
        self.put_blob(&journal)?;
        self.submit(&journal, Append::superseding(run(0), self.model.next_seq(run(0)), b"gone".to_vec()))?;
        journal.close_segment()?;
        self.retain(&journal)?;
        self.append(&journal, 1, 1, 10)?;
        self.append(&journal, 3, 2, 300)?;
        journal.close_segment()?;
        self.retain(&journal)?;
        self.append(&journal, 2, 2, 30)
    }

    pub(crate) fn append(&mut self, journal: &Journal, n: u8, count: usize, size: usize) -> Result<(), Error> {
        let seq = self.model.next_seq(run(n));
        let payloads = (0..count).map(|index| vec![b'a' + (seq as usize + index) as u8; size + index]).collect();
        self.submit(journal, Append::new(run(n), seq, payloads))
    }

    pub(crate) fn submit(&mut self, journal: &Journal, append: Append) -> Result<(), Error> {
        self.in_flight = Some(append.clone());
        let answer = journal.append_blocking(append.clone()).and_then(|appending| appending.wait());
        if let Err(Error::DiskFull) = answer {
            // Nothing was written, and the journal goes on when there is room.
            self.disk.make_room();
            journal.append_blocking(append.clone())?.wait()?;
        } else {
            answer?;
        }
        self.in_flight = None;
        self.model = self.model.with(&append);
        let said = (append.expected_next_seq..).zip(append.payloads);
        self.said.extend(said.map(|(seq, payload)| ((append.run, seq), payload)));
        self.past.push(self.fold.snapshot());
        Ok(())
    }

    /// The fold as the next opening finds it.
    pub(crate) fn fold_after(&self, fold_after: FoldAfter) -> MemoryFold {
        match fold_after {
            FoldAfter::AsItWas => MemoryFold::restore(self.fold.snapshot()),
            FoldAfter::Older => MemoryFold::restore(self.past.get(self.past.len() / 2).cloned().unwrap_or_default()),
            FoldAfter::Gone => MemoryFold::default(),
        }
    }

    fn put_blob(&mut self, journal: &Journal) -> Result<(), Error> {
        let store = BlobStore::open(Arc::new(self.disk.clone()), "/blobs")?;
        let blobs: Vec<Vec<u8>> = (7..12_u8).map(|byte| vec![byte; 2000]).collect();
        let mut digests = vec![store.put(&blobs[0])?, store.put_reader(&mut &blobs[1][..], 2000)?.0];
        digests.extend(store.put_all(&[&blobs[2], &blobs[3], &blobs[4]])?);
        let named = digests.iter().map(|digest| digest.as_bytes().to_vec()).collect();
        self.submit(journal, Append::new(run(9), self.model.next_seq(run(9)), named))?;
        self.blobs = blobs;
        Ok(())
    }

    fn retain(&mut self, journal: &Journal) -> Result<(), Error> {
        let tombstone = self.model.next_seq(run(0)) - 1;
        let keep = |id| if id == run(0) { Keep::From(tombstone) } else { Keep::Everything };
        match journal.retain(.., keep) {
            Err(error) if is_full(&error) => {
                self.disk.make_room();
                journal.retain(.., keep)
            }
            other => other,
        }?;
        self.past.push(self.fold.snapshot());
        Ok(())
    }
}

fn is_full(error: &Error) -> bool {
    match error {
        Error::Io { source, .. } => source.kind() == std::io::ErrorKind::StorageFull,
        other => matches!(other, Error::DiskFull),
    }
}
