//! A fold in memory, which outlives the journal that fills it, and can be lost or taken back in time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use skep_journal::{Applied, Fold, FoldError, Head, Mark, Moved, Position};
use skep_model::RunId;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Folded {
    pub(crate) mark: Option<Mark>,
    pub(crate) heads: BTreeMap<RunId, Head>,
    pub(crate) entries: BTreeMap<(RunId, u64), (Position, Vec<u8>)>,
    pub(crate) resets: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryFold(pub(crate) Arc<Mutex<Folded>>);

impl MemoryFold {
    pub(crate) fn snapshot(&self) -> Folded {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn restore(folded: Folded) -> Self {
        Self(Arc::new(Mutex::new(folded)))
    }

    pub(crate) fn boxed(&self) -> Box<dyn Fold> {
        Box::new(self.clone())
    }

    pub(crate) fn position(&self, run: RunId, seq: u64) -> Option<Position> {
        self.0.lock().unwrap().entries.get(&(run, seq)).map(|(position, _)| *position)
    }

    pub(crate) fn payloads(&self, run: RunId) -> Vec<(u64, Vec<u8>)> {
        let folded = self.0.lock().unwrap();
        let of_run = folded.entries.range((run, 0)..=(run, u64::MAX));
        of_run.map(|((_, seq), (_, payload))| (*seq, payload.clone())).collect()
    }
}

impl Fold for MemoryFold {
    fn mark(&self) -> Result<Option<Mark>, FoldError> {
        Ok(self.0.lock().unwrap().mark)
    }

    fn head(&self, run: RunId) -> Result<Option<Head>, FoldError> {
        Ok(self.0.lock().unwrap().heads.get(&run).copied())
    }

    fn apply(&mut self, step: Applied<'_>) -> Result<(), FoldError> {
        let mut folded = self.0.lock().unwrap();
        for entry in step.entries {
            if entry.supersedes {
                folded.entries.retain(|(run, seq), _| *run != entry.run || *seq >= entry.seq);
            }
            let there = folded.entries.insert((entry.run, entry.seq), (entry.position, entry.payload.clone()));
            assert_eq!(there, None, "{} {} was folded twice", entry.run, entry.seq);
        }
        folded.heads.extend(step.heads.iter().copied());
        folded.mark = Some(step.mark);
        Ok(())
    }

    fn moved(&mut self, moved: &[Moved]) -> Result<(), FoldError> {
        let mut folded = self.0.lock().unwrap();
        for Moved { run, seq, position } in moved {
            if let Some(entry) = folded.entries.get_mut(&(*run, *seq)) {
                entry.0 = *position;
            }
        }
        Ok(())
    }

    fn reset(&mut self) -> Result<(), FoldError> {
        let mut folded = self.0.lock().unwrap();
        *folded = Folded { resets: folded.resets + 1, ..Folded::default() };
        Ok(())
    }
}
