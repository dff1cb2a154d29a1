//! Time and order: which run goes next, what its brain may do, and what of it is in the journal before it is anywhere else.
#![forbid(unsafe_code)]

mod attempt;
mod catalog;
pub mod changes;
mod clock;
mod dispatch;
mod door;
mod engine;
mod error;
mod fit;
pub mod git;
mod history;
mod home;
mod images;
mod intake;
mod keep;
pub mod kept;
mod perform;
mod pins;
mod queue;
mod replay;
mod runlog;
mod shell;
mod snapshots;
mod spent;

pub use catalog::{Catalog, Plugin};
pub use door::Diverged;
pub use engine::{Config, Engine};
pub use error::Error;
pub use images::{Images, Loaded};
pub use intake::{MESSAGE_BYTES, PROMPT_BYTES, Submission, repositories};
pub use replay::{Replayed, Verdict};
pub use shell::DIRECTORY;
