//! Handles as the standard streams of a command.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::command::open::{Handle, HandleError};

/// A command wrote into a pipe that nobody reads from, and ends of it, as SIGPIPE ends one.
#[derive(Debug, thiserror::Error)]
#[error("wrote to a pipe that nobody reads from")]
pub(crate) struct BrokenPipe;

/// A standard stream.
pub(crate) struct Standard(pub(crate) Handle);

impl IsTerminal for Standard {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Standard {
    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(Self(self.0.clone()))
    }

    /// Only wasi 0.3 asks for this one, and it is not linked.
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(tokio::io::empty())
    }
}

impl StdoutStream for Standard {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Output::new(self.0.clone()))
    }

    /// Only wasi 0.3 asks for this one, and it is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }
}

#[async_trait]
impl Pollable for Standard {
    async fn ready(&mut self) {
        self.0.readable().await;
    }
}

impl InputStream for Standard {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        match self.0.take(size, None).map_err(failed)? {
            Some(bytes) if bytes.is_empty() => Err(StreamError::Closed),
            Some(bytes) => Ok(bytes),
            None => Ok(Bytes::new()),
        }
    }
}

/// A standard stream that is written to.
struct Output {
    handle: Handle,
    /// What waits until it is known whether there is room for it.
    waiting: Option<Bytes>,
    failed: Option<StreamError>,
}

impl Output {
    fn new(handle: Handle) -> Self {
        Self { handle, waiting: None, failed: None }
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {
        if let Some(bytes) = self.waiting.clone() {
            // Whoever gives up in here has changed nothing, and may come again.
            let put = self.handle.put_all(bytes).await;
            self.waiting = None;
            self.failed = put.map_err(failed).err();
        }
        self.handle.writable().await;
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if self.waiting.is_some() || self.failed.is_some() {
            return Err(StreamError::trap("write not permitted: check_write not called first"));
        }
        if !self.handle.put(&bytes).map_err(failed)? {
            self.waiting = Some(bytes);
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        match (self.failed.take(), &self.waiting) {
            (Some(failed), _) => Err(failed),
            (None, Some(_)) => Ok(0),
            (None, None) => self.handle.room().map_err(failed),
        }
    }
}

fn failed(error: HandleError) -> StreamError {
    match error {
        HandleError::Broken => StreamError::Trap(BrokenPipe.into()),
        HandleError::Direction => StreamError::Closed,
        HandleError::Io(error) => StreamError::LastOperationFailed(error.into()),
        HandleError::Fatal(error) => StreamError::Trap(error),
    }
}
