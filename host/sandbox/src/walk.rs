//! A walk over a workspace through descriptors: each step opens one name below an open folder and never follows a link, so a
//! link that is put in place during the walk leads nowhere either.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Dir as ReadDir, FileType, Mode, OFlags};
use skep_model::{GLOB_BRACES, GLOB_BYTES, IGNORE_ROOM, glob_fits, ignore_rules};

use crate::pace::{Halt, Pace};
use crate::search::Selection;
use crate::workspace::{self, Workspace};

/// Folders deeper than this are left out, and the answer says that it is not whole.
const DEPTH: usize = 256;
/// The most globs of one selection.
const GLOBS: usize = 256;
/// The largest ignore file that is read.
const IGNORE_BYTES: u64 = 1 << 20;

pub(crate) enum Go {
    On,
    Stop,
}

/// One thing found on the way.
pub(crate) struct Visit<'a> {
    parent: &'a OwnedFd,
    name: &'a std::ffi::CStr,
    path: &'a Path,
    pub(crate) kind: FileType,
}

impl Visit<'_> {
    pub(crate) fn shown(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    pub(crate) const fn kind_name(&self) -> &'static str {
        match self.kind {
            FileType::RegularFile => "file",
            FileType::Directory => "directory",
            FileType::Symlink => "symlink",
            _ => "other",
        }
    }

    pub(crate) fn size(&self) -> u64 {
        let stat = rustix::fs::statat(self.parent, self.name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW);
        stat.map_or(0, |stat| u64::try_from(stat.st_size).unwrap_or(0))
    }

    /// The file, if it is a regular one and may be read; others have no content.
    pub(crate) fn open_file(&self) -> Option<File> {
        if self.kind != FileType::RegularFile {
            return None;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = File::from(rustix::fs::openat(self.parent, self.name, flags, Mode::empty()).ok()?);
        file.metadata().ok()?.is_file().then_some(file)
    }
}

/// The rules of a walk, parsed once.
struct Rules {
    include: Option<GlobSet>,
    exclude: GlobSet,
    hidden: bool,
    respect_ignore: bool,
}

impl Rules {
    fn new(wanted: &Selection) -> Result<Self, Halt> {
        if wanted.globs.len() > GLOBS {
            let message = format!("{} globs are too many; at most {GLOBS} are taken", wanted.globs.len());
            return Err(Halt::failed("invalid-pattern", message));
        }
        let (mut include, mut exclude) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        let mut any = false;
        for pattern in &wanted.globs {
            match pattern.strip_prefix('!') {
                Some(pattern) => exclude.add(parse_glob(pattern)?),
                None => {
                    any = true;
                    include.add(parse_glob(pattern)?)
                }
            };
        }
        let include = if any { Some(include.build().map_err(bad_glob)?) } else { None };
        let exclude = exclude.build().map_err(bad_glob)?;
        Ok(Self { include, exclude, hidden: wanted.hidden, respect_ignore: wanted.respect_ignore })
    }

    fn selects(&self, path: &Path) -> bool {
        self.include.as_ref().is_none_or(|include| include.is_match(path))
    }
}

/// A pattern without a slash is for names at any depth, as in `.gitignore`.
fn parse_glob(pattern: &str) -> Result<globset::Glob, Halt> {
    if !glob_fits(pattern) {
        let message = format!("a glob may have at most {GLOB_BYTES} bytes and {GLOB_BRACES} opening braces");
        return Err(Halt::failed("invalid-pattern", message));
    }
    let anchored =
        if pattern.contains('/') { pattern.trim_start_matches('/').to_owned() } else { format!("**/{pattern}") };
    GlobBuilder::new(&anchored).literal_separator(true).backslash_escape(true).build().map_err(bad_glob)
}

fn bad_glob(error: globset::Error) -> Halt {
    Halt::failed("invalid-pattern", error.to_string())
}

/// A folder on the way down, with what its ignore files say.
struct Folder {
    fd: OwnedFd,
    path: PathBuf,
    ignores: Option<Arc<Ignores>>,
    /// Names not yet visited, last first.
    names: Vec<(std::ffi::CString, FileType)>,
}

struct Ignores {
    here: Gitignore,
    above: Option<Arc<Self>>,
    /// What is left for rules of the folders below.
    room: usize,
}

impl Ignores {
    fn ignored(&self, path: &Path, is_dir: bool) -> bool {
        match self.here.matched(path, is_dir) {
            ignore::Match::Ignore(_) => true,
            ignore::Match::Whitelist(_) => false,
            ignore::Match::None => self.above.as_ref().is_some_and(|above| above.ignored(path, is_dir)),
        }
    }
}

pub(crate) type Visitor<'a> = dyn FnMut(&Visit<'_>, &mut Pace) -> Result<Go, Halt> + 'a;

/// Visits what is selected below the selection's path. True when nothing was left out for lack of room.
pub(crate) fn walk(
    workspace: &Workspace,
    wanted: &Selection,
    pace: &mut Pace,
    visitor: &mut Visitor<'_>,
) -> Result<bool, Halt> {
    let rules = Rules::new(wanted)?;
    let start = start(workspace, &wanted.path, &rules, pace, visitor)?;
    let Some(start) = start else { return Ok(true) };
    let (mut stack, mut whole) = (vec![start], true);
    loop {
        let deep = stack.len() >= DEPTH;
        let Some(folder) = stack.last_mut() else { break };
        pace.step()?;
        let Some((name, kind)) = folder.names.pop() else {
            stack.pop();
            continue;
        };
        let path = folder.path.join(os_name(&name));
        if !keeps(&rules, folder, &name, &path, kind) {
            continue;
        }
        if rules.selects(&path) {
            let visit = Visit { parent: &folder.fd, name: &name, path: &path, kind };
            if matches!(visitor(&visit, pace)?, Go::Stop) {
                return Ok(false);
            }
        }
        if kind == FileType::Directory {
            match folder.enter(&name, path, &rules) {
                Some(_) if deep => whole = false,
                Some(below) => stack.push(below),
                None => {}
            }
        }
    }
    Ok(whole)
}

