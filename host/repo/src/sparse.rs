//! Which part of a commit is wanted.

use std::path::Path;

use git2::Tree;

use crate::RepoError;

/// Paths of a commit that are wanted, with everything below them; everything if there are none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sparse<'a>(&'a [String]);

/// How a path stands to what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// It is wanted.
    Wanted,
    /// Something below it is.
    Above,
    /// Neither.
    Beside,
}

impl<'a> Sparse<'a> {
    /// Every path must lead to something in `tree`.
    pub(crate) fn of(paths: &'a [String], tree: &Tree<'_>, location: &str) -> Result<Self, RepoError> {
        match paths.iter().find(|path| !leads(path, tree)) {
            Some(path) => Err(RepoError::NotInCommit { location: location.to_owned(), path: path.clone() }),
            None => Ok(Self(paths)),
        }
    }

    /// The same paths, which were in a tree when it was checked out.
    pub(crate) fn known(paths: &'a [String]) -> Self {
        Self(paths)
    }

    pub(crate) fn part(self, relative: &Path) -> Part {
        let paths = || self.0.iter().map(|path| Path::new(path.as_str()));
        if self.0.is_empty() || paths().any(|path| relative.starts_with(path)) {
            Part::Wanted
        } else if paths().any(|path| path.starts_with(relative)) {
            Part::Above
        } else {
            Part::Beside
        }
    }
}

fn leads(path: &str, tree: &Tree<'_>) -> bool {
    let mut names = path.strip_suffix('/').unwrap_or(path).split('/');
    let is_name = |name: &str| !matches!(name, "" | "." | "..");
    names.all(is_name) && tree.get_path(Path::new(path)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_at_below_or_above_a_path_is_told_by_whole_names() {
        let paths = ["a/b".to_owned(), "c/".to_owned()];
        let part = |path: &str| Sparse(&paths).part(Path::new(path));
        for (path, expected) in [
            ("a", Part::Above),
            ("a/b", Part::Wanted),
            ("a/b/c", Part::Wanted),
            ("a/bc", Part::Beside),
            ("a/B", Part::Beside),
            ("b", Part::Beside),
            ("c", Part::Wanted),
            ("c/d", Part::Wanted),
            ("ab", Part::Beside),
        ] {
            assert_eq!(part(path), expected, "{path}");
        }
        assert_eq!(Sparse(&[]).part(Path::new("a")), Part::Wanted);
    }
}
