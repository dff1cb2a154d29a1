//! What a run's workspace holds, counted: bytes and files against the run's limits, and the disk's free room against a reserve.
//!
//! The counts only rise as calls write, each time before the disk is touched, so they are never too low. What is deleted or cut
//! is found again by a recount, which is made when a count meets its limit; so whoever stays below it never pays for one, and the
//! first writer of a run pays for the first. A deleted file that is still open counts for as long as it is.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Dir as ReadDir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use skep_model::{LimitHit, LimitKind, Limits};
use tokio::sync::{RwLock, RwLockReadGuard};

use crate::meter::{Exceeded, Meter};
use crate::metered::thread_cpu_ns;

/// Folders deeper than this can't be counted, and nothing can be added to a workspace that has one and is at its limit.
const DEPTH: usize = 256;
/// Bytes written between two looks at the disk's free room.
const STRIDE: u64 = 8 << 20;
/// The room that a new file, folder or link takes on the disk, about.
const ENTRY: u64 = 4096;

/// What a workspace may hold and must leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes of all its files.
    pub bytes: u64,
    /// Its files, folders and links.
    pub files: u64,
    /// Below this many free bytes on the disk, nothing more is written.
    pub reserve: u64,
}

impl Room {
    /// The room that `limits` give, beside a `reserve` in bytes.
    pub const fn of(limits: &Limits, reserve: u64) -> Self {
        Self { bytes: limits.workspace_bytes, files: limits.workspace_files, reserve }
    }
}

/// The disk is nearly full, which is not the doing of the one that hears of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the disk has {free} bytes free, and no tool writes into the last {reserve}; make room")]
pub(crate) struct Short {
    free: u64,
    reserve: u64,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Bytes,
    Files,
}

/// One workspace's counts, shared by all calls of its run.
#[derive(Debug)]
pub(crate) struct Quota {
    root: OwnedFd,
    room: Room,
    bytes: Count,
    files: Count,
    /// Files that calls have opened. A deleted one takes room until nobody holds it.
    opened: Mutex<Vec<Weak<File>>>,
    /// Held to write by a recount, which would miss what is moved from where it has not been to where it was.
    moves: RwLock<()>,
    /// Bytes written since the last look at the disk.
    unseen: AtomicU64,
    /// Rises with whatever may change a file, before it does.
    changes: AtomicU64,
}

#[derive(Debug)]
struct Count {
    /// What there is, and what is about to be.
    used: AtomicU64,
    /// The part of it that is not on the disk yet.
    pending: AtomicU64,
}

/// What was found on the disk.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Found {
    bytes: u64,
    files: u64,
}

/// Room that was taken for something; held until that is on the disk.
#[derive(Debug)]
pub(crate) struct Taken {
    quota: Arc<Quota>,
    of: Of,
    amount: u64,
}

impl Quota {
    /// Nothing is counted before something is written.
    pub(crate) fn new(root: OwnedFd, room: Room) -> Self {
        let uncounted = || Count { used: AtomicU64::new(u64::MAX), pending: AtomicU64::new(0) };
        Self {
            root,
            room,
            bytes: uncounted(),
            files: uncounted(),
            opened: Mutex::default(),
            moves: RwLock::new(()),
            unseen: AtomicU64::new(STRIDE),
            changes: AtomicU64::new(0),
        }
    }

    /// A file, folder or link is about to be changed, made or removed.
    pub(crate) fn note_change(&self) {
        self.changes.fetch_add(1, SeqCst);
    }

