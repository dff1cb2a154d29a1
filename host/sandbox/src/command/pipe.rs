//! A bounded pipe between two commands.
//!
//! What is written waits in pieces as they were written, so that bytes that go through are not copied. A reader sees the end
//! when the last writing end is gone, a writer that the pipe is broken when the last reading end is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// What a pipe holds before its writers wait, in bytes; the same as on Linux.
pub(crate) const PIPE_BYTES: usize = 64 * 1024;

struct Pipe {
    /// Its place among the pipes that there may be, free again when both ends are gone.
    _place: Option<OwnedSemaphorePermit>,
    state: Mutex<State>,
    /// Something was written or read, or an end is gone.
    changed: Notify,
}

#[derive(Default)]
struct State {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    no_reader: bool,
    no_writer: bool,
}

/// The end that is read from. There is one; commands share it through their handles.
pub(crate) struct ReadEnd(Arc<Pipe>);

/// The end that is written to. There is one; commands share it through their handles.
pub(crate) struct WriteEnd(Arc<Pipe>);

/// Nobody reads any more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// An empty pipe, in a place that it gives back.
pub(crate) fn pipe(place: Option<OwnedSemaphorePermit>) -> (ReadEnd, WriteEnd) {
    let pipe = Arc::new(Pipe { _place: place, state: Mutex::default(), changed: Notify::new() });
    (ReadEnd(Arc::clone(&pipe)), WriteEnd(pipe))
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `there` is true of the state.
    async fn until(&self, there: impl Fn(&State) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // From here on nothing that happens is missed.
            changed.as_mut().enable();
            if there(&self.lock()) {
                return;
            }
            changed.await;
        }
    }
}

impl ReadEnd {
    /// Up to `most` bytes, and none beyond `delimiter` when there is one; nothing at the end; `None` when it must be waited
    /// for.
    pub(crate) fn take(&self, most: usize, delimiter: Option<u8>) -> Option<Bytes> {
        let mut state = self.0.lock();
        let Some(piece) = state.pieces.front_mut() else {
            return state.no_writer.then(Bytes::new);
        };
        let within = piece.len().min(most);
        let end = delimiter.and_then(|delimiter| piece[..within].iter().position(|byte| *byte == delimiter));
        let taken = piece.split_to(end.map_or(within, |end| end + 1));
        if piece.is_empty() {
            state.pieces.pop_front();
        }
        state.bytes -= taken.len();
        drop(state);
        self.0.changed.notify_waiters();
        Some(taken)
    }

    /// Waits until there is something to take, be it the end.
    pub(crate) async fn ready(&self) {
        self.0.until(|state| !state.pieces.is_empty() || state.no_writer).await;
    }
}

impl WriteEnd {
    /// How many bytes are taken now.
    pub(crate) fn room(&self) -> Result<usize, Broken> {
        let state = self.0.lock();
        if state.no_reader { Err(Broken) } else { Ok(PIPE_BYTES.saturating_sub(state.bytes)) }
    }

    /// Takes all of `bytes`, which are at most a little more than there was room for.
    pub(crate) fn put(&self, bytes: Bytes) -> Result<(), Broken> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut state = self.0.lock();
        if state.no_reader {
            return Err(Broken);
        }
        state.bytes += bytes.len();
        state.pieces.push_back(bytes);
        drop(state);
        self.0.changed.notify_waiters();
        Ok(())
    }

    /// Waits until there is room, or nobody who reads.
    pub(crate) async fn ready(&self) {
        self.0.until(|state| state.no_reader || state.bytes < PIPE_BYTES).await;
    }
}

impl Drop for ReadEnd {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.no_reader = true;
        state.pieces.clear();
        drop(state);
        self.0.changed.notify_waiters();
    }
}

impl Drop for WriteEnd {
    fn drop(&mut self) {
        self.0.lock().no_writer = true;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_in_order_up_to_a_delimiter_and_then_the_end() {
        let (reader, writer) = pipe(None);
        assert_eq!(reader.take(10, None), None);
        writer.put(Bytes::from_static(b"one\ntwo")).unwrap();
        writer.put(Bytes::from_static(b"three")).unwrap();
        assert_eq!(reader.take(100, Some(b'\n')), Some(Bytes::from_static(b"one\n")));
        assert_eq!(reader.take(2, None), Some(Bytes::from_static(b"tw")));
        drop(writer);
        assert_eq!(reader.take(100, None), Some(Bytes::from_static(b"o")));
        assert_eq!(reader.take(100, None), Some(Bytes::from_static(b"three")));
        assert_eq!(reader.take(100, None), Some(Bytes::new()));
    }

    #[test]
    fn its_place_is_free_when_both_ends_are_gone() {
        let places = Arc::new(tokio::sync::Semaphore::new(1));
        let (reader, writer) = pipe(Arc::clone(&places).try_acquire_owned().ok());
        drop(reader);
        assert_eq!(places.available_permits(), 0);
        drop(writer);
        assert_eq!(places.available_permits(), 1);
    }

    #[tokio::test]
    async fn a_full_pipe_has_no_room_until_it_is_read_and_is_broken_without_a_reader() {
        let (reader, writer) = pipe(None);
        writer.put(Bytes::from(vec![0; PIPE_BYTES])).unwrap();
        assert_eq!(writer.room(), Ok(0));
        let (taken, ()) = tokio::join!(async { reader.take(1_000, None) }, writer.ready());
        assert_eq!((taken.map(|bytes| bytes.len()), writer.room()), (Some(1_000), Ok(1_000)));
        drop(reader);
        writer.ready().await;
        assert_eq!((writer.room(), writer.put(Bytes::from_static(b"x"))), (Err(Broken), Err(Broken)));
    }
}
