//! The repository that a command is about, and where in it the command began.

use std::collections::BTreeMap;

use crate::Stop;
use crate::arguments::Global;
use crate::bindings::skep::command::git;
use crate::quote::{self, Style};

pub(crate) use git::{Blob, Commit, Comparison, Difference, Entry, Head, NewCommit, Person, Side, Source, Walk};

pub(crate) const EXECUTABLE: u32 = 0o100_755;
pub(crate) const LINK: u32 = 0o120_000;
pub(crate) const SUBMODULE: u32 = 0o160_000;

/// More commits are not asked for at once.
pub(crate) const MOST: u32 = 100_000;

pub(crate) struct Repository {
    number: u32,
    pub(crate) top: String,
    /// The current folder below `top`, with a slash at its end; empty at the top.
    pub(crate) prefix: String,
    writable: bool,
    settings: Vec<(String, String)>,
}

impl Repository {
    pub(crate) fn find(global: Global) -> Result<Self, Stop> {
        let current = std::env::current_dir()?.to_string_lossy().into_owned();
        let none = "not a git repository (or any of the parent directories): .git";
        let place = git::find(&current).map_err(|_| Stop::fatal(none))?;
        let below = current.strip_prefix(&place.top).unwrap_or_default().trim_matches('/');
        let prefix = if below.is_empty() { String::new() } else { format!("{below}/") };
        let (number, top, writable) = (place.number, place.top, place.writable);
        Ok(Self { number, top, prefix, writable, settings: global.settings })
    }

    /// Stops whoever is about to change something that may only be read.
    pub(crate) fn must_be_writable(&self) -> Result<(), Stop> {
        if self.writable {
            return Ok(());
        }
        Err(Stop::fatal("this run may read the workspace and not change it: git can show, and not write"))
    }

    pub(crate) fn head(&self) -> Result<Head, Stop> {
        Ok(git::get_head(self.number)?)
    }

    pub(crate) fn set_head(&self, branch: Option<&str>, revision: &str) -> Result<(), Stop> {
        Ok(git::set_head(self.number, branch, revision)?)
    }

    /// Branches or tags with their commits: what is after `prefix` in their names.
    pub(crate) fn references(&self, prefix: &str) -> Result<Vec<(String, String)>, Stop> {
        let all = git::references(self.number)?.into_iter();
        Ok(all.filter_map(|found| Some((found.name.strip_prefix(prefix)?.to_owned(), found.commit))).collect())
    }

    pub(crate) fn branches(&self) -> Result<Vec<(String, String)>, Stop> {
        self.references("refs/heads/")
    }

    pub(crate) fn set_reference(&self, name: &str, revision: Option<&str>) -> Result<(), Stop> {
        Ok(git::set_reference(self.number, name, revision)?)
    }

    /// The name and the kind of what a revision means, if it means anything.
    pub(crate) fn resolve(&self, revision: &str) -> Option<(String, String)> {
        git::resolve(self.number, revision).ok().map(|object| (object.id, object.kind))
    }

    /// The commit that a revision means, if it means one.
    pub(crate) fn commit_id(&self, revision: &str) -> Option<String> {
        self.resolve(revision).filter(|(_, kind)| kind == "commit").map(|(id, _)| id)
    }

    pub(crate) fn entries(&self, side: &Side) -> Result<Vec<Entry>, Stop> {
        Ok(git::entries(self.number, side)?)
    }

    pub(crate) fn by_path(&self, side: &Side) -> Result<BTreeMap<Vec<u8>, Entry>, Stop> {
        Ok(self.entries(side)?.into_iter().map(|entry| (entry.path.clone(), entry)).collect())
    }

    /// The side of HEAD, which is empty before the first commit.
    pub(crate) fn head_side(&self) -> Result<Side, Stop> {
        Ok(if self.head()?.commit.is_some() { Side::Revision("HEAD".to_owned()) } else { Side::Nothing })
    }

    pub(crate) fn content(&self, side: &Side, path: &[u8]) -> Result<Vec<u8>, Stop> {
        Ok(git::content(self.number, side, path)?)
    }

    pub(crate) fn differences(&self, old: &Side, new: &Side, how: &Comparison) -> Result<Vec<Difference>, Stop> {
        Ok(git::differences(self.number, old, new, how)?)
    }

    pub(crate) fn commits(&self, walk: &Walk) -> Result<Vec<Commit>, Stop> {
        Ok(git::commits(self.number, walk)?)
    }

    pub(crate) fn commit(&self, revision: &str) -> Result<Commit, Stop> {
        let walk = Walk { start: vec![revision.to_owned()], most: 1, ..walk() };
        self.commits(&walk)?.pop().ok_or_else(|| Stop::fatal(format!("bad object {revision}")))
    }

    pub(crate) fn make_commit(&self, commit: &NewCommit) -> Result<String, Stop> {
        Ok(git::make_commit(self.number, commit)?)
    }

