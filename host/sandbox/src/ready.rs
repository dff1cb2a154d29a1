//! Components that are ready to be instantiated. However many ask for one at the same time, it is made once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use skep_model::Digest;

/// Components kept; more are loaded again from the cache of compiled code.
const KEPT: usize = 256;

/// Values by the digest of the component that they are made of.
pub(crate) struct Ready<T>(Mutex<HashMap<Digest, Arc<Slot<T>>>>);

struct Slot<T> {
    value: OnceLock<T>,
    /// Held by whoever makes the value.
    making: Mutex<()>,
}

impl<T> Default for Ready<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Ready<T> {
    /// The value, if it was made.
    pub(crate) fn get(&self, digest: Digest) -> Option<T> {
        self.slots().get(&digest).and_then(|slot| slot.value.get().cloned())
    }

    /// The value, made now if it was not. Whoever comes meanwhile waits for it; after a failure each of them tries.
    pub(crate) fn get_or_make<E>(&self, digest: Digest, make: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let slot = self.slot(digest);
        let _making = slot.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = slot.value.get() {
            return Ok(value.clone());
        }
        let value = make()?;
        Ok(slot.value.get_or_init(|| value).clone())
    }

    fn slot(&self, digest: Digest) -> Arc<Slot<T>> {
        let mut slots = self.slots();
        if slots.len() >= KEPT && !slots.contains_key(&digest) {
            slots.clear();
        }
        let empty = || Arc::new(Slot { value: OnceLock::new(), making: Mutex::new(()) });
        Arc::clone(slots.entry(digest).or_insert_with(empty))
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<Digest, Arc<Slot<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    #[test]
    fn many_who_ask_at_once_have_it_made_once() {
        let (ready, made, together) = (Ready::default(), AtomicU32::new(0), Barrier::new(8));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    together.wait();
                    let value = ready.get_or_make(Digest::of(b"one"), || Ok::<_, ()>(made.fetch_add(1, Relaxed)));
                    assert_eq!(value, Ok(0));
                });
            }
        });
        assert_eq!((made.load(Relaxed), ready.get(Digest::of(b"one"))), (1, Some(0)));
    }

    #[test]
    fn a_failure_is_not_kept() {
        let ready = Ready::default();
        assert_eq!(ready.get_or_make(Digest::of(b"one"), || Err::<u8, _>("no")), Err("no"));
        assert_eq!(ready.get(Digest::of(b"one")), None);
        assert_eq!(ready.get_or_make(Digest::of(b"one"), || Ok::<_, &str>(1)), Ok(1));
    }
}
