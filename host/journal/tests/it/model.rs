//! What a journal should hold, kept in plain memory, and the means to compare.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use skep_journal::storage::fault::FaultStorage;
use skep_journal::{Append, Config, Error, Journal, OpenReport, VerifyReport};
use skep_model::RunId;

use crate::memory_fold::MemoryFold;

pub(crate) const DIR: &str = "/journal";

/// How much more than usual is to be tried.
pub(crate) fn scale() -> u64 {
    std::env::var("SKEP_TEST_SCALE").ok().and_then(|scale| scale.parse().ok()).unwrap_or(1)
}

pub(crate) fn run(n: u8) -> RunId {
    RunId::from_bytes([n; 16])
}

/// Small enough that a handful of appends fills several segments.
pub(crate) fn small() -> Config {
    Config { segment_bytes: 4096, reserve_bytes: 1024, ..Config::new(Path::new(DIR)) }
}

pub(crate) fn open(disk: &FaultStorage, fold: &MemoryFold) -> Result<(Journal, OpenReport), Error> {
    Journal::open(small(), Arc::new(disk.clone()), fold.boxed())
}

/// The entries of each run, by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model(BTreeMap<RunId, BTreeMap<u64, Vec<u8>>>);

impl Model {
    pub(crate) fn next_seq(&self, run: RunId) -> u64 {
        self.0.get(&run).and_then(|entries| entries.keys().next_back()).map_or(1, |last| last + 1)
    }

    pub(crate) fn runs(&self) -> Vec<RunId> {
        self.0.keys().copied().collect()
    }

    pub(crate) fn entries(&self, run: RunId) -> Vec<(u64, Vec<u8>)> {
        let entries = self.0.get(&run).into_iter().flatten();
        entries.map(|(seq, payload)| (*seq, payload.clone())).collect()
    }

    /// What it becomes with an append that fits.
    pub(crate) fn with(&self, append: &Append) -> Self {
        let mut model = self.clone();
        assert_eq!(append.expected_next_seq, self.next_seq(append.run));
        let entries = model.0.entry(append.run).or_default();
        if append.supersedes {
            entries.clear();
        }
        entries.extend((append.expected_next_seq..).zip(append.payloads.iter().cloned()));
        model
    }

    pub(crate) fn of(fold: &MemoryFold) -> Self {
        let mut model = Model::default();
        for ((run, seq), (_, payload)) in fold.snapshot().entries {
            model.0.entry(run).or_default().insert(seq, payload);
        }
        model
    }

    /// Every entry can be read where the fold says it is, and everything checks.
    pub(crate) fn check_readable(&self, journal: &Journal, fold: &MemoryFold) {
        for run in self.runs() {
            for (seq, payload) in self.entries(run) {
                let entry = journal.read(run, seq, fold.position(run, seq).unwrap()).unwrap();
                assert_eq!((entry.run, entry.seq, entry.payload), (run, seq, payload));
            }
        }
        let VerifyReport { damage, .. } = journal.verify(|_| {});
        assert_eq!(damage, []);
    }
}
