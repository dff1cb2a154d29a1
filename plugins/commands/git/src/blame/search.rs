//! Takes lines back through the history, to the commits that they are of.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::Stop;
use crate::repository::{Commit, Comparison, Repository, Side, Walk, names_only, walk};

use super::Options;

/// A line of the file as it is, on its way back through the history.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// Its number in the file as it is, and in the file of the commit that it has come to.
    pub(super) now: usize,
    pub(super) then: usize,
}

/// The commit that a line is of, and where it was there.
pub(super) struct Blamed {
    pub(super) commit: Option<usize>,
    pub(super) path: Vec<u8>,
    pub(super) then: usize,
}

/// Lines that wait at a commit, and what their file is called there.
struct File {
    path: Vec<u8>,
    lines: Vec<Wanted>,
}

/// What a file was called in a parent, and what was replaced in it since.
struct Origin {
    path: Vec<u8>,
    hunks: Vec<Hunk>,
}

/// Lines wait at commits, the newest of which is looked at first.
pub(super) struct Search<'a> {
    repository: &'a Repository,
    spaces: &'static str,
    /// Those that the file may be from, the newest first, so that a commit comes before its parents.
    pub(super) commits: Vec<Commit>,
    numbers: HashMap<String, usize>,
    /// Paths at commits that touched the file, or may have.
    touching: HashMap<Vec<u8>, HashSet<String>>,
    waiting: BTreeMap<usize, Vec<File>>,
    pub(super) blamed: BTreeMap<usize, Blamed>,
    head: String,
    path: Vec<u8>,
}

impl<'a> Search<'a> {
    pub(super) fn new(repository: &'a Repository, options: &Options, head: &str, path: &[u8]) -> Result<Self, Stop> {
        let commits = repository.commits(&Walk { start: vec![head.to_owned()], ..walk() })?;
        let commits = parents_last(commits);
        let numbers = commits.iter().enumerate().map(|(at, commit)| (commit.id.clone(), at)).collect();
        Ok(Self {
            repository,
            spaces: options.spaces,
            commits,
            numbers,
            touching: HashMap::new(),
            waiting: BTreeMap::new(),
            blamed: BTreeMap::new(),
            head: head.to_owned(),
            path: path.to_vec(),
        })
    }

    pub(super) fn wait(&mut self, commit: usize, path: &[u8], lines: Vec<Wanted>) {
        if !lines.is_empty() {
            self.waiting.entry(commit).or_default().push(File { path: path.to_vec(), lines });
        }
    }

    fn blame(&mut self, commit: Option<usize>, path: &[u8], lines: Vec<Wanted>) {
        for Wanted { now, then } in lines {
            self.blamed.insert(now, Blamed { commit, path: path.to_vec(), then });
        }
    }

    /// What is not committed is nobody's yet.
    pub(super) fn look_at_files(&mut self, wanted: Vec<Wanted>) -> Result<(), Stop> {
        let (path, old) = (self.path.clone(), Side::Revision(self.head.clone()));
        let (same, changed) = match self.compared(&old, &Side::Files, &path)? {
            None => (wanted, Vec::new()),
            Some(hunks) => passed(&hunks, wanted),
        };
        self.blame(None, &path, changed);
        self.wait(0, &path, same);
        Ok(())
    }

    pub(super) fn run(&mut self) -> Result<(), Stop> {
        while let Some((number, files)) = self.waiting.pop_first() {
            for File { path, lines } in files {
                self.one(number, &path, lines)?;
            }
        }
        Ok(())
    }

    /// Lines that a parent has too go on to it; the others are of this commit.
    fn one(&mut self, number: usize, path: &[u8], mut lines: Vec<Wanted>) -> Result<(), Stop> {
        let (id, parents) = (self.commits[number].id.clone(), self.commits[number].parents.clone());
        let parents: Vec<_> =
            parents.iter().filter_map(|parent| Some((parent.clone(), *self.numbers.get(parent)?))).collect();
        if !self.touches(&id, path)?
            && let [(_, parent)] = parents[..]
        {
            self.wait(parent, path, lines);
            return Ok(());
        }
        for (parent, at) in parents {
            let (old, new) = (Side::Revision(parent.clone()), Side::Revision(id.clone()));
            let Some(Origin { path: before, hunks }) = self.origin((&old, &parent), &new, path)? else { continue };
            let (same, changed) = passed(&hunks, lines);
            self.wait(at, &before, same);
            lines = changed;
        }
        self.blame(Some(number), path, lines);
        Ok(())
    }

    fn touches(&mut self, id: &str, path: &[u8]) -> Result<bool, Stop> {
        if !self.touching.contains_key(path) {
            let start = vec![self.head.clone()];
            let found = self.repository.commits(&Walk { start, paths: vec![path.to_vec()], ..walk() })?;
            self.touching.insert(path.to_vec(), found.into_iter().map(|commit| commit.id).collect());
        }
        Ok(self.touching.get(path).is_some_and(|commits| commits.contains(id)))
    }

