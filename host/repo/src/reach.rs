//! How far the history in a mirror goes back.

use std::collections::HashSet;

use git2::{Oid, Repository};
use skep_model::Depth;

use crate::RepoError;
use crate::meter::Meter;

/// Where the histories of a mirror are cut off: at commits whose parents are not there.
#[derive(Debug, Default)]
pub(crate) struct Ends(HashSet<Oid>);

impl Ends {
    /// From git's own list, a name on each line.
    pub(crate) fn parse(list: &str) -> Result<Self, git2::Error> {
        list.lines().map(|line| Oid::from_str(line.trim())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether nothing is cut off.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the history that ends with `tip`, which is there, goes back as far as `depth`.
    pub(crate) fn allow(
        &self,
        repository: &Repository,
        tip: Oid,
        depth: Depth,
        meter: &Meter<'_>,
    ) -> Result<bool, RepoError> {
        let failed = RepoError::git(repository.path().display());
        let further = match depth {
            Depth::Commits(commits) => commits.get() - 1,
            Depth::Full => u32::MAX,
        };
        let (mut seen, mut generation) = (HashSet::from([tip]), vec![tip]);
        for _ in 0..further {
            if self.is_empty() || generation.is_empty() {
                return Ok(true);
            }
            if generation.iter().any(|commit| self.0.contains(commit)) {
                return Ok(false);
            }
            meter.check()?;
            let mut parents = Vec::new();
            for commit in generation {
                let commit = repository.find_commit(commit).map_err(&failed)?;
                parents.extend(commit.parent_ids().filter(|parent| seen.insert(*parent)));
            }
            generation = parents;
        }
        Ok(true)
    }
}
