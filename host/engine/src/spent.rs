//! What a run has used: its brain by the brain's own meter, which counts from the beginning again in each replay, and its tool calls,
//! which are not made again, by a sum that is carried on.

use std::sync::{Arc, Mutex, PoisonError};

use skep_model::{Limits, Record, Usage};
use skep_sandbox::Meter;

/// What was used before a run left memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Before {
    brain: Usage,
    tools: Usage,
}

/// The counters of a run that is in memory.
pub(crate) struct Spent {
    before: Usage,
    brain: Arc<Meter>,
    tools: Mutex<Usage>,
}

/// One tool call's counters; what they hold when the call is over, or dropped, is the run's.
pub(crate) struct ToolMeter<'a> {
    spent: &'a Spent,
    meter: Arc<Meter>,
}

impl Spent {
    /// Counters that go on from `before`, for a brain under these limits.
    pub(crate) fn new(before: Before, limits: Limits) -> Self {
        Self { before: before.brain, brain: Arc::new(Meter::new(limits)), tools: Mutex::new(before.tools) }
    }

    pub(crate) fn brain(&self) -> &Arc<Meter> {
        &self.brain
    }

    /// Counters for one tool call.
    pub(crate) fn tool(&self, limits: Limits) -> ToolMeter<'_> {
        ToolMeter { spent: self, meter: Arc::new(Meter::new(limits)) }
    }

    /// What there is to carry on when the run leaves memory now.
    pub(crate) fn so_far(&self) -> Before {
        let tools = *self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        // A replay that was cut off has counted less than there was.
        Before { brain: self.brain.usage().at_least(self.before), tools }
    }

    /// All of it.
    pub(crate) fn usage(&self) -> Usage {
        self.so_far().usage()
    }
}

impl Before {
    /// What the record still knows when the process is gone that counted.
    pub(crate) fn of(record: &Record) -> Self {
        Self { brain: Usage { calls: record.calls, ..Usage::default() }, tools: Usage::default() }
    }

    pub(crate) fn usage(self) -> Usage {
        self.brain.plus(self.tools)
    }
}

impl ToolMeter<'_> {
    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }
}

impl Drop for ToolMeter<'_> {
    fn drop(&mut self) {
        let mut tools = self.spent.tools.lock().unwrap_or_else(PoisonError::into_inner);
        *tools = tools.plus(self.meter.usage());
    }
}