    /// How often something may have been changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(SeqCst)
    }

    /// Room for `amount` more, if it is known to be there without a recount.
    pub(crate) fn try_take(self: &Arc<Self>, of: Of, amount: u64, meter: &Meter) -> Result<Taken, Exceeded> {
        self.note_change();
        let (limit, own, calls) = match of {
            Of::Bytes => (LimitKind::WorkspaceBytes, self.room.bytes, meter.limits().workspace_bytes),
            Of::Files => (LimitKind::WorkspaceFiles, self.room.files, meter.limits().workspace_files),
        };
        let (count, value) = (self.count(of), own.min(calls));
        // In this order: a recount between the two counts it twice, which is too much for a while and never too little.
        count.pending.fetch_add(amount, SeqCst);
        let taken = Taken { quota: Arc::clone(self), of, amount };
        let fits = |used: u64| match amount {
            0 => Some(used),
            _ => used.checked_add(amount).filter(|sum| *sum <= value),
        };
        match count.used.fetch_update(SeqCst, SeqCst, fits) {
            Ok(_) => Ok(taken),
            Err(used) => Err(Exceeded(LimitHit { limit, value, reached: used.saturating_add(amount) })),
        }
    }

    /// Room for `amount` more, after a recount if there seems to be none.
    pub(crate) async fn take(self: &Arc<Self>, of: Of, amount: u64, meter: &Arc<Meter>) -> Result<Taken, Exceeded> {
        if let Ok(taken) = self.try_take(of, amount, meter) {
            return Ok(taken);
        }
        let _nothing_moves = self.moves.write().await;
        if let Ok(taken) = self.try_take(of, amount, meter) {
            return Ok(taken);
        }
        self.recount(meter).await;
        self.try_take(of, amount, meter)
    }

    /// While this is held, what is renamed or linked is not missed by a recount.
    pub(crate) async fn moving(&self) -> RwLockReadGuard<'_, ()> {
        self.moves.read().await
    }

    /// A file that a call has open from now on.
    pub(crate) fn opened(&self, file: &Arc<File>) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.len() == opened.capacity() {
            opened.retain(|file| file.strong_count() > 0);
        }
        opened.push(Arc::downgrade(file));
    }

    /// Bytes are about to be written; an error when they would go into the reserve. The disk is asked once in a while, and each
    /// time once it was short.
    pub(crate) fn spend(&self, bytes: u64) -> Result<(), Short> {
        if self.unseen.fetch_add(bytes, SeqCst).saturating_add(bytes) < STRIDE {
            return Ok(());
        }
        let reserve = self.room.reserve;
        let free = rustix::fs::fstatvfs(&self.root).map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        if free < reserve {
            self.unseen.store(STRIDE, SeqCst);
            return Err(Short { free, reserve });
        }
        self.unseen.store(0, SeqCst);
        Ok(())
    }

    /// The same for a file, folder or link.
    pub(crate) fn spend_entry(&self) -> Result<(), Short> {
        self.spend(ENTRY)
    }

    const fn count(&self, of: Of) -> &Count {
        match of {
            Of::Bytes => &self.bytes,
            Of::Files => &self.files,
        }
    }

    /// Counts what is there. A tree that can't be counted keeps the counts that it has.
    async fn recount(self: &Arc<Self>, meter: &Arc<Meter>) {
        let before = [&self.bytes, &self.files].map(|count| {
            let used = count.used.load(SeqCst);
            used.wrapping_sub(count.pending.load(SeqCst))
        });
        let (quota, payer, waits) = (Arc::clone(self), Arc::clone(meter), Arc::new(()));
        let waited = Arc::downgrade(&waits);
        let counted = tokio::task::spawn_blocking(move || {
            let began = thread_cpu_ns();
            let found = quota.measure(&waited);
            payer.add_cpu(thread_cpu_ns().saturating_sub(began));
            found
        });
        match counted.await {
            Ok(Ok(found)) => {
                self.bytes.used.fetch_add(found.bytes.wrapping_sub(before[0]), SeqCst);
                self.files.used.fetch_add(found.files.wrapping_sub(before[1]), SeqCst);
            }
            Ok(Err(error)) => tracing::warn!(%error, "a workspace can't be counted"),
            Err(error) => tracing::error!(%error, "the count of a workspace failed"),
        }
        drop(waits);
    }

    /// Files by their logical size, links to the same file once. Given up when nobody waits for it.
    fn measure(&self, waited: &Weak<()>) -> io::Result<Found> {
        let mut seen = HashSet::new();
        let mut found = Found::default();
        let mut folders = vec![Folder::open(&self.root, c".")?];
        while let Some(folder) = folders.last_mut() {
            if waited.strong_count() == 0 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let Some(name) = folder.names.pop() else {
                folders.pop();
                continue;
            };
            let stat = match rustix::fs::statat(&folder.fd, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => continue,
                stat => stat?,
            };
            found.files += 1;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => match Folder::open(&folder.fd, &name) {
                    Ok(_) if folders.len() >= DEPTH => {
                        return Err(io::Error::other(format!("it is more than {DEPTH} folders deep")));
                    }
                    Ok(below) => folders.push(below),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                },
                FileType::RegularFile => found.add(&stat, &mut seen),
                _ => {}
            }
        }
        for file in self.held() {
            let stat = rustix::fs::fstat(&file)?;
            if stat.st_nlink == 0 {
                found.add(&stat, &mut seen);
            }
        }
        Ok(found)
    }

    fn held(&self) -> Vec<Arc<File>> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.iter().filter_map(Weak::upgrade).collect()
    }
}