fn keeps(rules: &Rules, folder: &Folder, name: &std::ffi::CStr, path: &Path, kind: FileType) -> bool {
    let is_dir = kind == FileType::Directory;
    if name.to_bytes() == b".git"
        || (!rules.hidden && name.to_bytes().starts_with(b"."))
        || rules.exclude.is_match(path)
    {
        return false;
    }
    !folder.ignores.as_ref().is_some_and(|ignores| ignores.ignored(path, is_dir))
}

/// The folder that the walk starts in. A path that names a file is visited here, and there is no folder.
fn start(
    workspace: &Workspace,
    path: &str,
    rules: &Rules,
    pace: &mut Pace,
    visitor: &mut Visitor<'_>,
) -> Result<Option<Folder>, Halt> {
    let inside = workspace::inside(path).map_err(|error| Halt::failed("invalid-path", error.to_string()))?;
    let missing = |error: io::Error| Halt::failed("not-found", format!("{path:?}: {error}"));
    let root = OwnedFd::from(workspace.dir().try_clone().map_err(missing)?.into_std_file());
    let root = rustix::fs::openat(&root, ".", folder_flags(), Mode::empty()).map_err(|error| missing(error.into()))?;
    let mut folder = Folder::open(root, PathBuf::new(), None, rules);
    let parts: Vec<_> = inside.components().filter(|part| *part != std::path::Component::CurDir).collect();
    for (index, part) in parts.iter().enumerate() {
        let name = std::ffi::CString::new(std::os::unix::ffi::OsStrExt::as_bytes(part.as_os_str()))
            .map_err(|error| missing(error.into()))?;
        let below = folder.path.join(part);
        if let Some(next) = folder.enter(&name, below.clone(), rules) {
            folder = next;
            continue;
        }
        let stat = rustix::fs::statat(&folder.fd, &name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| missing(error.into()))?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        if index + 1 == parts.len() && kind == FileType::RegularFile {
            visitor(&Visit { parent: &folder.fd, name: &name, path: &below, kind }, pace)?;
            return Ok(None);
        }
        return Err(Halt::failed("not-found", format!("{path:?} is no file or folder; links are not followed")));
    }
    Ok(Some(folder))
}

const fn folder_flags() -> OFlags {
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC)
}

impl Folder {
    /// The folder `name` in this one, or nothing when it is none (any more) or may not be read.
    fn enter(&self, name: &std::ffi::CStr, path: PathBuf, rules: &Rules) -> Option<Self> {
        let fd = rustix::fs::openat(&self.fd, name, folder_flags(), Mode::empty()).ok()?;
        Some(Self::open(fd, path, self.ignores.clone(), rules))
    }

    fn open(fd: OwnedFd, path: PathBuf, above: Option<Arc<Ignores>>, rules: &Rules) -> Self {
        let mut names = names(&fd);
        names.sort_by(|one, other| other.0.cmp(&one.0));
        let ignores = if rules.respect_ignore { read_ignores(&fd, &path, above) } else { None };
        Self { fd, path, ignores, names }
    }
}

fn names(fd: &OwnedFd) -> Vec<(std::ffi::CString, FileType)> {
    let Ok(entries) = ReadDir::read_from(fd) else { return Vec::new() };
    let entries = entries.filter_map(Result::ok).filter(|entry| !matches!(entry.file_name().to_bytes(), b"." | b".."));
    entries.map(|entry| (entry.file_name().to_owned(), entry_type(fd, &entry))).collect()
}

/// Some file systems don't say in the listing what a thing is.
fn entry_type(fd: &OwnedFd, entry: &rustix::fs::DirEntry) -> FileType {
    match entry.file_type() {
        FileType::Unknown => rustix::fs::statat(fd, entry.file_name(), rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
            .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
        known => known,
    }
}

fn read_ignores(fd: &OwnedFd, path: &Path, above: Option<Arc<Ignores>>) -> Option<Arc<Ignores>> {
    let mut builder = GitignoreBuilder::new(path);
    let mut room = above.as_ref().map_or(IGNORE_ROOM, |above| above.room);
    let mut any = false;
    for name in [".git/info/exclude", ".gitignore", ".ignore"] {
        let Some(text) = read_small(fd, name) else { continue };
        any = true;
        for line in ignore_rules(&text, &mut room) {
            // A line that is no pattern is no rule; git too goes on.
            drop(builder.add_line(None, line));
        }
    }
    if !any {
        return above;
    }
    match builder.build() {
        Ok(here) => Some(Arc::new(Ignores { here, above, room })),
        // Rules that can't hold together are none; those of the folders above hold all the same.
        Err(_) => above,
    }
}

fn read_small(fd: &OwnedFd, name: &str) -> Option<String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let resolve = rustix::fs::ResolveFlags::BENEATH | rustix::fs::ResolveFlags::NO_SYMLINKS;
    let file = File::from(rustix::fs::openat2(fd.as_fd(), name, flags, Mode::empty(), resolve).ok()?);
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(IGNORE_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn os_name(name: &std::ffi::CStr) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(name.to_bytes())
}
