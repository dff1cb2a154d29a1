//! A stream whose bytes that are no UTF-8 are made question marks, because git2 panics over names with these. No
//! reference has a question mark in its name, so that none becomes another one.

use std::io::{self, Read};
use std::str::from_utf8;

const STRETCH: usize = 16 << 10;

pub(crate) struct Readable<R> {
    inner: R,
    /// Bytes that were read; the last of them may be the beginning of a letter.
    bytes: Vec<u8>,
    /// How many of them are UTF-8.
    good: usize,
    /// How many of these were handed on.
    taken: usize,
}

impl<R: Read> Readable<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, bytes: Vec::new(), good: 0, taken: 0 }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.bytes.drain(..self.good);
        (self.good, self.taken) = (0, 0);
        let begun = self.bytes.len();
        self.bytes.resize(begun + STRETCH, 0);
        let read = self.inner.read(&mut self.bytes[begun..]);
        self.bytes.truncate(begun + read.as_ref().map_or(0, |read| *read));
        let is_end = read? == 0;
        while let Err(error) = from_utf8(&self.bytes[self.good..]) {
            let bad = self.good + error.valid_up_to();
            if error.error_len().is_none() && !is_end {
                self.good = bad;
                return Ok(());
            }
            self.bytes[bad] = b'?';
        }
        self.good = self.bytes.len();
        Ok(())
    }
}

impl<R: Read> Read for Readable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.good {
            self.refill()?;
            if self.bytes.is_empty() {
                return Ok(0);
            }
        }
        let length = (self.good - self.taken).min(buffer.len());
        buffer[..length].copy_from_slice(&self.bytes[self.taken..self.taken + length]);
        self.taken += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    fn of(bytes: &[u8]) -> String {
        let (mut whole, mut drops) = (String::new(), String::new());
        Readable::new(bytes).read_to_string(&mut whole).unwrap();
        Readable::new(Drops(bytes)).read_to_string(&mut drops).unwrap();
        assert_eq!(whole, drops);
        whole
    }

    #[test]
    fn what_is_no_text_is_a_question_mark_for_each_byte_and_the_rest_stays() {
        assert_eq!(of(b""), "");
        assert_eq!(of("für 𝄞 z\u{0}".as_bytes()), "für 𝄞 z\u{0}");
        assert_eq!(of(b"a\xffb\xc3"), "a?b?");
        assert_eq!(of(b"\xe2\x82"), "??");
        assert_eq!(of(b"\xf0\x9f\x98x\xed\xa0\x80"), "???x???");
        assert_eq!(of(&[b'x'; 3 * STRETCH + 1]).len(), 3 * STRETCH + 1);
        assert_eq!(of("ä".repeat(STRETCH).as_bytes()), "ä".repeat(STRETCH));
    }
}
