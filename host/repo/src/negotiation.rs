//! What libgit2 tells a server that it has, in one request.
//!
//! It would do so in several, each with an answer of its own, but misreads these answers when they begin with where a
//! history is cut off. It names at most 256 commits, so that all of them fit into the last request, and what it hears
//! before that is that nobody knows any of them.
//! Source: <https://git-scm.com/docs/http-protocol>, "Smart Service git-upload-pack".

use std::sync::{Mutex, PoisonError};

/// Nothing is common to both sides.
pub(crate) const NOTHING: &[u8] = b"0008NAK\n";
const FLUSH: &[u8] = b"0000";
const DONE: &[u8] = b"0009done\n";

/// What was told so far.
#[derive(Debug, Default)]
pub(crate) struct Negotiation {
    told: Mutex<Vec<u8>>,
}

impl Negotiation {
    /// The request to send in place of this one; none if more follow and [`NOTHING`] is the answer.
    pub(crate) fn next(&self, request: &[u8]) -> Option<Vec<u8>> {
        let Some((wants, haves)) = split(request).filter(|(_, haves)| !haves.is_empty()) else {
            return Some(request.to_vec());
        };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        match (haves.strip_suffix(FLUSH), haves.strip_suffix(DONE)) {
            (Some(haves), _) => {
                told.extend_from_slice(haves);
                None
            }
            (None, Some(haves)) => Some([wants, &std::mem::take(&mut *told)[..], haves, DONE].concat()),
            (None, None) => Some(request.to_vec()),
        }
    }
}

/// A request's first packets with the flush that ends them, and the others.
fn split(request: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    loop {
        let length = std::str::from_utf8(request.get(at..at + FLUSH.len())?).ok()?;
        match usize::from_str_radix(length, 16).ok()? {
            0 => return request.split_at_checked(at + FLUSH.len()),
            length => at += length.max(FLUSH.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_in_several_requests_comes_in_the_last() {
        let negotiation = Negotiation::default();
        let next = |request: &str| negotiation.next(request.as_bytes()).map(|sent| String::from_utf8(sent).unwrap());
        let asked = "000bwant a\n000ddeepen 1\n0000";
        assert_eq!(next(asked).as_deref(), Some(asked));
        assert_eq!(next("000bwant a\n0000000bhave b\n000bhave c\n0000"), None);
        assert_eq!(next("000bwant a\n0000000bhave d\n0000"), None);
        let last = "000bwant a\n0000000bhave b\n000bhave c\n000bhave d\n000bhave e\n0009done\n";
        assert_eq!(next("000bwant a\n0000000bhave e\n0009done\n").as_deref(), Some(last));
        let alone = "000bwant a\n00000009done\n";
        assert_eq!(next(alone).as_deref(), Some(alone));
        for other in ["", "0000", "fffz", "ffff", "0001", "00000000x"] {
            assert_eq!(next(other).as_deref(), Some(other));
        }
    }
}
