//! What is wanted of a repository that has commits, and which commit a name means.

use git2::{Oid, Reference, Repository};
use skep_model::{Depth, RepoSpec};

use crate::{Pin, RepoError};

/// The most names of a repository that a message proposes.
const PROPOSED: usize = 5;
/// Names that are looked at for it, and letters of each: a server may have a million.
const LOOKED_AT: usize = 5_000;
const LETTERS: usize = 64;

/// What is wanted of a repository.
pub(crate) struct Wanted {
    pub(crate) tip: Tip,
    /// The branch that a commit was named by.
    pub(crate) branch: Option<String>,
    pub(crate) depth: Depth,
    /// Paths of the commit; everything if there are none.
    pub(crate) sparse: Vec<String>,
    /// Whether its submodules are, too.
    pub(crate) submodules: bool,
}

/// Which commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tip {
    /// What HEAD is at.
    Head,
    /// What the branch or tag is at.
    Named(String),
    /// This one.
    Commit(Oid),
    /// This one, which another repository names. Where it isn't given by its id, it may be in HEAD's history.
    Linked(Oid),
}

/// A reference that a repository has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// As the repository names it, whole.
    pub(crate) name: String,
    /// What it is at; of an annotated tag, what that is at.
    pub(crate) id: Oid,
}

impl Wanted {
    pub(crate) fn of(spec: &RepoSpec) -> Self {
        let RepoSpec { reference, depth, sparse, submodules, .. } = spec.clone();
        Self { tip: Tip::of(reference.as_deref()), branch: None, depth, sparse, submodules }
    }

    /// The same, of the commit that it is known to be.
    pub(crate) fn at(spec: &RepoSpec, pin: Option<&Pin>) -> Self {
        let wanted = Self::of(spec);
        match pin.and_then(|pin| Some((Oid::from_str(&pin.commit).ok()?, pin.branch.clone()))) {
            Some((commit, branch)) => Self { tip: Tip::Commit(commit), branch, ..wanted },
            None => wanted,
        }
    }
}

impl Tip {
    fn of(reference: Option<&str>) -> Self {
        let is_id = |name: &str| name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        match reference {
            None => Self::Head,
            Some(name) => match Oid::from_str(name) {
                Ok(id) if is_id(name) => Self::Commit(id),
                _ => Self::Named(name.to_owned()),
            },
        }
    }
}

/// The whole names that a short one may stand for, the one that counts first. None if no reference has such a name.
fn whole(name: &str) -> impl Iterator<Item = String> {
    let as_it_is = name.starts_with("refs/").then(|| name.to_owned());
    let prefixed = ["refs/heads/", "refs/tags/"].map(|prefix| format!("{prefix}{name}"));
    let is_option = name.starts_with('-');
    as_it_is.into_iter().chain(prefixed).filter(move |name| !is_option && Reference::is_valid_name(name))
}

/// Whether a reference can have this name, which is whole.
pub(crate) fn is_whole(name: &str) -> bool {
    name.starts_with("refs/") && Reference::is_valid_name(name)
}

/// The branch, if it is one.
pub(crate) fn branch(name: &str) -> Option<String> {
    name.strip_prefix("refs/heads/").map(str::to_owned)
}

/// What a name means in a server's list.
pub(crate) fn listed(list: &[Found], name: &str, location: &str) -> Result<Found, RepoError> {
    let id = |name: &str| list.iter().find(|found| found.name == name).map(|found| found.id);
    let found =
        whole(name).find_map(|name| Some(Found { id: id(&format!("{name}^{{}}")).or_else(|| id(&name))?, name }));
    found.ok_or_else(|| unknown(list.iter().map(|found| found.name.as_str()), name, location))
}

/// What a name means in a repository of this machine.
pub(crate) fn stored(repository: &Repository, name: &str, location: &str) -> Result<Found, RepoError> {
    for name in whole(name) {
        match repository.find_reference(&name).and_then(|reference| reference.peel_to_commit()) {
            Ok(commit) => return Ok(Found { name, id: commit.id() }),
            Err(error) if error.code() == git2::ErrorCode::NotFound => {}
            Err(error) => return Err(RepoError::git(location)(error)),
        }
    }
    let mut references = repository.references().map_err(RepoError::git(location))?;
    let names: Vec<String> =
        references.names().take(LOOKED_AT).filter_map(|name| Some(name.ok()?.to_owned())).collect();
    Err(unknown(names.iter().map(String::as_str), name, location))
}

