//! The journal and the state together, in real folders.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod a_damaged_state_is_rebuilt;
mod a_deleted_run_leaves_a_tombstone;
mod a_flipped_bit_hits_one_run_at_most;
mod a_folder_has_one_owner;
mod a_full_disk_is_no_end;
mod a_read_that_fails_condemns_nothing;
mod a_stale_state_catches_up;
mod a_state_that_does_not_open_is_set_aside;
mod a_store_gives_back_what_it_was_given;
mod an_export_is_imported_as_the_same_runs;
mod damage_in_the_journal_hits_one_run;
mod journal_and_state_follow_a_model;
mod machine_crashes_lose_nothing_acknowledged;
mod support;
mod world;