impl Found {
    fn add(&mut self, stat: &Stat, seen: &mut HashSet<(u64, u64)>) {
        if stat.st_nlink == 1 || seen.insert((stat.st_dev, stat.st_ino)) {
            self.bytes = self.bytes.saturating_add(u64::try_from(stat.st_size).unwrap_or(0));
        }
    }
}

impl Taken {
    /// What it was taken for did not come to be.
    pub(crate) fn give_back(self) {
        self.quota.count(self.of).used.fetch_sub(self.amount, SeqCst);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.quota.count(self.of).pending.fetch_sub(self.amount, SeqCst);
    }
}

struct Folder {
    fd: OwnedFd,
    names: Vec<std::ffi::CString>,
}

impl Folder {
    fn open(above: impl AsFd, name: &std::ffi::CStr) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(above, name, flags, Mode::empty())?;
        let names = ReadDir::read_from(&fd)?.map(|entry| entry.map(|entry| entry.file_name().to_owned()));
        let names = names.filter(|name| !matches!(name, Ok(name) if matches!(name.to_bytes(), b"." | b"..")));
        let names = names.collect::<Result<_, Errno>>()?;
        Ok(Self { fd, names })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Place {
        folder: tempfile::TempDir,
        quota: Arc<Quota>,
        meter: Arc<Meter>,
    }

