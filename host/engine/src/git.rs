//! The git data of a run's repositories, as its commands may ask for it.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use skep_model::{Digest, Limits};
use skep_repo::{Prepared, RepoError, Terms, Watch, WorkTree};
use skep_sandbox::git::{
    Blob, Commit, Comparison, Difference, Entry, Git, GitFailure, Head, NewCommit, Object, Person, Reference,
    Repositories, Side, Source, Walk,
};

use crate::shell::DIRECTORY;

/// The most files of one repository's git data: each branch is one, and what is added at once two.
const FILES: u64 = 20_000;
/// The longest that one question takes.
const LONGEST: Duration = Duration::from_secs(60);

/// The repositories of one run.
struct Trees {
    /// Where each is in the root, and the same on this machine.
    trees: Vec<(String, WorkTree)>,
    terms: Terms,
    /// What the git data of each may have beyond what one question adds.
    most_bytes: u64,
}

/// The folder of git data in a home.
const GIT: &str = "git";
/// Beside the git folders, which are numbered: their repositories' folders in the workspace, in order.
const FOLDERS: &str = "folders.json";

/// Makes the git data of a workspace's repositories below `home`, and takes the files as they are for what the run begins with.
///
/// # Errors
/// See [`WorkTree::begin`].
pub fn begin(
    home: &Path,
    workspace: &Path,
    prepared: &Prepared,
    terms: &Terms,
    cancel: &AtomicBool,
) -> Result<(), RepoError> {
    let git = home.join(GIT);
    let unwritable = |source| RepoError::Write { path: git.clone(), source };
    std::fs::create_dir_all(&git).map_err(unwritable)?;
    for (number, checkout) in prepared.repos.iter().enumerate() {
        let watch = Watch { progress: &mut |_| {}, cancel };
        WorkTree::new(git.join(number.to_string()), workspace.join(&checkout.folder)).begin(
            checkout.origin().as_ref(),
            terms,
            watch,
        )?;
    }
    let folders: Vec<_> = prepared.repos.iter().map(|checkout| checkout.folder.as_str()).collect();
    std::fs::write(git.join(FOLDERS), serde_json::Value::from(folders).to_string()).map_err(unwritable)
}

/// The repositories that [`begin`] took up: each one's folder in the workspace, and its work tree.
pub(crate) fn trees(home: &Path, workspace: &Path) -> Vec<(String, WorkTree)> {
    let git = home.join(GIT);
    let folders =
        std::fs::read(git.join(FOLDERS)).ok().and_then(|json| serde_json::from_slice::<Vec<String>>(&json).ok());
    let tree = |(number, folder): (usize, String)| {
        let tree = WorkTree::new(git.join(number.to_string()), workspace.join(&folder));
        (folder, tree)
    };
    folders.unwrap_or_default().into_iter().enumerate().map(tree).collect()
}

/// What all these repositories' files are now, those that are ignored aside: the same for the same files, and nothing else counts.
/// It is the SHA-256 of each one's folder and git's name of its tree.
///
/// # Errors
/// See [`WorkTree::digest`].
pub(crate) fn digest(trees: &[(String, WorkTree)], terms: &Terms, cancel: &AtomicBool) -> Result<Digest, RepoError> {
    let mut all = Vec::new();
    for (folder, tree) in trees {
        let id = tree.digest(terms, Watch { progress: &mut |_| {}, cancel })?;
        all.extend_from_slice(format!("{folder}\0{id}\n").as_bytes());
    }
    Ok(Digest::of(&all))
}

/// The git data of a home, as its commands may ask for it; none where there is none. What a repository's data has may grow to
/// what the limits say of a workspace.
pub fn data(home: &Path, workspace: &Path, terms: &Terms, limits: &Limits) -> Option<Git> {
    let placed = |(folder, tree): (String, WorkTree)| match folder.as_str() {
        "" => (DIRECTORY.to_owned(), tree),
        folder => (format!("{DIRECTORY}/{folder}"), tree),
    };
    let trees: Vec<_> = trees(home, workspace).into_iter().map(placed).collect();
    let terms = Terms { wall: LONGEST, ..terms.clone() };
    (!trees.is_empty()).then(|| Git::new(Trees { trees, terms, most_bytes: limits.workspace_bytes }))
}