    /// Where the file was in a parent, and how it differs from there; none if it was not there.
    fn origin(&self, (old, parent): (&Side, &str), new: &Side, path: &[u8]) -> Result<Option<Origin>, Stop> {
        let there = self.repository.resolve(&format!("{parent}:{}", String::from_utf8_lossy(path)));
        if there.is_some_and(|(_, kind)| kind == "blob") {
            let hunks = self.compared(old, new, path)?.unwrap_or_default();
            return Ok(Some(Origin { path: path.to_vec(), hunks }));
        }
        let how = Comparison {
            renames: true,
            patch: true,
            context: 0,
            spaces: self.spaces.to_owned(),
            ..names_only(Vec::new())
        };
        let found = self.repository.differences(old, new, &how)?.into_iter();
        let renamed = found.into_iter().find(|difference| difference.kind == "R" && difference.new_path == path);
        Ok(renamed.map(|difference| Origin { path: difference.old_path, hunks: hunks(&difference.patch) }))
    }

    /// How a file differs; none if it doesn't.
    fn compared(&self, old: &Side, new: &Side, path: &[u8]) -> Result<Option<Vec<Hunk>>, Stop> {
        let how =
            Comparison { patch: true, context: 0, spaces: self.spaces.to_owned(), ..names_only(vec![path.to_vec()]) };
        let found = self.repository.differences(old, new, &how)?;
        Ok(found.iter().find(|difference| difference.new_path == path).map(|difference| {
            match difference.kind.as_str() {
                "A" => vec![Hunk { old: 0..0, new: 0..usize::MAX }],
                _ => hunks(&difference.patch),
            }
        }))
    }
}

/// Each commit stands before its parents, and else where it stood.
fn parents_last(commits: Vec<Commit>) -> Vec<Commit> {
    let mut children: HashMap<&str, usize> = HashMap::new();
    for parent in commits.iter().flat_map(|commit| &commit.parents) {
        *children.entry(parent).or_default() += 1;
    }
    let places: HashMap<&str, usize> =
        commits.iter().enumerate().map(|(at, commit)| (commit.id.as_str(), at)).collect();
    let mut ready: std::collections::BTreeSet<usize> =
        places.iter().filter(|(id, _)| !children.contains_key(*id)).map(|(_, at)| *at).collect();
    let mut order = Vec::new();
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for parent in &commits[at].parents {
            let left = children.get_mut(parent.as_str()).map_or(0, |left| {
                *left -= 1;
                *left
            });
            ready.extend(places.get(parent.as_str()).filter(|_| left == 0));
        }
    }
    order.into_iter().map(|at| commits[at].clone()).collect()
}

/// Lines, from 0, that were replaced.
#[derive(Debug, PartialEq, Eq)]
struct Hunk {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

/// The hunks of a patch without lines around them.
fn hunks(patch: &[u8]) -> Vec<Hunk> {
    let range = |text: &str| {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        let (start, count): (usize, usize) = (start.parse().ok()?, count.parse().ok()?);
        // What is empty comes after the line that is named.
        let start = if count == 0 { start } else { start.checked_sub(1)? };
        Some(start..start + count)
    };
    let hunk = |line: &[u8]| {
        let text = String::from_utf8_lossy(line.strip_prefix(b"@@ -")?).into_owned();
        let (old, rest) = text.split_once(" +")?;
        Some(Hunk { old: range(old)?, new: range(rest.split(' ').next()?)? })
    };
    patch.split(|byte| *byte == b'\n').filter_map(hunk).collect()
}

/// The lines that were there before, where they were, and those that were not.
fn passed(hunks: &[Hunk], lines: Vec<Wanted>) -> (Vec<Wanted>, Vec<Wanted>) {
    let (mut same, mut changed) = (Vec::new(), Vec::new());
    for line in lines {
        let before = hunks.iter().take_while(|hunk| hunk.new.start <= line.then && hunk.new.end <= line.then).last();
        match hunks.iter().any(|hunk| hunk.new.contains(&line.then)) {
            true => changed.push(line),
            false => {
                let (new, old) = before.map_or((0, 0), |hunk| (hunk.new.end, hunk.old.end));
                same.push(Wanted { then: line.then - new + old, ..line });
            }
        }
    }
    (same, changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_were_there_before_are_where_they_were() {
        let hunks = hunks(b"@@ -2,0 +3,2 @@\n+a\n+b\n@@ -5 +7,0 @@\n-c\n");
        assert_eq!(hunks, [Hunk { old: 2..2, new: 2..4 }, Hunk { old: 4..5, new: 7..7 }]);
        let lines = (0..9).map(|at| Wanted { now: at, then: at }).collect();
        let (same, changed) = passed(&hunks, lines);
        let places: Vec<_> = same.iter().map(|line| (line.now, line.then)).collect();
        assert_eq!(places, [(0, 0), (1, 1), (4, 2), (5, 3), (6, 4), (7, 6 - 1), (8, 6)]);
        assert_eq!(changed.iter().map(|line| line.now).collect::<Vec<_>>(), [2, 3]);
    }
}
