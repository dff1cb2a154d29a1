//! The segment files of a journal: which there are, and open ones to read from.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::error::Error;
use crate::format::Salt;
use crate::format::header::{self, Parsed, SegmentHeader};
use crate::format::name::SegmentName;
use crate::position::Position;
use crate::storage::{Mode, Storage, StorageFile};

/// How many segments are kept open for reading.
const OPEN_FILES: usize = 64;
/// How the name of a file ends that has no place yet.
const UNFINISHED: &str = ".tmp";

/// One segment file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) name: SegmentName,
    /// `None` when neither copy is readable.
    pub(crate) header: Option<SegmentHeader>,
    pub(crate) scratched: bool,
}

impl Segment {
    /// Where its first batch begins.
    pub(crate) fn start(&self) -> Position {
        self.at(header::AREA as u32)
    }

    fn holds(&self, number: u64) -> bool {
        (self.name.number..=self.name.through).contains(&number)
    }

    pub(crate) fn at(&self, offset: u32) -> Position {
        Position { segment: self.name.number, rewrite: self.name.rewrite, offset }
    }
}

/// The files that hold the journal now.
#[derive(Debug, Default)]
struct Table {
    /// By the number of the first segment they hold.
    files: BTreeMap<u64, Segment>,
    /// A rewriting that has its name and not yet its place here. While the fold is told where its entries are, some
    /// positions lead into it and some into the files that it replaces.
    arriving: Option<Segment>,
}

impl Table {
    fn covering(&self, number: u64) -> Option<Segment> {
        let (_, segment) = self.files.range(..=number).next_back()?;
        Some(*segment).filter(|segment| segment.holds(number))
    }
}

type OpenFile = (SegmentName, Arc<dyn StorageFile>);

/// The files, and the folder that they are in.
#[derive(Debug)]
pub(crate) struct Segments {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) dir: PathBuf,
    pub(crate) salt: Salt,
    table: RwLock<Table>,
    open: Mutex<VecDeque<OpenFile>>,
    readers: Mutex<Readers>,
}

/// Those who read many segments one after the other, and what may be removed when they are done.
#[derive(Debug, Default)]
struct Readers {
    count: usize,
    replaced: Vec<SegmentName>,
}

/// While it lives, no file is removed.
#[derive(Debug)]
pub(crate) struct Pin(pub(crate) Arc<Segments>);

impl Drop for Pin {
    fn drop(&mut self) {
        self.0.unpin();
    }
}

impl Segments {
    /// Finds the segments in a folder, and clears away what an interrupted creation or rewriting left.
    pub(crate) fn find(storage: Arc<dyn Storage>, dir: &Path) -> Result<Self, Error> {
        ensure_dir(storage.as_ref(), dir)?;
        let mut segments = Self {
            storage,
            dir: dir.to_path_buf(),
            salt: Salt(RandomState::new().hash_one(()) as u32),
            table: RwLock::default(),
            open: Mutex::default(),
            readers: Mutex::default(),
        };
        let found = segments.list()?;
        if let Some(header) = found.iter().find_map(|segment| segment.header) {
            segments.salt = header.salt;
        }
        segments.settle(found)?;
        Ok(segments)
    }

    /// Reads the headers of all files, newest rewriting first; drops unfinished ones.
    fn list(&self) -> Result<Vec<Segment>, Error> {
        let mut found = Vec::new();
        for name in self.storage.list(&self.dir).map_err(Error::io("list", &self.dir))? {
            if name.ends_with(UNFINISHED) {
                self.remove_path(&self.dir.join(&name))?;
            } else if let Some(name) = SegmentName::parse(&name) {
                found.push(self.examine(name)?);
            }
        }
        found.sort_by_key(|segment| (std::cmp::Reverse(segment.name.rewrite), segment.name.number));
        Ok(found)
    }

