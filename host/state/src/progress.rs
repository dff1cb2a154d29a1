//! How far a long rebuild is, for whoever waits for it.

use std::fmt;
use std::sync::Arc;

use skep_journal::{Entry, Position};

/// How many events pass between two reports.
const EVERY: u64 = 4096;

/// How far a rebuild is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events folded so far.
    pub events: u64,
    /// Where in the journal.
    pub at: Position,
}

/// Who hears of progress; by default nobody.
#[derive(Clone, Default)]
pub struct OnProgress(Option<Arc<dyn Fn(Progress) + Send + Sync>>);

impl OnProgress {
    /// Calls `tell` every few thousand events, on the thread that does the work.
    pub fn call(tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub(crate) fn meter(&self) -> Meter {
        Meter { on: self.clone(), events: 0 }
    }
}

impl fmt::Debug for OnProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "OnProgress(..)" } else { "OnProgress(nobody)" })
    }
}

/// Counts the events of one rebuild.
pub(crate) struct Meter {
    on: OnProgress,
    events: u64,
}

impl Meter {
    pub(crate) fn count(&mut self, entry: &Entry) {
        self.events += 1;
        if let Some(tell) = self.on.0.as_ref().filter(|_| self.events.is_multiple_of(EVERY)) {
            tell(Progress { events: self.events, at: entry.position });
        }
    }
}
