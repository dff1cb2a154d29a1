//! The names on the simulated disk, and the faults.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::inode::Inode;
use super::{Fault, Mode, Survival};
use crate::storage::Space;

/// A small generator (xorshift64*); the same seed gives the same disaster.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub(super) fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Folder,
    File(u64),
}

/// What a call does, as far as faults care.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Write { grows: bool },
    Sync,
    Name { grows: bool },
    Read,
}

/// Names that change together, and the folder whose sync makes that durable.
#[derive(Debug)]
struct Rename {
    folder: PathBuf,
    names: Vec<(PathBuf, Option<Node>)>,
}

impl Rename {
    fn apply(&self, to: &mut BTreeMap<PathBuf, Node>) {
        for (path, node) in &self.names {
            match node {
                Some(node) => to.insert(path.clone(), *node),
                None => to.remove(path),
            };
        }
    }
}

#[derive(Debug)]
pub(super) struct Disk {
    pub(super) inodes: BTreeMap<u64, Inode>,
    shown: BTreeMap<PathBuf, Node>,
    durable: BTreeMap<PathBuf, Node>,
    pending: Vec<Rename>,
    pub(super) plan: Option<(Fault, u64)>,
    pub(super) down: bool,
    pub(super) full: bool,
    pub(super) era: u64,
    pub(super) space: Space,
}

impl Default for Disk {
    fn default() -> Self {
        let root = BTreeMap::from([(PathBuf::from("/"), Node::Folder)]);
        Self {
            inodes: BTreeMap::new(),
            shown: root.clone(),
            durable: root,
            pending: Vec::new(),
            plan: None,
            down: false,
            full: false,
            era: 0,
            space: Space { free: 1 << 40, total: 1 << 40 },
        }
    }
}

pub(super) fn no_power() -> io::Error {
    io::Error::other("the simulated disk has no power")
}

