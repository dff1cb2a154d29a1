//! What the journal promises, on real files and on a simulated disk.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should say where")]

mod appends_are_ordered_and_durable;
mod machine_crashes_lose_nothing_acknowledged;
mod memory_fold;
mod model;
