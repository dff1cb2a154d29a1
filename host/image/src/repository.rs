//! One repository of a registry, in the words of the OCI distribution specification 1.1.

use std::cell::RefCell;

use serde::Deserialize;
use skep_model::{Digest, is_loopback};
use ureq::Body;
use ureq::http::Response;
use url::{Host, Url};

use crate::artifact::{Descriptor, MANIFEST};
use crate::challenge::{Challenge, may_hear_credentials};
use crate::http::{Ask, Http, Redirects, same_server, shown};
use crate::{Credentials, ImageError, Reference, Terms, error};

/// How much is read of what a registry says about an error, and of a token.
const WORDS: u64 = 64 << 10;
const BYTES: &str = "application/octet-stream";

/// A repository, spoken to until the terms' time is over.
pub(crate) struct Repository<'a> {
    http: Http,
    terms: &'a Terms,
    credentials: Option<&'a Credentials>,
    reference: &'a Reference,
    /// `https://host/v2/acme/unix/`
    base: Url,
    /// What the registry accepted last.
    authorization: RefCell<Option<String>>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl<'a> Repository<'a> {
    pub(crate) fn new(
        reference: &'a Reference,
        terms: &'a Terms,
        credentials: Option<&'a Credentials>,
    ) -> Result<Self, ImageError> {
        let base = base(reference, terms)?;
        let http = Http::new(&base, terms);
        Ok(Self { http, terms, credentials, reference, base, authorization: RefCell::default() })
    }

    /// The manifest that the reference names, which is what its digest says.
    pub(crate) fn manifest(&self) -> Result<(Vec<u8>, Digest), ImageError> {
        let name = match self.reference.digest() {
            Some(digest) => digest.to_string(),
            None => self.reference.tag().unwrap_or_default().to_owned(),
        };
        let url = self.url(&format!("manifests/{name}"))?;
        let response = self.call(|| self.ask("GET", &url, Redirects::SameServer))?;
        let announced = header(&response, "docker-content-digest").and_then(|text| text.parse::<Digest>().ok());
        let bytes = self.http.read(&url, self.accepted(response)?, self.terms.manifest_bytes)?;
        let found = Digest::of(&bytes);
        match self.reference.digest().or(announced) {
            Some(expected) if expected != found => {
                Err(ImageError::WrongDigest { what: "the manifest".to_owned(), expected, found })
            }
            Some(_) | None => Ok((bytes, found)),
        }
    }

    /// A blob, as the registry or where it redirects to sends it. Nothing of it is checked yet but its announced length.
    pub(crate) fn blob(&self, descriptor: &Descriptor) -> Result<Response<Body>, ImageError> {
        let url = self.url(&format!("blobs/{}", descriptor.digest))?;
        let response = self.accepted(self.call(|| self.ask("GET", &url, Redirects::Anywhere))?)?;
        match response.body().content_length() {
            Some(length) if length > descriptor.size => Err(ImageError::TooMuch {
                what: descriptor.title(),
                limit: descriptor.size,
                reason: "which is what the manifest announces",
            }),
            Some(_) | None => Ok(response),
        }
    }

    /// Whether the registry has a blob.
    pub(crate) fn has(&self, digest: Digest) -> Result<bool, ImageError> {
        let url = self.url(&format!("blobs/{digest}"))?;
        let response = self.call(|| self.ask("HEAD", &url, Redirects::Anywhere))?;
        match response.status().as_u16() {
            404 => Ok(false),
            _ => self.accepted(response).map(|_| true),
        }
    }

    /// Gives the registry a blob, in one piece.
    pub(crate) fn upload(&self, bytes: &[u8], digest: Digest) -> Result<(), ImageError> {
        let begin = self.url("blobs/uploads/")?;
        let empty: (&[u8], _) = (b"", BYTES);
        let begun =
            self.accepted(self.call(|| Ask { body: Some(empty), ..self.ask("POST", &begin, Redirects::Nowhere) })?)?;
        let location = header(&begun, "location").unwrap_or_default();
        let mut url = begin.join(location).ok().filter(|url| same_server(&self.base, url)).ok_or_else(|| {
            let (from, to) = (shown(&begin), error::said(location.split('?').next().unwrap_or_default()));
            ImageError::Redirected { from, to, reason: "an upload goes to the registry itself" }
        })?;
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        self.call(|| Ask { body: Some((bytes, BYTES)), ..self.ask("PUT", &url, Redirects::Nowhere) })
            .and_then(|response| self.accepted(response))
            .map(|_| ())
    }

    /// Gives the registry a manifest under the reference's tag.
    pub(crate) fn put_manifest(&self, tag: &str, bytes: &[u8]) -> Result<(), ImageError> {
        let url = self.url(&format!("manifests/{tag}"))?;
        self.call(|| Ask { body: Some((bytes, MANIFEST)), ..self.ask("PUT", &url, Redirects::Nowhere) })
            .and_then(|response| self.accepted(response))
            .map(|_| ())
    }

    /// What an error of a blob's body means.
    pub(crate) fn failed(&self, error: std::io::Error) -> ImageError {
        self.http.failed(&shown(&self.base), error.into())
    }

    fn ask(&self, method: &'static str, url: &Url, redirects: Redirects) -> Ask<'static> {
        let authorization = self.authorization.borrow().clone();
        Ask { method, url: url.clone(), accept: MANIFEST, authorization, body: None, redirects }
    }

    fn url(&self, path: &str) -> Result<Url, ImageError> {
        let wrong = |_| ImageError::BadReference { text: self.reference.to_string(), reason: "it makes no URL" };
        self.base.join(path).map_err(wrong)
    }

    /// Asks, and once more if the registry first wants to know who asks.
    fn call<'b>(&self, ask: impl Fn() -> Ask<'b>) -> Result<Response<Body>, ImageError> {
        let response = self.http.send(ask())?;
        let challenge = header(&response, "www-authenticate").and_then(Challenge::parse);
        match challenge {
            Some(challenge) if response.status().as_u16() == 401 => {
                let authorization = self.authorization_for(challenge)?;
                self.authorization.replace(Some(authorization));
                self.http.send(ask())
            }
            Some(_) | None => Ok(response),
        }
    }

    fn authorization_for(&self, challenge: Challenge) -> Result<String, ImageError> {
        match (challenge, self.credentials) {
            (Challenge::Basic, Some(credentials)) => Ok(credentials.basic()),
            (Challenge::Basic, None) => {
                Err(self.denied("it wants SKEP_REGISTRY_USER and SKEP_REGISTRY_PASSWORD".to_owned()))
            }
            (Challenge::Bearer { realm, service, scope }, _) => self.token(realm, service, scope),
        }
    }

    fn token(&self, mut realm: Url, service: Option<String>, scope: Option<String>) -> Result<String, ImageError> {
        let authorization = self.credentials.map(Credentials::basic);
        if authorization.is_some() && !may_hear_credentials(&self.base, &realm) {
            return Err(self
                .denied(format!("it sends to {} for a token, which has no claim to its credentials", shown(&realm))));
        }
        let wanted = [("service", service), ("scope", scope)];
        let wanted = wanted.into_iter().filter_map(|(key, value)| Some((key, value?)));
        realm.query_pairs_mut().extend_pairs(wanted);
        let ask = Ask { accept: "application/json", authorization, ..self.ask("GET", &realm, Redirects::Nowhere) };
        let bytes = self.http.read(&realm, self.accepted(self.http.send(ask)?)?, WORDS)?;
        let token = serde_json::from_slice::<Token>(&bytes).ok().and_then(|token| token.token.or(token.access_token));
        token.map(|token| format!("Bearer {token}")).ok_or_else(|| self.denied("it gives out no token".to_owned()))
    }

    fn denied(&self, reason: String) -> ImageError {
        ImageError::Denied { reference: self.reference.to_string(), reason }
    }

    /// The answer, if it is a good one.
    fn accepted(&self, response: Response<Body>) -> Result<Response<Body>, ImageError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        // What it says is only a hint: that it can't be read changes nothing.
        let said = self.http.read(&self.base, response, WORDS).map(|bytes| words(&bytes)).unwrap_or_default();
        let reason = format!("the registry answers with status {}{said}", status.as_u16());
        match status.as_u16() {
            401 | 403 => Err(self.denied(format!("check SKEP_REGISTRY_USER and SKEP_REGISTRY_PASSWORD{said}"))),
            404 => Err(ImageError::NotThere { reference: self.reference.to_string() }),
            _ => Err(ImageError::Unreachable { url: shown(&self.base), reason }),
        }
    }
}

/// What a registry says about an error, in one line.
fn words(bytes: &[u8]) -> String {
    let said: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    let message = error::said(said["errors"][0]["message"].as_str().unwrap_or_default());
    if message.is_empty() { message } else { format!(" ({message})") }
}

fn header<'r>(response: &'r Response<Body>, name: &str) -> Option<&'r str> {
    response.headers().get(name)?.to_str().ok()
}

fn base(reference: &Reference, terms: &Terms) -> Result<Url, ImageError> {
    let wrong = |reason| ImageError::WrongReference { reference: reference.to_string(), reason };
    let registry = reference.registry().ok_or_else(|| wrong("it names no registry; write HOST/NAME:TAG"))?;
    // The one registry whose host is not its name.
    let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
    let url = |scheme: &str| Url::parse(&format!("{scheme}://{host}/v2/{}/", reference.repository()));
    let secure = url("https").map_err(|_| wrong("its registry is no host"))?;
    let here = match secure.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => is_loopback(address.into()),
        Some(Host::Ipv6(address)) => is_loopback(address.into()),
        None => false,
    };
    if here || terms.insecure { url("http").map_err(|_| wrong("its registry is no host")) } else { Ok(secure) }
}