/// EIO.
fn input_output_error() -> io::Error {
    io::Error::from_raw_os_error(5)
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Disk {
    /// Counts a call; says which fault hits it.
    fn strike(&mut self, call: Call) -> io::Result<Option<Fault>> {
        if self.down {
            return Err(no_power());
        }
        let grows = matches!(call, Call::Write { grows: true } | Call::Name { grows: true });
        if self.full && grows {
            return Ok(Some(Fault::DiskFull));
        }
        let Some((fault, left)) = &mut self.plan else { return Ok(None) };
        let hits = match fault {
            Fault::PowerLoss(_) => call != Call::Read,
            Fault::SyncFails => call == Call::Sync,
            Fault::WriteFails | Fault::FlipsBit { .. } => matches!(call, Call::Write { .. }),
            Fault::NameFails => matches!(call, Call::Name { .. }),
            Fault::ReadFails => call == Call::Read,
            Fault::DiskFull => grows,
        };
        *left -= u64::from(hits);
        if *left > 0 {
            return Ok(None);
        }
        let fault = *fault;
        self.plan = None;
        self.full |= fault == Fault::DiskFull;
        Ok(Some(fault))
    }

    pub(super) fn lose_power(&mut self, survival: Survival) {
        let seed = if let Survival::Pieces { seed } = survival { seed } else { 0 };
        let mut random = Random::new(seed);
        for inode in self.inodes.values_mut() {
            inode.lose_power(survival, &mut random);
        }
        let mut stopped = Vec::new();
        for rename in std::mem::take(&mut self.pending) {
            let survives = match survival {
                Survival::Nothing => false,
                Survival::Everything => true,
                Survival::Pieces { .. } => !stopped.contains(&rename.folder) && random.coin(),
            };
            // A folder's changes get to the disk in order.
            if survives { rename.apply(&mut self.durable) } else { stopped.push(rename.folder) }
        }
        self.drop_orphans();
        self.shown.clone_from(&self.durable);
        (self.down, self.full) = (true, false);
        self.era += 1;
    }

    /// What is in a folder that didn't survive didn't either.
    fn drop_orphans(&mut self) {
        let names = self.durable.clone();
        self.durable.retain(|path, _| path.ancestors().skip(1).all(|folder| names.contains_key(folder)));
    }

    pub(super) fn file(&self, path: &Path) -> io::Result<u64> {
        match self.shown.get(path) {
            Some(Node::File(inode)) => Ok(*inode),
            _ => Err(not_found()),
        }
    }

    pub(super) fn inode(&mut self, inode: u64) -> io::Result<&mut Inode> {
        self.inodes.get_mut(&inode).ok_or_else(not_found)
    }

    pub(super) fn files(&self) -> Vec<PathBuf> {
        let files = self.shown.iter().filter(|(_, node)| matches!(node, Node::File(_)));
        files.map(|(path, _)| path.clone()).collect()
    }

    pub(super) fn open(&mut self, path: &Path, mode: Mode) -> io::Result<u64> {
        if self.down {
            return Err(no_power());
        }
        match (self.file(path), mode) {
            (Ok(inode), Mode::Create) => self.truncate(inode, 0).map(|()| inode),
            (Err(_), Mode::Create) => {
                let inode = self.inodes.len() as u64;
                let names = vec![(path.to_path_buf(), Some(Node::File(inode)))];
                self.inodes.insert(inode, Inode::default());
                self.name(path, names, true).map(|()| inode)
            }
            (found, _) => {
                self.strike_read()?;
                found
            }
        }
    }

    pub(super) fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        match self.shown.get(path) {
            Some(Node::Folder) => Ok(()),
            Some(Node::File(_)) => Err(io::ErrorKind::AlreadyExists.into()),
            None => self.name(path, vec![(path.to_path_buf(), Some(Node::Folder))], true),
        }
    }

    pub(super) fn list(&mut self, dir: &Path) -> io::Result<Vec<String>> {
        self.strike_read()?;
        let inside = self.shown.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = Node::File(self.file(from)?);
        self.name(to, vec![(from.to_path_buf(), None), (to.to_path_buf(), Some(node))], false)
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.file(path)?;
        self.name(path, vec![(path.to_path_buf(), None)], false)
    }

    fn name(&mut self, path: &Path, names: Vec<(PathBuf, Option<Node>)>, grows: bool) -> io::Result<()> {
        let folder = path.parent().filter(|folder| self.shown.get(*folder) == Some(&Node::Folder));
        let folder = folder.ok_or_else(not_found)?.to_path_buf();
        let fault = self.strike_name(grows)?;
        let rename = Rename { folder, names };
        rename.apply(&mut self.shown);
        self.pending.push(rename);
        self.power(fault)
    }

    /// Counts a call that does nothing when it fails.
    fn strike_name(&mut self, grows: bool) -> io::Result<Option<Fault>> {
        match self.strike(Call::Name { grows })? {
            Some(Fault::DiskFull) => Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::NameFails) => Err(input_output_error()),
            fault => Ok(fault),
        }
    }

    /// Counts a call that only looks.
    fn strike_read(&mut self) -> io::Result<()> {
        match self.strike(Call::Read)? {
            Some(Fault::ReadFails) => Err(input_output_error()),
            _ => Ok(()),
        }
    }

    pub(super) fn read(&mut self, inode: u64, buffer: &mut [u8], offset: usize) -> io::Result<usize> {
        self.strike_read()?;
        Ok(self.inode(inode)?.read(buffer, offset))
    }

    pub(super) fn len(&mut self, inode: u64) -> io::Result<usize> {
        self.strike_read()?;
        Ok(self.inode(inode)?.shown().len())
    }

    /// The end of a call that a power failure may hit.
    fn power(&mut self, fault: Option<Fault>) -> io::Result<()> {
        let Some(Fault::PowerLoss(survival)) = fault else { return Ok(()) };
        self.lose_power(survival);
        Err(no_power())
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        match self.strike(Call::Sync)? {
            // Unlike bytes, names are not given up: a file system that can't write them stops taking any.
            Some(Fault::SyncFails) => Err(input_output_error()),
            fault => {
                self.power(fault)?;
                for rename in self.pending.extract_if(.., |rename| rename.folder == dir) {
                    rename.apply(&mut self.durable);
                }
                Ok(())
            }
        }
    }

    pub(super) fn write(&mut self, inode: u64, bytes: &[u8], offset: usize) -> io::Result<()> {
        let grows = offset + bytes.len() > self.inode(inode)?.shown().len();
        let fault = self.strike(Call::Write { grows })?;
        let failure = match fault {
            Some(Fault::WriteFails) => Some(input_output_error()),
            Some(Fault::DiskFull) => Some(io::ErrorKind::StorageFull.into()),
            _ => None,
        };
        let written = if failure.is_some() { bytes.len() / 2 } else { bytes.len() };
        self.inode(inode)?.write(&bytes[..written], offset);
        if let Some(Fault::FlipsBit { bit }) = fault {
            self.inode(inode)?.flip(offset * 8 + bit % (bytes.len() * 8).max(1));
        }
        self.power(fault)?;
        failure.map_or(Ok(()), Err)
    }

    pub(super) fn truncate(&mut self, inode: u64, len: usize) -> io::Result<()> {
        let fault = self.strike_name(false)?;
        self.inode(inode)?.truncate(len);
        self.power(fault)
    }

    pub(super) fn sync(&mut self, inode: u64) -> io::Result<()> {
        match self.strike(Call::Sync)? {
            Some(Fault::SyncFails) => {
                self.inode(inode)?.fail_sync();
                Err(input_output_error())
            }
            fault => {
                self.power(fault)?;
                self.inode(inode)?.sync();
                Ok(())
            }
        }
    }
}
