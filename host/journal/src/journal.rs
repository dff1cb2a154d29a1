//! The handle that everyone else has.

use std::sync::Arc;
use std::thread::JoinHandle;

use skep_model::RunId;
use tokio::sync::oneshot;

use crate::append::{Append, Appending, block_on};
use crate::committer::Committer;
use crate::config::Config;
use crate::entry::Entry;
use crate::error::Error;
use crate::fold::Fold;
use crate::format::frame::{ENTRY_HEADER, EntryHeader};
use crate::format::name::SegmentName;
use crate::heads::Heads;
use crate::position::Position;
use crate::queue::{Request, framed};
use crate::recover::{OpenReport, recover};
use crate::scan::{From, Scan, Steps};
use crate::segments::Segments;
use crate::shared::Shared;
use crate::storage::Storage;
use crate::tail::Tail;

/// How much is read at once before the length of an entry is known.
const FIRST_READ: usize = 4096;

/// An open journal. It is meant to be shared behind an [`Arc`]. Dropping it finishes what was submitted, as `close` does.
pub struct Journal {
    pub(crate) shared: Arc<Shared>,
    committer: Option<JoinHandle<()>>,
}

impl Journal {
    /// Opens the journal in `config.dir`, making it if it isn't there, and gives the fold what it lacks.
    ///
    /// A journal with damage opens; the report says what is wrong. It does not open when a file can't be written or read,
    /// or when the fold fails. What can't be read is not taken for damage, because it may be there the next time. If it
    /// never is, put a copy of the file in its place that has zeros for what can't be read: then it is damage.
    pub fn open(
        config: Config,
        storage: Arc<dyn Storage>,
        mut fold: Box<dyn Fold>,
    ) -> Result<(Journal, OpenReport), Error> {
        config.check()?;
        let segments = Arc::new(Segments::find(storage, &config.dir)?);
        let mut heads = Heads::new(config.head_cache);
        let recovered = recover(&segments, &config, fold.as_mut(), &mut heads)?;
        let shared = Arc::new(Shared::new(config, segments, recovered.writer.end()));
        let committer = Committer::new(shared.clone(), fold, heads, recovered.writer, recovered.mark);
        let thread = std::thread::Builder::new().name("skep-journal".into()).spawn(|| committer.run());
        let thread = thread.map_err(Error::io("start the committer of", &shared.config.dir))?;
        Ok((Journal { shared, committer: Some(thread) }, recovered.report))
    }

    /// Takes a place in the order, waiting for room in the queue if there is none. The answer comes when the events are
    /// durable and folded.
    pub async fn append(&self, append: Append) -> Result<Appending, Error> {
        self.check(&append)?;
        let (answer, answered) = oneshot::channel();
        self.shared.queue.push(Request { append, answer }).await?;
        Ok(Appending(answered))
    }

    /// [`Journal::append`] for threads that may block.
    pub fn append_blocking(&self, append: Append) -> Result<Appending, Error> {
        block_on(self.append(append))
    }

    fn check(&self, append: &Append) -> Result<(), Error> {
        self.shared.healthy()?;
        let largest = append.payloads.iter().map(Vec::len).max().ok_or(Error::NothingToAppend)?;
        let config = &self.shared.config;
        for (bytes, limit) in [(largest, config.max_payload_bytes), (framed(append), config.max_batch_bytes)] {
            if bytes > limit {
                return Err(Error::TooLarge { bytes, limit });
            }
        }
        Ok(())
    }

