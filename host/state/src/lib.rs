//! The state of a skep host: records and indexes in sled, folded from the journal and never the truth themselves.
//!
//! [`Store`] is the door to everything durable. Events go into the journal; its fold follows it on the journal's
//! own thread and gives sled what changed; [`StateReader`] reads. Whatever happens to sled (it is lost, damaged, older than it
//! was, it panics or hangs), opening moves it aside, folds the journal again, and says so in the [`OpenReport`].
//!
//! When sled fails while the host runs, the journal takes no more events (its fold can't follow), readers go on as far
//! as sled lets them, every append says why, and a note in the data folder makes the next start rebuild. The alternative,
//! going on with a state in memory only, would be a second truth. A disk that fills up is seen before sled fails over it.

#![forbid(unsafe_code)]

mod config;
mod damage;
mod dump;
mod envelope;
mod error;
mod events;
mod export;
mod fold;
mod import;
mod keys;
mod list;
mod open;
mod overlay;
mod progress;
mod quarantine;
mod reader;
mod report;
mod retention;
mod room;
mod row;
mod shared;
mod store;
mod storer;
mod supervise;
mod tree;
mod verify;

pub use config::Config;
pub use dump::Totals;
pub use error::Error;
pub use events::{EventReader, Following};
pub use list::{Cursor, Filter, Page};
pub use progress::{OnProgress, Progress};
pub use reader::StateReader;
pub use report::{OpenReport, Rebuilt, Trouble};
pub use retention::{Compacted, RetentionConfig};
pub use skep_journal::{Appended, Appending, BlobStore, DiskGuard, Tail};
pub use store::Store;
pub use verify::{Problem, VerifyReport};
