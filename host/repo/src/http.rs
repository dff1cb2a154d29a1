//! One git server, spoken to in HTTP: addresses checked and pinned, no redirection to another server, everything
//! counted.

use std::fmt::Debug;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use skep_model::{is_loopback, is_public};
use ureq::config::Config;
use ureq::http::{Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body};
use url::Url;

use crate::RepoError;
use crate::location::same_server;
use crate::meter::Meter;

const REDIRECTIONS: usize = 5;
const CONNECT: Duration = Duration::from_secs(15);
/// libgit2 holds the list of a server's branches and tags in memory.
const LARGEST_LIST: u64 = 64 << 20;
/// The length of a packet and the first letters of what it says.
const PACKET: u64 = 8;
/// Of what a server says for a reason, in bytes.
const LONGEST_REASON: u64 = 500;
const LIST: &str = "/info/refs?service=git-upload-pack";

/// One repository's server.
pub(crate) struct Server {
    agent: Agent,
    /// Changes when the server redirects to another path of its own.
    url: Mutex<Url>,
    most: u64,
    received: Arc<AtomicU64>,
    failure: Mutex<Option<RepoError>>,
}

impl Server {
    pub(crate) fn new(url: Url, meter: &Meter<'_>) -> Self {
        let terms = meter.terms;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // What the environment says about proxies is no part of what an operator configured here.
            .proxy(None)
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            // Some servers speak git's protocol only with what looks like git.
            .user_agent(concat!("git/2.0 (skep ", env!("CARGO_PKG_VERSION"), ")"))
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .build();
        let resolver = Checked { inner: DefaultResolver::default(), allow_private: terms.allow_private };
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        let (received, failure) = (Arc::clone(&meter.received), Mutex::new(None));
        Self { agent, url: Mutex::new(url), most: terms.bytes, received, failure }
    }

    /// What the server has: its branches and tags.
    pub(crate) fn list(&self) -> Result<impl Read + Send + use<>, RepoError> {
        for _ in 0..REDIRECTIONS {
            let url = self.url();
            let response = self.agent.get(format!("{url}{LIST}")).call().map_err(|error| unreachable(&url, error))?;
            if !response.status().is_redirection() {
                return Ok(accepted(&url, response, "advertisement")?.into_body().into_reader().take(LARGEST_LIST));
            }
            self.redirect(&url, &response)?;
        }
        Err(RepoError::Unreachable { url: self.url(), reason: "it redirects without an end".to_owned() })
    }

    /// The objects that `request` asks for.
    pub(crate) fn fetch(&self, request: &[u8]) -> Result<impl Read + Send + use<>, RepoError> {
        let url = self.url();
        let post = self.agent.post(format!("{url}/git-upload-pack"));
        let post = post.header("content-type", "application/x-git-upload-pack-request");
        let response = post.send(request).map_err(|error| unreachable(&url, error))?;
        willing(&url, accepted(&url, response, "result")?.into_body().into_reader())
    }

    /// Counts bytes that came.
    pub(crate) fn count(&self, bytes: usize) -> Result<(), RepoError> {
        let received = self.received.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if received <= self.most {
            return Ok(());
        }
        Err(RepoError::TooMuch { what: "bytes", limit: self.most, at: self.url().into() })
    }

    /// Keeps the first reason for giving up, because libgit2 would make a sentence of it.
    pub(crate) fn fail(&self, error: RepoError) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// The reason for giving up, once.
    pub(crate) fn failure(&self) -> Option<RepoError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Ends whatever is under way on another thread.
    pub(crate) fn stop(&self, error: RepoError) {
        self.fail(error);
        self.agent.clone().shutdown();
    }

    fn url(&self) -> String {
        let url = self.url.lock().unwrap_or_else(PoisonError::into_inner);
        url.as_str().trim_end_matches('/').to_owned()
    }

    fn redirect(&self, from: &str, response: &Response<Body>) -> Result<(), RepoError> {
        let location = response.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut url = self.url.lock().unwrap_or_else(PoisonError::into_inner);
        let to = Url::parse(&format!("{from}{LIST}")).and_then(|asked| asked.join(location)).ok();
        let base = to.as_ref().and_then(|to| Url::parse(to.as_str().strip_suffix(LIST)?).ok());
        match base {
            Some(base) if same_server(&url, &base) => *url = base,
            _ => return Err(RepoError::Redirected { from: from.to_owned(), to: location.escape_debug().to_string() }),
        }
        Ok(())
    }
}

fn accepted(url: &str, response: Response<Body>, kind: &str) -> Result<Response<Body>, RepoError> {
    let url = url.to_owned();
    let content = response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match response.status().as_u16() {
        200 if content == format!("application/x-git-upload-pack-{kind}") => Ok(response),
        200 => Err(RepoError::NoRepository { url, reason: "the server answers, but not in git's protocol".to_owned() }),
        401 | 403 => Err(RepoError::NeedsCredentials { url }),
        404 | 410 => Err(RepoError::NoRepository {
            url,
            reason: "the server has none there, or shows it to some only".to_owned(),
        }),
        status => Err(RepoError::Unreachable { url, reason: format!("the server answers with status {status}") }),
    }
}

/// The answer, unless it begins with a packet that is an error, of which libgit2 would tell nothing.
fn willing<R: Read + Send>(url: &str, mut answer: R) -> Result<impl Read + Send + use<R>, RepoError> {
    let mut begin = Vec::new();
    let broken = |error: io::Error| RepoError::Unreachable { url: url.to_owned(), reason: error.to_string() };
    answer.by_ref().take(PACKET).read_to_end(&mut begin).map_err(broken)?;
    if begin.get(4..) == Some(b"ERR ") {
        answer.take(LONGEST_REASON).read_to_end(&mut begin).map_err(broken)?;
        let reason = String::from_utf8_lossy(&begin[PACKET as usize..]).trim_end().escape_debug().to_string();
        return Err(RepoError::Refused { url: url.to_owned(), reason });
    }
    Ok(io::Cursor::new(begin).chain(answer))
}

fn unreachable(url: &str, error: ureq::Error) -> RepoError {
    let url = url.to_owned();
    match error {
        ureq::Error::Io(error) => match error.downcast::<RepoError>() {
            Ok(refused) => refused,
            Err(error) => RepoError::Unreachable { url, reason: error.to_string() },
        },
        error => RepoError::Unreachable { url, reason: error.to_string() },
    }
}

/// Looks a name up once and lets the connection go to the addresses that were checked, so that a second answer of the
/// name service can't lead elsewhere.
#[derive(Debug)]
struct Checked {
    inner: DefaultResolver,
    allow_private: bool,
}

impl Resolver for Checked {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let plain = uri.scheme_str() != Some("https");
        for socket in &found {
            let allowed = if plain { is_loopback(socket.ip()) } else { is_public(socket.ip()) };
            let allowed = allowed || (self.allow_private && !plain);
            if !allowed {
                let host = uri.host().unwrap_or_default().to_owned();
                return Err(io::Error::other(RepoError::AddressRefused { host, address: socket.ip() }).into());
            }
        }
        Ok(found)
    }
}
