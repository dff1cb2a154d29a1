//! Git's index, read without git: what it tracks in a work tree, and how each file was when git last looked.
//!
//! libgit2 knows neither an index that is split over two files nor one with whole folders that are not checked out, and
//! what it makes of an index can't be stopped in between. The format is git's `gitformat-index(5)`, versions 2 to 4.

use std::path::Path;

use crate::format::{Format, Id};
use crate::meter::Meter;
use crate::{RepoError, split};

/// The index of a repository with a million files has about a tenth of this; its paths unfolded may take as much again.
pub(crate) const LARGEST: u64 = 256 << 20;

const ASSUMED: u16 = 0x8000;
const EXTENDED: u16 = 0x4000;
const STAGE: u16 = 0x3000;
const SKIPPED: u16 = 0x4000;

/// One path that git tracks.
pub(crate) struct Entry {
    /// Ends in a slash where it stands for a whole folder that isn't checked out.
    pub(crate) path: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) id: Id,
    /// The file's size and time of change when git last looked; the size is 0 when git had no time to look.
    pub(crate) size: u32,
    pub(crate) changed: (u32, u32),
    flags: u16,
    extended: u16,
}

impl Entry {
    /// One that isn't checked out, from the tree of its folder.
    pub(crate) fn skipped(path: Vec<u8>, mode: u32, id: Id) -> Self {
        Self { path, mode, id, size: 0, changed: (0, 0), flags: EXTENDED, extended: SKIPPED }
    }

    /// Whether it is one of several versions that a merge left.
    pub(crate) fn is_conflict(&self) -> bool {
        self.flags & STAGE != 0
    }

    /// Whether the user told git to take it for unchanged without a look.
    pub(crate) fn is_assumed(&self) -> bool {
        self.flags & ASSUMED != 0
    }

    /// Whether it is left out of the work tree, as in a sparse checkout.
    pub(crate) fn is_skipped(&self) -> bool {
        self.extended & SKIPPED != 0
    }
}

/// How to read an index and whom to tell.
pub(crate) struct Reading<'a> {
    /// The work tree, for messages.
    pub(crate) work_tree: &'a Path,
    pub(crate) format: Format,
    pub(crate) meter: &'a Meter<'a>,
    /// Finds the index that this one is a difference to, by its name in hexadecimal.
    pub(crate) shared: &'a dyn Fn(&str) -> Result<Vec<u8>, RepoError>,
}

impl Reading<'_> {
    /// All entries, sorted by path. The two halves of a split index are put together.
    pub(crate) fn index(&self, bytes: &[u8]) -> Result<Vec<Entry>, RepoError> {
        let half = self.half(bytes)?;
        let mut entries = match half.link {
            Some(link) => self.whole(half.entries, link)?,
            None => half.entries,
        };
        if entries.iter().any(|entry| entry.path.is_empty()) {
            return Err(self.unusable("its index has an entry without a path"));
        }
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(entries)
    }

    fn whole(&self, own: Vec<Entry>, link: &[u8]) -> Result<Vec<Entry>, RepoError> {
        let mut link = Bytes { rest: link, reading: self };
        let shared = link.take(self.format.width())?;
        if shared.iter().all(|byte| *byte == 0) {
            return Ok(own);
        }
        let name: String = shared.iter().map(|byte| format!("{byte:02x}")).collect();
        let bytes = (self.shared)(&name)?;
        let base = self.half(&bytes)?;
        if base.link.is_some() {
            return Err(self.unusable("its shared index is split again"));
        }
        split::join(base.entries, own, link)
    }

    fn half<'b>(&self, bytes: &'b [u8]) -> Result<Half<'b>, RepoError> {
        let body = self.checked(bytes)?;
        let mut bytes = Bytes { rest: body, reading: self };
        if bytes.take(4)? != b"DIRC" {
            return Err(self.unusable("its index is none"));
        }
        let version = bytes.number()?;
        if !(2..=4).contains(&version) {
            return Err(self.unusable(&format!("its index is of version {version}, and 2 to 4 are known")));
        }
        let count = bytes.number()?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut paths = 0;
        for _ in 0..count {
            self.meter.check()?;
            let above = entries.last().map_or(&[][..], |entry| &entry.path);
            let entry = bytes.entry(version, above)?;
            paths += entry.path.len() as u64;
            if paths > LARGEST {
                return Err(self.unusable("the paths in its index are too long"));
            }
            entries.push(entry);
        }
        Ok(Half { entries, link: bytes.extensions()? })
    }

    /// The index without its checksum. One of zeros is none, as `index.skipHash` has it.
    fn checked<'b>(&self, bytes: &'b [u8]) -> Result<&'b [u8], RepoError> {
        let Some((body, sum)) = bytes.len().checked_sub(self.format.width()).map(|at| bytes.split_at(at)) else {
            return Err(self.unusable("its index is too short"));
        };
        if sum.iter().any(|byte| *byte != 0) && self.format.digest(&[body]).as_ref() != sum {
            return Err(self.unusable("the checksum of its index is wrong"));
        }
        Ok(body)
    }

    pub(crate) fn unusable(&self, reason: &str) -> RepoError {
        RepoError::WorkTree { path: self.work_tree.to_owned(), reason: reason.to_owned() }
    }
}

