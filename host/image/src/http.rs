//! Requests to a registry and to where it redirects, with every length, time and destination bounded.

use std::fmt::Debug;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use skep_model::{is_loopback, is_public};
use ureq::config::Config;
use ureq::http::request::Builder;
use ureq::http::{Request, Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, AsSendBody, Body};
use url::Url;

use crate::error::said;
use crate::{ImageError, Terms};

const CONNECT: Duration = Duration::from_secs(15);
const REDIRECTIONS: usize = 5;

/// What is asked for.
pub(crate) struct Ask<'a> {
    pub(crate) method: &'static str,
    pub(crate) url: Url,
    /// The kinds of content that are wanted.
    pub(crate) accept: &'static str,
    pub(crate) authorization: Option<String>,
    /// What is sent, and of which kind it is.
    pub(crate) body: Option<(&'a [u8], &'static str)>,
    pub(crate) redirects: Redirects,
}

/// Which redirections are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redirects {
    /// None.
    Nowhere,
    /// Those on the same server.
    SameServer,
    /// Any that lead no further inwards than the registry itself: of content that is checked when it is there.
    Anywhere,
}

/// A way to one registry, until a deadline.
pub(crate) struct Http {
    base: Url,
    registry: Agent,
    elsewhere: Agent,
    started: Instant,
    wall: Duration,
    silence: Duration,
}

impl Http {
    pub(crate) fn new(base: &Url, terms: &Terms) -> Self {
        let public = Arc::new(AtomicBool::new(false));
        let agent = |elsewhere| {
            let public = Arc::clone(&public);
            let inner = DefaultResolver::default();
            let resolver = Checked { inner, insecure: terms.insecure, elsewhere, public };
            Agent::with_parts(config(terms), DefaultConnector::default(), resolver)
        };
        let (registry, elsewhere) = (agent(false), agent(true));
        let Terms { wall, silence, .. } = *terms;
        Self { base: base.clone(), registry, elsewhere, started: Instant::now(), wall, silence }
    }

    /// The answer to a request, whatever its status, after redirections.
    pub(crate) fn send(&self, mut ask: Ask<'_>) -> Result<Response<Body>, ImageError> {
        let asked = shown(&ask.url);
        for _ in 0..=REDIRECTIONS {
            let response = self.once(&ask)?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            ask.url = self.redirected(&ask, &response)?;
            if !same_server(&self.base, &ask.url) {
                ask.authorization = None;
            }
        }
        Err(ImageError::Unreachable { url: asked, reason: "it redirects without an end".to_owned() })
    }

    fn once(&self, ask: &Ask<'_>) -> Result<Response<Body>, ImageError> {
        let url = shown(&ask.url);
        let left = self.wall.saturating_sub(self.started.elapsed());
        if left.is_zero() {
            return Err(ImageError::TooSlow { url, after: self.wall });
        }
        let agent = if same_server(&self.base, &ask.url) { &self.registry } else { &self.elsewhere };
        let sent = match ask.body {
            None => head(ask).body(()).map_err(Into::into).and_then(|request| run(agent, request, left)),
            Some((bytes, _)) => head(ask).body(bytes).map_err(Into::into).and_then(|request| run(agent, request, left)),
        };
        sent.map_err(|error| self.failed(&url, error))
    }

    /// All of a body that has at most so many bytes.
    pub(crate) fn read(&self, url: &Url, response: Response<Body>, limit: u64) -> Result<Vec<u8>, ImageError> {
        let mut bytes = Vec::new();
        let mut body = response.into_body().into_reader().take(limit + 1);
        body.read_to_end(&mut bytes).map_err(|error| self.failed(&shown(url), error.into()))?;
        if bytes.len() as u64 <= limit {
            return Ok(bytes);
        }
        Err(ImageError::TooMuch { what: shown(url), limit, reason: "which is the most that is read" })
    }

