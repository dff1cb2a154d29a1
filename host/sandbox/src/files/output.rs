//! A stream into a file, counted.

use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi_io::streams::DynOutputStream;

use crate::meter::{Exceeded, Meter};
use crate::quota::{Of, Quota, Taken};

/// wasmtime's stream, which gets bytes when room for them is taken. What needs a recount first waits for it here.
pub(super) struct Counted {
    inner: DynOutputStream,
    file: Arc<File>,
    /// Where the next byte goes; the file's end when absent.
    at: Option<u64>,
    quota: Arc<Quota>,
    meter: Arc<Meter>,
    waiting: Option<Bytes>,
    /// Room for what `inner` is writing.
    taken: Option<Taken>,
    failed: Option<StreamError>,
}

impl Counted {
    pub(super) fn new(
        inner: DynOutputStream,
        file: Arc<File>,
        at: Option<u64>,
        quota: Arc<Quota>,
        meter: Arc<Meter>,
    ) -> Self {
        Self { inner, file, at, quota, meter, waiting: None, taken: None, failed: None }
    }

    fn growth(&self, bytes: &Bytes) -> u64 {
        let len = bytes.len() as u64;
        match (self.at, self.file.metadata()) {
            (Some(at), Ok(file)) => at.saturating_add(len).saturating_sub(file.len()),
            _ => len,
        }
    }

    fn begin(&mut self, bytes: Bytes, taken: Taken) -> StreamResult<()> {
        self.taken = Some(taken);
        self.at = self.at.map(|at| at.saturating_add(bytes.len() as u64));
        self.inner.write(bytes)
    }

    fn end(&mut self, bytes: Bytes, taken: Result<Taken, Exceeded>) {
        self.waiting = None;
        let begun = taken.map_err(|exceeded| StreamError::Trap(exceeded.into()));
        self.failed = begun.and_then(|taken| self.begin(bytes, taken)).err();
    }
}

#[async_trait]
impl Pollable for Counted {
    async fn ready(&mut self) {
        if let Some(bytes) = self.waiting.clone() {
            // Whoever gives up in here has changed nothing, and may come again.
            let taken = self.quota.take(Of::Bytes, self.growth(&bytes), &self.meter).await;
            self.end(bytes, taken);
        }
        self.inner.ready().await;
        self.taken = None;
    }
}

#[async_trait]
impl OutputStream for Counted {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if self.waiting.is_some() || self.failed.is_some() {
            return Err(StreamError::trap("write not permitted: check_write not called first"));
        }
        self.quota.spend(bytes.len() as u64).map_err(|short| StreamError::Trap(short.into()))?;
        match self.quota.try_take(Of::Bytes, self.growth(&bytes), &self.meter) {
            Ok(taken) => self.begin(bytes, taken),
            Err(_) => {
                self.waiting = Some(bytes);
                Ok(())
            }
        }
    }

    fn flush(&mut self) -> StreamResult<()> {
        match (self.failed.take(), &self.waiting) {
            (Some(failed), _) => Err(failed),
            (None, Some(_)) => Ok(()),
            (None, None) => self.inner.flush(),
        }
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        match (self.failed.take(), &self.waiting) {
            (Some(failed), _) => Err(failed),
            (None, Some(_)) => Ok(0),
            (None, None) => self.inner.check_write(),
        }
    }

    async fn cancel(&mut self) {
        self.ready().await;
        self.inner.cancel().await;
    }
}
