//! A segment that is written anew, and how it takes the place of others.

use std::path::PathBuf;
use std::sync::Arc;

use crate::committer::Committer;
use crate::entry::Batch;
use crate::error::Error;
use crate::fold::{Fold, Moved};
use crate::format::frame::encode_batch;
use crate::format::harvest::Salvage;
use crate::format::header::SegmentHeader;
use crate::format::name::SegmentName;
use crate::retain::{TOLD_AT_ONCE, moved};
use crate::scan::{From, Step, Steps};
use crate::segments::{Segment, Segments};
use crate::storage::{Mode, StorageFile};

/// How much is written at once.
const PIECE: usize = 1 << 20;

/// A rewriting that is being written.
pub(crate) struct Rewriting {
    segments: Arc<Segments>,
    segment: Segment,
    path: PathBuf,
    file: Arc<dyn StorageFile>,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file.
    flushed: u64,
    moved: Vec<Moved>,
}

/// A rewriting that is durable, under its passing name.
pub(crate) struct Ready {
    segment: Segment,
    path: PathBuf,
    moved: Vec<Moved>,
}

impl Rewriting {
    /// Begins the file that says `header` of itself.
    pub(crate) fn begin(segments: Arc<Segments>, header: SegmentHeader) -> Result<Self, Error> {
        let SegmentHeader { number, through, rewrite, .. } = header;
        let name = SegmentName { number, through, rewrite };
        let path = segments.unfinished(name);
        let file = segments.storage.open(&path, Mode::Create).map_err(Error::io("create", &path))?;
        let segment = Segment { name, header: Some(header), scratched: false };
        Ok(Self { segments, segment, path, file, buffer: header.encode(), flushed: 0, moved: Vec::new() })
    }

    /// Writes what is left of a batch; nothing if nothing is.
    pub(crate) fn add(&mut self, mut batch: Batch) -> Result<(), Error> {
        if batch.entries.is_empty() {
            return Ok(());
        }
        batch.at = self.segment.at((self.flushed + self.buffer.len() as u64) as u32);
        encode_batch(&mut batch, self.segments.salt, &mut self.buffer);
        self.moved.extend(moved(&batch.entries));
        if self.buffer.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.file.write_at(&self.buffer, self.flushed).map_err(Error::io("write", &self.path))?;
        self.flushed += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Ready, Error> {
        self.flush()?;
        self.file.sync_data().map_err(Error::io("sync", &self.path))?;
        Ok(Ready { segment: self.segment, path: self.path, moved: self.moved })
    }
}

impl Committer {
    /// A number that no rewriting had.
    pub(crate) fn next_rewrite(&self) -> u32 {
        self.shared.segments.rewrites().max(self.rewrites) + 1
    }

    /// The segments that will not grow any more.
    pub(crate) fn closed_segments(&self) -> Vec<Segment> {
        let active = self.writer.active_segment();
        let all = self.shared.segments.from(1).into_iter();
        all.filter(|segment| Some(segment.name.number) != active).collect()
    }

    /// Puts a rewriting in its place; returns how many files it replaced. From the moment it has its name, a failure
    /// poisons: the fold might otherwise go on with positions that are no more.
    pub(crate) fn install(&mut self, ready: Ready) -> Result<u64, Error> {
        self.shared.healthy()?;
        let segments = self.shared.segments.clone();
        let path = segments.path(ready.segment.name);
        segments.storage.rename(&ready.path, &path).map_err(Error::io("name", &path))?;
        let installed = segments.storage.sync_dir(&segments.dir).map_err(Error::io("sync", &segments.dir));
        segments.announce(ready.segment);
        let told = installed.and_then(|()| tell(self.fold.as_mut(), &ready.moved));
        self.rewrites = ready.segment.name.rewrite;
        let applied = told.and_then(|()| self.apply(&[]));
        applied.inspect_err(|error| self.shared.poison(&error.to_string()))?;
        let replaced = segments.replace(ready.segment);
        segments.discard(replaced.iter().map(|segment| segment.name));
        Ok(replaced.len() as u64)
    }
}

fn tell(fold: &mut dyn Fold, moved: &[Moved]) -> Result<(), Error> {
    let mut pieces = moved.chunks(TOLD_AT_ONCE);
    pieces.try_for_each(|piece| fold.moved(piece)).map_err(|error| Error::Fold { reason: error.0 })
}

/// Tells a fold that came as far as batch `through` of the rewritings after number `after`, in their order.
pub(crate) fn tell_anew(segments: &Arc<Segments>, fold: &mut dyn Fold, after: u32, through: u64) -> Result<(), Error> {
    let mut unheard = segments.from(1);
    unheard.retain(|segment| segment.name.rewrite > after);
    unheard.sort_by_key(|segment| segment.name.rewrite);
    for segment in unheard {
        for step in Steps::new(segments.clone(), From::segment(segment.name.number), segment.at(u32::MAX)) {
            tell(fold, &heard_by(step, through)?)?;
        }
    }
    Ok(())
}

/// What a fold that came as far as batch `through` is to hear. An entry whose payload is damaged is among it, so that
/// whoever reads it finds the damage and not an old place.
fn heard_by(step: Step, through: u64) -> Result<Vec<Moved>, Error> {
    Ok(match step {
        Step::Batch(batch) if batch.number <= through => moved(&batch.entries).collect(),
        Step::Wreck(wreck) | Step::Tail(_, wreck) => wreck.found.iter().map(Salvage::place).collect(),
        Step::Unreadable(_, error) => return Err(error),
        Step::Batch(_) | Step::Damage(_) | Step::End(..) => Vec::new(),
    })
}
