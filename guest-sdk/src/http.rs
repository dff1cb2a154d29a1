//! Plain HTTP for tools. Denied until the plugin's manifest asks for a destination and the environment grants it.
//!
//! A secret is written as its placeholder, `{{secret:name}}`; the host puts the value in on the way out, for the
//! destinations that the secret is bound to.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::wit::tool::skep::plugin::http as wit;
use crate::{Error, Result};

/// A request to send.
#[derive(Clone, Debug)]
pub struct Request(wit::Request);

/// What came back, whatever its status.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code, such as 200.
    pub status: u16,
    /// Names and values in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request with any method to an absolute URL.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        let (method, url) = (method.into(), url.into());
        Self(wit::Request { method, url, headers: Vec::new(), body: None, timeout_ms: None })
    }

    /// A GET request.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A POST request.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = Some(body.into());
        self
    }

    /// Sets the body to a JSON document, and its content type.
    pub fn json(self, body: &impl Serialize) -> Result<Self> {
        Ok(self.header("content-type", "application/json").body(serde_json::to_vec(body)?))
    }

    /// Gives up after this long. The host has a limit of its own.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout_ms = Some(u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
        self
    }
}

impl Response {
    /// The body as text.
    pub fn text(&self) -> Result<&str> {
        Ok(std::str::from_utf8(&self.body)?)
    }

    /// The body as a JSON document.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// The first header of this name, whose case doesn't matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Sends a request and waits for the whole answer. A status such as 404 is an answer, not an error.
pub fn fetch(request: Request) -> Result<Response> {
    let wit::Response { status, headers, body } = wit::fetch(&request.0)?;
    Ok(Response { status, headers, body })
}

impl From<wit::Failure> for Error {
    fn from(failure: wit::Failure) -> Self {
        Self::from_host(&failure.kind, failure.message)
    }
}
