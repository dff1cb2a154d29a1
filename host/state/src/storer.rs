//! The one thread that writes to sled.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::error::Error;
use crate::overlay::Layer;
use crate::room::Room;
use crate::shared::Shared;

/// Gives sled one layer after the other, while the journal goes on. Its thread ends with it, unless sled hangs.
pub(crate) struct Storer {
    shared: Arc<Shared>,
    room: Room,
    /// For how long sled may work on one layer.
    patience: Duration,
    layers: Option<SyncSender<Arc<Layer>>>,
    stored: Receiver<()>,
    busy: bool,
    thread: Option<JoinHandle<()>>,
}

impl Storer {
    pub(crate) fn start(shared: Arc<Shared>, room: Room, patience: Duration) -> Result<Self, Error> {
        let writing = shared.clone();
        Self::start_with(shared, room, patience, move |layer| drop(writing.store(layer)))
    }

    fn start_with(
        shared: Arc<Shared>,
        room: Room,
        patience: Duration,
        store: impl Fn(&Layer) + Send + 'static,
    ) -> Result<Self, Error> {
        let (layers, to_store) = sync_channel::<Arc<Layer>>(1);
        let (done, stored) = sync_channel(1);
        let work = move || {
            for layer in to_store {
                store(&layer);
                // Whoever gave a layer waits for the answer, or is gone.
                done.send(()).unwrap_or_default();
            }
        };
        let thread = Builder::new().name("skep-state".into()).spawn(work);
        let thread = thread.map_err(|error| Error::broken(format!("its thread did not start: {error}")))?;
        Ok(Self { shared, room, patience, layers: Some(layers), stored, busy: false, thread: Some(thread) })
    }

    /// Has the young layer stored if it is full and there is room on the disk, waiting only while the one before it is
    /// still being stored.
    pub(crate) fn store_if_full(&mut self) -> Result<(), Error> {
        let is_full = self.shared.overlay().young.is_full();
        if is_full && self.has_room() { self.hand_over() } else { self.listen() }
    }

    /// Whether the disk has room for a layer.
    pub(crate) fn has_room(&self) -> bool {
        self.room.is_enough_for(0)
    }

    /// Has everything stored, and waits for it.
    pub(crate) fn store_all(&mut self) -> Result<(), Error> {
        self.hand_over()?;
        self.wait()
    }

    fn hand_over(&mut self) -> Result<(), Error> {
        self.wait()?;
        let layer = self.shared.overlay_mut().freeze();
        let handed = self.layers.as_ref().is_some_and(|layers| layers.send(layer).is_ok());
        self.busy = handed;
        if handed { Ok(()) } else { Err(Error::broken("its thread has ended")) }
    }

    /// Hears of a failure early.
    fn listen(&mut self) -> Result<(), Error> {
        if self.busy && self.stored.try_recv() != Err(TryRecvError::Empty) {
            self.busy = false;
        }
        self.shared.healthy()
    }

    fn wait(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.busy) {
            self.stored.recv_timeout(self.patience).map_err(|error| self.give_up(error))?;
        }
        self.shared.healthy()
    }

    /// A thread that hangs is left alone, with what it holds: waiting for it would hold up the journal and the shutdown too.
    fn give_up(&mut self, error: RecvTimeoutError) -> Error {
        let reason = match error {
            RecvTimeoutError::Timeout => {
                self.thread = None;
                format!("it did not store what it was given within {} s", self.patience.as_secs_f64())
            }
            RecvTimeoutError::Disconnected => "its thread has ended".to_owned(),
        };
        self.shared.breaks(Error::broken(reason))
    }
}

impl Drop for Storer {
    fn drop(&mut self) {
        self.layers = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes the state ended with a panic");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use skep_journal::OwnerLock;

    use super::*;
    use crate::config::Config;
    use crate::tree::Tree;

    #[test]
    fn a_store_that_hangs_breaks_the_state_and_holds_nobody_up() {
        let data = tempfile::tempdir().unwrap();
        let config = Config::new(data.path());
        let lock = Arc::new(OwnerLock::acquire(&config.data, "test").unwrap());
        let tree = Tree::open(&config.state_dir(), config.cache_bytes).unwrap();
        let shared = Arc::new(Shared::new(tree, config.broken_marker(), lock));
        let (release, hanging) = channel::<()>();
        let patience = Duration::from_millis(20);
        let hang = move |_: &Layer| hanging.recv().unwrap_or_default();
        let mut storer = Storer::start_with(shared.clone(), Room::new(&config), patience, hang).unwrap();

        let given_up = storer.store_all();
        let why = "it did not store what it was given within 0.02 s";
        assert!(matches!(given_up, Err(Error::Broken { reason }) if reason == why));
        assert_eq!(shared.broken(), Some(why));
        assert_eq!(std::fs::read_to_string(config.broken_marker()).unwrap(), why);
        drop((storer, release));
    }
}
