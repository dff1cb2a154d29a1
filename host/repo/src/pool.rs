//! A few threads that work off a heap of things, each of which may add to the heap.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::RepoError;

/// More threads than this only wait for the same disk.
const MOST: usize = 8;

struct Heap<T> {
    waiting: Vec<T>,
    busy: usize,
    failed: Option<RepoError>,
}

struct Pool<T> {
    heap: Mutex<Heap<T>>,
    changed: Condvar,
}

/// Works off `first` and all that `work` adds. `tell` is called on this thread now and then while it goes on. The first
/// error ends it; what is under way is finished.
pub(crate) fn work_off<T: Send>(
    first: T,
    work: impl Fn(T) -> Result<Vec<T>, RepoError> + Sync,
    mut tell: impl FnMut(),
) -> Result<(), RepoError> {
    let pool = Pool { heap: Mutex::new(Heap { waiting: vec![first], busy: 0, failed: None }), changed: Condvar::new() };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST);
    thread::scope(|scope| {
        // One place is enough: a full channel means that the caller is about to look anyway.
        let (news, heard) = sync_channel(1);
        for _ in 0..threads {
            let (pool, work, news) = (&pool, &work, news.clone());
            scope.spawn(move || pool.serve(work, &news));
        }
        drop(news);
        heard.into_iter().for_each(|()| tell());
    });
    pool.heap.into_inner().unwrap_or_else(PoisonError::into_inner).failed.map_or(Ok(()), Err)
}

impl<T> Pool<T> {
    fn serve(&self, work: impl Fn(T) -> Result<Vec<T>, RepoError>, news: &SyncSender<()>) {
        while let Some(thing) = self.take() {
            let _busy = Busy(self);
            match work(thing) {
                Ok(more) => self.heap().waiting.extend(more),
                Err(error) => {
                    self.heap().failed.get_or_insert(error);
                }
            }
            if let Err(TrySendError::Disconnected(())) = news.try_send(()) {
                break;
            }
        }
    }

    /// The next thing; none when there is nothing left and nobody could add any more.
    fn take(&self) -> Option<T> {
        let mut heap = self.heap();
        while heap.failed.is_none() {
            if let Some(thing) = heap.waiting.pop() {
                heap.busy += 1;
                return Some(thing);
            }
            if heap.busy == 0 {
                return None;
            }
            heap = self.changed.wait(heap).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    fn heap(&self) -> MutexGuard<'_, Heap<T>> {
        self.heap.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody works. Ends in `drop`, so that a panic can't leave the others waiting for ever.
struct Busy<'a, T>(&'a Pool<T>);

impl<T> Drop for Busy<'_, T> {
    fn drop(&mut self) {
        self.0.heap().busy -= 1;
        self.0.changed.notify_all();
    }
}
