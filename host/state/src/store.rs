//! The store: everything durable of a host, behind one handle.

use std::sync::Arc;

use skep_journal::{Append, Appended, Appending, BlobStore, DiskGuard, Journal, OwnerLock, Tail};
use skep_model::{Event, Record, RunId, Seq};

use crate::config::Config;
use crate::error::Error;
use crate::events::{EventReader, Following};
use crate::open::{Opened, open};
use crate::reader::StateReader;
use crate::report::{OpenReport, Trouble};

/// An open data folder. Handles made from it keep it open; it is closed when the last is gone.
pub struct Store {
    config: Config,
    journal: Arc<Journal>,
    state: StateReader,
    events: EventReader,
    blobs: Arc<BlobStore>,
}

impl Store {
    /// Opens the data folder, making it if it isn't there. Trouble with the state ends in a rebuild, which the report tells.
    /// Blocks; a rebuild takes about a second for 100,000 events.
    ///
    /// # Errors
    /// Another process has the folder, it can't be written to, or the journal can't be opened.
    pub fn open(config: Config) -> Result<(Self, OpenReport), Error> {
        Self::open_with(config, None)
    }

    /// Opens the data folder and makes the state anew, whatever it is like.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub fn rebuild(config: Config) -> Result<(Self, OpenReport), Error> {
        Self::open_with(config, Some(Trouble::Asked))
    }

    fn open_with(config: Config, trouble: Option<Trouble>) -> Result<(Self, OpenReport), Error> {
        let lock = Arc::new(OwnerLock::acquire(&config.data, &config.command)?);
        let blobs = Arc::new(BlobStore::open(config.storage.clone(), config.blobs_dir())?);
        let Opened { journal, shared, report } = open(&config, &lock, trouble)?;
        let journal = Arc::new(journal);
        let state = StateReader::new(shared);
        let events = EventReader::new(journal.clone(), state.clone());
        Ok((Self { config, journal, state, events, blobs }, report))
    }

    /// Appends events to a run, the first of them as number `expected`. They are durable and readable when this answers.
    ///
    /// # Errors
    /// `Conflict`, `Refused` for events that can't follow, and what the journal says; nothing was written then.
    pub async fn append(&self, run: RunId, expected: Seq, events: &[Event]) -> Result<Appended, Error> {
        let answer = self.submit(run, expected, events).await?.await;
        answer.map_err(|error| self.explain(error))
    }

    /// Takes a place in the journal's order without waiting for the disk: the answer can be waited for later.
    ///
    /// # Errors
    /// The journal takes nothing.
    pub async fn submit(&self, run: RunId, expected: Seq, events: &[Event]) -> Result<Appending, Error> {
        let payloads = events.iter().map(Event::encode).collect();
        Ok(self.journal.append(Append::new(run, expected, payloads)).await?)
    }

    /// [`Store::append`] for threads that may block.
    ///
    /// # Errors
    /// As there.
    pub fn append_blocking(&self, run: RunId, expected: Seq, events: &[Event]) -> Result<Appended, Error> {
        let payloads = events.iter().map(Event::encode).collect();
        let answer = self.journal.append_blocking(Append::new(run, expected, payloads))?.wait();
        answer.map_err(|error| self.explain(error))
    }

    /// The journal can only say that its fold refused; this says that it is broken, if it is.
    pub(crate) fn explain(&self, error: skep_journal::Error) -> Error {
        match self.state.broken() {
            Some(reason) => Error::broken(reason),
            None => error.into(),
        }
    }

    /// What is known of a run.
    ///
    /// # Errors
    /// The state is broken.
    pub fn record(&self, run: RunId) -> Result<Option<Record>, Error> {
        self.state.record(run)
    }

    /// A run's events; see [`EventReader::read`].
    ///
    /// # Errors
    /// Damage.
    pub fn read_events(&self, run: RunId, from: Seq, limit: usize) -> Result<Vec<(Seq, Event)>, Error> {
        self.events.read(run, from, limit)
    }

    /// A run's events, live; see [`EventReader::follow`].
    pub fn follow_run(&self, run: RunId, from: Seq) -> Following {
        self.events.follow(run, from)
    }

    /// Everything that becomes durable from now on, of all runs.
    pub fn follow(&self) -> Tail {
        self.journal.follow()
    }

    /// Records and lists.
    pub fn state(&self) -> &StateReader {
        &self.state
    }

    /// Events.
    pub fn events(&self) -> &EventReader {
        &self.events
    }

    /// Large payloads.
    pub fn blobs(&self) -> &Arc<BlobStore> {
        &self.blobs
    }

    /// Asked before a new run is accepted.
    pub fn disk_guard(&self) -> DiskGuard {
        DiskGuard::new(self.config.storage.clone(), &self.config.data)
    }

    /// The journal itself.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// What it was opened with.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

#[cfg(test)]
mod tests {
    use skep_model::{Content, Happening, Timestamp};

    use super::*;
    use crate::report::Rebuilt;

    #[test]
    fn a_state_that_breaks_takes_no_more_events_says_why_and_is_rebuilt_at_the_next_start() {
        let data = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(Config::new(data.path())).unwrap();
        let run = RunId::from_bytes([1; 16]);
        let said = Event { at: Timestamp(0), what: Happening::Said { text: Content::Inline("word".to_owned()) } };

        store.state.shared.breaks(Error::broken("sled said no"));
        let refused = store.append_blocking(run, 1, &[said]);
        assert!(matches!(refused, Err(Error::Broken { reason }) if reason == "sled said no"));
        assert_eq!(store.record(run).unwrap(), None, "readers go on");
        drop(store);

        let (store, report) = Store::open(Config::new(data.path())).unwrap();
        let because = Trouble::BrokeEarlier { reason: "sled said no".to_owned() };
        assert!(matches!(report.rebuilt, Some(Rebuilt { because: told, .. }) if told == because));
        assert_eq!(store.state().broken(), None);
    }
}
