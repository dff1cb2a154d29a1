//! libgit2, set up once for the process so that nothing but the repository at hand is ever read.

use std::path::Path;
use std::sync::LazyLock;

use git2::{ConfigLevel, Repository, RepositoryOpenFlags};

use crate::{RepoError, transport};

/// libgit2 takes transports by a scheme of its own, so that no other user of libgit2 in the process gets ours.
pub(crate) const SCHEME: &str = "skep+";

static READY: LazyLock<Result<(), String>> = LazyLock::new(|| set_up().map_err(|error| error.to_string()));

#[expect(
    unsafe_code,
    reason = "libgit2 keeps these settings in globals without a lock; this runs once, before any other use"
)]
fn set_up() -> Result<(), git2::Error> {
    // SAFETY: every function of this crate that uses libgit2 comes through `ready` first, which runs this exactly once
    // and lets nobody pass before it is done.
    unsafe {
        for level in [ConfigLevel::ProgramData, ConfigLevel::System, ConfigLevel::XDG, ConfigLevel::Global] {
            git2::opts::set_search_path(level, "")?;
        }
        // Git refuses repositories of other users because their configuration could run programs. Here it can't, and
        // a host that runs as a user of its own reads other users' repositories all the time.
        git2::opts::set_verify_owner_validation(false)?;
        // What a partial clone left at its server is an object that is missing; libgit2 asks nobody for it.
        git2::opts::set_extensions(&["partialclone"])?;
        git2::transport::register(&format!("{SCHEME}https"), transport::make)?;
        git2::transport::register(&format!("{SCHEME}http"), transport::make)
    }
}

/// Must be called before libgit2 is.
pub(crate) fn ready() -> Result<(), git2::Error> {
    READY.as_ref().copied().map_err(|message| git2::Error::from_str(message))
}

/// The repository at exactly this path, with a work tree or without. None if there is none.
pub(crate) fn open(path: &Path) -> Result<Option<Repository>, RepoError> {
    let nothing_above: [&Path; 0] = [];
    let opened = ready().and_then(|()| Repository::open_ext(path, RepositoryOpenFlags::NO_SEARCH, nothing_above));
    match opened {
        Ok(repository) => Ok(Some(repository)),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(RepoError::git(path.display())(error)),
    }
}
