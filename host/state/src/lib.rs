//! The state of skep in sled: records and indexes, folded from the journal.
