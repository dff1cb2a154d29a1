//! What the handles and the committer's thread have in common.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::config::Config;
use crate::error::Error;
use crate::position::Position;
use crate::queue::Queue;
use crate::segments::Segments;
use crate::tail::Ring;
use crate::writer::WriteError;

/// One journal, as long as anyone holds it.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) segments: Arc<Segments>,
    pub(crate) queue: Queue,
    pub(crate) ring: Arc<Ring>,
    /// Held by the one retention that may run.
    pub(crate) retention: Mutex<()>,
    poison: OnceLock<Arc<str>>,
    end: Mutex<Position>,
}

impl Shared {
    pub(crate) fn new(config: Config, segments: Arc<Segments>, end: Position) -> Self {
        Self {
            segments,
            queue: Queue::new(config.queue_bytes),
            ring: Arc::new(Ring::new(config.tail_bytes)),
            retention: Mutex::default(),
            poison: OnceLock::new(),
            end: Mutex::new(end),
            config,
        }
    }

    /// From now on nothing is written. Only the first reason counts.
    pub(crate) fn poison(&self, reason: &str) {
        if self.poison.set(Arc::from(reason)).is_ok() {
            tracing::error!(reason, "the journal takes no more events");
        }
    }

    /// `Poisoned` if it is.
    pub(crate) fn healthy(&self) -> Result<(), Error> {
        self.poison.get().map_or(Ok(()), |reason| Err(Error::Poisoned { reason: reason.clone() }))
    }

    /// What a failed write means to one of those who waited for it.
    pub(crate) fn explain(&self, error: &WriteError) -> Error {
        match error {
            WriteError::Full => Error::DiskFull,
            WriteError::Doubt(doubt) => {
                self.poison(&doubt.to_string());
                self.healthy().err().unwrap_or(Error::Closed)
            }
        }
    }

    /// The journal is durable up to here.
    pub(crate) fn extend(&self, end: Position) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }

    /// How far readers may look: what is behind may not be durable yet.
    pub(crate) fn end(&self) -> Position {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
