//! Open files as commands hold them: shared, with one position, like Unix has them.

use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use skep_model::Stream;
use tokio::sync::OwnedSemaphorePermit;

use crate::command::capture::Capture;
use crate::command::pipe::{Broken, ReadEnd, WriteEnd};
use crate::meter::{Exceeded, Meter};
use crate::quota::{Of, Quota, Taken};

/// The most that one read or write of a file moves, in bytes.
const PIECE: usize = 64 * 1024;

/// An open file, or an end of a pipe. Clones are the same one.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the contract's generated traits name it")]
pub struct Handle(Arc<Open>);

enum Open {
    /// `/dev/null`, and whatever nobody gave.
    Null,
    File(OpenFile),
    Reader(ReadEnd),
    Writer(WriteEnd),
    /// What whoever called sees.
    Shown(Arc<Capture>, Stream),
    /// What whoever called gave to be read.
    Given(Mutex<Bytes>),
    /// What whoever called is asked for when it is read.
    Asked(Asked),
}

/// Gives what is to be read next; nothing at the end. It may take its time.
pub type Ask = Arc<dyn Fn() -> Vec<u8> + Send + Sync>;

/// Somebody who is asked.
struct Asked {
    ask: Ask,
    heard: Mutex<Heard>,
    /// One question at a time.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Heard {
    bytes: Bytes,
    ended: bool,
}

impl Asked {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, most: usize, delimiter: Option<u8>) -> Option<Bytes> {
        let mut heard = self.heard();
        if heard.bytes.is_empty() {
            return heard.ended.then(Bytes::new);
        }
        Some(split(&mut heard.bytes, most, delimiter))
    }

    async fn ready(&self) {
        let _turn = self.turn.lock().await;
        if !self.heard().bytes.is_empty() || self.heard().ended {
            return;
        }
        let ask = Arc::clone(&self.ask);
        let said = tokio::task::spawn_blocking(move || ask()).await.unwrap_or_default();
        let mut heard = self.heard();
        (heard.ended, heard.bytes) = (said.is_empty(), said.into());
    }
}

/// Up to `most` of the first bytes, and none beyond `delimiter` when there is one.
fn split(bytes: &mut Bytes, most: usize, delimiter: Option<u8>) -> Bytes {
    let within = bytes.len().min(most);
    let end = delimiter.and_then(|delimiter| bytes[..within].iter().position(|byte| *byte == delimiter));
    bytes.split_to(end.map_or(within, |end| end + 1))
}

struct OpenFile {
    file: Arc<File>,
    /// Where the next byte is read or written.
    position: Mutex<u64>,
    /// Each write goes to the end.
    append: bool,
    /// Who pays for what is written.
    payer: Option<Payer>,
}

/// Whose room a file takes.
#[derive(Clone)]
pub(crate) struct Payer {
    pub(crate) quota: Arc<Quota>,
    pub(crate) meter: Arc<Meter>,
}

/// Why a handle does not do what was asked.
#[derive(Debug)]
pub(crate) enum HandleError {
    /// A pipe that nobody reads from.
    Broken,
    /// Not for this direction.
    Direction,
    Io(std::io::Error),
    /// A limit, or a disk that is nearly full: the end of whoever asked.
    Fatal(wasmtime::Error),
}

impl From<Broken> for HandleError {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

impl OpenFile {
    fn position(&self) -> MutexGuard<'_, u64> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file of this machine's disk is read where we stand: handing it to another thread costs more than the read.
    fn take(&self, most: usize, delimiter: Option<u8>) -> std::io::Result<Bytes> {
        let mut position = self.position();
        let mut bytes = vec![0; most.min(if delimiter.is_some() { 4 * 1024 } else { PIECE })];
        let read = rustix::io::pread(&self.file, &mut bytes[..], *position)?;
        bytes.truncate(read);
        let end = delimiter.and_then(|delimiter| bytes.iter().position(|byte| *byte == delimiter));
        bytes.truncate(end.map_or(read, |end| end + 1));
        *position += bytes.len() as u64;
        Ok(bytes.into())
    }

