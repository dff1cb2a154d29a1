//! What can go wrong, as situations that a caller tells apart.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a workspace could not be prepared. Nothing of it is left on the disk then.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// The workspace is there already.
    #[error("the workspace {dest:?} exists already")]
    Exists {
        /// Where.
        dest: PathBuf,
    },
    /// A path that would mean something else in every folder.
    #[error("the repository path {path:?} is relative; give the whole path")]
    Relative {
        /// Which.
        path: PathBuf,
    },
    /// There is nothing at this path.
    #[error("there is no repository at {path:?}; check the path")]
    NotFound {
        /// Where.
        path: PathBuf,
    },
    /// There is something else than a folder at this path.
    #[error("{path:?} is no folder; name the folder of the repository")]
    NotAFolder {
        /// Where.
        path: PathBuf,
    },
    /// A file or folder of the source can't be read.
    #[error("{path:?} can't be read: {source}; make it readable, or have it ignored by .gitignore")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder became something else while it was copied.
    #[error("{path:?} was changed while it was copied; try again when nothing works on it")]
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// The repository has nothing to work on.
    #[error("{location} is empty: it has no commit, or no file that git would not ignore")]
    Empty {
        /// Which repository.
        location: String,
    },
    /// The copy would contain itself.
    #[error(
        "the repository {path:?} contains the folder of the workspaces; keep the data outside of it, or have it ignored by .gitignore"
    )]
    ContainsWorkspace {
        /// Which repository.
        path: PathBuf,
    },
    /// More than the terms permit.
    #[error(
        "the repositories exceed the limit of {limit} {what} (at {at:?}); raise it, or have less in the repository"
    )]
    TooMuch {
        /// `bytes`, `files` or `folders below each other`.
        what: &'static str,
        /// How many are permitted.
        limit: u64,
        /// Where the limit was met.
        at: PathBuf,
    },
    /// The time is over.
    #[error("the repositories were not ready after {wall:?}; raise the limit, or see why the source is slow")]
    TimedOut {
        /// How long it may take.
        wall: Duration,
    },
    /// The caller wants no more of it.
    #[error("cancelled while the repositories were prepared")]
    Cancelled,
    /// No URL that is served here.
    #[error("the repository URL {url:?} is not served: {reason}")]
    BadUrl {
        /// The URL without what may be a password.
        url: String,
        /// Why, and what would do.
        reason: &'static str,
    },
    /// Something is asked of a repository that can't be done with it, or not yet.
    #[error("`{key}` of the repository {location} is not served: {reason}")]
    NotServed {
        /// Which repository.
        location: String,
        /// The key of `[[repos]]`.
        key: &'static str,
        /// Why, and what would do.
        reason: &'static str,
    },
    /// A path that leads out of a work tree, or into git's own folder.
    #[error("{path:?} is no path of a file or a link in a work tree")]
    NotOfAWorkTree {
        /// The path.
        path: PathBuf,
    },
    /// The repository doesn't have what was named.
    #[error("{location} has no branch, tag or commit {reference:?}{}", proposed(.nearest))]
    UnknownReference {
        /// Which repository.
        location: String,
        /// What was named.
        reference: String,
        /// Names that it has, the most similar first.
        nearest: Vec<String>,
    },
    /// A submodule that can't be brought.
    #[error("the submodule {path:?} can't be brought: {reason}")]
    Submodule {
        /// Its path in the repository.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// What a commit says of its submodules can't be read.
    #[error("{location} says nothing of its submodules that is understood: {reason}")]
    Modules {
        /// Which repository.
        location: String,
        /// What is wrong with its `.gitmodules`.
        reason: String,
    },
    /// A path of `sparse` leads to nothing.
    #[error("the commit of {location} has nothing at {path:?}; `sparse` names paths that it has")]
    NotInCommit {
        /// Which repository.
        location: String,
        /// The path.
        path: String,
    },
    /// The server gives its branches and tags, but not a commit by its id.
    #[error("{location} doesn't give the commit {commit} by its id ({reason}); name a branch or tag that holds it")]
    CommitRefused {
        /// Which repository.
        location: String,
        /// Which commit.
        commit: String,
        /// What the server or its list says.
        reason: String,
    },
    /// A name that leads to where a repository has no business.
    #[error("{host} is at {address}, which is no public address; the operator can permit it with allow_private")]
    AddressRefused {
        /// The host of the URL.
        host: String,
        /// Where it leads.
        address: IpAddr,
    },
    /// A redirection to another host.
    #[error(
        "{from} redirects to {to}; only redirections on the same host are followed, so name that URL if it is right"
    )]
    Redirected {
        /// The URL that was asked.
        from: String,
        /// Where it leads.
        to: String,
    },
    /// The server wants to know who asks.
    #[error("{url} can't be read without credentials; these come with secrets, which this host doesn't serve yet")]
    NeedsCredentials {
        /// Which repository.
        url: String,
    },
    /// The server answered with something that is no repository.
    #[error("{url} is no git repository: {reason}")]
    NoRepository {
        /// Which URL.
        url: String,
        /// What came instead.
        reason: String,
    },
    /// The server understood what it was asked for and doesn't give it.
    #[error("the server of {url} refuses: {reason}")]
    Refused {
        /// Which URL.
        url: String,
        /// What it says.
        reason: String,
    },
    /// The server can't be talked with.
    #[error("{url} can't be reached: {reason}")]
    Unreachable {
        /// Which URL.
        url: String,
        /// Why.
        reason: String,
    },
    /// A commit that was made to break things.
    #[error("the repository has an entry {name:?}, which is not safe to write: {reason}")]
    HostileName {
        /// Its path in the repository.
        name: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The repository's git data is broken or of a kind that isn't known.
    #[error("git can't read {location}: {source}")]
    Git {
        /// Which repository.
        location: String,
        /// Why.
        source: git2::Error,
    },
    /// What git tracks and ignores in a work tree can't be told, and so not which files are wanted.
    #[error(
        "git's data of the work tree {path:?} can't be read: {reason}; let git repair it, name its file:// URL to have its last commit, or a copy of the folder without its .git to have all its files"
    )]
    WorkTree {
        /// Which.
        path: PathBuf,
        /// What is wrong with it or isn't known here.
        reason: String,
    },
    /// What a revision says isn't there, or can't be reached from the run's own branches.
    #[error("unknown revision {revision:?}")]
    UnknownRevision {
        /// What it says.
        revision: String,
    },
    /// The workspace can't be written; the host's trouble and not the repository's.
    #[error("the workspace can't be written at {path:?}: {source}")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl RepoError {
    /// For what git says about a repository.
    pub(crate) fn git(location: impl ToString) -> impl Fn(git2::Error) -> Self {
        move |source| Self::Git { location: location.to_string(), source }
    }

    /// For the writing of a path.
    pub(crate) fn write<E: Into<io::Error>>(path: &Path) -> impl Fn(E) -> Self {
        move |error| Self::Write { path: path.to_owned(), source: error.into() }
    }

    /// For the reading of a path.
    pub(crate) fn read<E: Into<io::Error>>(path: &Path) -> impl Fn(E) -> Self {
        move |error| Self::Unreadable { path: path.to_owned(), source: error.into() }
    }
}

fn proposed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!("; it has {names:?}"),
    }
}
