//! The end of the journal: the active segment, and making bytes durable in it.

use std::sync::Arc;

use crate::config::Config;
use crate::error::Error;
use crate::format::header::SegmentHeader;
use crate::format::name::SegmentName;
use crate::position::Position;
use crate::segments::{Segment, Segments};
use crate::storage::{Mode, StorageFile};

/// The segment that is written to.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) segment: Segment,
    pub(crate) file: Arc<dyn StorageFile>,
    /// Where the next batch goes.
    pub(crate) end: u64,
    /// The file's length: from `end` to here are zeros.
    pub(crate) reserved: u64,
}

/// Writes batches one after the other, into one segment after the other.
#[derive(Debug)]
pub(crate) struct Writer {
    segments: Arc<Segments>,
    segment_bytes: u64,
    reserve_bytes: u64,
    active: Option<Active>,
    next_segment: u64,
    pub(crate) next_batch: u64,
}

/// Why something could not be written.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// No byte of the batch was written, and nothing that was durable is in doubt.
    Full,
    /// What is on disk is unknown.
    Doubt(Error),
}

impl Writer {
    /// Goes on at `active`, or in a new segment.
    pub(crate) fn new(segments: Arc<Segments>, config: &Config, active: Option<Active>, next_batch: u64) -> Self {
        let next_segment = segments.last().map_or(1, |segment| segment.name.through + 1);
        Self {
            segments,
            segment_bytes: config.segment_bytes,
            reserve_bytes: config.reserve_bytes,
            active,
            next_segment,
            next_batch,
        }
    }

    /// Where the journal ends.
    pub(crate) fn end(&self) -> Position {
        let closed = || self.segments.last().map(|segment| segment.at(u32::MAX));
        let active = self.active.as_ref().map(|active| active.segment.at(active.end as u32));
        active.or_else(closed).unwrap_or(Position { segment: 0, rewrite: 0, offset: 0 })
    }

    /// The segment that grows; all those before it are closed.
    pub(crate) fn active_segment(&self) -> Option<u64> {
        self.active.as_ref().map(|active| active.segment.name.number)
    }

    /// Finds room for a batch, and says where. The room is made of zeros, so that a full disk shows here, where it
    /// still does no harm.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<Position, WriteError> {
        let mut active = match self.active.take() {
            Some(active) if active.takes(bytes, self.segment_bytes) => active,
            _ => self.roll()?,
        };
        let room = active.reserve(bytes as u64, self.reserve_bytes);
        let at = active.segment.at(active.end as u32);
        self.active = Some(active);
        room.map(|()| at).map_err(|source| self.judge("reserve space in", source))
    }

    /// Writes a batch where `reserve` found room, and makes it durable.
    pub(crate) fn commit(&mut self, batch: &[u8]) -> Result<(), WriteError> {
        let Some(active) = &mut self.active else { return Err(WriteError::Full) };
        let path = self.segments.path(active.segment.name);
        active.file.write_at(batch, active.end).map_err(Error::io("write", &path)).map_err(WriteError::Doubt)?;
        active.file.sync_data().map_err(Error::io("sync", &path)).map_err(WriteError::Doubt)?;
        active.end += batch.len() as u64;
        self.next_batch += 1;
        Ok(())
    }

    /// Closes the active segment, if anything is in it.
    pub(crate) fn close_segment(&mut self) {
        self.active = self.active.take().filter(|active| active.is_blank());
    }

    fn judge(&self, doing: &'static str, source: std::io::Error) -> WriteError {
        let error = Error::io(doing, &self.segments.dir)(source);
        if error.is_full() { WriteError::Full } else { WriteError::Doubt(error) }
    }

    /// Begins the next segment: header, sync of the file, sync of the folder, and only then is it used.
    fn roll(&mut self) -> Result<Active, WriteError> {
        let name = SegmentName::original(self.next_segment);
        let header = SegmentHeader {
            salt: self.segments.salt,
            number: name.number,
            through: name.number,
            rewrite: 0,
            first_batch: self.next_batch,
            last_batch: 0,
        };
        let area = header.encode();
        let path = self.segments.path(name);
        let created = self.segments.storage.open(&path, Mode::Create).and_then(|file| {
            file.write_at(&area, 0)?;
            Ok(file)
        });
        let file = created.map_err(|source| self.judge("create", source))?;
        file.sync_data().map_err(Error::io("sync", &path)).map_err(WriteError::Doubt)?;
        let dir = &self.segments.dir;
        self.segments.storage.sync_dir(dir).map_err(Error::io("sync", dir)).map_err(WriteError::Doubt)?;
        let segment = Segment { name, header: Some(header), scratched: false };
        self.segments.insert(segment);
        self.next_segment += 1;
        let end = area.len() as u64;
        Ok(Active { segment, file, end, reserved: end })
    }
}

impl Active {
    fn is_blank(&self) -> bool {
        self.end == u64::from(self.segment.start().offset)
    }

    /// A batch larger than a segment gets one of its own.
    fn takes(&self, bytes: usize, segment_bytes: u64) -> bool {
        self.is_blank() || self.end + bytes as u64 <= segment_bytes
    }

    fn reserve(&mut self, bytes: u64, step: u64) -> std::io::Result<()> {
        let needed = self.end + bytes;
        if needed > self.reserved {
            let zeros = vec![0; (needed - self.reserved).next_multiple_of(step) as usize];
            self.file.write_at(&zeros, self.reserved)?;
            self.reserved += zeros.len() as u64;
        }
        Ok(())
    }
}