    /// Writes all of `bytes`, or nothing when there may be no room: whether there is must be found out first.
    fn put(&self, mut bytes: &[u8]) -> Result<bool, HandleError> {
        let mut position = self.position();
        if self.append {
            *position = self.file.metadata().map_err(HandleError::Io)?.len();
        }
        let Ok(_taken) = self.try_take(*position, bytes.len())? else { return Ok(false) };
        while !bytes.is_empty() {
            let written =
                rustix::io::pwrite(&self.file, bytes, *position).map_err(|error| HandleError::Io(error.into()))?;
            *position += written as u64;
            bytes = &bytes[written..];
        }
        Ok(true)
    }

    fn growth(&self, position: u64, bytes: usize) -> Result<u64, HandleError> {
        let len = self.file.metadata().map_err(HandleError::Io)?.len();
        Ok(position.saturating_add(bytes as u64).saturating_sub(len))
    }

    fn try_take(&self, position: u64, bytes: usize) -> Result<Result<Option<Taken>, Exceeded>, HandleError> {
        let Some(Payer { quota, meter }) = &self.payer else { return Ok(Ok(None)) };
        quota.spend(bytes as u64).map_err(|short| HandleError::Fatal(short.into()))?;
        Ok(quota.try_take(Of::Bytes, self.growth(position, bytes)?, meter).map(Some))
    }

    /// Finds out whether there is room for so many bytes more.
    async fn make_room(&self, bytes: usize) -> Result<(), HandleError> {
        let Some(Payer { quota, meter }) = &self.payer else { return Ok(()) };
        let taken = quota.take(Of::Bytes, bytes as u64, meter).await;
        taken.map(Taken::give_back).map_err(|exceeded| HandleError::Fatal(exceeded.into()))
    }
}

impl Handle {
    pub(crate) fn null() -> Self {
        Self(Arc::new(Open::Null))
    }

    pub(crate) fn file(file: Arc<File>, append: bool, payer: Option<Payer>) -> Self {
        Self(Arc::new(Open::File(OpenFile { file, position: Mutex::new(0), append, payer })))
    }

    /// The ends of an empty pipe.
    pub(crate) fn pipe(place: Option<OwnedSemaphorePermit>) -> (Self, Self) {
        let (reader, writer) = crate::command::pipe::pipe(place);
        (Self(Arc::new(Open::Reader(reader))), Self(Arc::new(Open::Writer(writer))))
    }

    pub(crate) fn shown(capture: &Arc<Capture>, stream: Stream) -> Self {
        Self(Arc::new(Open::Shown(Arc::clone(capture), stream)))
    }

    pub(crate) fn given(bytes: Bytes) -> Self {
        Self(Arc::new(Open::Given(Mutex::new(bytes))))
    }

    pub(crate) fn asked(ask: Ask) -> Self {
        Self(Arc::new(Open::Asked(Asked { ask, heard: Mutex::default(), turn: tokio::sync::Mutex::new(()) })))
    }

    /// Up to `most` bytes, and none beyond `delimiter` when there is one; nothing at the end; `None` when it must be waited
    /// for.
    pub(crate) fn take(&self, most: usize, delimiter: Option<u8>) -> Result<Option<Bytes>, HandleError> {
        match &*self.0 {
            Open::Null => Ok(Some(Bytes::new())),
            Open::File(file) => file.take(most, delimiter).map(Some).map_err(HandleError::Io),
            Open::Reader(reader) => Ok(reader.take(most, delimiter)),
            Open::Given(bytes) => {
                let mut bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(Some(split(&mut bytes, most, delimiter)))
            }
            Open::Asked(asked) => Ok(asked.take(most, delimiter)),
            Open::Writer(_) | Open::Shown(..) => Err(HandleError::Direction),
        }
    }

    /// Waits until there is something to take.
    pub(crate) async fn readable(&self) {
        match &*self.0 {
            Open::Reader(reader) => reader.ready().await,
            Open::Asked(asked) => asked.ready().await,
            Open::Null | Open::File(_) | Open::Writer(_) | Open::Shown(..) | Open::Given(_) => {}
        }
    }

