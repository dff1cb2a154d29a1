//! What git would ignore, decided without git: the rules are read through the same folders as the files, so that
//! neither a link nor a path's length leads elsewhere.

use std::ffi::OsStr;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use git2::Repository;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use skep_model::{IGNORE_ROOM, ignore_rules};

use crate::beneath;
use crate::format::Id;

/// More of a `.gitignore` isn't read.
const LARGEST: u64 = 1 << 20;

/// The rules that hold in one folder: its own and, where these say nothing, those of the folders above.
pub(crate) struct Rules {
    own: Gitignore,
    above: Option<Arc<Self>>,
    /// What is left for rules of the folders below.
    room: usize,
}

impl Rules {
    /// The repository's own rules outside of its tree, `info/exclude`.
    pub(crate) fn of_repository(exclude: &str) -> Arc<Self> {
        let mut room = IGNORE_ROOM;
        Arc::new(Self { own: build(Path::new(""), exclude, &mut room), above: None, room })
    }

    /// The rules in `folder`, which is at `relative`; `absent` are those that git has and didn't check out. Those of the
    /// folder above when it has none of its own.
    pub(crate) fn within(self: &Arc<Self>, folder: &OwnedFd, relative: &Path, absent: Option<&str>) -> Arc<Self> {
        let text = read(folder);
        let Some(text) = text.as_deref().or(absent) else { return Arc::clone(self) };
        let mut room = self.room;
        Arc::new(Self { own: build(relative, text, &mut room), above: Some(Arc::clone(self)), room })
    }

    /// Whether git would ignore what is at `relative`, if it doesn't track it.
    pub(crate) fn ignore(&self, relative: &Path, is_folder: bool) -> bool {
        match self.own.matched(relative, is_folder) {
            Match::Ignore(_) => true,
            Match::Whitelist(_) => false,
            Match::None => self.above.as_ref().is_some_and(|above| above.ignore(relative, is_folder)),
        }
    }
}

/// A `.gitignore` that is a link, a pipe or unreadable counts for nothing, as with git.
fn read(folder: &OwnedFd) -> Option<String> {
    let file = beneath::regular(beneath::file(folder, OsStr::new(".gitignore")).ok()?).ok()?;
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The rules that git has stored by this name.
pub(crate) fn stored(repository: &Repository, name: Id) -> Result<String, git2::Error> {
    let (objects, name) = (repository.odb()?, name.oid()?);
    // The size is known before the object is unpacked.
    if objects.read_header(name)?.0 as u64 > LARGEST {
        return Err(git2::Error::from_str("it is too large"));
    }
    Ok(String::from_utf8_lossy(objects.read(name)?.data()).into_owned())
}

/// Lines that are no pattern are left out, as with git, and so is what is too large to be one.
fn build(relative: &Path, text: &str, room: &mut usize) -> Gitignore {
    let mut builder = GitignoreBuilder::new(relative);
    for line in ignore_rules(text, room) {
        builder.add_line(None, line).ok();
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_a_hundred_thousand_braces_is_left_out_and_the_others_hold() {
        let deep = format!("{}a{}", "{".repeat(60_000), "}".repeat(60_000));
        let rules = Rules::of_repository(&format!("target/\n{deep}\n*.log\n"));
        assert!(rules.ignore(Path::new("target"), true) && rules.ignore(Path::new("a.log"), false));
        assert!(!rules.ignore(Path::new("a"), false));
    }
}
