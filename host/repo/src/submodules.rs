//! The submodules of a commit, which are repositories of their own, and their submodules.
//!
//! Where one comes from is said by the commit, and so by whoever wrote it, and not by the caller. It may lead to servers,
//! but to this machine only where the caller led already: a repository of this machine may have its submodules checked
//! out in its own folder.

use std::path::{Path, PathBuf};

use git2::Oid;
use skep_model::{Depth, RepoSource};
use url::Url;

use crate::location::Location;
use crate::wanted::{Tip, Wanted};
use crate::{RepoError, Terms, beneath, libgit};

/// The most submodules of a repository, all levels together.
const MOST: usize = 64;
/// The most that are in each other.
const DEEPEST: usize = 8;
const ELSEWHERE: &str = "leads to another folder of this machine, which no repository may; \
                         have git check the submodule out in the repository's own folder";

/// A submodule of one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Submodule {
    /// In its repository, where its folder is and is empty.
    pub(crate) path: PathBuf,
    /// The commit that it is at.
    pub(crate) id: Oid,
    /// What the repository says of where it comes from.
    pub(crate) url: String,
}

/// A submodule whose turn will come.
pub(crate) struct Next {
    pub(crate) location: Location,
    pub(crate) wanted: Wanted,
    /// In the outermost repository.
    pub(crate) path: PathBuf,
    level: usize,
}

/// All submodules of a repository.
pub(crate) struct Submodules<'a> {
    terms: &'a Terms,
    waiting: Vec<Next>,
    count: usize,
}

impl<'a> Submodules<'a> {
    /// Those of the outermost repository.
    pub(crate) fn of(location: &Location, found: Vec<Submodule>, terms: &'a Terms) -> Result<Self, RepoError> {
        let mut submodules = Self { terms, waiting: Vec::new(), count: 0 };
        submodules.add(location, (Path::new(""), 0), found)?;
        Ok(submodules)
    }

    /// The one whose turn it is.
    pub(crate) fn next(&mut self) -> Option<Next> {
        self.waiting.pop()
    }

    /// Those that were found in one.
    pub(crate) fn inside(&mut self, outer: &Next, found: Vec<Submodule>) -> Result<(), RepoError> {
        self.add(&outer.location, (&outer.path, outer.level), found)
    }

    fn add(&mut self, outer: &Location, at: (&Path, usize), found: Vec<Submodule>) -> Result<(), RepoError> {
        let (outer_path, level) = (at.0, at.1 + 1);
        for submodule in found {
            let path = outer_path.join(&submodule.path);
            let refused = |reason: String| RepoError::Submodule { path: path.clone(), reason };
            self.count += 1;
            if level > DEEPEST {
                return Err(refused(format!("at most {DEEPEST} are brought that are in each other")));
            }
            if self.count > MOST {
                return Err(refused(format!("at most {MOST} of a repository are brought")));
            }
            let location = locate(outer, &submodule, self.terms).map_err(refused)?;
            let (tip, depth, sparse) = (Tip::Linked(submodule.id), Depth::default(), Vec::new());
            let wanted = Wanted { tip, branch: None, depth, sparse, submodules: true };
            self.waiting.push(Next { location, wanted, path, level });
        }
        Ok(())
    }
}

impl Next {
    /// For messages.
    pub(crate) fn source(&self) -> RepoSource {
        match &self.location {
            Location::Server(url) => RepoSource::Url(url.to_string()),
            Location::Commit(path) | Location::Folder(path) => RepoSource::Path(path.display().to_string()),
        }
    }
}

/// Where a submodule comes from, or why it isn't brought.
fn locate(outer: &Location, submodule: &Submodule, terms: &Terms) -> Result<Location, String> {
    if let Location::Commit(folder) = outer
        && let Some(inside) = checked_out(folder, submodule)
    {
        return Ok(Location::Commit(inside));
    }
    let url = &submodule.url;
    let refused = |why: &str| Err(format!("its URL {url:?} {why}"));
    if url.starts_with('-') || url.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return refused("looks like something else than a URL");
    }
    let is_relative = url.starts_with("./") || url.starts_with("../");
    let text = match outer {
        Location::Server(outer) if is_relative => match beside(outer, url) {
            Some(url) => url.to_string(),
            None => return refused("leads out of its server"),
        },
        _ if is_relative => return refused(ELSEWHERE),
        _ => url.clone(),
    };
    match Location::of(&RepoSource::Url(text), terms) {
        Ok(location @ Location::Server(_)) => Ok(location),
        Ok(Location::Commit(_) | Location::Folder(_)) => refused(ELSEWHERE),
        Err(_) => refused("is not served: only https:// URLs without credentials are, and what is relative to one"),
    }
}

