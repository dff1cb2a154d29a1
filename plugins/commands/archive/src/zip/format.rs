//! The format, by PKWARE's APPNOTE 6.3: stored and deflated members, without its 64-bit additions and without encryption.

use std::io::{Read, Write};

use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use posix::date::{Date, days};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// Longer than the end record and the longest comment together.
const END_SEARCH: usize = 22 + 65_535;

/// A member unpacks to no more than this, so that a small archive does not fill the memory.
const MOST_BYTES: u64 = 1 << 30;

pub(super) struct Member {
    pub(super) name: String,
    pub(super) size: u64,
    /// Seconds since 1970.
    pub(super) written: i64,
    /// Unix's mode with the type of the file; 0 if it came from elsewhere.
    pub(super) mode: u32,
    method: u16,
    encrypted: bool,
    check: u32,
    packed: u64,
    at: usize,
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|two| u16::from_le_bytes([two[0], two[1]]))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

/// The members in the order of the central directory.
pub(super) fn members(bytes: &[u8]) -> Result<Vec<Member>, String> {
    let from = bytes.len().saturating_sub(END_SEARCH);
    let end = (from..bytes.len().saturating_sub(21)).rev().find(|at| long(bytes, *at) == Some(END));
    let end = end.ok_or("this is not a zip archive: its end is missing")?;
    let damaged = || "the central directory is damaged".to_owned();
    let (count, mut at) =
        (short(bytes, end + 10).ok_or_else(damaged)?, long(bytes, end + 16).ok_or_else(damaged)? as usize);
    let mut members = Vec::new();
    for _ in 0..count {
        let (member, length) = central(bytes, at).ok_or_else(damaged)?;
        members.push(member);
        at += length;
    }
    Ok(members)
}

/// A record of the central directory, and its length.
fn central(bytes: &[u8], at: usize) -> Option<(Member, usize)> {
    if long(bytes, at)? != CENTRAL {
        return None;
    }
    let [name, extra, comment] = [28, 30, 32].map(|offset| short(bytes, at + offset).map(usize::from));
    let (name, length) = (name?, 46 + name? + extra? + comment?);
    let member = Member {
        name: String::from_utf8_lossy(bytes.get(at + 46..at + 46 + name)?).into_owned(),
        size: u64::from(long(bytes, at + 24)?),
        written: seconds(short(bytes, at + 14)?, short(bytes, at + 12)?),
        mode: long(bytes, at + 38)? >> 16,
        method: short(bytes, at + 10)?,
        encrypted: short(bytes, at + 8)? & 1 == 1,
        check: long(bytes, at + 16)?,
        packed: u64::from(long(bytes, at + 20)?),
        at: long(bytes, at + 42)? as usize,
    };
    Some((member, length))
}

impl Member {
    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }

    pub(super) fn is_link(&self) -> bool {
        self.mode & 0o170_000 == 0o120_000
    }

    pub(super) fn content(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        if self.encrypted {
            return Err("it is encrypted, which is not built in".into());
        }
        let damaged = || "it is damaged".to_owned();
        let header = long(bytes, self.at).filter(|signature| *signature == LOCAL);
        let lengths = header.and_then(|_| Some((short(bytes, self.at + 26)?, short(bytes, self.at + 28)?)));
        let (name, extra) = lengths.ok_or_else(damaged)?;
        let start = self.at + 30 + usize::from(name) + usize::from(extra);
        let packed = bytes.get(start..start + self.packed as usize).ok_or_else(damaged)?;
        let mut content = Vec::new();
        match self.method {
            STORED => content.extend(packed),
            DEFLATED => {
                let most = self.size.min(MOST_BYTES);
                let read = DeflateDecoder::new(packed).take(most + 1).read_to_end(&mut content);
                read.map_err(|problem| format!("it is damaged ({problem})"))?;
            }
            other => return Err(format!("it is packed by method {other}, which is not built in")),
        }
        if content.len() as u64 != self.size || check(&content) != self.check {
            return Err(damaged());
        }
        Ok(content)
    }
}

fn check(content: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(content);
    crc.sum()
}

fn seconds(date: u16, time: u16) -> i64 {
    let (date, time) = (u32::from(date), u32::from(time));
    let day = days(i64::from(1980 + (date >> 9)), ((date >> 5) & 15).clamp(1, 12), (date & 31).max(1));
    day * 86_400 + i64::from((time >> 11) * 3600 + ((time >> 5) & 63) * 60 + (time & 31) * 2)
}

/// Date and time.
fn dos(seconds: i64) -> (u16, u16) {
    let date = Date::of_seconds(seconds.max(315_532_800));
    let day = (((date.year - 1980).clamp(0, 127) as u32) << 9) | (date.month << 5) | date.day;
    (day as u16, ((date.hour << 11) | (date.minute << 5) | (date.second / 2)) as u16)
}

/// Makes an archive in memory.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

impl Writer {
    /// A folder's name ends in a slash.
    pub(super) fn add(&mut self, name: &str, content: &[u8], written: i64, mode: u32) {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        // Writing into memory does not fail.
        let deflated = encoder.write_all(content).and_then(|()| encoder.finish()).unwrap_or_default();
        let (method, packed) = if !deflated.is_empty() && deflated.len() < content.len() {
            (DEFLATED, deflated.as_slice())
        } else {
            (STORED, content)
        };
        let at = self.bytes.len() as u32;
        let (date, time) = dos(written);
        let mut common = Vec::new();
        // Version 2.0, and names in UTF-8.
        for short in [20, 1 << 11, method, time, date] {
            common.extend(u16::to_le_bytes(short));
        }
        for long in [check(content), packed.len() as u32, content.len() as u32] {
            common.extend(u32::to_le_bytes(long));
        }
        common.extend(u16::to_le_bytes(name.len() as u16));
        common.extend([0, 0]);
        self.bytes.extend(u32::to_le_bytes(LOCAL));
        self.bytes.extend(&common);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(packed);
        self.directory.extend(u32::to_le_bytes(CENTRAL));
        // Made on Unix.
        self.directory.extend([20, 3]);
        self.directory.extend(&common);
        self.directory.extend([0; 6]);
        let kind = if name.ends_with('/') { 0o040_000 } else { 0o100_000 };
        self.directory.extend(u32::to_le_bytes((mode | kind) << 16));
        self.directory.extend(u32::to_le_bytes(at));
        self.directory.extend(name.as_bytes());
        self.count += 1;
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let at = self.bytes.len() as u32;
        self.bytes.append(&mut self.directory);
        let length = self.bytes.len() as u32 - at;
        self.bytes.extend(u32::to_le_bytes(END));
        self.bytes.extend([0; 4]);
        for _ in 0..2 {
            self.bytes.extend(u16::to_le_bytes(self.count));
        }
        self.bytes.extend(u32::to_le_bytes(length));
        self.bytes.extend(u32::to_le_bytes(at));
        self.bytes.extend([0; 2]);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_two_seconds() {
        let (date, time) = dos(951_782_405);
        assert_eq!(seconds(date, time), 951_782_404);
    }
}
