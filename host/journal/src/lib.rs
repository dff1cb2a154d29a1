//! The append-only truth of a skep host.
//!
//! Events of many runs go into one journal, in the order in which they were submitted, and each run's events are numbered
//! densely from 1. [`Journal::append`] answers when an event is durable, and after the [`Fold`] (what the owner derives from
//! the journal) has taken it. The fold may be lost at any time; the journal gives it again what it lacks.
//!
//! One thread writes. It takes all appends that wait, writes them as one batch, syncs once, folds, and answers. A write
//! or a sync that fails is never tried again: the journal is *poisoned* and takes nothing more until it is opened anew.
//!
//! Opening cuts off the last batch if a crash tore it. Anything else that doesn't check is *damage*: it is reported with
//! its place and the runs that it is known to hit; those take no more events, and the others go on. What can't be read is
//! no damage but an error, and nothing is changed then.

#![forbid(unsafe_code)]

mod append;
mod blobs;
mod committer;
mod config;
mod damage;
mod entry;
mod error;
mod fold;
mod format;
mod guard;
mod heads;
mod journal;
mod lock;
mod position;
mod queue;
mod recover;
mod retain;
mod rewrite;
mod scan;
mod segments;
mod shared;
pub mod storage;
mod tail;
mod verify;
mod writer;

pub use append::{Append, Appended, Appending};
pub use blobs::BlobStore;
pub use config::Config;
pub use damage::{Damage, DamageKind};
pub use entry::{Batch, Chain, Entry, Head, link};
pub use error::Error;
pub use fold::{Applied, Fold, FoldError, Moved};
pub use guard::DiskGuard;
pub use journal::Journal;
pub use lock::OwnerLock;
pub use position::{Mark, Position};
pub use recover::{Lost, OpenReport, Torn};
pub use retain::{Keep, Retained};
pub use scan::{Scan, Scanned};
pub use tail::Tail;
pub use verify::VerifyReport;
