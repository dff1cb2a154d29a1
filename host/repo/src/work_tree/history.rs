//! Revisions and the commits that they lead to. The objects of the origin may be those of other people too, so only what
//! a reference of the run leads to, or what the run made, is found by its name.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use git2::{Commit, ObjectType, Oid, Sort, Tree};

use crate::RepoError;
use crate::work_tree::git::{Git, Person, STASH};

/// Fewer letters name no object.
const SHORTEST: usize = 4;

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its name, in hexadecimal.
    pub id: String,
    /// Its tree's.
    pub tree: String,
    /// Its parents'.
    pub parents: Vec<String>,
    /// Who wrote the change.
    pub author: Person,
    /// Who made the commit.
    pub committer: Person,
    /// Its message.
    pub message: Vec<u8>,
}

/// Which commits are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walk {
    /// Revisions to begin at.
    pub start: Vec<String>,
    /// Revisions whose ancestors are left out.
    pub without: Vec<String>,
    /// Only commits that changed one of these; none for all.
    pub paths: Vec<Vec<u8>>,
    /// So many are passed over first.
    pub skip: usize,
    /// At most so many.
    pub most: usize,
}

impl Git<'_> {
    /// What a revision means: its name in hexadecimal, and `commit`, `tree` or `blob`.
    ///
    /// # Errors
    /// [`RepoError::UnknownRevision`].
    pub fn resolve(&self, revision: &str) -> Result<(String, &'static str), RepoError> {
        let (id, kind) = self.object(revision)?;
        let kind = match kind {
            ObjectType::Commit => "commit",
            ObjectType::Tree => "tree",
            _ => "blob",
        };
        Ok((id.to_string(), kind))
    }

    fn object(&self, revision: &str) -> Result<(Oid, ObjectType), RepoError> {
        let unknown = || RepoError::UnknownRevision { revision: revision.to_owned() };
        match revision.split_once(':') {
            Some((base, path)) => {
                let tree = match base {
                    "" => self.staged_tree()?.ok_or_else(unknown)?,
                    base => self.tree_of(base)?,
                };
                let path = path.trim_matches('/');
                if path.is_empty() {
                    return Ok((tree, ObjectType::Tree));
                }
                let tree = self.repository.find_tree(tree).map_err(self.failed())?;
                let entry = tree.get_path(Path::new(path)).map_err(|_| unknown())?;
                Ok((entry.id(), entry.kind().unwrap_or(ObjectType::Commit)))
            }
            None => self.stepped(revision).ok_or_else(unknown),
        }
    }

    pub(crate) fn commit_of(&self, revision: &str) -> Result<Oid, RepoError> {
        match self.object(revision)? {
            (id, ObjectType::Commit) => Ok(id),
            _ => Err(RepoError::UnknownRevision { revision: revision.to_owned() }),
        }
    }

    pub(crate) fn tree_of(&self, revision: &str) -> Result<Oid, RepoError> {
        match self.object(revision)? {
            (id, ObjectType::Commit) => Ok(self.repository.find_commit(id).map_err(self.failed())?.tree_id()),
            (id, ObjectType::Tree) => Ok(id),
            _ => Err(RepoError::UnknownRevision { revision: revision.to_owned() }),
        }
    }

    /// A commit and the steps from it: `HEAD~2^{tree}`.
    fn stepped(&self, revision: &str) -> Option<(Oid, ObjectType)> {
        let at = revision.find(['~', '^']).unwrap_or(revision.len());
        let (base, mut steps) = revision.split_at(at);
        let mut id = self.base_commit(base)?;
        while let Some(step) = steps.chars().next() {
            steps = &steps[1..];
            if let Some(kind) = steps.strip_prefix('{').filter(|_| step == '^') {
                let (kind, rest) = kind.split_once('}')?;
                match (kind, rest) {
                    ("tree", "") => return Some((self.repository.find_commit(id).ok()?.tree_id(), ObjectType::Tree)),
                    ("commit" | "" | "0", rest) => steps = rest,
                    _ => return None,
                }
                continue;
            }
            let digits = steps.len() - steps.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let count = if digits == 0 { 1 } else { steps[..digits].parse::<usize>().ok()? };
            steps = &steps[digits..];
            match (step, count) {
                (_, 0) => {}
                ('^', nth) => id = self.repository.find_commit(id).ok()?.parent_id(nth - 1).ok()?,
                (_, times) => {
                    for _ in 0..times {
                        self.meter.check().ok()?;
                        id = self.repository.find_commit(id).ok()?.parent_id(0).ok()?;
                    }
                }
            }
        }
        Some((id, ObjectType::Commit))
    }

    fn base_commit(&self, base: &str) -> Option<Oid> {
        if base == "HEAD" || base == "@" {
            return self.repository.refname_to_id("HEAD").ok();
        }
        if let Some(nth) = nth_stash(base) {
            let references = self.references().ok()?.into_iter();
            let stashes = references.filter(|(name, _)| name.starts_with(STASH)).rev();
            return Oid::from_str(&stashes.map(|(_, commit)| commit).nth(nth)?).ok();
        }
        let names =
            [base.to_owned(), format!("refs/{base}"), format!("refs/tags/{base}"), format!("refs/heads/{base}")];
        let named = names.iter().filter(|name| name.starts_with("refs/heads/") || name.starts_with("refs/tags/"));
        let found = named.filter_map(|name| self.repository.find_reference(name).ok()).next();
        match found {
            Some(reference) => reference.peel_to_commit().ok().map(|commit| commit.id()),
            None => self.by_name(base),
        }
    }

    fn by_name(&self, name: &str) -> Option<Oid> {
        let is_name = (SHORTEST..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_name {
            return None;
        }
        let objects = self.repository.odb().ok()?;
        let id = objects.exists_prefix(Oid::from_str(name).ok()?, name.len()).ok()?;
        let is_commit = objects.read_header(id).is_ok_and(|(_, kind)| kind == ObjectType::Commit);
        (is_commit && self.is_reachable(id)).then_some(id)
    }

    fn is_reachable(&self, id: Oid) -> bool {
        let references = self.references().unwrap_or_default();
        let tips = references.iter().filter_map(|(_, commit)| Oid::from_str(commit).ok());
        let head = self.repository.refname_to_id("HEAD").ok();
        let made = self.made();
        made.contains(&id)
            || head.into_iter().chain(tips).chain(made).any(|tip| {
                tip == id
                    || (self.meter.check().is_ok() && self.repository.graph_descendant_of(tip, id).unwrap_or(false))
            })
    }

    /// Commits, the newest first.
    ///
    /// # Errors
    /// A revision is unknown, or see [`RepoError`].
    pub fn commits(&self, wanted: &Walk) -> Result<Vec<Logged>, RepoError> {
        let mut walk = self.repository.revwalk().map_err(self.failed())?;
        walk.set_sorting(Sort::NONE).map_err(self.failed())?;
        for start in &wanted.start {
            walk.push(self.commit_of(start)?).map_err(self.failed())?;
        }
        for without in &wanted.without {
            walk.hide(self.commit_of(without)?).map_err(self.failed())?;
        }
        let (mut found, mut skipped) = (Vec::new(), 0);
        for id in walk {
            if found.len() >= wanted.most {
                break;
            }
            self.meter.check()?;
            let commit = self.repository.find_commit(id.map_err(self.failed())?).map_err(self.failed())?;
            if !wanted.paths.is_empty() && !touches(&commit, &wanted.paths).map_err(self.failed())? {
                continue;
            }
            if skipped < wanted.skip {
                skipped += 1;
                continue;
            }
            found.push(logged(&commit));
        }
        Ok(found)
    }
}

