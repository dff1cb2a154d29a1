//! Walking through the bytes of one segment, over damage where there is some.

use super::Salt;
use super::frame::{BATCH_HEADER, BATCH_MAGIC, BatchHeader, decode_body};
use super::harvest::Wreck;
use crate::entry::Batch;
use crate::position::Position;

/// What comes next in a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Batch(Batch),
    /// Bad bytes with a good batch somewhere behind them: no torn write looks like that.
    Wreck(Wreck),
    /// Bad bytes up to the end of the file.
    Tail(Wreck),
    /// Nothing but zeros, or nothing, from here on.
    End(Position),
}

/// Reads batches from bytes that begin at `base`.
pub(crate) struct Walk {
    bytes: Vec<u8>,
    base: Position,
    at: usize,
    salt: Salt,
    next_number: u64,
}

impl Walk {
    /// Batches numbered below `next_number` are not batches: the numbers only go up.
    pub(crate) fn new(bytes: Vec<u8>, base: Position, salt: Salt, next_number: u64) -> Self {
        Self { bytes, base, at: 0, salt, next_number }
    }

    /// After `End` or `Tail`, `End` for ever.
    pub(crate) fn next(&mut self) -> Found {
        let rest = &self.bytes[self.at..];
        if rest.iter().take(BATCH_HEADER).all(|byte| *byte == 0) && rest.iter().all(|byte| *byte == 0) {
            return Found::End(self.base.plus(self.at));
        }
        match self.batch_header(self.at) {
            Some(header) => self.batch(header),
            None => self.resynchronise(self.at + 1, self.next_number),
        }
    }

    fn batch(&mut self, header: BatchHeader) -> Found {
        let start = self.at + BATCH_HEADER;
        let end = start + header.body;
        let place = self.base.plus(start);
        match decode_body(&self.bytes[start..end], header.entries, place, self.salt) {
            Some(entries) => {
                let at = self.base.plus(self.at);
                self.at = end;
                self.next_number = header.number + 1;
                Found::Batch(Batch { number: header.number, at, entries })
            }
            None => self.resynchronise(end, header.number),
        }
    }

    /// Goes to the first good batch at or after `from`. What was passed over is a wreck, beginning with batch `number`.
    fn resynchronise(&mut self, from: usize, number: u64) -> Found {
        let good = self.search(from);
        let end = good.unwrap_or(self.bytes.len());
        let wreck = Wreck::search(&self.bytes[self.at..end], self.base.plus(self.at), number, self.salt);
        self.next_number = number.max(self.next_number);
        self.at = end;
        match good {
            Some(_) => Found::Wreck(wreck),
            None => Found::Tail(wreck),
        }
    }

    fn search(&self, from: usize) -> Option<usize> {
        let rest = self.bytes.get(from..)?;
        let starts = rest.windows(BATCH_MAGIC.len()).enumerate().filter(|(_, window)| window == BATCH_MAGIC);
        starts.map(|(offset, _)| from + offset).find(|offset| self.batch_header(*offset).is_some())
    }

    /// A header whose batch fits into the file and into the order.
    fn batch_header(&self, at: usize) -> Option<BatchHeader> {
        let rest = &self.bytes[at..];
        let header = BatchHeader::parse(rest, self.salt)?;
        (header.number >= self.next_number && header.body <= rest.len() - BATCH_HEADER).then_some(header)
    }
}
