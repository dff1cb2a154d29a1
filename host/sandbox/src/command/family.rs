//! The commands of one call: the first one and all that it starts, how many, how deep, and their common end.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skep_model::{Access, LimitHit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::command::git::Git;
use crate::command::http::{self, Outgoing};
use crate::command::image::Image;
use crate::command::loading::Loading;
use crate::command::time::Time;
use crate::meter::Meter;
use crate::sandbox::Sandbox;
use crate::workspace::Workspace;

/// Commands of one call, ended ones included.
pub(crate) const COMMANDS: u32 = 20_000;
/// Commands of one call at once.
pub(crate) const AT_ONCE: u32 = 64;
/// Pipes of one call at once, each of which may hold 64 KiB.
const PIPES: usize = 256;
/// How deep commands may start each other.
pub(crate) const DEPTH: u32 = 32;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// 0 to 255.
    pub code: u8,
    /// What ended it when it was not itself; empty otherwise.
    pub reason: String,
}

impl Ending {
    pub(crate) fn code(code: u8) -> Self {
        Self { code, reason: String::new() }
    }
}

/// What all commands of a call share.
pub(crate) struct Family {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) image: Image,
    pub(crate) root: Workspace,
    pub(crate) access: Access,
    pub(crate) meter: Arc<Meter>,
    /// The repositories of the root, if it has any.
    pub(crate) git: Option<Git>,
    /// Who sends requests, if anybody does.
    pub(crate) http: Option<Arc<dyn Outgoing>>,
    /// Places for requests.
    pub(crate) requests: Arc<Semaphore>,
    /// Time that nobody is charged for.
    pub(crate) loading: Loading,
    /// Ends all of them.
    pub(crate) end: CancellationToken,
    pipes: Arc<Semaphore>,
    tasks: Mutex<JoinSet<()>>,
    begun: AtomicU32,
    running: AtomicU32,
    hit: Mutex<Option<LimitHit>>,
}

/// What a family has beside its root: each by the grace of whoever started it.
pub(crate) struct Outside {
    pub(crate) git: Option<Git>,
    pub(crate) http: Option<Arc<dyn Outgoing>>,
}

/// A command's place in the family. It is free again when this is dropped.
pub(crate) struct Place {
    family: Arc<Family>,
    pub(crate) number: u32,
    pub(crate) parent: u32,
    pub(crate) depth: u32,
    /// Ends this command and all below it.
    pub(crate) end: CancellationToken,
}

/// A command as the one that started it sees it.
#[expect(unreachable_pub, reason = "the contract's generated traits name it")]
pub struct Child {
    pub(crate) number: u32,
    pub(crate) ended: watch::Receiver<Option<Ending>>,
    pub(crate) end: CancellationToken,
    /// The code that a kill asked for.
    pub(crate) killed_with: Arc<AtomicU32>,
    pub(crate) time: Time,
}

impl Family {
    pub(crate) fn new(
        sandbox: Arc<Sandbox>,
        image: Image,
        root: Workspace,
        access: Access,
        meter: Arc<Meter>,
        outside: Outside,
    ) -> Arc<Self> {
        let Outside { git, http } = outside;
        Arc::new(Self {
            sandbox,
            image,
            root,
            access,
            meter,
            git,
            http,
            requests: Arc::new(Semaphore::new(http::AT_ONCE)),
            loading: Loading::default(),
            end: CancellationToken::new(),
            pipes: Arc::new(Semaphore::new(PIPES)),
            tasks: Mutex::default(),
            begun: AtomicU32::new(0),
            running: AtomicU32::new(0),
            hit: Mutex::default(),
        })
    }

    /// A place for one more command, or why there is none.
    pub(crate) fn place(self: &Arc<Self>, below: Option<&Place>) -> Result<Place, String> {
        let depth = below.map_or(0, |parent| parent.depth + 1);
        if depth > DEPTH {
            return Err(format!("commands start each other more than {DEPTH} deep"));
        }
        if self.running.fetch_add(1, Relaxed) >= AT_ONCE {
            self.running.fetch_sub(1, Relaxed);
            return Err(format!("more than {AT_ONCE} commands at once"));
        }
        let end = below.map_or(&self.end, |parent| &parent.end).child_token();
        let parent = below.map_or(0, |parent| parent.number);
        let number = self.begun.fetch_add(1, Relaxed) + 1;
        // From here on dropping it gives the place back.
        let place = Place { family: Arc::clone(self), number, parent, depth, end };
        if number > COMMANDS { Err(format!("more than {COMMANDS} commands")) } else { Ok(place) }
    }

    /// A place for one more pipe, or why there is none.
    pub(crate) fn pipe_place(&self) -> Result<OwnedSemaphorePermit, String> {
        Arc::clone(&self.pipes).try_acquire_owned().map_err(|_| format!("more than {PIPES} pipes at once"))
    }

    /// Lets a command live beside the others.
    pub(crate) fn go(&self, life: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>) {
        let mut tasks = self.tasks();
        // What has ended is forgotten, so that a long script does not gather it.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(life);
    }

    /// A limit that all of them share was hit: all of them end.
    pub(crate) fn exceeded(&self, hit: LimitHit) {
        self.hit.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(hit);
        self.end.cancel();
    }

    pub(crate) fn hit(&self) -> Option<LimitHit> {
        *self.hit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what is left. Whoever drops the call does the same.
    pub(crate) fn disband(&self) {
        self.end.cancel();
        self.tasks().abort_all();
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(crate) fn family(&self) -> &Arc<Family> {
        &self.family
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.family.running.fetch_sub(1, Relaxed);
    }
}
