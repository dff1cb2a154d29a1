//! Bytes in files named by their digest: components, and the records of images.
//!
//! A file gets its name only when its bytes are on the disk, so one that has a name is whole, or damaged since. Any
//! number of processes may put and read at the same time; whoever renames last wins, with the same bytes.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use skep_model::Digest;
use tempfile::NamedTempFile;

use crate::{ImageError, file};

/// After that time, a half-written file is nobody's.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    named: PathBuf,
    unnamed: PathBuf,
}

/// Bytes on their way to a name; they are gone if they don't get one.
pub(crate) struct Coming {
    file: NamedTempFile,
}

impl Blobs {
    pub(crate) fn new(root: &Path) -> Self {
        Self { named: root.join("blobs/sha256"), unnamed: root.join("tmp") }
    }

    pub(crate) fn path(&self, digest: Digest) -> PathBuf {
        self.named.join(digest.hex())
    }

    /// The length of a blob that is there.
    pub(crate) fn size(&self, digest: Digest) -> Option<u64> {
        self.path(digest).metadata().ok().map(|metadata| metadata.len())
    }

    /// The bytes, which are what their name says.
    pub(crate) fn get(&self, digest: Digest) -> Result<Vec<u8>, ImageError> {
        let path = self.path(digest);
        match fs::read(&path) {
            Ok(bytes) if Digest::of(&bytes) == digest => Ok(bytes),
            Ok(_) => Err(ImageError::Damaged { digest, path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ImageError::Missing { digest }),
            Err(source) => Err(ImageError::Store { path, source }),
        }
    }

    /// The length of a blob, all of whose bytes were read and are what their name says.
    pub(crate) fn verify(&self, digest: Digest) -> Result<u64, ImageError> {
        let path = self.path(digest);
        let read = File::open(&path).and_then(|mut blob| file::hash(&mut blob, |_| Ok(())));
        match read {
            Ok((found, length)) if found == digest => Ok(length),
            Ok(_) => Err(ImageError::Damaged { digest, path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ImageError::Missing { digest }),
            Err(source) => Err(ImageError::Store { path, source }),
        }
    }

    /// Keeps bytes under their digest.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<Digest, ImageError> {
        let digest = Digest::of(bytes);
        if self.verify(digest).is_err() {
            let mut coming = self.begin()?;
            coming.write(bytes).map_err(ImageError::store(&self.unnamed))?;
            self.keep(coming, digest)?;
        }
        Ok(digest)
    }

    /// Keeps a file's bytes, which have to be these still.
    pub(crate) fn copy(&self, from: &Path, digest: Digest) -> Result<(), ImageError> {
        if self.verify(digest).is_ok() {
            return Ok(());
        }
        let mut coming = self.begin()?;
        let mut source = File::open(from).map_err(ImageError::store(from))?;
        let copied = file::hash(&mut source, |piece| coming.write(piece)).map_err(ImageError::store(&self.unnamed))?;
        if copied.0 != digest {
            return Err(ImageError::Changed { path: from.to_owned() });
        }
        self.keep(coming, digest)
    }

    /// A place for bytes whose digest is known when they are there.
    pub(crate) fn begin(&self) -> Result<Coming, ImageError> {
        for folder in [&self.named, &self.unnamed] {
            fs::create_dir_all(folder).map_err(ImageError::store(folder))?;
        }
        self.clear_abandoned().map_err(ImageError::store(&self.unnamed))?;
        let file = NamedTempFile::new_in(&self.unnamed).map_err(ImageError::store(&self.unnamed))?;
        Ok(Coming { file })
    }

    /// Gives bytes their name, durably.
    pub(crate) fn keep(&self, coming: Coming, digest: Digest) -> Result<(), ImageError> {
        let path = self.path(digest);
        let kept = coming.file.as_file().sync_all();
        // Whoever writes to it by its name would damage what others count on.
        let kept = kept.and_then(|()| coming.file.as_file().set_permissions(Permissions::from_mode(0o444)));
        let kept = kept.and_then(|()| coming.file.persist(&path).map_err(|error| error.error));
        kept.and_then(|_| sync_folder(&self.named)).map_err(ImageError::store(&path))
    }

    /// Removes what processes that were killed left half-written.
    fn clear_abandoned(&self) -> io::Result<()> {
        let oldest = SystemTime::now() - ABANDONED;
        for entry in fs::read_dir(&self.unnamed)? {
            let entry = entry?;
            // Another process may have had the same idea.
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            if modified.is_ok_and(|modified| modified < oldest) {
                fs::remove_file(entry.path()).or_else(absent_is_fine)?;
            }
        }
        Ok(())
    }
}

impl Coming {
    pub(crate) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)
    }

    /// Copies all that a reader gives. The digest and the length of it.
    pub(crate) fn receive(&mut self, from: &mut dyn Read) -> io::Result<(Digest, u64)> {
        file::hash(from, |piece| self.file.write_all(piece))
    }
}

fn absent_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Writes a small file in one go: readers see the old one or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), ImageError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| {
        let mut file = NamedTempFile::with_prefix_in(UNFINISHED, folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        sync_folder(folder)
    });
    written.map_err(ImageError::store(path))
}

/// What the names of files begin with that are still written.
pub(crate) const UNFINISHED: &str = ".";

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