    fn examine(&self, name: SegmentName) -> Result<Segment, Error> {
        let path = self.path(name);
        let file = self.storage.open(&path, Mode::Read).map_err(Error::io("open", &path))?;
        let mut area = vec![0; header::AREA];
        let bytes = file.read_at(&mut area, 0).map_err(Error::io("read", &path))?;
        let (header, scratched) = match SegmentHeader::parse(&area[..bytes]) {
            Parsed::Whole(header) => (Some(header), false),
            Parsed::Scratched(header) => (Some(header), true),
            Parsed::Unreadable => (None, true),
            Parsed::Newer(found) => return Err(Error::NewerFormat { path, found, known: header::VERSION }),
        };
        Ok(Segment { name, header, scratched })
    }

    /// Fills the table. A rewriting takes the place of what it replaces only if it is readable.
    fn settle(&self, mut found: Vec<Segment>) -> Result<(), Error> {
        let last = found.iter().map(|segment| segment.name).max();
        if let Some(at) = found.iter().position(|segment| segment.scratched && Some(segment.name) == last)
            && self.is_blank(&found[at])?
        {
            self.remove(found.remove(at).name)?;
        }
        // A rewriting must have its name for good before what it replaces is removed.
        self.storage.sync_dir(&self.dir).map_err(Error::io("sync", &self.dir))?;
        let (readable, unreadable): (Vec<_>, Vec<_>) = found.into_iter().partition(|segment| segment.header.is_some());
        for segment in readable {
            match self.covering(segment.name.number) {
                Some(newer) if newer.name.replaces(&segment.name) => self.remove(segment.name)?,
                _ => self.insert(segment),
            }
        }
        for segment in unreadable {
            if self.covering(segment.name.number).is_none() {
                self.insert(segment);
            }
        }
        Ok(())
    }

    /// A file whose creation was cut short by a crash: nothing was ever written behind its header. A rewriting got its name
    /// when it was complete; if nothing is in it, it still says which batches there were.
    fn is_blank(&self, segment: &Segment) -> Result<bool, Error> {
        Ok(segment.name.rewrite == 0 && self.load(segment, header::AREA as u32, None)?.iter().all(|byte| *byte == 0))
    }

    pub(crate) fn path(&self, name: SegmentName) -> PathBuf {
        self.dir.join(name.to_string())
    }

    /// The passing name of a rewriting.
    pub(crate) fn unfinished(&self, name: SegmentName) -> PathBuf {
        self.dir.join(format!("{name}{UNFINISHED}"))
    }

