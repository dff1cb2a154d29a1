//! The bytes of one simulated file: as they are shown, as they are on the disk, and what is on the way from here to there.

use super::Survival;
use super::disk::Random;

const SECTOR: usize = 512;

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate(usize),
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Change::Truncate(len) => to.resize(*len, 0),
            Change::Write { offset, bytes } => {
                let end = offset + bytes.len();
                to.resize(to.len().max(end), 0);
                to[*offset..end].copy_from_slice(bytes);
            }
        }
    }

    /// Applies some of it.
    fn apply_pieces(&self, to: &mut Vec<u8>, random: &mut Random) {
        match self {
            Change::Truncate(_) if random.coin() => self.apply(to),
            Change::Truncate(_) => {}
            Change::Write { offset, bytes } => {
                let torn = random.below(bytes.len() + 1);
                for (start, sector) in sectors(*offset, bytes) {
                    let kept = match start <= torn && torn < start + sector.len() {
                        true => &sector[..torn - start],
                        false => sector,
                    };
                    if random.coin() {
                        Change::Write { offset: offset + start, bytes: kept.to_vec() }.apply(to);
                    }
                }
            }
        }
    }
}

/// The pieces of a write that are in one sector each, and where they begin in the write.
fn sectors(offset: usize, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let first = bytes.len().min(SECTOR - offset % SECTOR);
    let (first, rest) = (&bytes[..first], bytes[first..].chunks(SECTOR));
    [first].into_iter().chain(rest).scan(0, |start, sector| {
        let here = *start;
        *start += sector.len();
        Some((here, sector))
    })
}

#[derive(Debug, Default)]
pub(super) struct Inode {
    shown: Vec<u8>,
    durable: Vec<u8>,
    dirty: Vec<Change>,
}

impl Inode {
    pub(super) fn shown(&self) -> &[u8] {
        &self.shown
    }

    pub(super) fn read(&self, buffer: &mut [u8], offset: usize) -> usize {
        let rest = self.shown.get(offset..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        read
    }

    pub(super) fn write(&mut self, bytes: &[u8], offset: usize) {
        self.change(Change::Write { offset, bytes: bytes.to_vec() });
    }

    /// Changes a bit that is there, on its way too.
    pub(super) fn flip(&mut self, bit: usize) {
        if let Some(byte) = self.shown.get(bit / 8) {
            let bytes = vec![byte ^ (1 << (bit % 8))];
            self.change(Change::Write { offset: bit / 8, bytes });
        }
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.change(Change::Truncate(len));
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.shown);
        self.dirty.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.dirty.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// What was on its way is given up, but still shown.
    pub(super) fn fail_sync(&mut self) {
        self.dirty.clear();
    }

    pub(super) fn lose_power(&mut self, survival: Survival, random: &mut Random) {
        for change in std::mem::take(&mut self.dirty) {
            match survival {
                Survival::Nothing => {}
                Survival::Everything => change.apply(&mut self.durable),
                Survival::Pieces { .. } => change.apply_pieces(&mut self.durable, random),
            }
        }
        self.shown.clone_from(&self.durable);
    }

    pub(super) fn corrupt(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        self.sync();
        change(&mut self.durable);
        self.shown.clone_from(&self.durable);
    }
}
