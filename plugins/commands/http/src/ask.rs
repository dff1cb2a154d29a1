//! One request and its answer.

use std::io::{self, Read};

use crate::bindings::skep::command::http;
use crate::bindings::skep::command::process::{self, Handle, OpenOptions};
use crate::reason::reason;
use crate::url::Url;

pub(crate) use process::Failure;

/// The most that is read at once.
const PIECE: u32 = 64 * 1024;
/// What is sent from memory at once; more goes through a file, since a call carries only so much.
const IN_MEMORY: usize = 1 << 20;

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Body {
    #[default]
    Nothing,
    Bytes(Vec<u8>),
    /// The file of this path.
    File(String),
    /// Standard input, to its end.
    Input,
}

#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) timeout_ms: Option<u32>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `HTTP/1.1` or `HTTP/2`.
    pub(crate) protocol: String,
    pub(crate) headers: Vec<(String, String)>,
    response: http::Response,
}

impl Ask {
    pub(crate) fn send(&self) -> Result<Answer, Failure> {
        let response = match &self.body {
            Body::Nothing => http::fetch(&self.request(None)),
            Body::Bytes(bytes) if bytes.len() <= IN_MEMORY => http::fetch(&self.request(Some(bytes.clone()))),
            Body::Bytes(bytes) => self.upload(&through_a_file(bytes)?, Some(bytes.len() as u64)),
            Body::File(path) => {
                let length = std::fs::metadata(path).ok().map(|file| file.len());
                self.upload(&opened(path)?, length)
            }
            Body::Input => {
                let input = process::given(0);
                input.map_or_else(|| http::fetch(&self.request(None)), |input| self.upload(&input, None))
            }
        }?;
        Ok(Answer { status: response.status(), protocol: response.protocol(), headers: response.headers(), response })
    }

    fn upload(&self, body: &Handle, length: Option<u64>) -> Result<http::Response, Failure> {
        http::upload(&self.request(None), body, length)
    }

    fn request(&self, body: Option<Vec<u8>>) -> http::Request {
        http::Request {
            method: self.method.clone(),
            url: self.url.text(),
            headers: self.headers.iter().filter(|(name, _)| !carries(name)).cloned().collect(),
            body,
            timeout_ms: self.timeout_ms,
        }
    }
}

/// Whether a header says how the message is carried, which the host says anyway.
fn carries(name: &str) -> bool {
    ["connection", "content-length", "expect", "keep-alive", "te", "transfer-encoding"]
        .contains(&name.to_lowercase().as_str())
}

fn opened(path: &str) -> Result<Handle, Failure> {
    let whole = std::env::current_dir().unwrap_or_else(|_| "/".into()).join(path);
    let options =
        OpenOptions { read: true, write: false, append: false, create: false, truncate: false, exclusive: false };
    process::open(&whole.to_string_lossy(), options)
}

fn through_a_file(bytes: &[u8]) -> Result<Handle, Failure> {
    let path = format!("/tmp/.http-{}", process::numbers().0);
    let io = |problem: io::Error| Failure { kind: "io".into(), message: posix::reason(&problem) };
    std::fs::write(&path, bytes).map_err(io)?;
    let handle = opened(&path);
    std::fs::remove_file(&path).map_err(io)?;
    handle
}

impl Answer {
    /// The first header of a name, which is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// As it is shown: the status, the headers, an empty line.
    pub(crate) fn head(&self) -> String {
        // HTTP/2 has no words for a status.
        let words = if self.protocol.starts_with("HTTP/1") { reason(self.status) } else { "" };
        let mut head = format!("{} {} {words}\r\n", self.protocol, self.status);
        self.headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        head + "\r\n"
    }

    /// Where it says to go instead.
    pub(crate) fn redirect(&self) -> Option<&str> {
        if matches!(self.status, 301 | 302 | 303 | 307 | 308) { self.header("location") } else { None }
    }

    /// Reads the body to its end and lets go of it, so that its connection can be used again.
    pub(crate) fn skip(mut self) {
        let mut piece = [0; PIECE as usize];
        while matches!(self.read(&mut piece), Ok(1..)) {}
    }
}

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = u32::try_from(buffer.len()).unwrap_or(PIECE).min(PIECE);
        let bytes = self.response.read(most).map_err(io::Error::other)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

/// What went wrong on the way when a body could not be read; nothing when it was not the way.
pub(crate) fn on_the_way(problem: &io::Error) -> Option<&Failure> {
    problem.get_ref()?.downcast_ref()
}
