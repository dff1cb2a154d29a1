//! The sandbox: WebAssembly components that own nothing but what they are handed.
//!
//! Two worlds exist. An *agent* (the brain) is pure: all it can do is call its [`Door`]. A *tool* (a hand) is a fresh instance
//! per call, with the workspace as its only directory when it is granted. This crate stores nothing, spawns no task that
//! outlives a call, and knows neither runs nor journals.
//!
//! # The embedder's checklist
//! Each line of the security checklist for wasmtime embedders, and where it is done or why it is not:
//! 1. Memory, tables and instances are bounded, summed over all of a guest's memories: `meter.rs`. So is the memory of all guests
//!    together: `budget.rs`.
//! 2. Epoch interruption always, a wall deadline outside, host calls dropped with their caller: `ticker.rs`, `metered.rs`.
//!    Fuel is refused: it doubles the cost of tight loops, and replay does not need it, since a run that ended by a limit
//!    replays up to its last call.
//! 3. `max_wasm_stack` 512 KiB on async stacks of 2 MiB, zeroed when pooled: `engine.rs`.
//! 4. Host-call data, resource tables, component handles, random bytes, HTTP fields and the pieces of HTTP bodies have bounds:
//!    `sandbox.rs`, `wasi.rs`, `tool.rs`. Listings of folders count as the guest's memory: `files.rs`. As many tools work at once
//!    as there are open files for: `descriptors.rs`.
//! 5. Calls of the contract are charged by count and bytes, and a search by its processor time too: `meter.rs`, `pace.rs`. Those
//!    of wasi are not, since honest tools make millions of them: each moves 64 KiB of a file at most, what stays on the disk or in memory afterwards is counted (8. and 4.), and
//!    processor and wall time end a guest that makes them for ever. Logs are cut at a quota: `logs.rs`.
//! 6. and 7. `wasi:http` and `http.fetch` refuse every request until the egress door exists, and so does a command's `http` where
//!    nobody sends for it; no sockets, no name look-ups: `wasi.rs`, `tool.rs`, `command/http.rs`.
//! 8. No directory, or exactly one preopen on the run's own directory, with a quota of bytes and files and a reserve of the disk:
//!    `files.rs`, `quota.rs`; host-side access through cap-std: `workspace.rs`. Mount options are the operator's to set.
//! 9. Tools get a coarse clock (1 ms); no shared memory, no threads. Secrets in a process of their own come with secrets.
//! 10. Only `.wasm` is accepted. Compiled code is ours: keyed by content and engine, authenticated, in a directory whose owner
//!     and mode are checked as the key's are, never from elsewhere: `cache.rs`, the one file with `unsafe`.
//! 11. Size, imports and exports are checked before compilation, which is a worker process with limits: `admission.rs`,
//!     `compile.rs`. Threads, memory64, GC, exceptions and stack switching are off: `engine.rs`.
//! 12. Guest text is data: lines are cut at 8 KiB and control characters replaced: `logs.rs`.
//! 13. seccomp and cgroups around the host are the operator's (the packaging's) to set, not this crate's.
#![deny(unsafe_code)]

mod admission;
mod agent;
mod budget;
mod cache;
mod clock;
mod command;
mod compile;
mod descriptors;
mod door;
mod ending;
mod engine;
mod files;
mod logs;
mod meter;
mod metered;
mod pace;
mod quota;
mod ready;
mod sandbox;
mod search;
mod ticker;
mod tool;
mod walk;
mod wasi;
mod workspace;

pub use admission::{Refusal, World};
pub use command::time::of_a_child as derived_seed;
pub use command::{Ask, Captured, Ending, Executed, Execution, Fetch, Image, Input, Show};
pub use command::{git, http};
pub use compile::{Compiler, compile_worker};
pub use descriptors::open_as_many_files_as_allowed;
pub use door::{Answer, Door, Failure, Request, Stop, Task};
pub use ending::{Ended, ToolEnded};
pub use engine::Allocation;
pub use files::root::lay_out;
pub use meter::Meter;
pub use quota::Room;
pub use sandbox::{Agent, Config, Error, Sandbox, Tool, ToolCall, ToolDescription};
pub use workspace::{Workspace, WorkspaceError};