/// Where git has it checked out in the repository's own folder, without a link on the way, if it has its commit.
fn checked_out(outer: &Path, submodule: &Submodule) -> Option<PathBuf> {
    beneath::folder(beneath::root(outer).ok()?, &submodule.path).ok()?;
    let path = outer.join(&submodule.path);
    // No commit can have a file of this name, but it can have everything else that a bare repository has.
    path.join(".git").symlink_metadata().ok()?;
    let repository = libgit::open(&path).ok()??;
    repository.find_commit(submodule.id).ok()?;
    Some(path)
}

/// A relative URL as git resolves it: each `..` takes a name from the end of the other's path.
fn beside(outer: &Url, mut relative: &str) -> Option<Url> {
    let mut names: Vec<&str> = outer.path().trim_matches('/').split('/').collect();
    loop {
        if let Some(rest) = relative.strip_prefix("../") {
            names.pop().filter(|name| !name.is_empty())?;
            relative = rest;
        } else if let Some(rest) = relative.strip_prefix("./") {
            relative = rest;
        } else {
            break;
        }
    }
    let relative = relative.strip_suffix('/').unwrap_or(relative);
    if relative.split('/').any(|name| matches!(name, "" | "." | "..")) {
        return None;
    }
    names.push(relative);
    let mut url = outer.clone();
    url.set_path(&names.join("/"));
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(outer: &str, url: &str) -> Result<String, String> {
        let (path, id) = (PathBuf::from("sub"), Oid::from_str(&"1".repeat(40)).unwrap());
        let outer = Location::of(&RepoSource::Url(outer.to_owned()), &Terms::default()).unwrap();
        let submodule = Submodule { path, id, url: url.to_owned() };
        locate(&outer, &submodule, &Terms::default()).map(|location| match location {
            Location::Server(url) => url.to_string(),
            Location::Commit(path) | Location::Folder(path) => panic!("{url} leads to {path:?}"),
        })
    }

    #[test]
    fn relative_urls_are_resolved_on_their_server() {
        let outer = "https://a.example/group/outer.git";
        for (url, expected) in [
            ("../inner.git", "https://a.example/group/inner.git"),
            ("../../other/inner/", "https://a.example/other/inner"),
            ("./inner", "https://a.example/group/outer.git/inner"),
            (".././../inner", "https://a.example/inner"),
            ("../b.example/x", "https://a.example/group/b.example/x"),
            ("../@b.example", "https://a.example/group/@b.example"),
            ("https://b.example/x", "https://b.example/x"),
        ] {
            assert_eq!(located(outer, url).as_deref(), Ok(expected), "{url}");
            assert_eq!(located(&format!("{outer}/"), url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_leads_to_this_machine_or_looks_like_an_option_is_refused() {
        for outer in ["https://a.example/outer", "file:///srv/outer"] {
            for url in [
                "",
                "-x",
                "--upload-pack=touch x",
                "/etc",
                "etc",
                ".",
                "..",
                "../",
                "./",
                "../../../x",
                "../x/../../y",
                "..\\x",
                "file:///etc",
                "FILE:///etc",
                "file://localhost/etc",
                "f\tile:///etc",
                " file:///etc",
                "http://a.example/x",
                "https://user@a.example/x",
                "https://u:p@a.example/x",
                "ssh://a.example/x",
                "git@a.example:x",
                "git://a.example/x",
                "ext::sh -c touch% x",
                "ext::id",
                "https://a.example/x?y",
                "https://a.example/\u{0}",
                "https://a.example/x\n",
            ] {
                let refused = located(outer, url).unwrap_err();
                assert!(!refused.contains('\n'), "{refused}");
            }
        }
        assert!(located("file:///srv/outer", "../inner").unwrap_err().contains("another folder of this machine"));
        assert!(located("file:///srv/outer", "https://a.example/x").is_ok());
    }
}
