//! The `wasi:filesystem` that a tool sees: wasmtime's, with everything that takes room on the disk or in the host's memory
//! counted before it is done. What is over the quota, or would go into the disk's reserve, ends the call and says so: a guest's
//! own library would make an input/output error of it.

mod output;
pub(crate) mod random;
pub(crate) mod root;

use std::collections::HashMap;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream, ErrorCode,
    Filesize, HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{FsError, FsResult};
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

use crate::meter::{Exceeded, Meter, Space};
use crate::quota::{Of, Quota, Short, Taken};
use output::Counted;
use random::Random;
use root::Root;

/// What one entry of a listing takes in the host's memory, beside its name.
const ENTRY: u64 = 64;

/// Bytes that the open listings of one call take in the host's memory, by their handle.
pub(crate) type Listings = HashMap<u32, u64>;

/// The files of one call.
pub(crate) struct Files<'a> {
    pub(crate) inner: WasiFilesystemCtxView<'a>,
    /// None without a workspace; then nothing can be written.
    pub(crate) quota: Option<&'a Arc<Quota>>,
    pub(crate) meter: &'a Arc<Meter>,
    pub(crate) space: &'a mut Space,
    pub(crate) listings: &'a mut Listings,
    /// How paths are meant, where the root is more than the workspace.
    pub(crate) root: Option<&'a Root>,
    /// Where its devices of randomness lead; to this machine's when there is none.
    pub(crate) random: Option<&'a mut Random>,
}

struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = Files<'a>;
}

/// Links `wasi:filesystem` for a store whose files are what `view` gives.
pub(crate) fn link<T: Send + 'static>(linker: &mut Linker<T>, view: fn(&mut T) -> Files<'_>) -> wasmtime::Result<()> {
    preopens::add_to_linker::<T, HasFiles>(linker, view)?;
    types::add_to_linker::<T, HasFiles>(linker, view)
}

impl From<Exceeded> for FsError {
    fn from(exceeded: Exceeded) -> Self {
        Self::trap(exceeded)
    }
}

impl From<Short> for FsError {
    fn from(short: Short) -> Self {
        Self::trap(short)
    }
}

impl Files<'_> {
    fn quota(&self) -> FsResult<Arc<Quota>> {
        self.quota.cloned().ok_or_else(|| ErrorCode::NotPermitted.into())
    }

    /// The open file behind a descriptor, and whether it may be written; nothing for a folder.
    fn file(&self, fd: &Resource<Descriptor>) -> FsResult<Option<(Arc<std::fs::File>, bool)>> {
        Ok(match self.inner.table.get(fd)? {
            Descriptor::File(file) => Some((Arc::clone(&file.file), !file.perms.write_not_permitted())),
            Descriptor::Dir(_) => None,
        })
    }

    /// Room for the file behind a descriptor to reach `end`. What is no file, or may not be written, is refused by wasmtime.
    async fn grow(&mut self, fd: &Resource<Descriptor>, end: u64) -> FsResult<Option<Taken>> {
        let Some((file, true)) = self.file(fd)? else { return Ok(None) };
        if !file.metadata()?.is_file() {
            return Ok(None);
        }
        let growth = end.saturating_sub(file.metadata()?.len());
        Ok(Some(self.quota()?.take(Of::Bytes, growth, self.meter).await?))
    }

    /// Room for one more entry below a folder that may be changed.
    async fn entry(&mut self, fd: &Resource<Descriptor>, path: &str) -> FsResult<Option<Taken>> {
        if !self.may_change(fd)? {
            return Ok(None);
        }
        self.keep_root(fd, path)?;
        let quota = self.quota()?;
        quota.spend_entry()?;
        Ok(Some(quota.take(Of::Files, 1, self.meter).await?))
    }

    /// What `path` means below the folder behind a descriptor.
    fn meant(&self, fd: &Resource<Descriptor>, path: String) -> FsResult<String> {
        let Some(root) = self.root else { return Ok(path) };
        let folder = root::folder(self.inner.table.get(fd)?);
        Ok(folder.map_or(path.clone(), |folder| root.resolve(&folder, path)))
    }

    /// What the root itself holds stays as it is.
    fn keep_root(&self, fd: &Resource<Descriptor>, path: &str) -> FsResult<()> {
        let Some(root) = self.root else { return Ok(()) };
        match root::folder(self.inner.table.get(fd)?) {
            Some(folder) if root.is_part(&folder, path) => Err(ErrorCode::Access.into()),
            _ => Ok(()),
        }
    }

    /// A descriptor of a device, if that is what the path means.
    fn device(&mut self, fd: &Resource<Descriptor>, path: &str) -> FsResult<Option<Fd>> {
        let Some(root) = self.root else { return Ok(None) };
        let folder = root::folder(self.inner.table.get(fd)?);
        match folder.and_then(|folder| root.device(&folder, path)) {
            Some(device) => {
                let fd = self.inner.table.push(root::of_device(device)?)?;
                if let Some(random) = self.random.as_mut().filter(|_| root::is_random(device)) {
                    random.hold(fd.rep());
                }
                Ok(Some(fd))
            }
            None => Ok(None),
        }
    }

    fn may_change(&self, fd: &Resource<Descriptor>) -> FsResult<bool> {
        Ok(matches!(self.inner.table.get(fd)?, Descriptor::Dir(folder) if !folder.perms.write_not_permitted()))
    }

    /// The stream with what is written to it counted, from `at` on or at the file's end.
    fn counted(
        &mut self,
        fd: &Resource<Descriptor>,
        stream: Resource<DynOutputStream>,
        at: Option<u64>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let Some((file, _)) = self.file(fd)? else { return Err(ErrorCode::BadDescriptor.into()) };
        let inner = self.inner.table.delete(stream)?;
        let counted = Counted::new(inner, file, at, self.quota()?, Arc::clone(self.meter));
        let counted: DynOutputStream = Box::new(counted);
        Ok(self.inner.table.push(counted)?)
    }
}

