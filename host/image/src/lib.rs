//! Images: sets of WASI command components, which are what a sandboxed shell can execute.
//!
//! **Three homes.** A [`Folder`] with an `image.toml` is how people make one, a [`Store`] is where this machine keeps
//! them, and a [`Registry`] is how they travel, as OCI artifacts. An [`Image`] is the same in all of them, and so is its
//! digest.
//!
//! **What comes from outside is checked before it has a name.** Every layer is bounded in length, compared with its
//! digest and seen to be a component before it is kept; whatever is read back is compared again. Registries are spoken to
//! in TLS but on this machine, credentials go to a registry and its owner only, and a redirection never leads further
//! inwards than the registry itself.
//!
//! **What is not here.** Nothing is compiled or run; what a component asks for is the sandbox's to check. HTTP is ureq,
//! as for repositories, in place of an OCI client crate: the one there is (oci-client 0.18) reads manifests and tokens
//! of any length, follows redirections to any address, and brings 40 crates more, reqwest and tower among them.
#![forbid(unsafe_code)]

mod adapt;
mod artifact;
mod blobs;
mod challenge;
mod component;
mod error;
mod exits;
mod file;
mod folder;
mod http;
mod image;
mod name;
mod reference;
mod registry;
mod remembered;
mod repository;
mod store;
mod terms;

pub use component::{About, LARGEST_COMPONENT};
pub use error::ImageError;
pub use folder::Folder;
pub use image::Image;
pub use reference::Reference;
pub use registry::{Registry, Transfer, Watch};
pub use store::{Store, Tagged};
pub use terms::{Credentials, Progress, Terms};
