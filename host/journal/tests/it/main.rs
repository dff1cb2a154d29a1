//! What the journal promises, on real files and on a simulated disk.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should say where")]

mod a_flipped_bit_hits_one_run_at_most;
mod a_folder_has_one_owner;
mod a_journal_behaves_like_its_model;
mod a_read_that_fails_condemns_nothing;
mod appends_are_ordered_and_durable;
mod blobs_are_what_they_are_named;
mod damage_is_found_and_named;
mod followers_never_hold_up_the_writer;
mod machine_crashes_lose_nothing_acknowledged;
mod memory_fold;
mod model;
mod one_failure_stops_what_it_must;
mod retention_really_removes;
mod world;
