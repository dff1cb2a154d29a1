//! Whether patches fit the files that there are, and what they make of them. Nothing is written here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;

use crate::Stop;
use crate::quote::{Style, quoted};
use crate::repository::{EXECUTABLE, Entry, LINK, Repository, SUBMODULE, Side, names_only};

use super::binary;
use super::patch::{Content, Move, Patch, is_link, same_type};
use super::place::{Image, Search};
use super::read::unreadable;

const FOLDER: u32 = 0o040_000;

/// What of the repository is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Files,
    /// Both, which have to be the same before.
    FilesAndIndex,
    Index,
}

/// A patch that fits: what it makes of its file.
pub(crate) struct Fitting {
    pub(crate) patch: Patch,
    pub(crate) content: Vec<u8>,
}

/// What a path is in what was checked so far.
enum Known {
    /// The number of the patch that it is of.
    Patched(usize),
    Gone,
    Going,
}

pub(crate) struct Checker<'a> {
    repository: &'a Repository,
    target: Target,
    search: Search,
    verbose: bool,
    reverse: bool,
    index: BTreeMap<Vec<u8>, Entry>,
    files: BTreeMap<Vec<u8>, Entry>,
    /// Paths whose files are not those of the index.
    unsaved: BTreeSet<Vec<u8>>,
    known: BTreeMap<Vec<u8>, Known>,
    links: BTreeSet<Vec<u8>>,
    links_gone: BTreeSet<Vec<u8>>,
    fitting: Vec<Fitting>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(
        repository: &'a Repository,
        (target, search): (Target, Search),
        (verbose, reverse): (bool, bool),
        patches: &[Patch],
    ) -> Result<Self, Stop> {
        let index = if target == Target::Files { BTreeMap::new() } else { repository.by_path(&Side::Staged)? };
        let files = if target == Target::Index { BTreeMap::new() } else { repository.by_path(&Side::Files)? };
        let mut checker = Self {
            repository,
            target,
            search,
            verbose,
            reverse,
            index,
            files,
            unsaved: BTreeSet::new(),
            known: BTreeMap::new(),
            links: BTreeSet::new(),
            links_gone: BTreeSet::new(),
            fitting: Vec::new(),
        };
        if target == Target::FilesAndIndex {
            let found = repository.differences(&Side::Staged, &Side::Files, &names_only(Vec::new()))?;
            checker.unsaved = found.into_iter().map(|difference| difference.new_path).collect();
        }
        checker.expect(patches);
        Ok(checker)
    }

    /// What the patches will have done to paths and links is no reason not to do it.
    fn expect(&mut self, patches: &[Patch]) {
        for patch in patches {
            let goes = patch.new.is_none() || patch.renames();
            if let Some(old) = patch.old.as_ref().filter(|_| goes) {
                self.known.insert(old.clone(), Known::Going);
                if is_link(patch.old_mode) {
                    self.links_gone.insert(old.clone());
                }
            }
            if let Some(new) = patch.new.as_ref().filter(|_| is_link(patch.new_mode)) {
                self.links.insert(new.clone());
            }
        }
    }

    /// All of them, or the first code of what is wrong, which was said then.
    pub(crate) fn all(mut self, patches: Vec<Patch>) -> Result<Vec<Fitting>, Stop> {
        let mut failed = false;
        for patch in patches {
            if self.verbose {
                eprintln!("Checking patch {}...", shown(&patch));
            }
            let name = text(patch.name());
            match self.one(patch) {
                Ok(()) => {}
                Err(Stop { code: 1, message }) => {
                    eprintln!(
                        "{}",
                        if message.is_empty() { format!("error: {name}: patch does not apply") } else { message }
                    );
                    failed = true;
                }
                Err(stop) => return Err(stop),
            }
        }
        if failed { Err(Stop { code: 1, message: String::new() }) } else { Ok(self.fitting) }
    }

    fn one(&mut self, mut patch: Patch) -> Result<(), Stop> {
        let previous = self.preimage(&mut patch)?;
        let taken_away =
            patch.new.as_ref().is_some_and(|new| matches!(self.known.get(new), Some(Known::Gone | Known::Going)));
        if let Some(new) = &patch.new
            && (patch.creates() || patch.moves.is_some())
        {
            self.must_be_free(new, taken_away)?;
            if patch.new_mode == 0 {
                patch.new_mode = if patch.creates() { 0o100_644 } else { patch.old_mode };
            }
        }
        if patch.new_mode == 0 {
            patch.new_mode = patch.old_mode;
        }
        types_agree(&patch)?;
        must_be_valid(&patch)?;
        if let Some(new) = patch.new.as_ref().filter(|_| !patch.deletes())
            && self.is_beyond_link(new)
        {
            return Err(Stop::error(format!("affected file '{}' is beyond a symbolic link", text(new))));
        }
        let old = match (previous, &patch.old) {
            (Some(previous), _) => self.fitting[previous].content.clone(),
            (None, Some(old)) => {
                self.read(old, patch.old_mode).inspect_err(|stop| eprintln!("{}", stop.message)).map_err(silent)?
            }
            (None, None) => Vec::new(),
        };
        let content = self.applied(&patch, old)?;
        if patch.deletes() && !content.is_empty() {
            eprintln!("error: removal patch leaves file contents");
            return Err(silent(Stop::error("")));
        }
        self.remember(patch, content);
        Ok(())
    }

    fn remember(&mut self, patch: Patch, content: Vec<u8>) {
        if let Some(new) = &patch.new {
            self.known.insert(new.clone(), Known::Patched(self.fitting.len()));
        }
        if let Some(old) = patch.old.as_ref().filter(|_| patch.new.is_none() || patch.renames()) {
            self.known.insert(old.clone(), Known::Gone);
        }
        self.fitting.push(Fitting { patch, content });
    }

    /// Completes a patch by what its old file is; the number of the patch that the file is of, if another one changes it before.
    fn preimage(&self, patch: &mut Patch) -> Result<Option<usize>, Stop> {
        let Some(old) = patch.old.clone() else { return Ok(None) };
        let previous = match self.known.get(&old).filter(|_| patch.moves.is_none()) {
            Some(Known::Gone) => {
                return Err(Stop::error(format!("path {} has been renamed/deleted", text(&old))));
            }
            Some(Known::Patched(number)) => Some(*number),
            Some(Known::Going) | None => None,
        };
        let mode = match previous {
            Some(number) => self.fitting[number].patch.new_mode,
            None => match self.mode(&old, patch.is_new.is_none())? {
                Some(mode) => mode,
                None => {
                    (patch.is_new, patch.is_delete, patch.old) = (Some(true), Some(false), None);
                    return Ok(None);
                }
            },
        };
        patch.is_new = Some(false);
        if patch.old_mode == 0 {
            patch.old_mode = mode;
        }
        if !same_type(mode, patch.old_mode) {
            return Err(Stop::error(format!("{}: wrong type", text(&old))));
        }
        if mode != patch.old_mode {
            eprintln!("warning: {} has type {mode:o}, expected {:o}", text(&old), patch.old_mode);
        }
        if patch.new_mode == 0 && !patch.deletes() {
            patch.new_mode = mode;
        }
        Ok(previous)
    }

    /// The mode of a file; none if it isn't there and need not be.
    fn mode(&self, path: &[u8], may_be_new: bool) -> Result<Option<u32>, Stop> {
        let file = if self.target == Target::Index { Ok(None) } else { self.mode_of_file(path) };
        let entry = self.index.get(path);
        match (self.target, file) {
            (Target::Files, Ok(None)) | (_, Err(ErrorKind::NotADirectory)) if may_be_new => Ok(None),
            (Target::Files, Ok(None)) => Err(Stop::error(format!("{}: No such file or directory", text(path)))),
            (Target::Files, Ok(mode)) => Ok(mode),
            (_, Err(ErrorKind::NotADirectory)) => Err(Stop::error(format!("{}: Not a directory", text(path)))),
            (_, Err(kind)) => Err(Stop::error(format!("{}: {kind}", text(path)))),
            (_, Ok(_)) if entry.is_none() && may_be_new => Ok(None),
            (_, Ok(_)) if entry.is_none() => Err(Stop::error(format!("{}: does not exist in index", text(path)))),
            (Target::FilesAndIndex, Ok(_)) if self.unsaved.contains(path) => {
                Err(Stop::error(format!("{}: does not match index", text(path))))
            }
            (_, Ok(_)) => Ok(entry.map(|entry| entry.mode)),
        }
    }

    fn mode_of_file(&self, path: &[u8]) -> Result<Option<u32>, ErrorKind> {
        match fs::symlink_metadata(self.repository.file(path)) {
            Ok(metadata) if metadata.is_dir() => Ok(Some(self.files.get(path).map_or(FOLDER, |entry| entry.mode))),
            Ok(metadata) if metadata.is_symlink() => Ok(Some(LINK)),
            Ok(_) => Ok(Some(self.files.get(path).map_or(0o100_644, |entry| entry.mode))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.kind()),
        }
    }

    fn must_be_free(&self, path: &[u8], taken_away: bool) -> Result<(), Stop> {
        if self.target != Target::Files && !taken_away && self.index.contains_key(path) {
            return Err(Stop::error(format!("{}: already exists in index", text(path))));
        }
        if self.target == Target::Index || taken_away {
            return Ok(());
        }
        let there = fs::symlink_metadata(self.repository.file(path)).is_ok_and(|metadata| !metadata.is_dir());
        if there && !self.has_link_above(path) {
            return Err(Stop::error(format!("{}: already exists in working directory", text(path))));
        }
        Ok(())
    }

    /// Whether one of the folders above is a link in the work tree.
    fn has_link_above(&self, path: &[u8]) -> bool {
        above(path).any(|folder| self.is_link(folder))
    }

    fn is_link(&self, path: &[u8]) -> bool {
        fs::symlink_metadata(self.repository.file(path)).is_ok_and(|metadata| metadata.is_symlink())
    }

    /// Whether one of the folders above is a link when the patches are applied.
    fn is_beyond_link(&self, path: &[u8]) -> bool {
        above(path).any(|folder| {
            let is_now = || match self.target {
                Target::Index => self.index.get(folder).is_some_and(|entry| entry.mode == LINK),
                Target::Files | Target::FilesAndIndex => self.is_link(folder),
            };
            self.links.contains(folder) || (!self.links_gone.contains(folder) && is_now())
        })
    }

    fn read(&self, path: &[u8], mode: u32) -> Result<Vec<u8>, Stop> {
        if self.target == Target::Index {
            return self.repository.content(&Side::Staged, path);
        }
        let failed =
            |error: std::io::Error| Stop::error(format!("failed to read {}: {}", text(path), posix::reason(&error)));
        match mode {
            _ if self.has_link_above(path) => {
                Err(Stop::error(format!("reading from '{}' beyond a symbolic link", text(path))))
            }
            SUBMODULE => Err(Stop::error(format!("{}: submodules are not patched here", text(path)))),
            FOLDER => Err(Stop::error(format!("{}: is a directory", text(path)))),
            LINK => {
                let target = fs::read_link(self.repository.file(path)).map_err(failed)?;
                Ok(target.into_os_string().into_encoded_bytes())
            }
            _ => fs::read(self.repository.file(path)).map_err(failed),
        }
    }

    fn applied(&self, patch: &Patch, old: Vec<u8>) -> Result<Vec<u8>, Stop> {
        let hunks = match &patch.content {
            Content::Text(hunks) => hunks,
            Content::Binary(there, _) => {
                return binary::applied(patch, there.as_ref(), &old, self.reverse).map_err(|message| {
                    eprintln!("error: {message}");
                    silent(Stop::error(""))
                });
            }
        };
        let mut image = Image::new(&old);
        for (number, hunk) in hunks.iter().enumerate() {
            let Some(found) = image.apply(hunk, self.search) else {
                if self.verbose {
                    let old = hunk.lines.iter().filter(|line| line.kind != super::patch::Kind::Added);
                    let old: Vec<u8> = old.flat_map(|line| line.text.iter().copied()).collect();
                    eprintln!("error: while searching for:\n{}", text(&old));
                }
                eprintln!("error: patch failed: {}:{}", text(patch.name()), hunk.old_start);
                return Err(silent(Stop::error("")));
            };
            if self.verbose && found.offset != 0 {
                let offset = if self.reverse { -found.offset } else { found.offset };
                let s = if offset == 1 { "" } else { "s" };
                let (number, at) = (number + 1, found.at + 1);
                eprintln!("Hunk #{number} succeeded at {at} (offset {offset} line{s}).");
            }
            if let Some((before, after)) = found.reduced {
                eprintln!("Context reduced to ({before}/{after}) to apply fragment at {}", found.at + 1);
            }
        }
        Ok(image.content())
    }
}

