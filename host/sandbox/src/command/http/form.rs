//! What a request must be before anybody decides about it.

use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use bytes::Bytes;

use super::{Content, HttpFailure, Request, Upload};
use crate::command::actor::bindings::skep::command::http as contract;

/// Bytes of a URL.
const URL: usize = 8 * 1024;
/// Headers of a request, and all their bytes.
const HEADERS: usize = 100;
const HEADER_BYTES: usize = 32 * 1024;

/// Headers that say how a message is carried. They are written by whoever carries it.
const CARRIED: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What a command sends from its memory, once.
struct Memory(Bytes);

#[async_trait::async_trait]
impl Content for Memory {
    async fn next(&mut self) -> Result<Bytes, HttpFailure> {
        Ok(std::mem::take(&mut self.0))
    }
}

/// What a request means, or what is wrong with it.
pub(super) fn checked(request: contract::Request) -> Result<(Request, Option<Duration>), HttpFailure> {
    let contract::Request { method, url, headers, body, timeout_ms } = request;
    let method = Method::from_bytes(method.as_bytes());
    let method = method.map_err(|_| invalid("the method is no word of HTTP"))?;
    if method == Method::CONNECT {
        return Err(invalid("CONNECT asks for a tunnel, and there are none"));
    }
    let body = body.map(|body| {
        let length = Some(body.len() as u64);
        Upload { content: Box::new(Memory(body.into())), length }
    });
    let request = Request { method, url: address(&url)?, headers: header_map(&headers)?, body };
    Ok((request, timeout_ms.map(|ms| Duration::from_millis(ms.into()))))
}

fn invalid(message: impl Into<String>) -> HttpFailure {
    ("invalid-request", message.into())
}

fn address(url: &str) -> Result<Uri, HttpFailure> {
    if url.len() > URL {
        return Err(invalid(format!("the URL has {} bytes; at most {URL} are taken", url.len())));
    }
    let parsed = url.parse::<Uri>().map_err(|error| invalid(format!("malformed URL: {error}")))?;
    if !matches!(parsed.scheme_str(), Some("http" | "https")) {
        return Err(invalid("malformed URL: it begins with neither http:// nor https://"));
    }
    let authority = parsed.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return Err(invalid("the URL names a user; send a header instead"));
    }
    if parsed.host().is_none_or(str::is_empty) || (authority.contains(':') && authority.ends_with(':')) {
        return Err(invalid("malformed URL: no host part in it, or no port after a colon"));
    }
    if url.contains('#') {
        return Err(invalid("a fragment of a URL is not sent"));
    }
    Ok(parsed)
}

fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, HttpFailure> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > HEADERS || bytes > HEADER_BYTES {
        let count = headers.len();
        return Err(invalid(format!(
            "{count} headers of {bytes} bytes; at most {HEADERS} of {HEADER_BYTES} bytes are sent"
        )));
    }
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let known =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(format!("{name:?} names no header")))?;
        if CARRIED.contains(&known.as_str()) {
            return Err(invalid(format!("the header {known} is the host's to write")));
        }
        let value = HeaderValue::from_bytes(value.as_bytes());
        map.append(known, value.map_err(|_| invalid(format!("the value of the header {name} can't be sent")))?);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> contract::Request {
        let headers = vec![("accept".to_owned(), "*/*".to_owned())];
        contract::Request { method: "GET".into(), url: url.into(), headers, body: None, timeout_ms: Some(5) }
    }

    fn said(request: contract::Request) -> String {
        checked(request).err().map_or_else(String::new, |(kind, message)| format!("{kind}: {message}"))
    }

    #[test]
    fn a_request_is_absolute_bounded_and_leaves_to_the_host_how_it_is_carried() {
        assert_eq!(said(request("https://example.com:8443/a?b=c")), "");
        for url in ["", "/a", "example.com", "ftp://a/", "http://", "http:///a", "http://a:/", "http://a b/"] {
            assert!(
                said(request(url)).starts_with("invalid-request: malformed URL: "),
                "{url}: {}",
                said(request(url))
            );
        }
        assert_eq!(said(request("http://u:p@a/")), "invalid-request: the URL names a user; send a header instead");
        assert_eq!(said(request("http://a/#b")), "invalid-request: a fragment of a URL is not sent");
        let long = format!("http://a/{}", "x".repeat(URL));
        assert_eq!(said(request(&long)), "invalid-request: the URL has 8201 bytes; at most 8192 are taken");
        for name in ["Host", "content-length", "Transfer-Encoding"] {
            let headers = vec![(name.to_owned(), "1".to_owned())];
            let words = format!("invalid-request: the header {} is the host's to write", name.to_lowercase());
            assert_eq!(said(contract::Request { headers, ..request("http://a/") }), words);
        }
        let headers = vec![("x".to_owned(), "a\r\nhost: b".to_owned())];
        let smuggled = contract::Request { headers, ..request("http://a/") };
        assert_eq!(said(smuggled), "invalid-request: the value of the header x can't be sent");
        let headers = vec![("x".to_owned(), String::new()); 101];
        let many = said(contract::Request { headers, ..request("http://a/") });
        assert_eq!(many, "invalid-request: 101 headers of 101 bytes; at most 100 of 32768 bytes are sent");
    }
}
