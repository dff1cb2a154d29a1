//! How a repository names what it stores: by one of two hashes.

use git2::Oid;
use sha1::Sha1;
use sha1::digest::{Digest, DynDigest};
use sha2::Sha256;

/// The hash of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    #[default]
    Sha1,
    Sha256,
}

/// The name of an object; of a short one, the rest is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id([u8; 32]);

impl Id {
    /// Of at most 32 bytes.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut id = [0; 32];
        id.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self(id)
    }

    /// As libgit2 names it, which knows no long names.
    pub(crate) fn oid(self) -> Result<Oid, git2::Error> {
        Oid::from_bytes(&self.0[..Format::Sha1.width()])
    }
}

impl Format {
    /// How many bytes a name has.
    pub(crate) fn width(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    pub(crate) fn hasher(self) -> Box<dyn DynDigest> {
        match self {
            Self::Sha1 => Box::new(Sha1::new()),
            Self::Sha256 => Box::new(Sha256::new()),
        }
    }

    pub(crate) fn digest(self, parts: &[&[u8]]) -> Box<[u8]> {
        let mut hasher = self.hasher();
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finalize()
    }
}

/// What git puts before the content of a file when it makes its name.
pub(crate) fn blob_header(size: u64) -> String {
    format!("blob {size}\0")
}