/// What was said already.
fn silent(stop: Stop) -> Stop {
    Stop { message: String::new(), ..stop }
}

fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// The names of a patch, as messages about all of it have them.
pub(crate) fn shown(patch: &Patch) -> String {
    match (&patch.old, &patch.new) {
        (Some(old), Some(new)) if old != new => {
            format!("{} => {}", quoted(old, Style::Plain), quoted(new, Style::Plain))
        }
        _ => quoted(patch.final_name(), Style::Plain),
    }
}

/// The folders above a path, from the nearest to the top.
fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/').map(|(at, _)| &path[..at])
}

fn types_agree(patch: &Patch) -> Result<(), Stop> {
    let (Some(old), Some(new)) = (&patch.old, &patch.new) else { return Ok(()) };
    if same_type(patch.old_mode, patch.new_mode) {
        return Ok(());
    }
    let of = if old == new { String::new() } else { format!(" of {}", text(old)) };
    let (new, new_mode, old_mode) = (text(new), patch.new_mode, patch.old_mode);
    Err(Stop::error(format!("new mode ({new_mode:o}) of {new} does not match old mode ({old_mode:o}){of}")))
}

/// Paths that lead out of the work tree, or into `.git`, are in no repository.
fn must_be_valid(patch: &Patch) -> Result<(), Stop> {
    let old = patch.old.as_ref().filter(|_| patch.deletes() || (!patch.creates() && patch.moves != Some(Move::Copy)));
    let new = patch.new.as_ref().filter(|_| !patch.deletes());
    match old.into_iter().chain(new).find(|path| !is_valid(path)) {
        Some(path) => Err(unreadable(format!("invalid path '{}'", text(path)))),
        None => Ok(()),
    }
}

fn is_valid(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').all(|part| {
        let name = part.trim_ascii_end().to_ascii_lowercase();
        let is_git = matches!(name.trim_ascii_end(), b".git" | b"git~1") || name.starts_with(b".git:");
        !matches!(part, b"" | b"." | b"..") && !is_git && !part.contains(&b'\\') && !part.contains(&0)
    })
}

/// Whether a file that a patch makes is executable.
pub(crate) fn is_executable(patch: &Patch) -> bool {
    patch.new_mode == EXECUTABLE
}
