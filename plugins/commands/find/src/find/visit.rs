//! One file that was come across, and what can be asked about it.

use std::cell::OnceCell;
use std::fs::{self, Metadata};
use std::path::Path;
use std::time::SystemTime;

use place::{Entry, Kind};

use super::expression::Clock;

pub(super) struct Visited<'a> {
    pub(super) path: String,
    /// The argument that it was found below.
    pub(super) root: &'a str,
    pub(super) depth: usize,
    /// The letter of `-type`.
    pub(super) kind: char,
    /// Of what a link leads to, where links are followed. Asked for when something wants to know it, which costs more than all
    /// else; nothing if the file has gone since its folder was listed.
    metadata: OnceCell<Option<Metadata>>,
}

impl<'a> Visited<'a> {
    /// What an argument names.
    pub(super) fn root(root: &'a str, follows: bool) -> std::io::Result<Self> {
        let metadata = metadata(Path::new(root), follows)?;
        let kind = kind(&metadata);
        Ok(Self { path: root.to_owned(), root, depth: 0, kind, metadata: OnceCell::from(Some(metadata)) })
    }

    /// An entry of a folder that is visited.
    pub(super) fn entry(folder: &Visited<'a>, entry: &Entry, follows: bool) -> Self {
        let separator = if folder.path.ends_with('/') { "" } else { "/" };
        let path = [&folder.path, separator, &entry.name].concat();
        let (root, depth) = (folder.root, folder.depth + 1);
        let known = match entry.kind {
            Kind::File => Some('f'),
            Kind::Folder => Some('d'),
            Kind::Link if !follows => Some('l'),
            Kind::Link | Kind::Other => None,
        };
        if let Some(kind) = known {
            return Self { path, root, depth, kind, metadata: OnceCell::new() };
        }
        let metadata = metadata(Path::new(&path), follows).ok();
        let kind = metadata.as_ref().map_or('c', kind);
        Self { path, root, depth, kind, metadata: OnceCell::from(metadata) }
    }

    pub(super) fn metadata(&self) -> Option<&Metadata> {
        // A followed link has been asked about when it was come across.
        self.metadata.get_or_init(|| fs::symlink_metadata(&self.path).ok()).as_ref()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.metadata().map_or(0, Metadata::len)
    }

    pub(super) fn file(&self) -> &Path {
        Path::new(&self.path)
    }

    /// Its last name; that of a root may be `.` or `/`.
    pub(super) fn name(&self) -> &str {
        let trimmed = self.path.trim_end_matches('/');
        if trimmed.is_empty() { "/" } else { trimmed.rsplit('/').next().unwrap_or(trimmed) }
    }

    /// Everything before its last name.
    pub(super) fn folder(&self) -> &str {
        match self.path.trim_end_matches('/').rsplit_once('/') {
            Some(("", _)) => "",
            Some((folder, _)) => folder,
            None => ".",
        }
    }

    pub(super) fn below_root(&self) -> &str {
        self.path.strip_prefix(self.root).unwrap_or(&self.path).trim_start_matches('/')
    }

    /// Of what it leads to; `N` if nothing is there.
    pub(super) fn target_kind(&self) -> char {
        fs::metadata(&self.path).map_or('N', |metadata| kind(&metadata))
    }

    pub(super) fn link_target(&self) -> Option<String> {
        fs::read_link(&self.path).ok().map(|target| target.to_string_lossy().into_owned())
    }

    pub(super) fn mode(&self) -> u32 {
        self.metadata().map_or(0, |metadata| posix::mode::of(self.file(), metadata))
    }

    /// As `ls -l` writes it.
    pub(super) fn written_mode(&self) -> String {
        let kind = self.metadata().map_or('-', posix::mode::kind);
        posix::mode::written(kind, self.mode())
    }

    pub(super) fn time(&self, clock: Clock) -> SystemTime {
        let time = self.metadata().and_then(|metadata| match clock {
            Clock::Read => metadata.accessed().ok(),
            Clock::Written => metadata.modified().ok(),
        });
        time.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    pub(super) fn is_empty(&self) -> bool {
        match self.kind {
            'f' => self.bytes() == 0,
            'd' => place::entries(self.file()).is_ok_and(|entries| entries.is_empty()),
            _ => false,
        }
    }

    /// Inode and number of links.
    pub(super) fn identity(&self) -> (u64, u64) {
        posix::inode::of(self.file())
    }
}

fn metadata(path: &Path, follows: bool) -> std::io::Result<Metadata> {
    let own = || fs::symlink_metadata(path);
    if follows { fs::metadata(path).or_else(|_| own()) } else { own() }
}

fn kind(metadata: &Metadata) -> char {
    match posix::mode::kind(metadata) {
        '-' if metadata.is_file() => 'f',
        // What is neither file, folder nor link is a device in a sandbox.
        '-' => 'c',
        other => other,
    }
}
