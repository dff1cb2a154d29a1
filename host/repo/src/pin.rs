//! Which commits repositories are at, before anything is checked out.

use std::path::Path;

use skep_model::RepoSpec;

use crate::local;
use crate::local::Place;
use crate::location::{Location, shown};
use crate::meter::{Meter, Progress, Terms, Watch};
use crate::prepare::served;
use crate::remote::Remote;
use crate::wanted::Wanted;
use crate::{Checkout, RepoError};

/// A commit that a repository's source named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// In hexadecimal.
    pub commit: String,
    /// The branch, where the source said that it is one.
    pub branch: Option<String>,
}

/// What each of these repositories is at. None for a folder that is copied as it is, and for a server's repository where no
/// git data is kept; that of the others is fetched if it isn't there yet.
///
/// # Errors
/// See [`RepoError`].
pub fn pin(repos: &[RepoSpec], terms: &Terms, mut watch: Watch<'_>) -> Result<Vec<Option<Pin>>, RepoError> {
    let meter = Meter::start(terms, watch.cancel);
    repos.iter().try_for_each(served)?;
    repos.iter().map(|repo| pin_one(repo, &meter, &mut watch)).collect()
}

fn pin_one(repo: &RepoSpec, meter: &Meter<'_>, watch: &mut Watch<'_>) -> Result<Option<Pin>, RepoError> {
    meter.check()?;
    let wanted = Wanted::of(repo);
    match (Location::of(&repo.source, meter.terms)?, &meter.terms.mirrors) {
        (Location::Folder(_), _) | (Location::Server(_), None) => Ok(None),
        (Location::Commit(path), _) => local::pin(&path, &wanted).map(Some),
        (Location::Server(url), Some(mirrors)) => {
            (watch.progress)(Progress::Began { location: shown(&repo.source) });
            let place = Place { into: Path::new(""), workspaces: Path::new(""), meter };
            let mut about = Checkout::new(repo.source.clone(), String::new());
            let remote = Remote { url: &url, wanted: &wanted, place: &place, about: &mut about, watch };
            let commit = remote.pin(mirrors)?.to_string();
            Ok(Some(Pin { commit, branch: about.branch }))
        }
    }
}
