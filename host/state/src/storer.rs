//! The one thread that writes to sled.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{Builder, JoinHandle};

use crate::error::Error;
use crate::overlay::Layer;
use crate::shared::Shared;

/// Gives sled one layer after the other, while the journal goes on. Its thread ends with it.
pub(crate) struct Storer {
    shared: Arc<Shared>,
    layers: Option<SyncSender<Arc<Layer>>>,
    stored: Receiver<()>,
    busy: bool,
    thread: Option<JoinHandle<()>>,
}

impl Storer {
    pub(crate) fn start(shared: Arc<Shared>) -> Result<Self, Error> {
        let (layers, to_store) = sync_channel::<Arc<Layer>>(1);
        let (done, stored) = sync_channel(1);
        let writing = shared.clone();
        let work = move || {
            // Whoever gave a layer waits for the answer, or is gone.
            to_store.iter().for_each(|layer| drop((writing.store(&layer), done.send(()))));
        };
        let thread = Builder::new().name("skep-state".into()).spawn(work);
        let thread = thread.map_err(|error| Error::broken(format!("its thread did not start: {error}")))?;
        Ok(Self { shared, layers: Some(layers), stored, busy: false, thread: Some(thread) })
    }

    /// Has the young layer stored if it is full, waiting only while the one before it is still being stored.
    pub(crate) fn store_if_full(&mut self) -> Result<(), Error> {
        if self.shared.overlay().young.is_full() { self.hand_over() } else { self.listen() }
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
            self.stored.recv().map_err(|_| Error::broken("its thread has ended"))?;
        }
        self.shared.healthy()
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
