//! The one tree in sled, so that everything a batch of events changes is changed by one atomic write.
//!
//! What this crate keeps away from, and why: `flush_async` (deadlocks), `watch_prefix` (an idle subscriber blocks all
//! writers), `generate_id` (repeats after crashes), the default tree (exports can omit it), values large enough for sled's
//! never-synced blob files. And every call is guarded, because sled panics over damage as often as it says so.

use std::ops::RangeBounds;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use skep_journal::{Damage, Mark};
use skep_model::{Digest, Record, RunId, Seq};

use crate::envelope;
use crate::error::Error;
use crate::keys::{self, Index};
use crate::row::{Row, Stretch};

/// Changes with every change of a stored form, of a key, or of how events fold into a record.
const SCHEMA: u32 = 1;
const NAME: &str = "skep-state";
/// Only decides how much sled has to write again after a crash; nothing depends on it for durability.
const FLUSH_EVERY_MS: u64 = 1_000;

/// sled, opened.
#[derive(Clone)]
pub(crate) struct Tree {
    db: sled::Db,
    tree: sled::Tree,
}

/// Changes that become visible together.
#[derive(Default)]
pub(crate) struct Changes(sled::Batch);

impl Changes {
    pub(crate) fn put<T: Serialize>(&mut self, key: Vec<u8>, value: &T) -> Result<(), Error> {
        let sealed = envelope::seal(&key, value)?;
        self.0.insert(key, sealed);
        Ok(())
    }

    /// An index entry: all of it is in the key.
    pub(crate) fn mark(&mut self, key: Vec<u8>) {
        self.0.insert(key, &[]);
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.0.remove(key);
    }

    pub(crate) fn put_mark(&mut self, mark: &Mark) -> Result<(), Error> {
        self.put(keys::MARK.to_vec(), &mark.to_bytes().as_slice())
    }
}

impl Tree {
    /// Opens or creates. The caller guards against what sled may do with damaged files.
    pub(crate) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, Error> {
        let config = sled::Config::new().path(dir).cache_capacity(cache_bytes);
        let db = config.flush_every_ms(Some(FLUSH_EVERY_MS)).mode(sled::Mode::HighThroughput).open()?;
        let tree = db.open_tree(NAME)?;
        Ok(Self { db, tree })
    }

    /// The checks after opening what was there: the schema is known, the mark and the rows of runs that go on are whole.
    /// sled may open a damaged folder without a word and with nothing in it; the schema is missing then.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.get::<u32>(keys::SCHEMA)? {
            Some(SCHEMA) => {}
            Some(other) => {
                return Err(Error::broken(format!("its schema is {other}, and this version writes {SCHEMA}")));
            }
            None => return Err(Error::broken("it opened without its content")),
        }
        self.mark()?;
        self.newest_first(Index::Unfinished, None).try_for_each(|run| match self.row(run?)? {
            Some(_) => Ok(()),
            None => Err(Error::broken("an indexed run has no record")),
        })
    }

    /// The first write into a new tree.
    pub(crate) fn initialise(&self) -> Result<(), Error> {
        let mut changes = Changes::default();
        changes.put(keys::SCHEMA.to_vec(), &SCHEMA)?;
        self.apply(changes)
    }

    /// Deletes everything but the schema.
    pub(crate) fn clear(&self) -> Result<(), Error> {
        guarded(|| self.tree.clear())?;
        self.initialise()
    }

    pub(crate) fn apply(&self, changes: Changes) -> Result<(), Error> {
        guarded(|| self.tree.apply_batch(changes.0))
    }

    /// Brings what was applied to the files. Not a promise: sled's flush doesn't sync on Linux.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        guarded(|| self.db.flush().map(drop))
    }

    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Error> {
        let value = guarded(|| self.tree.get(key))?;
        value.map(|sealed| envelope::open(key, &sealed)).transpose()
    }

    pub(crate) fn mark(&self) -> Result<Option<Mark>, Error> {
        let Some(bytes) = self.get::<Vec<u8>>(keys::MARK)? else { return Ok(None) };
        let bytes = <[u8; Mark::BYTES]>::try_from(bytes).map_err(|_| Error::broken("the mark has another length"))?;
        Ok(Some(Mark::from_bytes(bytes)))
    }

    /// Whether a run is in the indexes that its record belongs into, and not among those that go on if it has ended.
    pub(crate) fn is_indexed(&self, record: &Record) -> Result<bool, Error> {
        let has = |key: Vec<u8>| guarded(|| self.tree.contains_key(&key));
        let (run, state) = (record.run_id, record.state);
        Ok(has(keys::in_state(state, run))? && has(keys::unfinished(run))? != state.is_terminal())
    }

    /// Whether the state was made anew over this damage already, so that it is the journal's and not the state's.
    pub(crate) fn knows(&self, damage: &[Damage]) -> Result<bool, Error> {
        Ok(self.get::<Digest>(keys::DAMAGE)? == Some(digest(damage)))
    }

    pub(crate) fn note_damage(&self, damage: &[Damage]) -> Result<(), Error> {
        let mut changes = Changes::default();
        changes.put(keys::DAMAGE.to_vec(), &digest(damage))?;
        self.apply(changes)
    }

    pub(crate) fn row(&self, run: RunId) -> Result<Option<Row>, Error> {
        self.get(&keys::row(run))
    }

    /// The stretches of a run that hold events from `from` on, up to before `end`.
    pub(crate) fn stretches(&self, run: RunId, from: Seq, end: Seq) -> impl Iterator<Item = Result<Stretch, Error>> {
        let first = self.entries(keys::stretch(run, 0)..=keys::stretch(run, from)).next_back();
        let start = match first {
            Some(Ok((key, _))) => key.to_vec(),
            _ => keys::stretch(run, from),
        };
        let end = keys::stretch(run, end).max(start.clone());
        self.entries(start..end).map(|entry| {
            let (key, sealed) = entry?;
            envelope::open(&key, &sealed)
        })
    }

    /// Runs in an index, newest first, older than `before`.
    pub(crate) fn newest_first(
        &self,
        index: Index,
        before: Option<RunId>,
    ) -> impl Iterator<Item = Result<RunId, Error>> + use<> {
        let prefix = index.prefix();
        let end = before.map_or(vec![0xff; 17], |run| run.as_bytes().to_vec());
        let range = prefix.clone()..[prefix, end].concat();
        self.entries(range).rev().map(|entry| {
            let (key, _) = entry?;
            keys::run_of(&key).ok_or_else(|| Error::broken("an index has a key without a run"))
        })
    }

    fn entries(&self, range: impl RangeBounds<Vec<u8>>) -> Guarded {
        Guarded(self.tree.range::<Vec<u8>, _>(range))
    }
}

fn digest(damage: &[Damage]) -> Digest {
    let lines: Vec<String> = damage.iter().map(ToString::to_string).collect();
    Digest::of(lines.join("\n").as_bytes())
}

/// sled's iterator, with its panics as errors.
struct Guarded(sled::Iter);

impl Iterator for Guarded {
    type Item = Result<(sled::IVec, sled::IVec), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        guarded(|| self.0.next().transpose()).transpose()
    }
}

impl DoubleEndedIterator for Guarded {
    fn next_back(&mut self) -> Option<Self::Item> {
        guarded(|| self.0.next_back().transpose()).transpose()
    }
}

fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(Error::from),
        Err(panic) => Err(Error::broken(panic_text(&*panic))),
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panicked: {}", text.unwrap_or("without a message"))
}
