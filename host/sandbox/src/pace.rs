//! The pace of a walk over the workspace. It goes on as long as its caller waits and has processor time left, and looks at both
//! between steps that are small when they turn out to be slow.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::meter::{Exceeded, Meter};
use crate::metered::thread_cpu_ns;

/// How often the processor time is asked for, which is a call into the kernel.
const LOOK: Duration = Duration::from_millis(5);
/// What is read at once grows while a step takes less than this, and shrinks otherwise.
const SLOW: Duration = Duration::from_millis(2);
/// The least and the most that is read at once, in bytes.
const PIECE: (usize, usize) = (4 * 1024, 64 * 1024);

/// Why a walk has no answer; the kinds are in the contract.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

/// What ends a walk before its time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
    /// The caller is told.
    #[error("{}", .0.message)]
    Failed(Failure),
    /// The caller has used up what it may use.
    #[error(transparent)]
    Limit(#[from] Exceeded),
}

impl Halt {
    pub(crate) fn failed(kind: &'static str, message: impl Into<String>) -> Self {
        Self::Failed(Failure { kind, message: message.into() })
    }
}

/// Readers can only fail with an error of input and output, so a halt may be inside of one.
impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(|error| Self::failed("host-fault", error.to_string()))
    }
}

/// Tells a walk on another thread that nobody waits for it any more.
#[derive(Clone, Default)]
pub(crate) struct Stopping(Arc<AtomicBool>);

/// Says so when it is dropped.
pub(crate) struct StopGuard(Arc<AtomicBool>);

impl Stopping {
    pub(crate) fn guard(&self) -> StopGuard {
        StopGuard(Arc::clone(&self.0))
    }
}

impl Drop for StopGuard {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// One walk's processor time, charged to the meter of its caller.
pub(crate) struct Pace {
    stopping: Stopping,
    meter: Arc<Meter>,
    charged: u64,
    looked: Instant,
    stepped: Instant,
    piece: usize,
}

impl Pace {
    /// Begins now, on the thread that walks.
    pub(crate) fn begin(meter: Arc<Meter>, stopping: Stopping) -> Self {
        let now = Instant::now();
        Self { stopping, meter, charged: thread_cpu_ns(), looked: now, stepped: now, piece: PIECE.0 }
    }

    /// Between two steps: whether there may be another, and how long the last one took.
    pub(crate) fn step(&mut self) -> Result<Duration, Halt> {
        if self.stopping.0.load(Relaxed) {
            return Err(Halt::failed("host-fault", "the walk was given up"));
        }
        let now = Instant::now();
        let took = now - self.stepped;
        self.stepped = now;
        if now - self.looked >= LOOK {
            self.looked = now;
            self.charge();
            self.meter.check_cpu(self.meter.cpu_ns())?;
        }
        Ok(took)
    }

    /// A file, to be read in steps.
    pub(crate) const fn reader<'a>(&'a mut self, file: &'a File) -> Paced<'a> {
        Paced { pace: self, file }
    }

    fn charge(&mut self) {
        let now = thread_cpu_ns();
        self.meter.add_cpu(now.saturating_sub(self.charged));
        self.charged = now;
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.charge();
    }
}

/// A file whose reading is part of a walk.
pub(crate) struct Paced<'a> {
    pace: &'a mut Pace,
    file: &'a File,
}

impl Read for Paced<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let took = self.pace.step().map_err(io::Error::other)?;
        let piece = if took < SLOW { self.pace.piece * 2 } else { self.pace.piece / 4 };
        self.pace.piece = piece.clamp(PIECE.0, PIECE.1);
        let length = buffer.len().min(self.pace.piece);
        self.file.read(&mut buffer[..length])
    }
}
