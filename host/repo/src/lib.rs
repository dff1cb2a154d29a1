//! Brings repositories into a run's workspace: folders of this machine are copied, URLs are fetched and checked out.
//!
//! **What a workspace holds.** The files, folders and symbolic links of each repository, and never a `.git`: a guest
//! that could write one could have the host's git read its configuration, and a copied one could carry hooks, filters
//! and credentials in. The commit is recorded in [`Checkout`] instead, and git on a workspace (status, diff, commit)
//! is the host's work, with a git folder that stands outside of it: a [`WorkTree`].
//!
//! **What is never done.** No hook, filter, `fsmonitor`, credential helper or configuration of a repository, a user
//! or the machine is run or obeyed, but for what a repository says of how its index and files are stored. Large-file
//! pointers stay pointers, line ends stay as they are stored. A local source is only read: not even its index is
//! refreshed. No symbolic link is followed on either side.
//!
//! **How much comes.** Of a URL the commit that is wanted, whole or a part of it, with as much history as is wanted where
//! git data is kept. Submodules stay empty folders unless they are wanted; where one comes from is written by whoever
//! wrote the commit, so that it may lead to servers but to no other folder of this machine.
//!
//! **Whole or absent.** Everything is built in `<dest>.partial` and renamed at the end, so that a workspace that is
//! there is complete; [`Durability`] says whether after a machine crash too. A folder whose name ends in `.partial`
//! is nobody's and can be removed at any time when no preparation is under way.
#![deny(unsafe_code)]

mod archive;
mod beneath;
mod checkout;
mod copy;
mod duplicate;
mod error;
mod file;
mod folder;
mod format;
mod git_folder;
mod http;
mod index;
mod libgit;
mod local;
mod location;
mod meter;
mod mirror;
mod modules;
mod names;
mod pin;
mod pool;
mod prepare;
mod prepared;
mod reach;
mod readable;
mod remote;
mod remove;
mod rules;
mod skipped;
mod sparse;
mod split;
mod submodules;
mod tracked;
mod transport;
mod wanted;
mod work_tree;

pub use archive::archive;
pub use duplicate::duplicate;
pub use error::RepoError;
pub use meter::{Durability, Progress, Terms, Watch};
pub use mirror::shrink_mirrors;
pub use pin::{Pin, pin};
pub use prepare::{prepare, prepare_at};
pub use prepared::{Checkout, Prepared};
pub use remove::remove;
pub use work_tree::{
    Blob, Change, ChangeKind, Changes, Comparison, Difference, Git, Head, Listed, Logged, NewCommit, Origin, Person,
    Side, Source, Walk, WorkTree,
};