/// Another handle of the same resource, for a call into wasmtime's own implementation before the real one.
fn same(fd: &Resource<Descriptor>) -> Resource<Descriptor> {
    Resource::new_borrow(fd.rep())
}

/// What was taken for something that was then refused goes back.
fn settle<T>(taken: Option<Taken>, result: FsResult<T>) -> FsResult<T> {
    if let (Some(taken), Err(_)) = (taken, &result) {
        taken.give_back();
    }
    result
}

/// Bytes that a listing of `folder` will take in memory, counted no further than just above `most`.
fn listing(folder: &std::fs::File, most: u64) -> std::io::Result<u64> {
    // wasmtime's own descriptor of a folder may be good for paths only.
    let folder = rustix::fs::openat(folder, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = 0;
    for entry in rustix::fs::Dir::read_from(&folder)? {
        bytes += ENTRY + entry?.file_name().to_bytes().len() as u64;
        if bytes > most {
            break;
        }
    }
    Ok(bytes)
}

impl preopens::Host for Files<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        preopens::Host::get_directories(&mut self.inner)
    }
}

impl types::Host for Files<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        self.inner.convert_error_code(error)
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        self.inner.filesystem_error_code(error)
    }
}

/// What takes no room is wasmtime's own.
macro_rules! as_it_is {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(async fn $name(&mut self, $($argument: $type),*) -> $result {
            HostDescriptor::$name(&mut self.inner, $($argument),*).await
        })*
    };
}

type Fd = Resource<Descriptor>;

