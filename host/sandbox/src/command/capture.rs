//! What commands show, kept in the order in which they wrote it: the beginning and the end, with a mark for what is left out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skep_model::Stream;

use crate::meter::{Exceeded, Meter};

/// Who is shown what commands write, while they write it.
pub type Show = Arc<dyn Fn(Stream, &[u8]) + Send + Sync>;

/// The output of one call, shared by all commands that write to it.
pub(crate) struct Capture {
    kept: Mutex<Kept>,
    show: Option<Show>,
    /// Who pays for what is written.
    meter: Arc<Meter>,
    /// Kept of the beginning, and as much of the end.
    half: usize,
}

#[derive(Default)]
struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

/// What was captured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captured {
    /// The text; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// All bytes that were written.
    pub total: u64,
    /// Whether something was left out, which the text says where it was.
    pub truncated: bool,
}

impl Capture {
    /// Keeps at most `most` bytes.
    pub(crate) fn new(most: usize, show: Option<Show>, meter: Arc<Meter>) -> Self {
        Self { kept: Mutex::default(), show, meter, half: most / 2 }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// More than the call may give to people.
    pub(crate) fn put(&self, stream: Stream, bytes: &[u8]) -> Result<(), Exceeded> {
        self.meter.output(bytes.len())?;
        if let Some(show) = &self.show {
            show(stream, bytes);
        }
        let mut kept = self.lock();
        kept.total += bytes.len() as u64;
        let begins = bytes.len().min(self.half - kept.head.len());
        let (head, rest) = bytes.split_at(begins);
        kept.head.extend_from_slice(head);
        // What would be pushed out again at once is not even taken in.
        let rest = &rest[rest.len().saturating_sub(self.half)..];
        let over = (kept.tail.len() + rest.len()).saturating_sub(self.half);
        kept.tail.drain(..over);
        kept.tail.extend(rest);
        Ok(())
    }

    /// What was written so far.
    pub(crate) fn captured(&self) -> Captured {
        let kept = self.lock();
        let shown = (kept.head.len() + kept.tail.len()) as u64;
        let left_out = kept.total - shown;
        let tail: Vec<u8> = kept.tail.iter().copied().collect();
        let text = if left_out == 0 {
            String::from_utf8_lossy(&[kept.head.as_slice(), &tail].concat()).into_owned()
        } else {
            let (head, tail) = (String::from_utf8_lossy(&kept.head), String::from_utf8_lossy(&tail));
            format!("{head}\n… ({left_out} bytes truncated) …\n{tail}")
        };
        Captured { text, total: kept.total, truncated: left_out > 0 }
    }
}

#[cfg(test)]
mod tests {
    use skep_model::Limits;

    use super::*;

    #[test]
    fn the_beginning_and_the_end_are_kept_and_the_middle_is_marked() {
        let limits = Limits { output_bytes: 26, ..Limits::TOOL };
        let capture = Capture::new(8, None, Arc::new(Meter::new(limits)));
        capture.put(Stream::Stdout, b"abc").unwrap();
        assert_eq!(capture.captured(), Captured { text: "abc".into(), total: 3, truncated: false });
        capture.put(Stream::Stdout, b"defgh").unwrap();
        assert_eq!(capture.captured().text, "abcdefgh");
        capture.put(Stream::Stdout, b"ijklmnopqrstuvwxyz").unwrap();
        let text = "abcd\n… (18 bytes truncated) …\nwxyz".to_owned();
        assert_eq!(capture.captured(), Captured { text, total: 26, truncated: true });
        assert!(capture.put(Stream::Stdout, b"!").is_err(), "more than may be given");
    }
}
