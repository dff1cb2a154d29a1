//! Where the content of files goes: to memory while it is only compared, and to few files of git's objects when it is
//! kept. What the origin has is never stored again, and never touched: not even its time, as writing it again would.

use std::ffi::OsStr;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use git2::{Buf, ObjectType, Odb, Oid, Repository};
use rustix::fs::readlinkat;
use rustix::io::Errno;

use crate::meter::{Meter, Terms};
use crate::work_tree::listing::{Entry, LINK, SUBMODULE};
use crate::work_tree::scan;
use crate::{RepoError, beneath, libgit};

/// A pack is written when its objects take so much memory.
const PACK: u64 = 32 << 20;
/// Larger files are never in memory as a whole.
const LARGE: u64 = 16 << 20;

/// Before all others, so that what is written goes to memory.
const FIRST: i32 = 1_000;

/// The git folder.
pub(crate) fn open(git: &Path) -> Result<Repository, RepoError> {
    let absent = || RepoError::git(git.display())(git2::Error::from_str("there is no git data"));
    libgit::open(git)?.ok_or_else(absent)
}

/// The git folder, with what is added to it in memory only.
pub(crate) fn open_in_memory(git: &Path) -> Result<Repository, RepoError> {
    let repository = open(git)?;
    let failed = RepoError::git(git.display());
    {
        let objects = repository.odb().map_err(&failed)?;
        objects.add_new_mempack_backend(FIRST).map_err(&failed)?;
    }
    Ok(repository)
}

/// Puts an object there, unless it is.
pub(crate) fn put(objects: &Odb<'_>, id: Oid, kind: ObjectType, bytes: &[u8]) -> Result<bool, git2::Error> {
    if objects.exists(id) {
        return Ok(false);
    }
    objects.write(kind, bytes).map(|_| true)
}

/// Content that is read from a work tree again, to be stored.
pub(crate) struct Content<'a> {
    pub(crate) files: &'a Path,
    pub(crate) root: &'a OwnedFd,
    pub(crate) meter: &'a Meter<'a>,
}

impl Content<'_> {
    /// The content of an entry, if it has at most `most` bytes.
    pub(crate) fn read(&self, entry: &Entry, most: u64) -> Result<Option<Vec<u8>>, RepoError> {
        self.meter.check()?;
        let path = Path::new(OsStr::from_bytes(&entry.path));
        self.try_read(entry, path, most)
            .map_err(RepoError::read(&self.files.join(path)))?
            .ok_or_else(|| self.changed(path))
    }

    fn try_read(&self, entry: &Entry, path: &Path, most: u64) -> io::Result<Option<Option<Vec<u8>>>> {
        let Some((folder, name)) = self.place(path)? else { return Ok(None) };
        if entry.mode == LINK {
            return match readlinkat(&folder, name, Vec::new()) {
                Err(Errno::NOENT | Errno::INVAL) => Ok(None),
                target => Ok(Some(Some(target?.into_bytes()))),
            };
        }
        let Some((file, stat)) = scan::open(&folder, name)? else { return Ok(None) };
        if stat.st_size as u64 > most {
            return Ok(Some(None));
        }
        let mut bytes = Vec::with_capacity(stat.st_size as usize);
        file.take(stat.st_size as u64).read_to_end(&mut bytes)?;
        Ok(Some(Some(bytes)))
    }

    /// Its content goes straight to the objects, however large it is.
    fn stream(&self, entry: &Entry, objects: &Odb<'_>) -> Result<Oid, RepoError> {
        let path = Path::new(OsStr::from_bytes(&entry.path));
        let failed = |error: io::Error| error.downcast().unwrap_or_else(RepoError::read(&self.files.join(path)));
        self.try_stream(path, objects).map_err(failed)?.ok_or_else(|| self.changed(path))
    }

    fn try_stream(&self, path: &Path, objects: &Odb<'_>) -> io::Result<Option<Oid>> {
        let Some((folder, name)) = self.place(path)? else { return Ok(None) };
        let Some((mut file, stat)) = scan::open(&folder, name)? else { return Ok(None) };
        let size = stat.st_size as usize;
        let mut writer = objects.writer(size, ObjectType::Blob).map_err(io::Error::other)?;
        let (mut left, mut buffer) = (size, vec![0; 1 << 16]);
        while left > 0 {
            self.meter.check().map_err(io::Error::other)?;
            let most = left.min(buffer.len());
            let read = file.read(&mut buffer[..most])?;
            if read == 0 {
                return Ok(None);
            }
            writer.write_all(&buffer[..read])?;
            left -= read;
        }
        writer.finalize().map(Some).map_err(io::Error::other)
    }

    fn place<'p>(&self, path: &'p Path) -> io::Result<Option<(OwnedFd, &'p OsStr)>> {
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
        match beneath::folder(self.root, above) {
            Ok(folder) => Ok(Some((folder, name))),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn changed(&self, path: &Path) -> RepoError {
        RepoError::Changed { path: self.files.join(path) }
    }
}

/// Objects on their way to the disk, in packs.
pub(crate) struct Packing<'a> {
    git: &'a Path,
    terms: &'a Terms,
    /// What is there already.
    repository: Repository,
    batch: Option<Batch>,
}