    /// What an error means.
    pub(crate) fn failed(&self, url: &str, error: ureq::Error) -> ImageError {
        let url = url.to_owned();
        match error {
            ureq::Error::Timeout(ureq::Timeout::PerRead | ureq::Timeout::PerWrite) => {
                ImageError::TooSlow { url, after: self.silence }
            }
            ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
                ImageError::TooSlow { url, after: CONNECT.min(self.wall) }
            }
            ureq::Error::Timeout(_) => ImageError::TooSlow { url, after: self.wall },
            ureq::Error::Io(error) => match error.downcast::<ImageError>() {
                Ok(refused) => refused,
                Err(error) => ImageError::Unreachable { url, reason: error.to_string() },
            },
            error => ImageError::Unreachable { url, reason: error.to_string() },
        }
    }

    /// Where a redirection leads, if it is followed.
    fn redirected(&self, ask: &Ask<'_>, response: &Response<Body>) -> Result<Url, ImageError> {
        let location = response.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let refused = |reason| {
            let to = said(location.split('?').next().unwrap_or_default());
            Err(ImageError::Redirected { from: shown(&ask.url), to, reason })
        };
        match (ask.url.join(location), ask.redirects) {
            (_, Redirects::Nowhere) => refused("nothing should be elsewhere there"),
            (Err(_), _) => refused("it is no URL"),
            (Ok(to), _) if !to.username().is_empty() || to.password().is_some() => refused("it has credentials in it"),
            (Ok(to), _) if same_server(&self.base, &to) => Ok(to),
            (Ok(_), Redirects::SameServer) => refused("it leads to another server"),
            (Ok(to), _) if !matches!(to.scheme(), "https" | "http") => refused("it is no URL of the web"),
            (Ok(to), _) if self.base.scheme() == "https" && to.scheme() != "https" => refused("it leads out of TLS"),
            (Ok(to), Redirects::Anywhere) => Ok(to),
        }
    }
}

/// A request without its body.
fn head(ask: &Ask<'_>) -> Builder {
    let kind = ask.body.map(|(_, kind)| kind);
    let headers =
        [("accept", Some(ask.accept)), ("authorization", ask.authorization.as_deref()), ("content-type", kind)];
    let given = headers.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    given.fold(Request::builder().method(ask.method).uri(ask.url.as_str()), |request, (name, value)| {
        request.header(name, value)
    })
}

fn run(agent: &Agent, request: Request<impl AsSendBody>, left: Duration) -> Result<Response<Body>, ureq::Error> {
    agent.run(agent.configure_request(request).timeout_global(Some(left)).build())
}

fn config(terms: &Terms) -> Config {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // What the environment says about proxies is no part of what an operator configured here.
        .proxy(None)
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_per_read(Some(terms.silence))
        .timeout_per_write(Some(terms.silence))
        .user_agent(concat!("skep/", env!("CARGO_PKG_VERSION")))
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .build()
}

/// Whether both are on one server.
pub(crate) fn same_server(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// A URL for messages: without what may be a signature or a token.
pub(crate) fn shown(url: &Url) -> String {
    url.as_str().split('?').next().unwrap_or_default().to_owned()
}

/// Looks a name up once and lets the connection go to the addresses that were checked.
#[derive(Debug)]
struct Checked {
    inner: DefaultResolver,
    insecure: bool,
    /// It is for what a registry redirects to.
    elsewhere: bool,
    /// The registry has a public address, if with others: then whatever it redirects to has to have none but such.
    public: Arc<AtomicBool>,
}

impl Checked {
    fn refusal(&self, socket: std::net::SocketAddr, plain: bool) -> Option<&'static str> {
        let ip = socket.ip();
        if plain && !self.insecure && !is_loopback(ip) {
            return Some("and only this machine is spoken to without TLS; --insecure permits it");
        }
        let inwards = self.elsewhere && self.public.load(Ordering::Relaxed) && !is_public(ip);
        inwards.then_some("and a registry of the internet has no business in this network")
    }
}

impl Resolver for Checked {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let plain = uri.scheme_str() != Some("https");
        for socket in &found {
            if let Some(reason) = self.refusal(*socket, plain) {
                let host = uri.host().unwrap_or_default().to_owned();
                return Err(io::Error::other(ImageError::AddressRefused { host, address: socket.ip(), reason }).into());
            }
        }
        if !self.elsewhere {
            self.public.store(found.iter().any(|socket| is_public(socket.ip())), Ordering::Relaxed);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(elsewhere: bool, registry_is_public: bool, address: &str, plain: bool) -> Option<&'static str> {
        let public = Arc::new(AtomicBool::new(registry_is_public));
        let inner = DefaultResolver::default();
        Checked { inner, insecure: false, elsewhere, public }.refusal(address.parse().unwrap(), plain)
    }

    #[test]
    fn a_public_registry_can_not_lead_into_this_network_and_a_private_one_can() {
        for inside in ["127.0.0.1:443", "10.0.0.1:443", "169.254.169.254:443", "[::1]:443", "[fd00::1]:443"] {
            assert!(refusal(true, true, inside, false).is_some(), "{inside}");
            assert!(refusal(true, false, inside, false).is_none(), "{inside}");
            assert!(refusal(false, true, inside, false).is_none(), "{inside}");
        }
        assert!(refusal(true, true, "1.1.1.1:443", false).is_none());
    }

    #[test]
    fn only_this_machine_is_spoken_to_without_tls() {
        assert!(refusal(false, false, "127.0.0.1:80", true).is_none());
        for outside in ["10.0.0.1:80", "1.1.1.1:80"] {
            assert!(refusal(false, false, outside, true).is_some(), "{outside}");
        }
    }
}