    /// Removes what a rewriting that failed has left. What can't be removed now is removed at the next opening.
    pub(crate) fn discard_unfinished(&self) {
        let names = self.storage.list(&self.dir).unwrap_or_default();
        for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
            if let Err(error) = self.remove_path(&self.dir.join(name)) {
                tracing::warn!(%error, "an unfinished segment stays until the journal is opened again");
            }
        }
    }

    fn table(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn table_mut(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn insert(&self, segment: Segment) {
        self.table_mut().files.insert(segment.name.number, segment);
    }

    /// Lets readers find a rewriting by its positions, before it takes its place by [`Segments::replace`].
    pub(crate) fn announce(&self, rewriting: Segment) {
        self.table_mut().arriving = Some(rewriting);
    }

    /// In the table, puts one file in the place of those it replaces.
    pub(crate) fn replace(&self, by: Segment) -> Vec<Segment> {
        let mut table = self.table_mut();
        let numbers: Vec<u64> =
            table.files.range(by.name.number..=by.name.through).map(|(number, _)| *number).collect();
        let replaced = numbers.iter().filter_map(|number| table.files.remove(number)).collect();
        table.files.insert(by.name.number, by);
        table.arriving = None;
        replaced
    }

    /// All files from the one that holds segment `number` on.
    pub(crate) fn from(&self, number: u64) -> Vec<Segment> {
        self.table().files.values().filter(|segment| segment.name.through >= number).copied().collect()
    }

    /// The file that holds segment `number`.
    pub(crate) fn covering(&self, number: u64) -> Option<Segment> {
        self.table().covering(number)
    }

    /// The file that a position leads into; `None` when it has been replaced, or never was.
    pub(crate) fn at(&self, position: Position) -> Option<Segment> {
        let table = self.table();
        let arriving = table.arriving.filter(|segment| segment.holds(position.segment));
        let mut both = [table.covering(position.segment), arriving].into_iter().flatten();
        both.find(|segment| segment.name.rewrite == position.rewrite)
    }

    /// The file with the highest number.
    pub(crate) fn last(&self) -> Option<Segment> {
        self.table().files.values().next_back().copied()
    }

    /// The newest rewriting there is.
    pub(crate) fn rewrites(&self) -> u32 {
        self.table().files.values().map(|segment| segment.name.rewrite).max().unwrap_or(0)
    }

    /// The bytes of a file from `from` to `until`, or to its end.
    pub(crate) fn load(&self, segment: &Segment, from: u32, until: Option<u32>) -> Result<Vec<u8>, Error> {
        let path = self.path(segment.name);
        let file = self.file(segment.name)?;
        let len = file.len().map_err(Error::io("measure", &path))?;
        let end = until.map_or(len, |until| len.min(u64::from(until)));
        let mut bytes = vec![0; end.saturating_sub(u64::from(from)) as usize];
        let read = file.read_at(&mut bytes, u64::from(from)).map_err(Error::io("read", &path))?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// An open file to read from; the most recently used are kept.
    pub(crate) fn file(&self, name: SegmentName) -> Result<Arc<dyn StorageFile>, Error> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = open.iter().position(|(opened, _)| *opened == name) {
            let entry = open.remove(found).map(|entry| entry.1);
            return entry.inspect(|file| open.push_front((name, file.clone()))).ok_or(Error::Closed);
        }
        let path = self.path(name);
        let file = self.storage.open(&path, Mode::Read).map_err(Error::io("open", &path))?;
        open.push_front((name, file.clone()));
        open.truncate(OPEN_FILES);
        Ok(file)
    }

    /// Keeps all files where they are.
    pub(crate) fn pin(self: &Arc<Self>) -> Pin {
        self.readers().count += 1;
        Pin(self.clone())
    }

    fn unpin(&self) {
        let mut readers = self.readers();
        readers.count -= 1;
        if readers.count == 0 {
            self.remove_replaced(&mut readers);
        }
    }

    /// Removes files that the table no longer names, now or when nobody needs them any more.
    pub(crate) fn discard(&self, names: impl IntoIterator<Item = SegmentName>) {
        let mut readers = self.readers();
        readers.replaced.extend(names);
        if readers.count == 0 {
            self.remove_replaced(&mut readers);
        }
    }

    /// What can't be removed now is removed at the next opening.
    fn remove_replaced(&self, readers: &mut Readers) {
        for name in readers.replaced.drain(..) {
            if let Err(error) = self.remove(name) {
                tracing::warn!(%error, "a replaced segment stays until the journal is opened again");
            }
        }
        if let Err(error) = self.storage.sync_dir(&self.dir) {
            tracing::warn!(%error, "replaced segments may come back until the journal is opened again");
        }
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes a file.
    pub(crate) fn remove(&self, name: SegmentName) -> Result<(), Error> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).retain(|(opened, _)| *opened != name);
        self.remove_path(&self.path(name))
    }

    fn remove_path(&self, path: &Path) -> Result<(), Error> {
        self.storage.remove(path).map_err(Error::io("remove", path))
    }
}

/// Makes a folder, durably, in a parent that is there.
pub(crate) fn ensure_dir(storage: &dyn Storage, dir: &Path) -> Result<(), Error> {
    storage.create_dir(dir).map_err(Error::io("create", dir))?;
    match dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => storage.sync_dir(parent).map_err(Error::io("sync", parent)),
        None => Ok(()),
    }
}