impl HostDescriptor for Files<'_> {
    as_it_is! {
        advise(fd: Fd, offset: Filesize, len: Filesize, advice: Advice) -> FsResult<()>;
        sync_data(fd: Fd) -> FsResult<()>;
        get_flags(fd: Fd) -> FsResult<DescriptorFlags>;
        get_type(fd: Fd) -> FsResult<DescriptorType>;
        set_times(fd: Fd, accessed: NewTimestamp, modified: NewTimestamp) -> FsResult<()>;
        sync(fd: Fd) -> FsResult<()>;
        stat(fd: Fd) -> FsResult<DescriptorStat>;
        is_same_object(one: Fd, other: Fd) -> wasmtime::Result<bool>;
        metadata_hash(fd: Fd) -> FsResult<MetadataHashValue>;
    }

    async fn read(&mut self, fd: Fd, len: Filesize, offset: Filesize) -> FsResult<(Vec<u8>, bool)> {
        if let Some(generator) = self.random.as_mut().and_then(|random| random.of(fd.rep())) {
            return Ok((generator.take(usize::try_from(len).unwrap_or(usize::MAX)), false));
        }
        HostDescriptor::read(&mut self.inner, fd, len, offset).await
    }

    async fn stat_at(&mut self, fd: Fd, flags: PathFlags, path: String) -> FsResult<DescriptorStat> {
        let path = self.meant(&fd, path)?;
        HostDescriptor::stat_at(&mut self.inner, fd, flags, path).await
    }

    async fn set_times_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let path = self.meant(&fd, path)?;
        HostDescriptor::set_times_at(&mut self.inner, fd, flags, path, accessed, modified).await
    }

    async fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        let path = self.meant(&fd, path)?;
        HostDescriptor::readlink_at(&mut self.inner, fd, path).await
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let path = self.meant(&fd, path)?;
        self.keep_root(&fd, &path)?;
        self.quota()?.note_change();
        HostDescriptor::remove_directory_at(&mut self.inner, fd, path).await
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let path = self.meant(&fd, path)?;
        self.keep_root(&fd, &path)?;
        self.quota()?.note_change();
        HostDescriptor::unlink_file_at(&mut self.inner, fd, path).await
    }

    async fn metadata_hash_at(&mut self, fd: Fd, flags: PathFlags, path: String) -> FsResult<MetadataHashValue> {
        let path = self.meant(&fd, path)?;
        HostDescriptor::metadata_hash_at(&mut self.inner, fd, flags, path).await
    }

    async fn set_size(&mut self, fd: Fd, size: Filesize) -> FsResult<()> {
        let taken = self.grow(&fd, size).await?;
        settle(taken, self.inner.set_size(fd, size).await)
    }

    async fn write(&mut self, fd: Fd, bytes: Vec<u8>, offset: Filesize) -> FsResult<Filesize> {
        let len = bytes.len() as u64;
        let _taken = self.grow(&fd, offset.saturating_add(len)).await?;
        if let Some(quota) = self.quota {
            quota.spend(len)?;
        }
        self.inner.write(fd, bytes, offset).await
    }

    async fn open_at(
        &mut self,
        fd: Fd,
        path_flags: PathFlags,
        path: String,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Fd> {
        let path = self.meant(&fd, path)?;
        if let Some(device) = self.device(&fd, &path)? {
            return Ok(device);
        }
        let creates = open.contains(OpenFlags::CREATE)
            && HostDescriptor::stat_at(&mut self.inner, same(&fd), path_flags, path.clone()).await.is_err();
        let taken = if creates { self.entry(&fd, &path).await? } else { None };
        if let Some(quota) = self.quota.filter(|_| open.contains(OpenFlags::TRUNCATE)) {
            quota.note_change();
        }
        let opened = settle(taken, self.inner.open_at(fd, path_flags, path, open, flags).await)?;
        if let (Some((file, _)), Some(quota)) = (self.file(&opened)?, self.quota) {
            quota.opened(&file);
        }
        Ok(opened)
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let path = self.meant(&fd, path)?;
        let taken = self.entry(&fd, &path).await?;
        settle(taken, self.inner.create_directory_at(fd, path).await)
    }

    async fn symlink_at(&mut self, fd: Fd, to: String, path: String) -> FsResult<()> {
        let path = self.meant(&fd, path)?;
        let taken = self.entry(&fd, &path).await?;
        settle(taken, self.inner.symlink_at(fd, to, path).await)
    }

    async fn link_at(&mut self, fd: Fd, flags: PathFlags, old: String, folder: Fd, new: String) -> FsResult<()> {
        let (old, new) = (self.meant(&fd, old)?, self.meant(&folder, new)?);
        let taken = self.entry(&folder, &new).await?;
        let quota = self.quota()?;
        let _moving = quota.moving().await;
        settle(taken, self.inner.link_at(fd, flags, old, folder, new).await)
    }

    async fn rename_at(&mut self, fd: Fd, old: String, folder: Fd, new: String) -> FsResult<()> {
        let (old, new) = (self.meant(&fd, old)?, self.meant(&folder, new)?);
        self.keep_root(&fd, &old)?;
        self.keep_root(&folder, &new)?;
        let quota = self.quota()?;
        quota.note_change();
        let _moving = quota.moving().await;
        self.inner.rename_at(fd, old, folder, new).await
    }

    /// wasmtime holds a whole listing in memory, so it counts as the guest's memory until it is dropped.
    async fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<DirectoryEntryStream>> {
        let bytes = match self.inner.table.get(&fd)? {
            Descriptor::Dir(folder) => {
                let (folder, most) = (Arc::clone(&folder.dir), self.space.left());
                tokio::task::spawn_blocking(move || listing(&folder, most)).await.map_err(FsError::trap)??
            }
            Descriptor::File(_) => 0,
        };
        self.space.hold(bytes).map_err(FsError::trap)?;
        let listed = self.inner.read_directory(fd).await;
        match &listed {
            Ok(stream) => drop(self.listings.insert(stream.rep(), bytes)),
            Err(_) => self.space.release(bytes),
        }
        listed
    }

    fn read_via_stream(&mut self, fd: Fd, offset: Filesize) -> FsResult<Resource<DynInputStream>> {
        if let Some(random) = self.random.as_mut().filter(|random| random.holds(fd.rep())) {
            let stream: DynInputStream = Box::new(random.next());
            return Ok(self.inner.table.push(stream)?);
        }
        self.inner.read_via_stream(fd, offset)
    }

    fn write_via_stream(&mut self, fd: Fd, offset: Filesize) -> FsResult<Resource<DynOutputStream>> {
        let stream = self.inner.write_via_stream(same(&fd), offset)?;
        self.counted(&fd, stream, Some(offset))
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        let stream = self.inner.append_via_stream(same(&fd))?;
        self.counted(&fd, stream, None)
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        if let Some(random) = self.random.as_mut() {
            random.release(fd.rep());
        }
        HostDescriptor::drop(&mut self.inner, fd)
    }
}

impl HostDirectoryEntryStream for Files<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        self.inner.read_directory_entry(stream).await
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        if let Some(bytes) = self.listings.remove(&stream.rep()) {
            self.space.release(bytes);
        }
        HostDirectoryEntryStream::drop(&mut self.inner, stream)
    }
}