    /// Makes a commit of the index that no branch leads to.
    pub(crate) fn make_loose_commit(&self, commit: &NewCommit, parents: &[String]) -> Result<String, Stop> {
        Ok(git::make_loose_commit(self.number, commit, parents)?)
    }

    pub(crate) fn stage(&self, paths: &[(Vec<u8>, Source)]) -> Result<(), Stop> {
        if !paths.is_empty() {
            git::stage(self.number, paths)?;
        }
        Ok(())
    }

    /// Sets entries of the index to content that is in no file.
    pub(crate) fn stage_content(&self, blobs: &[Blob]) -> Result<(), Stop> {
        if !blobs.is_empty() {
            git::stage_content(self.number, blobs)?;
        }
        Ok(())
    }

    pub(crate) fn stage_all(&self, revision: Option<&str>) -> Result<(), Stop> {
        Ok(git::stage_all(self.number, revision)?)
    }

    pub(crate) fn set_executable(&self, path: &[u8], executable: bool) -> Result<(), Stop> {
        Ok(git::set_executable(self.number, path, executable)?)
    }

    /// From the command line, or from the repository.
    pub(crate) fn setting(&self, key: &str) -> Result<Option<String>, Stop> {
        if let Some((_, value)) = self.settings.iter().find(|(name, _)| name == key) {
            return Ok(Some(value.clone()));
        }
        Ok(git::setting(self.number, key)?)
    }

    pub(crate) fn set_setting(&self, key: &str, value: Option<&str>) -> Result<(), Stop> {
        Ok(git::set_setting(self.number, key, value)?)
    }

    /// A path as it was written here, as one of the repository: empty for the top.
    pub(crate) fn path(&self, written: &str) -> Result<Vec<u8>, Stop> {
        let whole = if written.starts_with('/') {
            let outside = || Stop::fatal(format!("{written}: '{written}' is outside repository at '{}'", self.top));
            let below = written.strip_prefix(&self.top).filter(|rest| rest.is_empty() || rest.starts_with('/'));
            below.ok_or_else(outside)?.to_owned()
        } else {
            format!("{}{written}", self.prefix)
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop().ok_or_else(|| {
                    Stop::fatal(format!("{written}: '{written}' is outside repository at '{}'", self.top))
                })?),
                part => parts.push(part),
            }
        }
        Ok(parts.join("/").into_bytes())
    }

    pub(crate) fn paths(&self, written: &[String]) -> Result<Vec<Vec<u8>>, Stop> {
        written.iter().map(|path| self.path(path.strip_prefix(":/").unwrap_or(path))).collect()
    }

    /// A path of the repository as seen from the current folder, quoted where it has to be.
    pub(crate) fn shown(&self, path: &[u8], style: Style) -> String {
        quote::quoted(&self.relative(path), style)
    }

    pub(crate) fn relative(&self, path: &[u8]) -> Vec<u8> {
        let mut prefix = self.prefix.as_bytes();
        let mut up = Vec::new();
        while !path.starts_with(prefix) {
            let above = prefix[..prefix.len() - 1].iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
            prefix = &prefix[..above];
            up.extend_from_slice(b"../");
        }
        let relative = [&up, &path[prefix.len()..]].concat();
        if relative.is_empty() { b"./".to_vec() } else { relative }
    }

    /// Where a file of the repository is.
    pub(crate) fn file(&self, path: &[u8]) -> std::path::PathBuf {
        std::path::Path::new(&self.top).join(String::from_utf8_lossy(path).as_ref())
    }

    /// A commit's name as it is shown.
    pub(crate) fn short(&self, id: &str) -> String {
        let lengths = 7..id.len();
        let unique = |length: &usize| self.resolve(&id[..*length]).is_some_and(|(found, _)| found == id);
        let length = lengths.clone().take(4).find(unique).unwrap_or(7);
        id.get(..length).unwrap_or(id).to_owned()
    }
}

/// All commits of nowhere.
pub(crate) fn walk() -> Walk {
    Walk { start: Vec::new(), without: Vec::new(), paths: Vec::new(), skip: 0, most: MOST }
}

/// Whether a path is one of these or in one of these; all are when there is none.
pub(crate) fn matches(paths: &[Vec<u8>], path: &[u8]) -> bool {
    paths.is_empty() || paths.iter().any(|wanted| is_at(wanted, path))
}

/// Whether a path is another one or in it.
pub(crate) fn is_at(wanted: &[u8], path: &[u8]) -> bool {
    wanted.is_empty() || path.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

/// A comparison of names only.
pub(crate) fn names_only(paths: Vec<Vec<u8>>) -> Comparison {
    Comparison {
        paths,
        untracked: false,
        renames: false,
        patch: false,
        binary: false,
        context: 3,
        spaces: String::new(),
    }
}