/// `stash` or `stash@{n}`, of which the newest is the first.
fn nth_stash(name: &str) -> Option<usize> {
    match name.strip_prefix("stash")? {
        "" => Some(0),
        rest => rest.strip_prefix("@{")?.strip_suffix('}')?.parse().ok(),
    }
}

/// Whether one of the paths is another thing than in each of the parents.
fn touches(commit: &Commit<'_>, paths: &[Vec<u8>]) -> Result<bool, git2::Error> {
    let tree = commit.tree()?;
    let mut parents = Vec::new();
    for parent in commit.parents() {
        parents.push(parent.tree()?);
    }
    let differs = |parent: Option<&Tree<'_>>| paths.iter().any(|path| at(Some(&tree), path) != at(parent, path));
    Ok(if parents.is_empty() { differs(None) } else { parents.iter().all(|parent| differs(Some(parent))) })
}

fn at(tree: Option<&Tree<'_>>, path: &[u8]) -> Option<(Oid, i32)> {
    let entry = tree?.get_path(Path::new(OsStr::from_bytes(path))).ok()?;
    Some((entry.id(), entry.filemode()))
}

fn logged(commit: &Commit<'_>) -> Logged {
    Logged {
        id: commit.id().to_string(),
        tree: commit.tree_id().to_string(),
        parents: commit.parent_ids().map(|id| id.to_string()).collect(),
        author: person(&commit.author()),
        committer: person(&commit.committer()),
        message: commit.message_bytes().to_vec(),
    }
}

fn person(signature: &git2::Signature<'_>) -> Person {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let when = signature.when();
    Person {
        name: text(signature.name_bytes()),
        email: text(signature.email_bytes()),
        seconds: when.seconds(),
        offset: when.offset_minutes(),
    }
}
