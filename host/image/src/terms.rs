//! What a transfer may cost, who asks for it, and how it goes.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::LARGEST_COMPONENT;

/// What a transfer may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Bytes of one layer.
    pub layer_bytes: u64,
    /// Bytes of all layers of an image.
    pub total_bytes: u64,
    /// Bytes of a manifest, of ours or the registry's.
    pub manifest_bytes: u64,
    /// How long all of it may take.
    pub wall: Duration,
    /// How long a registry may say nothing.
    pub silence: Duration,
    /// Whether registries of other machines are spoken to without TLS.
    pub insecure: bool,
}

impl Default for Terms {
    /// 64 MiB a layer, 1 GiB in all, 4 MiB a manifest, 30 minutes, 60 seconds of silence, TLS.
    fn default() -> Self {
        Self {
            layer_bytes: LARGEST_COMPONENT,
            total_bytes: 1 << 30,
            manifest_bytes: 4 << 20,
            wall: Duration::from_secs(30 * 60),
            silence: Duration::from_secs(60),
            insecure: false,
        }
    }
}

/// Who asks a registry.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// A user and a password or access token.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: password.into() }
    }

    /// Those for a registry out of the text of docker's `config.json`, if they stand in the file itself. Programs that it
    /// names as helpers are not run.
    pub fn from_docker_config(text: &str, registry: &str) -> Option<Self> {
        let config: Value = serde_json::from_str(text).ok()?;
        let hub = if registry == "docker.io" { "https://index.docker.io/v1/" } else { registry };
        let entry = config.get("auths")?.get(hub)?.get("auth")?.as_str()?;
        let decoded = String::from_utf8(STANDARD.decode(entry).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        Some(Self::new(user, password))
    }

    /// As the header of a request.
    pub(crate) fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}:…)", self.user)
    }
}

/// How a transfer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A layer is there already and is not sent again.
    Present {
        /// What it is called.
        title: String,
        /// Its length.
        bytes: u64,
    },
    /// A layer is on its way.
    Moving {
        /// What it is called.
        title: String,
        /// Bytes so far.
        bytes: u64,
        /// Its length.
        of: u64,
    },
    /// A layer has arrived, and is what it should be.
    Moved {
        /// What it is called.
        title: String,
        /// Its length.
        bytes: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_come_from_dockers_file_and_are_not_printed() {
        let text =
            format!(r#"{{"auths":{{"ghcr.io":{{"auth":"{}"}},"x.org":{{}}}}}}"#, STANDARD.encode("ada:hunter:2"));
        let found = Credentials::from_docker_config(&text, "ghcr.io").unwrap();
        assert_eq!(found, Credentials::new("ada", "hunter:2"));
        assert_eq!(format!("{found:?}"), "Credentials(ada:…)");
        for registry in ["x.org", "elsewhere.org"] {
            assert_eq!(Credentials::from_docker_config(&text, registry), None);
        }
        assert_eq!(Credentials::from_docker_config("no json", "ghcr.io"), None);
    }
}
