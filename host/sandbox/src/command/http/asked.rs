//! Requests as commands make them, and answers as they read them: each counts as a call, and every byte is counted that crosses.

use std::sync::Arc;

use ::http::Uri;
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use wasmtime::component::Resource;

use super::{AT_ONCE, Content, HttpFailure, Response, Upload, form};
use crate::command::actor::bindings::skep::command::http as contract;
use crate::command::actor::{Actor, Reply, failure};
use crate::command::family::Family;
use crate::command::open::{Handle, HandleError};
use crate::meter::Meter;

/// The most that one read hands over, and that is taken of a request's body at once, in bytes.
const READ: u32 = 1 << 20;
const PIECE: usize = 64 * 1024;

/// An answer as the command that asked holds it.
#[expect(unreachable_pub, reason = "the contract's generated traits name it")]
pub struct Answer {
    response: Response,
    /// What of the body was received and not yet read.
    rest: Bytes,
    until: Option<Instant>,
    _place: OwnedSemaphorePermit,
}

/// What a command sends from an open file or a pipe, counted while it is read.
struct Streamed {
    handle: Handle,
    left: Option<u64>,
    meter: Arc<Meter>,
}

#[async_trait::async_trait]
impl Content for Streamed {
    async fn next(&mut self) -> Result<Bytes, HttpFailure> {
        let most = self.left.map_or(PIECE, |left| PIECE.min(usize::try_from(left).unwrap_or(PIECE)));
        if most == 0 {
            return Ok(Bytes::new());
        }
        let bytes = self.handle.read(most).await.map_err(unreadable)?;
        // Whoever asked is told of the limit when this request has failed.
        self.meter.carry(bytes.len()).map_err(|exceeded| ("too-large", exceeded.to_string()))?;
        match &mut self.left {
            Some(_) if bytes.is_empty() => Err(("broken", "the body is shorter than was said".into())),
            Some(left) => {
                *left -= bytes.len() as u64;
                Ok(bytes)
            }
            None => Ok(bytes),
        }
    }
}

fn unreadable(error: HandleError) -> HttpFailure {
    let words = match error {
        HandleError::Broken => "Broken pipe".to_owned(),
        HandleError::Direction => "Bad file descriptor".to_owned(),
        HandleError::Io(error) => error.to_string(),
        HandleError::Fatal(error) => error.to_string(),
    };
    ("broken", format!("the body cannot be read: {words}"))
}

/// What is said where nobody sends anything.
fn denied(url: &Uri) -> HttpFailure {
    let host = url.host().unwrap_or_default();
    let message = format!(
        "this environment may not reach {host}: no `egress` rule of it is in force, because this host serves no egress yet; \
         work with what is in the workspace"
    );
    ("denied", message)
}

fn weight(request: &contract::Request) -> usize {
    let headers: usize = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    request.method.len() + request.url.len() + headers + request.body.as_ref().map_or(0, Vec::len)
}

/// Ends what takes longer than it may.
async fn in_time<T>(
    until: Option<Instant>,
    work: impl Future<Output = Result<T, HttpFailure>>,
) -> Result<T, HttpFailure> {
    let Some(until) = until else { return work.await };
    let ended = tokio::time::timeout_at(until, work).await;
    ended.unwrap_or_else(|_| Err(("timeout", "Operation timed out".into())))
}

async fn exchange(family: &Family, request: contract::Request, upload: Option<Upload>) -> Result<Answer, HttpFailure> {
    let (mut request, limit) = form::checked(request)?;
    let Some(outgoing) = &family.http else { return Err(denied(&request.url)) };
    request.body = upload.or(request.body);
    let place = Arc::clone(&family.requests).try_acquire_owned();
    let place = place.map_err(|_| ("too-many", format!("more than {AT_ONCE} requests at once")))?;
    let until = limit.map(|limit| Instant::now() + limit);
    let response = in_time(until, outgoing.send(request)).await?;
    Ok(Answer { response, rest: Bytes::new(), until, _place: place })
}

impl Actor {
    async fn answer(&mut self, request: contract::Request, upload: Option<Upload>) -> Reply<Resource<Answer>> {
        self.meter.call(weight(&request))?;
        let answer = exchange(self.place.family(), request, upload).await;
        let headers = answer.as_ref().map_or(&[][..], |answer| answer.response.headers.as_slice());
        // A body that was more than may cross ended the request, and ends the command here.
        self.meter.carry(headers.iter().map(|(name, value)| name.len() + value.len()).sum())?;
        match answer {
            Ok(answer) => Ok(Ok(self.table.push(answer)?)),
            Err((kind, message)) => Ok(Err(failure(kind, message))),
        }
    }
}

impl contract::Host for Actor {
    async fn fetch(&mut self, request: contract::Request) -> Reply<Resource<Answer>> {
        self.answer(request, None).await
    }

    async fn upload(
        &mut self,
        request: contract::Request,
        body: Resource<Handle>,
        length: Option<u64>,
    ) -> Reply<Resource<Answer>> {
        let handle = self.table.get(&body)?.clone();
        let content = Streamed { handle, left: length, meter: Arc::clone(&self.meter) };
        let upload = Upload { content: Box::new(content), length };
        self.answer(contract::Request { body: None, ..request }, Some(upload)).await
    }
}

impl contract::HostResponse for Actor {
    async fn status(&mut self, answer: Resource<Answer>) -> wasmtime::Result<u16> {
        Ok(self.table.get(&answer)?.response.status)
    }

    async fn protocol(&mut self, answer: Resource<Answer>) -> wasmtime::Result<String> {
        Ok(self.table.get(&answer)?.response.protocol.clone())
    }

    async fn headers(&mut self, answer: Resource<Answer>) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.table.get(&answer)?.response.headers.clone())
    }

    async fn read(&mut self, answer: Resource<Answer>, most: u32) -> Reply<Vec<u8>> {
        let answer = self.table.get_mut(&answer)?;
        if answer.rest.is_empty() {
            match in_time(answer.until, answer.response.body.next()).await {
                Ok(bytes) => answer.rest = bytes,
                Err((kind, message)) => return Ok(Err(failure(kind, message))),
            }
        }
        let most = answer.rest.len().min(most.min(READ) as usize);
        let bytes = answer.rest.split_to(most);
        self.meter.carry(bytes.len())?;
        Ok(Ok(bytes.into()))
    }

    async fn drop(&mut self, answer: Resource<Answer>) -> wasmtime::Result<()> {
        self.table.delete(answer)?;
        Ok(())
    }
}