/// One file of an index.
struct Half<'b> {
    entries: Vec<Entry>,
    /// What makes it a difference to another file.
    link: Option<&'b [u8]>,
}

/// What is left to read.
pub(crate) struct Bytes<'b, 'r> {
    rest: &'b [u8],
    reading: &'r Reading<'r>,
}

impl<'b> Bytes<'b, '_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'b [u8], RepoError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| self.broken())?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RepoError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| self.broken())?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn number(&mut self) -> Result<u32, RepoError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn word(&mut self) -> Result<u64, RepoError> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn broken(&self) -> RepoError {
        self.reading.unusable("its index is broken")
    }

    /// The entry that follows the one with the path `above`.
    fn entry(&mut self, version: u32, above: &[u8]) -> Result<Entry, RepoError> {
        let whole = self.rest;
        let [_, _, seconds, nanoseconds, _, _, mode, _, _, size] = self.numbers()?;
        let id = Id::new(self.take(self.reading.format.width())?);
        let flags = u16::from_be_bytes(self.array()?);
        let extended = if flags & EXTENDED != 0 { u16::from_be_bytes(self.array()?) } else { 0 };
        // From version 4 on a path is what it has in common with the one above, and the rest.
        let kept = if version == 4 { self.kept(above)? } else { &[] };
        let path = [kept, self.text()?].concat();
        if version < 4 {
            let taken = whole.len() - self.rest.len();
            // The zero that ended the path is the first of one to eight that fill an entry up.
            self.take(taken.next_multiple_of(8) - taken)?;
        }
        Ok(Entry { path, mode, id, size, changed: (seconds, nanoseconds), flags, extended })
    }

    fn numbers<const N: usize>(&mut self) -> Result<[u32; N], RepoError> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = self.number()?;
        }
        Ok(numbers)
    }

    fn kept<'p>(&mut self, above: &'p [u8]) -> Result<&'p [u8], RepoError> {
        let dropped = self.offset()?;
        above.len().checked_sub(dropped).and_then(|kept| above.get(..kept)).ok_or_else(|| self.broken())
    }

    /// Git's number of variable length, as in packs.
    fn offset(&mut self) -> Result<usize, RepoError> {
        let mut value = 0_usize;
        loop {
            let [byte] = self.array()?;
            value |= usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            value = value.checked_add(1).and_then(|value| value.checked_mul(128)).ok_or_else(|| self.broken())?;
        }
    }

    /// Bytes up to a zero, which is taken too.
    fn text(&mut self) -> Result<&'b [u8], RepoError> {
        let length = self.rest.iter().position(|byte| *byte == 0).ok_or_else(|| self.broken())?;
        let text = self.take(length)?;
        self.take(1)?;
        Ok(text)
    }

    /// What follows the entries. An extension may be passed over if its name begins with a capital letter.
    fn extensions(&mut self) -> Result<Option<&'b [u8]>, RepoError> {
        let mut link = None;
        while !self.rest.is_empty() {
            let name = self.take(4)?;
            let length = self.number()?;
            let content = self.take(length as usize)?;
            match name {
                b"link" => link = Some(content),
                // It says that there may be folders among the entries.
                b"sdir" => {}
                [b'A'..=b'Z', ..] => {}
                name => {
                    let name = name.escape_ascii();
                    return Err(self
                        .reading
                        .unusable(&format!("its index has the extension {name}, which isn't known")));
                }
            }
        }
        Ok(link)
    }
}