    /// Up to `most` bytes; nothing at the end.
    pub(crate) async fn read(&self, most: usize) -> Result<Bytes, HandleError> {
        loop {
            match self.take(most, None)? {
                Some(bytes) => return Ok(bytes),
                None => self.readable().await,
            }
        }
    }

    /// Up to and with `delimiter`.
    pub(crate) async fn read_until(&self, delimiter: u8, most: usize) -> Result<Vec<u8>, HandleError> {
        let mut line = Vec::new();
        while line.len() < most && line.last() != Some(&delimiter) {
            match self.take(most - line.len(), Some(delimiter))? {
                Some(bytes) if bytes.is_empty() => break,
                Some(bytes) => line.extend_from_slice(&bytes),
                None => self.readable().await,
            }
        }
        Ok(line)
    }

    /// How many bytes are taken without waiting.
    pub(crate) fn room(&self) -> Result<usize, HandleError> {
        match &*self.0 {
            Open::Null | Open::File(_) | Open::Shown(..) => Ok(PIECE),
            Open::Writer(writer) => Ok(writer.room()?),
            Open::Reader(_) | Open::Given(_) | Open::Asked(_) => Err(HandleError::Direction),
        }
    }

    /// Takes all of `bytes` at once; whoever asks for room before keeps a pipe as small as it should be. `false` when nothing
    /// was taken, because it must be found out first whether there is room on the disk.
    pub(crate) fn put(&self, bytes: &Bytes) -> Result<bool, HandleError> {
        match &*self.0 {
            Open::Null => {}
            Open::File(file) => return file.put(bytes),
            Open::Writer(writer) => writer.put(bytes.clone())?,
            Open::Shown(capture, stream) => {
                capture.put(*stream, bytes).map_err(|exceeded| HandleError::Fatal(exceeded.into()))?;
            }
            Open::Reader(_) | Open::Given(_) | Open::Asked(_) => return Err(HandleError::Direction),
        }
        Ok(true)
    }

    /// Waits until there is room.
    pub(crate) async fn writable(&self) {
        if let Open::Writer(writer) = &*self.0 {
            writer.ready().await;
        }
    }

    /// Writes a piece for which there is room in memory, waiting until it is known that there is room on the disk.
    pub(crate) async fn put_all(&self, piece: Bytes) -> Result<(), HandleError> {
        while !self.put(&piece)? {
            if let Open::File(file) = &*self.0 {
                file.make_room(piece.len()).await?;
            }
        }
        Ok(())
    }

    /// Writes all of `bytes`, waiting for room as often as it takes.
    pub(crate) async fn write(&self, mut bytes: Bytes) -> Result<(), HandleError> {
        while !bytes.is_empty() {
            let room = self.room()?;
            if room == 0 {
                self.writable().await;
                continue;
            }
            self.put_all(bytes.split_to(room.min(bytes.len()))).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_of_a_file_are_read_one_by_one_by_all_who_share_it() {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, b"one\ntwo\nthree").unwrap();
        let handle = Handle::file(Arc::new(file), false, None);
        let other = handle.clone();
        assert_eq!(handle.read_until(b'\n', 100).await.unwrap(), b"one\n");
        assert_eq!(other.read_until(b'\n', 2).await.unwrap(), b"tw");
        assert_eq!(handle.read_until(b'\n', 100).await.unwrap(), b"o\n");
        assert_eq!(other.read(100).await.unwrap(), "three");
        assert!(handle.read(100).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn more_than_a_pipe_holds_goes_through_it_and_a_writer_without_a_reader_is_told() {
        let (reader, writer) = Handle::pipe(None);
        let sent = Bytes::from(vec![7; 1_000_000]);
        let read = async {
            let mut count = 0;
            while count < 1_000_000 {
                count += reader.read(10_000).await.unwrap().len();
            }
            count
        };
        let (written, count) = tokio::join!(writer.write(sent), read);
        assert!(written.is_ok() && count == 1_000_000);
        drop(reader);
        assert!(matches!(writer.write(Bytes::from_static(b"x")).await, Err(HandleError::Broken)));
    }
}