/// For a commit that isn't there.
pub(crate) fn no_commit(id: Oid, location: &str) -> RepoError {
    RepoError::UnknownReference { location: location.to_owned(), reference: id.to_string(), nearest: Vec::new() }
}

fn unknown<'n>(names: impl Iterator<Item = &'n str>, name: &str, location: &str) -> RepoError {
    RepoError::UnknownReference {
        location: location.to_owned(),
        reference: name.to_owned(),
        nearest: nearest(names, name),
    }
}

/// The branches and tags with the names that differ least.
fn nearest<'n>(names: impl Iterator<Item = &'n str>, wanted: &str) -> Vec<String> {
    let short = |name: &'n str| name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/"));
    let names = names.filter(|name| !name.ends_with("^{}")).filter_map(short).take(LOOKED_AT);
    let mut ranked: Vec<(usize, &str)> = names.map(|name| (difference(name, wanted), name)).collect();
    ranked.sort_unstable();
    ranked.dedup();
    ranked.into_iter().take(PROPOSED).map(|(_, name)| name.to_owned()).collect()
}

/// How many letters have to be added, removed or changed.
fn difference(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(LETTERS).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().take(LETTERS).enumerate() {
        let mut corner = std::mem::replace(&mut row[0], line + 1);
        for (column, counterpart) in other.iter().enumerate() {
            let changed = corner + usize::from(letter != *counterpart);
            corner = row[column + 1];
            row[column + 1] = changed.min(corner + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<Found> {
        let id = |number: usize| Oid::from_str(&format!("{number:040}")).unwrap();
        names.iter().enumerate().map(|(number, name)| Found { name: (*name).to_owned(), id: id(number) }).collect()
    }

    #[test]
    fn a_branch_comes_before_a_tag_and_a_tag_is_what_it_is_at() {
        let list =
            list(&["HEAD", "refs/tags/v1", "refs/tags/v1^{}", "refs/heads/x", "refs/tags/x", "refs/pull/1/head"]);
        let of = |name: &str| listed(&list, name, "there").unwrap();
        assert_eq!((of("v1").name.as_str(), of("v1").id), ("refs/tags/v1", list[2].id));
        assert_eq!(of("x"), list[3]);
        assert_eq!(of("refs/tags/x"), list[4]);
        assert_eq!(of("refs/pull/1/head"), list[5]);
    }

    #[test]
    fn what_is_no_name_is_in_no_list() {
        let list =
            list(&["HEAD", "refs/heads/..", "refs/heads/-x", "refs/heads/a:b", "refs/heads/*", "refs/tags/v1^{}"]);
        for name in
            ["HEAD", "", "..", "../heads/x", "-x", "--upload-pack=id", "a:b", "*", "v1^{}", "a b", "x\0", "@{-1}"]
        {
            assert!(matches!(listed(&list, name, "there"), Err(RepoError::UnknownReference { .. })), "{name:?}");
        }
    }

    #[test]
    fn the_nearest_names_are_proposed() {
        let names =
            ["refs/heads/main", "refs/heads/mainline", "refs/tags/main", "refs/heads/trunk", "refs/pull/1/head"];
        assert_eq!(nearest(names.into_iter(), "mian"), ["main", "trunk", "mainline"]);
        assert_eq!((difference("", "abc"), difference("kitten", "sitting"), difference("ä", "ä")), (3, 3, 0));
        let many: Vec<String> = (0..100).map(|number| format!("refs/heads/{number}")).collect();
        assert_eq!(nearest(many.iter().map(String::as_str), "7"), ["7", "0", "1", "17", "2"]);
    }

    #[test]
    fn forty_digits_are_a_commit_and_everything_else_a_name() {
        let id = "0123456789abcdefABCDEF0123456789abcdef01";
        assert_eq!(Tip::of(Some(id)), Tip::Commit(Oid::from_str(id).unwrap()));
        for name in ["0123456", &id[..39], "main"] {
            assert_eq!(Tip::of(Some(name)), Tip::Named(name.to_owned()));
        }
        assert_eq!(Tip::of(None), Tip::Head);
    }
}
