//! The words of skep and no verbs: what a run is, what may happen to it, and how events fold into its record.
//!
//! Nothing here does I/O, reads a clock or draws a random number; ids, times and seeds are passed in.
#![forbid(unsafe_code)]

mod address;
mod call;
mod content;
mod event;
mod glob;
mod grant;
mod id;
mod limits;
mod outcome;
mod record;
mod repo;
mod spec;
mod state;
mod time;
mod tombstone;

pub use address::{is_loopback, is_public};
pub use call::{Call, Idempotency, Stream};
pub use content::{Content, INLINE_BYTES};
pub use event::{Event, Happening};
pub use glob::{GLOB_BRACES, GLOB_BYTES, IGNORE_ROOM, glob_fits, ignore_rules};
pub use grant::{Access, AgentPin, Circumstance, EgressRule, Grants, ImagePin, Scheme, ToolPin};
pub use id::{Digest, ParseIdError, RunId, Seq};
pub use limits::{LimitError, LimitHit, LimitKind, Limits, Overrides};
pub use outcome::{Outcome, Usage};
pub use record::{Artifact, Illegal, OpenCall, Record, fold};
pub use repo::{Depth, REPOS, RepoSource, RepoSpec};
pub use spec::{RunSpec, StartupCommand};
pub use state::RunState;
pub use time::Timestamp;
pub use tombstone::Tombstone;
