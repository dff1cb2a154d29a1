//! References to images: `ghcr.io/acme/unix:0.1.0`, `ghcr.io/acme/unix@sha256:…`, and `unix:dev` for this machine only.

use std::fmt;
use std::str::FromStr;

use skep_model::Digest;
use url::Url;

use crate::ImageError;

/// The tag of a reference that names none.
const LATEST: &str = "latest";

/// A name for an image. Without a registry it is known on this machine only; no registry is ever assumed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    registry: Option<String>,
    repository: String,
    version: Version,
}

/// Which of a repository's images.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    /// May be another one tomorrow.
    Tag(String),
    /// The digest of the manifest: always the same one.
    Digest(Digest),
}

impl Reference {
    /// The registry, as `host` or `host:port`.
    pub fn registry(&self) -> Option<&str> {
        self.registry.as_deref()
    }

    /// The name in the registry: `acme/unix`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, unless it names a digest.
    pub fn tag(&self) -> Option<&str> {
        match &self.version {
            Version::Tag(tag) => Some(tag),
            Version::Digest(_) => None,
        }
    }

    /// The digest of the artifact, unless it names a tag.
    pub fn digest(&self) -> Option<Digest> {
        match self.version {
            Version::Tag(_) => None,
            Version::Digest(digest) => Some(digest),
        }
    }

    /// The same repository's artifact with this digest.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        Self { version: Version::Digest(digest), ..self.clone() }
    }

    /// The last part of the name, which is what a single command is called.
    pub(crate) fn last_part(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or(&self.repository)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(registry) = &self.registry {
            write!(f, "{registry}/")?;
        }
        match &self.version {
            Version::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            Version::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}

impl FromStr for Reference {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        parse(text).map_err(|reason| ImageError::BadReference { text: text.chars().take(300).collect(), reason })
    }
}

fn parse(text: &str) -> Result<Reference, &'static str> {
    if text.contains("://") {
        return Err("it is a URL; leave out what stands before the host");
    }
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    let (registry, path) = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Some(registry(host)?), path),
        _ => (None, name),
    };
    let (repository, tag) = path.split_once(':').map_or((path, None), |(path, tag)| (path, Some(tag)));
    check_repository(repository)?;
    let tag = tag.map(checked_tag).transpose()?.unwrap_or(LATEST);
    let version = match digest {
        Some(digest) if !digest.starts_with("sha256:") => return Err("only sha256 digests are known here"),
        Some(digest) => Version::Digest(digest.parse().map_err(|_| "its digest is not sha256: and 64 digits")?),
        None => Version::Tag(tag.to_owned()),
    };
    Ok(Reference { registry, repository: repository.to_owned(), version })
}

fn registry(host: &str) -> Result<String, &'static str> {
    let wrong = "its registry is no host name with or without a port";
    let url = Url::parse(&format!("https://{host}/")).map_err(|_| wrong)?;
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    let again = format!("{}{port}", url.host_str().unwrap_or_default());
    // A URL drops the port that it would have anyway.
    let same = again == host || format!("{again}:443") == host;
    let labels = url.domain().unwrap_or("ip").split('.').all(|label| !label.is_empty());
    if same && labels { Ok(host.to_owned()) } else { Err(wrong) }
}

/// The grammar of the OCI distribution specification 1.1, a little wider: it has rules for runs of separators, too.
fn check_repository(repository: &str) -> Result<(), &'static str> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let ends_well = |part: &str| !part.starts_with(['.', '_', '-']) && !part.ends_with(['.', '_', '-']);
    let good = |part: &str| !part.is_empty() && part.chars().all(fits) && ends_well(part);
    match repository.split('/').all(good) && repository.len() <= 255 {
        true => Ok(()),
        false => Err("a name has lower-case letters, digits, and `.`, `_`, `-` between them, in parts divided by `/`"),
    }
}

fn checked_tag(tag: &str) -> Result<&str, &'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let good = !tag.is_empty() && tag.len() <= 128 && tag.chars().all(fits) && !tag.starts_with(['.', '-']);
    if good { Ok(tag) } else { Err("a tag has up to 128 letters, digits, `.`, `_` and `-`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(text: &str) -> Reference {
        text.parse().unwrap()
    }

    #[test]
    fn a_reference_survives_its_text() {
        let digest = Digest::of(b"x");
        for text in ["ghcr.io/acme/unix:0.1.0", "localhost/a:b", "127.0.0.1:5000/a/b/c:latest", "[::1]:5000/x:y"] {
            assert_eq!(reference(text).to_string(), text);
        }
        let pinned = reference(&format!("ghcr.io/acme/unix:0.1.0@{digest}"));
        assert_eq!(pinned.to_string(), format!("ghcr.io/acme/unix@{digest}"));
        assert_eq!(reference("ghcr.io/acme/unix").at(digest), pinned);
    }

    #[test]
    fn no_registry_and_no_port_is_made_up() {
        let local = reference("acme/unix");
        assert_eq!((local.registry(), local.repository(), local.tag()), (None, "acme/unix", Some("latest")));
        assert_eq!(reference("ghcr.io:443/unix:1").registry(), Some("ghcr.io:443"));
        assert_eq!(local.last_part(), "unix");
    }

    #[test]
    fn what_is_no_reference_is_refused_with_what_would_do() {
        for (text, reason) in [
            ("", "a name has"),
            ("Unix", "a name has"),
            ("a//b", "a name has"),
            ("../etc/passwd", "no host name"),
            ("a/../b", "a name has"),
            ("a/b:", "a tag has"),
            ("a/b:x/y", "a tag has"),
            ("a/b@md5:00", "only sha256"),
            ("a/b@sha256:00", "64 digits"),
            ("https://ghcr.io/a", "it is a URL"),
            ("user@ghcr.io/a", "only sha256"),
            ("ghcr.io:port/a", "no host name"),
            ("ghcr.io?x/a", "no host name"),
        ] {
            let refusal = text.parse::<Reference>().unwrap_err().to_string();
            assert!(refusal.contains(reason) && refusal.contains("write HOST/NAME:TAG"), "{text}: {refusal}");
        }
    }
}
