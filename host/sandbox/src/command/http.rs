//! HTTP for commands: what a request says is checked here, and whether it may be sent is decided by whoever sends it. Where
//! nobody does, every request is denied.

pub(crate) mod asked;
mod form;

use ::http::{HeaderMap, Method, Uri};
use bytes::Bytes;

/// Why a request was not sent or not answered: its kind, as the contract has it, and a message for people.
pub type HttpFailure = (&'static str, String);

/// Sends requests for commands, or denies them.
#[async_trait::async_trait]
pub trait Outgoing: Send + Sync {
    /// Sends a request and waits for the head of its answer. Dropping the future ends the request, dropping the answer ends
    /// its body. No redirect is followed, and nothing is decoded; an answer's head has a bounded size.
    async fn send(&self, request: Request) -> Result<Response, HttpFailure>;
}

/// A request that is what one may be. Whether it may be sent is another question.
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// Absolute, http or https, with a host and without a user.
    pub url: Uri,
    /// None of them says how the message is carried.
    pub headers: HeaderMap,
    /// What is sent after them.
    pub body: Option<Upload>,
}

/// The body of a request.
pub struct Upload {
    /// What is in it.
    pub content: Box<dyn Content>,
    /// How many bytes that is, where it is known.
    pub length: Option<u64>,
}

/// An answer.
pub struct Response {
    /// 100 to 999.
    pub status: u16,
    /// `HTTP/1.1` or `HTTP/2`.
    pub protocol: String,
    /// As they came and in their order.
    pub headers: Vec<(String, String)>,
    /// What comes after them.
    pub body: Box<dyn Content>,
}

/// Bytes that come one after the other.
#[async_trait::async_trait]
pub trait Content: Send {
    /// The next ones, at most a few hundred KiB; none at the end.
    async fn next(&mut self) -> Result<Bytes, HttpFailure>;
}

/// Requests of one call at once: each may hold a connection.
pub(crate) const AT_ONCE: usize = 32;