    /// Reads one entry, whose position the fold knows, and checks that it is that entry and whole.
    ///
    /// `Fold` means that a different entry is there: the fold's index is wrong. `Moved` means that retention has put it
    /// elsewhere since the position was looked up: look it up again. The fold has heard of the new position then; if it
    /// still has the old one, the entry was not found when the fold was told, and that is damage: [`Journal::condemn`].
    pub fn read(&self, run: RunId, seq: u64, position: Position) -> Result<Entry, Error> {
        let segments = &self.shared.segments;
        let moved =
            || segments.covering(position.segment).is_some_and(|segment| segment.name.rewrite > position.rewrite);
        match segments.at(position).map(|segment| self.read_at(segment.name, position)) {
            Some(Ok(Some(entry))) if entry.run == run && entry.seq == seq => Ok(entry),
            Some(Ok(Some(other))) => Err(misplaced(run, seq, &other)),
            _ if moved() => Err(Error::Moved { run, seq }),
            Some(Err(error)) => Err(error),
            Some(Ok(_)) | None => Err(self.condemn(run, position)),
        }
    }

    /// Has the fold learn that a run's history is damaged at `position`: as at an opening, the run takes no more events, but
    /// one that supersedes what is damaged. [`Journal::read`] does so by itself; this is for who knows that there is no
    /// other place to read from. Blocks until it is done, and returns the `Damaged` with the first place.
    pub fn condemn(&self, run: RunId, position: Position) -> Error {
        let condemned = self.ask(move |committer| committer.condemn(run, position)).and_then(|condemned| condemned);
        let at = condemned.unwrap_or_else(|error| {
            tracing::warn!(%run, %position, %error, "damage was met, and could not be noted");
            position
        });
        Error::Damaged { run, at }
    }

    /// Has something done on the committer's thread, between two batches.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Committer) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        // Whoever asks waits for the answer.
        let task = move |committer: &mut Committer| drop(answer.send(what(committer)));
        self.shared.queue.push_task(Box::new(task))?;
        block_on(answered).map_err(|_| self.shared.healthy().err().unwrap_or(Error::Closed))
    }

    /// The entry at a position; `None` if none is there that checks.
    fn read_at(&self, name: SegmentName, position: Position) -> Result<Option<Entry>, Error> {
        let segments = &self.shared.segments;
        let (file, offset) = (segments.file(name)?, u64::from(position.offset));
        let read =
            |bytes: &mut [u8], offset| file.read_at(bytes, offset).map_err(Error::io("read", &segments.path(name)));
        let mut bytes = vec![0; FIRST_READ];
        let mut length = read(&mut bytes, offset)?;
        let Some(header) = EntryHeader::parse(&bytes[..length], segments.salt) else { return Ok(None) };
        let whole = ENTRY_HEADER.saturating_add(header.payload);
        if whole > length && length == FIRST_READ {
            bytes.resize(whole, 0);
            length += read(&mut bytes[FIRST_READ..], offset + FIRST_READ as u64)?;
        }
        bytes.truncate(whole.min(length));
        bytes.drain(..ENTRY_HEADER);
        Ok(header.complete(bytes, position, segments.salt))
    }

    /// Everything that was durable when this was called, from the first segment on.
    pub fn scan(&self) -> Scan {
        self.scan_from(From::START.segment)
    }

    /// Like [`Journal::scan`], beginning with the batches of one segment.
    pub fn scan_from(&self, segment: u64) -> Scan {
        Scan::new(Steps::new(self.shared.segments.clone(), From::segment(segment), self.shared.end()))
    }

    /// Follows what becomes durable from now on.
    pub fn follow(&self) -> Tail {
        self.shared.ring.follow()
    }

    /// Why nothing can be appended any more, if so.
    pub fn poisoned(&self) -> Option<Error> {
        self.shared.healthy().err()
    }

    /// Takes no more appends, and waits until those that have their place are answered.
    pub fn close(mut self) {
        self.drain();
    }

    fn drain(&mut self) {
        self.shared.queue.close();
        if let Some(thread) = self.committer.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's committer ended with a panic");
        }
    }
}

/// The entry is whole, but the fold's index led to the wrong one.
fn misplaced(run: RunId, seq: u64, found: &Entry) -> Error {
    let Entry { run: other, seq: number, position, .. } = found;
    Error::Fold {
        reason: format!("number {seq} of run {run} is said to be at {position}, but that is {number} of {other}"),
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.drain();
    }
}