impl Trees {
    fn tree(&self, repository: u32) -> Result<&WorkTree, GitFailure> {
        let tree = self.trees.get(repository as usize).map(|(_, tree)| tree);
        tree.ok_or_else(|| ("not-found", "no such repository".to_owned()))
    }

    fn ask<T>(
        &self,
        repository: u32,
        stop: &AtomicBool,
        work: impl FnOnce(&skep_repo::Git<'_>) -> Result<T, RepoError>,
    ) -> Result<T, GitFailure> {
        self.tree(repository)?.git(&self.terms, stop).and_then(|git| work(&git)).map_err(failure)
    }

    /// The same, where the git data may grow.
    fn grow<T>(
        &self,
        repository: u32,
        stop: &AtomicBool,
        work: impl FnOnce(&skep_repo::Git<'_>) -> Result<T, RepoError>,
    ) -> Result<T, GitFailure> {
        self.tree(repository)?.has_room(self.most_bytes, FILES).map_err(failure)?;
        self.ask(repository, stop, work)
    }
}

fn failure(error: RepoError) -> GitFailure {
    let kind = match &error {
        RepoError::UnknownRevision { .. } | RepoError::NotFound { .. } => "not-found",
        RepoError::TooMuch { .. } | RepoError::TimedOut { .. } => "too-many",
        _ => "io",
    };
    (kind, error.to_string())
}

fn side(side: Side) -> skep_repo::Side {
    match side {
        Side::Nothing => skep_repo::Side::Nothing,
        Side::Revision(revision) => skep_repo::Side::Revision(revision),
        Side::Staged => skep_repo::Side::Staged,
        Side::Files => skep_repo::Side::Files,
    }
}

fn new_commit(new: NewCommit) -> skep_repo::NewCommit {
    let NewCommit { message, author, committer, amend } = new;
    skep_repo::NewCommit { message, author: heard(author), committer: heard(committer), amend }
}

fn source(source: Source) -> skep_repo::Source {
    match source {
        Source::Files => skep_repo::Source::Files,
        Source::Revision(revision) => skep_repo::Source::Revision(revision),
        Source::Nothing => skep_repo::Source::Nothing,
    }
}

fn told(person: skep_repo::Person) -> Person {
    let skep_repo::Person { name, email, seconds, offset } = person;
    Person { name, email, seconds, offset }
}

fn heard(person: Person) -> skep_repo::Person {
    let Person { name, email, seconds, offset } = person;
    skep_repo::Person { name, email, seconds, offset }
}

fn difference(found: skep_repo::Difference) -> Difference {
    Difference {
        old_path: found.old_path,
        new_path: found.new_path,
        kind: found.kind.to_string(),
        similarity: found.similarity,
        old_mode: found.old_mode,
        new_mode: found.new_mode,
        old_id: found.old_id,
        new_id: found.new_id,
        lines: found.lines,
        sizes: found.sizes,
        patch: found.patch,
    }
}

fn commit(found: skep_repo::Logged) -> Commit {
    Commit {
        id: found.id,
        tree: found.tree,
        parents: found.parents,
        author: told(found.author),
        committer: told(found.committer),
        message: found.message,
    }
}

type Answer<T> = Result<T, GitFailure>;

impl Repositories for Trees {
    fn find(&self, directory: &str) -> Option<(u32, String)> {
        let holds =
            |top: &str| directory.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let holding = self.trees.iter().enumerate().filter(|(_, (top, _))| holds(top));
        let (number, (top, _)) = holding.max_by_key(|(_, (top, _))| top.len())?;
        Some((u32::try_from(number).ok()?, top.clone()))
    }

    fn get_head(&self, repository: u32, stop: &AtomicBool) -> Answer<Head> {
        let head = self.ask(repository, stop, |git| git.head())?;
        Ok(Head { branch: head.branch, commit: head.commit })
    }

    fn set_head(&self, repository: u32, branch: Option<String>, revision: String, stop: &AtomicBool) -> Answer<()> {
        self.grow(repository, stop, |git| git.set_head(branch.as_deref(), &revision))
    }

    fn references(&self, repository: u32, stop: &AtomicBool) -> Answer<Vec<Reference>> {
        let found = self.ask(repository, stop, |git| git.references())?;
        Ok(found.into_iter().map(|(name, commit)| Reference { name, commit }).collect())
    }

    fn set_reference(&self, repository: u32, name: String, revision: Option<String>, stop: &AtomicBool) -> Answer<()> {
        let set = |git: &skep_repo::Git<'_>| git.set_reference(&name, revision.as_deref());
        if revision.is_some() { self.grow(repository, stop, set) } else { self.ask(repository, stop, set) }
    }

    fn resolve(&self, repository: u32, revision: String, stop: &AtomicBool) -> Answer<Object> {
        let (id, kind) = self.ask(repository, stop, |git| git.resolve(&revision))?;
        Ok(Object { id, kind: kind.to_owned() })
    }

    fn entries(&self, repository: u32, of: Side, stop: &AtomicBool) -> Answer<Vec<Entry>> {
        let found = self.ask(repository, stop, |git| git.entries(&side(of)))?;
        let entry = |found: skep_repo::Listed| Entry { path: found.path, mode: found.mode, id: found.id };
        Ok(found.into_iter().map(entry).collect())
    }

    fn content(&self, repository: u32, of: Side, path: Vec<u8>, stop: &AtomicBool) -> Answer<Vec<u8>> {
        self.ask(repository, stop, |git| git.content(&side(of), &path))
    }

    fn differences(
        &self,
        repository: u32,
        old: Side,
        new: Side,
        comparison: Comparison,
        stop: &AtomicBool,
    ) -> Answer<Vec<Difference>> {
        let Comparison { paths, untracked, renames, patch, binary, context, spaces } = comparison;
        let how = skep_repo::Comparison { paths, untracked, renames, patch, binary, context, spaces };
        let found = self.ask(repository, stop, |git| git.differences(&side(old), &side(new), &how))?;
        Ok(found.into_iter().map(difference).collect())
    }

    fn commits(&self, repository: u32, walk: Walk, stop: &AtomicBool) -> Answer<Vec<Commit>> {
        let Walk { start, without, paths, skip, most } = walk;
        let walk = skep_repo::Walk { start, without, paths, skip: skip as usize, most: most as usize };
        let found = self.ask(repository, stop, |git| git.commits(&walk))?;
        Ok(found.into_iter().map(commit).collect())
    }

    fn make_commit(&self, repository: u32, new: NewCommit, stop: &AtomicBool) -> Answer<String> {
        let new = new_commit(new);
        self.grow(repository, stop, |git| git.commit(&new))
    }

    fn make_loose_commit(
        &self,
        repository: u32,
        new: NewCommit,
        parents: Vec<String>,
        stop: &AtomicBool,
    ) -> Answer<String> {
        let new = new_commit(new);
        self.grow(repository, stop, |git| git.loose_commit(&new, &parents))
    }

    fn stage(&self, repository: u32, paths: Vec<(Vec<u8>, Source)>, stop: &AtomicBool) -> Answer<()> {
        let paths: Vec<_> = paths.into_iter().map(|(path, from)| (path, source(from))).collect();
        self.grow(repository, stop, |git| git.stage(&paths))
    }

    fn stage_content(&self, repository: u32, blobs: Vec<Blob>, stop: &AtomicBool) -> Answer<()> {
        let blob = |Blob { path, mode, content }| skep_repo::Blob { path, mode, content };
        let blobs: Vec<_> = blobs.into_iter().map(blob).collect();
        self.grow(repository, stop, |git| git.stage_content(&blobs))
    }

    fn stage_all(&self, repository: u32, revision: Option<String>, stop: &AtomicBool) -> Answer<()> {
        self.grow(repository, stop, |git| git.stage_all(revision.as_deref()))
    }

    fn set_executable(&self, repository: u32, path: Vec<u8>, executable: bool, stop: &AtomicBool) -> Answer<()> {
        self.ask(repository, stop, |git| git.set_executable(&path, executable))
    }

    fn setting(&self, repository: u32, key: String, stop: &AtomicBool) -> Answer<Option<String>> {
        self.ask(repository, stop, |git| git.setting(&key))
    }

    fn set_setting(&self, repository: u32, key: String, value: Option<String>, stop: &AtomicBool) -> Answer<()> {
        self.grow(repository, stop, |git| git.set_setting(&key, value.as_deref()))
    }
}
