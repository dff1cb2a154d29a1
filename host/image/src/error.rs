//! What can go wrong, as situations that a caller tells apart.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use skep_model::Digest;
use skep_toml::ConfigError;

use crate::Reference;

/// Why an image could not be had, kept or sent.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The image's folder is wrong; each problem with its line in image.toml.
    #[error(transparent)]
    Folder(#[from] ConfigError),
    /// No reference to an image.
    #[error("{text:?} is no reference to an image: {reason}; write HOST/NAME:TAG, or HOST/NAME@sha256:DIGEST")]
    BadReference {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A reference to this machine where one to a registry is needed, or a digest where a tag is.
    #[error("{reference} can't be used here: {reason}")]
    WrongReference {
        /// Which.
        reference: String,
        /// Why, and what would do.
        reason: &'static str,
    },
    /// The store has no such image.
    #[error(
        "there is no image {reference} here; `skep image pull {reference}` gets it, `skep image list` says what there is"
    )]
    Unknown {
        /// Which.
        reference: String,
    },
    /// The store has no such component.
    #[error(
        "the component {digest} is not here; `skep image pull`, or `skep image build` for a folder, brings it back"
    )]
    Missing {
        /// Which.
        digest: Digest,
    },
    /// A file of the store is not what its name says.
    #[error(
        "{} is damaged: it is not {digest}; `skep image pull`, or `skep image build` for a folder, brings it back",
        path.display()
    )]
    Damaged {
        /// Its name.
        digest: Digest,
        /// Where it is.
        path: PathBuf,
    },
    /// A file changed while it was read.
    #[error("{} was changed while it was read; try again when nothing works on it", path.display())]
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// The store can't be read or written.
    #[error("{}: {source}", path.display())]
    Store {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The registry has no such image, or shows it to some only.
    #[error("{reference} is not there, or the registry shows it to some only; check its name and SKEP_REGISTRY_USER")]
    NotThere {
        /// Which.
        reference: String,
    },
    /// The registry wants to know who asks, or did not like the answer.
    #[error("the registry refuses access to {reference}: {reason}")]
    Denied {
        /// Which image.
        reference: String,
        /// What would do.
        reason: String,
    },
    /// What the registry has is no image of commands.
    #[error("{reference} is no image of commands: {reason}")]
    NoImage {
        /// Which.
        reference: String,
        /// What it is instead.
        reason: String,
    },
    /// A file is no command.
    #[error("{} {reason}", path.display())]
    NoCommand {
        /// Which.
        path: PathBuf,
        /// What it is instead, and what would do.
        reason: String,
    },
    /// The registry sends something else than what was asked for.
    #[error("the registry sent something else as {what}: expected {expected}, got {found}; nothing of it was kept")]
    WrongDigest {
        /// What was asked for.
        what: String,
        /// Its digest.
        expected: Digest,
        /// The digest of what came.
        found: Digest,
    },
    /// The registry stopped in the middle.
    #[error("the registry ended {what} after {got} of {size} bytes; nothing of it was kept, so try again")]
    Truncated {
        /// What was asked for.
        what: String,
        /// Its length.
        size: u64,
        /// How much came.
        got: u64,
    },
    /// More than the terms permit, or than was announced.
    #[error("{what} has more than {limit} bytes, {reason}; nothing of it was kept")]
    TooMuch {
        /// What.
        what: String,
        /// How many it may have.
        limit: u64,
        /// Why.
        reason: &'static str,
    },
    /// A redirection that is not followed.
    #[error("{from} redirects to {to}, which is not followed: {reason}")]
    Redirected {
        /// What was asked for.
        from: String,
        /// Where it leads.
        to: String,
        /// Why not.
        reason: &'static str,
    },
    /// An address that this connection may not lead to.
    #[error("{host} is at {address}, {reason}")]
    AddressRefused {
        /// Whose.
        host: String,
        /// Which.
        address: IpAddr,
        /// Why.
        reason: &'static str,
    },
    /// The time is over.
    #[error("{url} was not done after {after:?}; try again, what is whole is kept")]
    TooSlow {
        /// What was asked for.
        url: String,
        /// How long it may take.
        after: Duration,
    },
    /// The registry can't be talked with.
    #[error("{url}: {reason}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// Why.
        reason: String,
    },
}

/// The longest text of a registry that stands in a message, in characters.
const SAID: usize = 200;

/// What a registry says, as part of a message: on one line, no longer than it should be, and without anything that a
/// terminal would obey.
pub(crate) fn said(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SAID).collect()
}

impl ImageError {
    /// For what a registry has instead of an image.
    pub(crate) fn no_image(reference: &Reference, reason: &str) -> Self {
        Self::NoImage { reference: reference.to_string(), reason: said(reason) }
    }

    /// For files of the store.
    pub(crate) fn store(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Store { path: path.to_owned(), source }
    }
}