struct Batch {
    repository: Repository,
    ids: Vec<Oid>,
    bytes: u64,
}

impl<'a> Packing<'a> {
    pub(crate) fn new(git: &'a Path, terms: &'a Terms) -> Result<Self, RepoError> {
        Ok(Self { git, terms, repository: open(git)?, batch: None })
    }

    /// Stores the content of an entry unless it is there, and returns its name: another one than the entry's if the file
    /// was changed meanwhile.
    pub(crate) fn keep(&mut self, entry: &Entry, content: &Content<'_>) -> Result<Oid, RepoError> {
        if entry.mode == SUBMODULE || self.objects()?.exists(entry.id) {
            return Ok(entry.id);
        }
        match content.read(entry, LARGE)? {
            Some(bytes) => self.put(ObjectType::Blob, &bytes),
            None => {
                self.terms.leave_room(self.git, 0)?;
                content.stream(entry, &self.objects()?)
            }
        }
    }

    pub(crate) fn put(&mut self, kind: ObjectType, bytes: &[u8]) -> Result<Oid, RepoError> {
        let failed = RepoError::git(self.git.display());
        let id = Oid::hash_object(kind, bytes).map_err(&failed)?;
        if self.objects()?.exists(id) {
            return Ok(id);
        }
        let batch = match &mut self.batch {
            Some(batch) => batch,
            none => none.insert(Batch { repository: open_in_memory(self.git)?, ids: Vec::new(), bytes: 0 }),
        };
        if put(&batch.repository.odb().map_err(&failed)?, id, kind, bytes).map_err(&failed)? {
            batch.ids.push(id);
            batch.bytes += bytes.len() as u64;
        }
        if batch.bytes > PACK {
            self.flush()?;
        }
        Ok(id)
    }

    /// Writes what is left.
    pub(crate) fn flush(&mut self) -> Result<(), RepoError> {
        let failed = RepoError::git(self.git.display());
        let Some(batch) = self.batch.take() else { return Ok(()) };
        self.terms.leave_room(self.git, batch.bytes)?;
        let pack = pack(&batch).map_err(&failed)?;
        let objects = self.objects()?;
        let mut writer = objects.packwriter().map_err(&failed)?;
        writer.write_all(&pack).map_err(RepoError::write(&self.packs()))?;
        writer.commit().map_err(&failed)?;
        objects.refresh().map_err(&failed)
    }

    fn objects(&self) -> Result<Odb<'_>, RepoError> {
        self.repository.odb().map_err(RepoError::git(self.git.display()))
    }

    fn packs(&self) -> PathBuf {
        self.git.join("objects/pack")
    }
}

fn pack(batch: &Batch) -> Result<Buf, git2::Error> {
    let mut builder = batch.repository.packbuilder()?;
    for id in &batch.ids {
        builder.insert_object(*id, None)?;
    }
    let mut pack = Buf::new();
    builder.write_buf(&mut pack)?;
    Ok(pack)
}
