//! Takes what differs between two sides over to the files that there are now, all of it or nothing: what a stash, another
//! commit, or one that is taken back, changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::Stop;
use crate::apply;
use crate::change;
use crate::quote::{Style, quoted};
use crate::repository::{Comparison, Difference, EXECUTABLE, Entry, Repository, Side, Source, names_only};

/// What becomes of one path.
enum Outcome {
    /// As the other side has it.
    Taken(Entry),
    /// Both sides changed it, on different lines.
    Joined {
        path: Vec<u8>,
        content: Vec<u8>,
        executable: bool,
    },
    Removed(Vec<u8>),
}

/// What is to be done, once it is known that all of it can be.
pub(crate) struct Carried {
    to: Side,
    outcomes: Vec<Outcome>,
    /// Paths that were not there before.
    pub(crate) new: Vec<Vec<u8>>,
}

/// Why a change can't be carried over.
pub(crate) enum Hindrance {
    /// These files have changes that are nowhere else.
    Unsaved(Vec<Vec<u8>>),
    /// These files were changed on both sides, on the same lines.
    Conflicts(Vec<Vec<u8>>),
}

impl Carried {
    /// What differs from `from` to `to`, over the index and files that are the same at these paths.
    pub(crate) fn find(repository: &Repository, from: &Side, to: &Side) -> Result<Result<Self, Hindrance>, Stop> {
        let differences = repository.differences(from, to, &names_only(Vec::new()))?;
        let now = repository.by_path(&Side::Staged)?;
        let unsaved = in_the_way(repository, &differences, &now)?;
        if !unsaved.is_empty() {
            return Ok(Err(Hindrance::Unsaved(unsaved)));
        }
        let wanted = repository.by_path(to)?;
        let mut carried = Self { to: to.clone(), outcomes: Vec::new(), new: Vec::new() };
        let mut conflicts = BTreeSet::new();
        for difference in differences {
            let path = difference.new_path.clone();
            match outcome(repository, (from, to), &difference, (now.get(&path), wanted.get(&path)))? {
                Ok(outcome) => {
                    if outcome.is_some() && !now.contains_key(&path) {
                        carried.new.push(path);
                    }
                    carried.outcomes.extend(outcome);
                }
                Err(Conflict) => drop(conflicts.insert(path)),
            }
        }
        match conflicts.is_empty() {
            true => Ok(Ok(carried)),
            false => Ok(Err(Hindrance::Conflicts(conflicts.into_iter().collect()))),
        }
    }

    /// Whether everything is as it is to be.
    pub(crate) fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// Says which files have changes of both sides.
    pub(crate) fn tell(&self) {
        for outcome in &self.outcomes {
            if let Outcome::Joined { path, .. } = outcome {
                println!("Auto-merging {}", quoted(path, Style::Plain));
            }
        }
    }

    /// Writes the files.
    pub(crate) fn write(&self, repository: &Repository) -> Result<(), Stop> {
        for outcome in &self.outcomes {
            if let Outcome::Removed(path) = outcome {
                change::remove(repository, path)?;
            }
        }
        for outcome in &self.outcomes {
            match outcome {
                Outcome::Removed(_) => {}
                Outcome::Taken(entry) => change::write_file(repository, &self.to, entry)?,
                Outcome::Joined { path, content, executable } => {
                    change::put_file(repository, path, content, *executable)?;
                }
            }
        }
        Ok(())
    }

    /// Has the index take the files that were written.
    pub(crate) fn stage(&self, repository: &Repository) -> Result<(), Stop> {
        let source = |outcome: &Outcome| match outcome {
            Outcome::Removed(path) => (path.clone(), Source::Nothing),
            Outcome::Taken(entry) => (entry.path.clone(), Source::Files),
            Outcome::Joined { path, .. } => (path.clone(), Source::Files),
        };
        repository.stage(&self.outcomes.iter().map(source).collect::<Vec<_>>())
    }
}

impl Hindrance {
    /// What is said of it: by `what` the files would be written over, and before `then` they can be kept.
    pub(crate) fn stop(self, what: &str, then: &str) -> Stop {
        let list = |paths: &[Vec<u8>]| -> String {
            paths.iter().map(|path| format!("\t{}\n", quoted(path, Style::Plain))).collect()
        };
        match self {
            Self::Unsaved(paths) => Stop::error(format!(
                "Your local changes to the following files would be overwritten by {what}:\n{}\
                 Please commit your changes or stash them before you {then}.\nAborting",
                list(&paths)
            )),
            Self::Conflicts(paths) => Stop::error(format!(
                "the same lines were changed on both sides, and nothing was written:\n{}\
                 `git diff` and `git show` tell both; what is wanted of it can be edited into the files",
                list(&paths)
            )),
        }
    }
}

/// Both sides changed the same lines.
struct Conflict;

/// The files that would be written over though what they hold is not in the index.
fn in_the_way(
    repository: &Repository,
    differences: &[Difference],
    now: &BTreeMap<Vec<u8>, Entry>,
) -> Result<Vec<Vec<u8>>, Stop> {
    let paths: Vec<_> = differences.iter().map(|difference| difference.new_path.clone()).collect();
    if paths.is_empty() {
        return Ok(paths);
    }
    let changed = repository.differences(&Side::Staged, &Side::Files, &names_only(paths.clone()))?.into_iter();
    let mut unsaved: BTreeSet<_> = changed.map(|difference| difference.new_path).collect();
    let untracked = paths.into_iter().filter(|path| !now.contains_key(path));
    unsaved.extend(
        untracked.filter(|path| fs::symlink_metadata(repository.file(path)).is_ok_and(|found| !found.is_dir())),
    );
    Ok(unsaved.into_iter().collect())
}

/// What becomes of a path; nothing if it is as it is to be.
fn outcome(
    repository: &Repository,
    (from, to): (&Side, &Side),
    difference: &Difference,
    (now, wanted): (Option<&Entry>, Option<&Entry>),
) -> Result<Result<Option<Outcome>, Conflict>, Stop> {
    let is = |entry: Option<&Entry>, mode: u32, id: &str| match entry {
        Some(entry) => entry.mode == mode && entry.id == id,
        None => mode == 0,
    };
    if is(now, difference.new_mode, &difference.new_id) {
        return Ok(Ok(None));
    }
    if is(now, difference.old_mode, &difference.old_id) {
        return Ok(Ok(Some(match wanted {
            Some(entry) => Outcome::Taken(entry.clone()),
            None => Outcome::Removed(difference.new_path.clone()),
        })));
    }
    let (Some(now), "M") = (now, difference.kind.as_str()) else { return Ok(Err(Conflict)) };
    let how = Comparison { patch: true, ..names_only(vec![now.path.clone()]) };
    let patches = repository.differences(from, to, &how)?;
    let patch = patches.first().map_or(&[][..], |difference| &difference.patch);
    let content = repository.content(&Side::Staged, &now.path)?;
    let Some(content) = apply::joined(patch, &content)? else { return Ok(Err(Conflict)) };
    let changes_mode = difference.old_mode != difference.new_mode;
    let mode = if changes_mode { difference.new_mode } else { now.mode };
    Ok(Ok(Some(Outcome::Joined { path: now.path.clone(), content, executable: mode == EXECUTABLE })))
}
