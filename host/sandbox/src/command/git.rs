//! Git for commands: what a repository's data says is answered by whoever has it, on a thread and counted like every
//! other call. What a command may not change, it may not have changed for it either.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use skep_model::Access;
use tokio::sync::{Mutex, Semaphore};

use crate::command::actor::{Actor, Reply, failure};

use super::actor::bindings::skep::command::git as contract;

pub use contract::{
    Blob, Commit, Comparison, Difference, Entry, Head, NewCommit, Object, Person, Reference, Side, Source, Walk,
};

/// Why something was not done: its kind, as the contract has it, and a message for people.
pub type GitFailure = (&'static str, String);

/// Questions of all runs that are answered at once: each may hold much in memory, and a thread.
const AT_ONCE: usize = 4;
static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// Bytes that cross with every question, beside what is in it.
const QUESTION: usize = 64;

macro_rules! questions {
    ($($(#[$doc:meta])* $access:ident $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        /// The git data of a run's repositories. Every function may take long, runs on a thread of its own and gives up soon after
        /// `stop` is set; those that change something are not called by who may not.
        pub trait Repositories: Send + Sync {
            /// The number and the folder in the root of the repository that `directory` is in.
            fn find(&self, directory: &str) -> Option<(u32, String)>;
            $(
                $(#[$doc])*
                #[allow(clippy::missing_errors_doc, reason = "each fails where the contract says so")]
                fn $name(&self, repository: u32, $($argument: $type,)* stop: &AtomicBool) -> Result<$result, GitFailure>;
            )*
        }

        impl contract::Host for Actor {
            async fn find(&mut self, directory: String) -> Reply<contract::Place> {
                self.meter.call(directory.len())?;
                let family = self.place.family();
                let found = family.git.as_ref().and_then(|git| git.repositories.find(&directory));
                let writable = family.access == Access::Write;
                Ok(found
                    .map(|(number, top)| contract::Place { number, top, writable })
                    .ok_or_else(|| failure("not-found", "not a git repository")))
            }

            $(
                async fn $name(&mut self, repository: u32, $($argument: $type),*) -> Reply<$result> {
                    let bytes = 0 $(+ $argument.bytes())*;
                    let work = move |git: &dyn Repositories, stop: &AtomicBool| git.$name(repository, $($argument,)* stop);
                    self.ask(Access::$access, bytes, work).await
                }
            )*
        }
    };
}

questions! {
    /// Where HEAD is.
    Read get_head() -> Head;
    /// Points HEAD at a branch or a revision.
    Write set_head(branch: Option<String>, revision: String) -> ();
    /// Branches and tags.
    Read references() -> Vec<Reference>;
    /// Makes, moves or removes a branch, a tag or a stash.
    Write set_reference(name: String, revision: Option<String>) -> ();
    /// What a revision means.
    Read resolve(revision: String) -> Object;
    /// The files of a side.
    Read entries(side: Side) -> Vec<Entry>;
    /// A file's content.
    Read content(side: Side, path: Vec<u8>) -> Vec<u8>;
    /// What differs between two sides.
    Read differences(old: Side, new: Side, comparison: Comparison) -> Vec<Difference>;
    /// Commits, the newest first.
    Read commits(walk: Walk) -> Vec<Commit>;
    /// Makes a commit of the index.
    Write make_commit(commit: NewCommit) -> String;
    /// Makes a commit of the index that no branch leads to.
    Write make_loose_commit(commit: NewCommit, parents: Vec<String>) -> String;
    /// Sets entries of the index.
    Write stage(paths: Vec<(Vec<u8>, Source)>) -> ();
    /// Sets entries of the index to this content.
    Write stage_content(blobs: Vec<Blob>) -> ();
    /// Sets the whole index.
    Write stage_all(revision: Option<String>) -> ();
    /// Makes a file executable, or not.
    Write set_executable(path: Vec<u8>, executable: bool) -> ();
    /// A setting.
    Read setting(key: String) -> Option<String>;
    /// Sets or removes a setting.
    Write set_setting(key: String, value: Option<String>) -> ();
}

/// The git data of one run, of which one question is answered at a time: two must not change an index at once, and a run that
/// asks much waits for itself only.
#[derive(Clone)]
pub struct Git {
    repositories: Arc<dyn Repositories>,
    turn: Arc<Mutex<()>>,
}

impl Git {
    /// Whoever has a clone of it takes turns with the others.
    pub fn new(repositories: impl Repositories + 'static) -> Self {
        Self { repositories: Arc::new(repositories), turn: Arc::default() }
    }
}

/// Sets its flag when the command that asked is gone.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Actor {
    async fn ask<T: Weight + Send + 'static>(
        &mut self,
        access: Access,
        bytes: usize,
        work: impl FnOnce(&dyn Repositories, &AtomicBool) -> Result<T, GitFailure> + Send + 'static,
    ) -> Reply<T> {
        self.meter.call(QUESTION + bytes)?;
        let family = self.place.family();
        let Some(git) = family.git.clone() else { return Ok(Err(failure("not-found", "not a git repository"))) };
        if family.access < access {
            return Ok(Err(failure("not-permitted", "Read-only file system")));
        }
        if access == Access::Write {
            family.root.quota().note_change();
        }
        let stop = StopOnDrop(Arc::default());
        let flag = Arc::clone(&stop.0);
        let turn = git.turn.lock_owned().await;
        let place = PLACES.acquire().await?;
        let asking = move || {
            // Whoever asked may be gone; both are free when the work has ended, and not before.
            let _held = (turn, place);
            work(git.repositories.as_ref(), &flag)
        };
        let answer = tokio::task::spawn_blocking(asking).await?;
        if let Ok(answer) = &answer {
            self.meter.carry(answer.bytes())?;
        }
        Ok(answer.map_err(|(kind, message)| failure(kind, message)))
    }
}

/// How many bytes cross.
trait Weight {
    fn bytes(&self) -> usize;
}

macro_rules! weights {
    ($($type:ty: $it:ident => $bytes:expr;)*) => {
        $(impl Weight for $type {
            fn bytes(&self) -> usize {
                let $it = self;
                $bytes
            }
        })*
    };
}

impl<T: Weight> Weight for Vec<T> {
    fn bytes(&self) -> usize {
        self.iter().map(Weight::bytes).sum()
    }
}

impl<T: Weight> Weight for Option<T> {
    fn bytes(&self) -> usize {
        self.as_ref().map_or(0, Weight::bytes)
    }
}

weights! {
    (): _it => 0;
    u8: _it => 1;
    bool: _it => 1;
    String: it => it.len();
    (Vec<u8>, Source): it => it.0.len() + if let Source::Revision(revision) = &it.1 { revision.len() } else { 1 };
    Side: it => if let Side::Revision(revision) = it { revision.len() } else { 1 };
    Head: it => it.branch.bytes() + it.commit.bytes();
    Reference: it => it.name.len() + it.commit.len();
    Object: it => it.id.len() + it.kind.len();
    Blob: it => it.path.len() + it.content.len() + 4;
    Entry: it => it.path.len() + it.id.len() + 4;
    Comparison: it => it.paths.bytes() + 16;
    Difference: it => it.old_path.len() + it.new_path.len() + it.old_id.len() + it.new_id.len() + it.patch.len() + 32;
    Walk: it => it.start.bytes() + it.without.bytes() + it.paths.bytes() + 8;
    Person: it => it.name.len() + it.email.len() + 12;
    Commit: it => it.id.len() + it.tree.len() + it.parents.bytes() + it.author.bytes() + it.committer.bytes() + it.message.len();
    NewCommit: it => it.message.len() + it.author.bytes() + it.committer.bytes();
}