    fn place(bytes: u64, files: u64) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let room = Room { bytes, files, reserve: 0 };
        let quota = Arc::new(Quota::new(OwnedFd::from(File::open(folder.path()).unwrap()), room));
        Place { folder, quota, meter: Arc::new(Meter::new(Limits::TOOL)) }
    }

    impl Place {
        fn write(&self, name: &str, bytes: usize) {
            fs::write(self.folder.path().join(name), vec![7; bytes]).unwrap();
        }

        async fn take(&self, of: Of, amount: u64) -> Result<(), (LimitKind, u64, u64)> {
            let taken = self.quota.take(of, amount, &self.meter).await;
            taken.map(drop).map_err(|Exceeded(hit)| (hit.limit, hit.value, hit.reached))
        }
    }

    #[tokio::test]
    async fn what_was_there_counts_and_what_is_deleted_counts_no_more() {
        let place = place(1_000, 10);
        place.write("there", 400);
        assert_eq!(place.take(Of::Bytes, 601).await, Err((LimitKind::WorkspaceBytes, 1_000, 1_001)));
        assert_eq!(place.take(Of::Bytes, 600).await, Ok(()));
        place.write("new", 600);
        assert_eq!(place.take(Of::Bytes, 1).await, Err((LimitKind::WorkspaceBytes, 1_000, 1_001)));
        fs::remove_file(place.folder.path().join("there")).unwrap();
        assert_eq!(place.take(Of::Bytes, 401).await, Err((LimitKind::WorkspaceBytes, 1_000, 1_001)));
        assert_eq!(place.take(Of::Bytes, 400).await, Ok(()));
    }

    #[tokio::test]
    async fn files_folders_and_links_count_and_the_same_file_has_its_bytes_once() {
        let place = place(100, 5);
        fs::create_dir_all(place.folder.path().join("a/b")).unwrap();
        place.write("a/b/file", 60);
        fs::hard_link(place.folder.path().join("a/b/file"), place.folder.path().join("again")).unwrap();
        std::os::unix::fs::symlink("..", place.folder.path().join("a/up")).unwrap();
        assert_eq!(place.take(Of::Files, 1).await, Err((LimitKind::WorkspaceFiles, 5, 6)));
        assert_eq!(place.take(Of::Bytes, 40).await, Ok(()));
        assert_eq!(place.take(Of::Bytes, 1).await, Ok(()), "what was taken and not written is found to be free");
        assert_eq!(place.take(Of::Bytes, 41).await, Err((LimitKind::WorkspaceBytes, 100, 101)));
    }

    #[tokio::test]
    async fn a_deleted_file_counts_while_it_is_open_and_what_is_about_to_be_written_counts_too() {
        let place = place(100, 5);
        place.write("file", 80);
        let path = place.folder.path().join("file");
        let file = Arc::new(File::open(&path).unwrap());
        place.quota.opened(&file);
        fs::remove_file(path).unwrap();
        assert_eq!(place.take(Of::Bytes, 21).await, Err((LimitKind::WorkspaceBytes, 100, 101)));
        drop(file);
        let pending = place.quota.take(Of::Bytes, 90, &place.meter).await.unwrap();
        assert_eq!(place.take(Of::Bytes, 11).await, Err((LimitKind::WorkspaceBytes, 100, 101)));
        pending.give_back();
        assert_eq!(place.take(Of::Bytes, 100).await, Ok(()));
    }

    #[tokio::test]
    async fn the_smaller_of_what_run_and_call_may_have_is_what_counts() {
        let mut place = place(1_000, 1_000);
        place.meter = Arc::new(Meter::new(Limits { workspace_bytes: 10, workspace_files: 1, ..Limits::TOOL }));
        assert_eq!(place.take(Of::Bytes, 11).await, Err((LimitKind::WorkspaceBytes, 10, 11)));
        assert_eq!(place.take(Of::Files, 2).await, Err((LimitKind::WorkspaceFiles, 1, 2)));
        assert_eq!(place.take(Of::Bytes, u64::MAX).await, Err((LimitKind::WorkspaceBytes, 10, u64::MAX)));
        assert_eq!(place.take(Of::Bytes, 0).await, Ok(()));
    }

    #[tokio::test]
    async fn a_tree_that_can_not_be_counted_is_full() {
        let place = place(1_000, 1_000);
        fs::create_dir_all(place.folder.path().join("d/".repeat(DEPTH))).unwrap();
        assert_eq!(place.take(Of::Bytes, 1).await, Err((LimitKind::WorkspaceBytes, 1_000, u64::MAX)));
    }

    #[test]
    fn nothing_is_written_into_the_reserve_and_the_disk_is_not_asked_each_time() {
        let with = |reserve| {
            let mut place = place(0, 0);
            Arc::get_mut(&mut place.quota).unwrap().room.reserve = reserve;
            place
        };
        let full = with(u64::MAX);
        for _ in 0..3 {
            assert!(matches!(full.quota.spend(1), Err(Short { free: 1.., reserve: u64::MAX })));
        }
        let free = with(0);
        assert!(free.quota.spend(1).is_ok());
        assert!(free.quota.spend(STRIDE - 1).is_ok());
        assert_eq!(free.quota.unseen.load(SeqCst), STRIDE - 1);
        assert!(free.quota.spend(1).is_ok());
        assert_eq!(free.quota.unseen.load(SeqCst), 0);
    }
}
